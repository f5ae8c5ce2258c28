"""The sign-up ledger as a spreadsheet: the agency's monthly counts by village, month and channel.

A blank count leaves what stands. The steps follow each other, so no later one is larger: what says
otherwise is refused, but for forms of people whom nobody had counted as interested. So are counts
that change without a day, and counts of an older day than those that stand, unless the row says
that they are meant: a file of last month that is sent once more would take newer counts away.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from sqlalchemy import Integer, cast, extract, func, select
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT
from outreach.logbook.tables import (
    SessionReport,
    SignUp,
    SignupChannel,
)
from outreach.logbook.tariff import month_after, tariff
from outreach.people.free_text import Note
from outreach.progress.ledger import CHANNEL_OF, STEPS, reports_in
from outreach.progress.scope import Scope
from outreach.sheets.differing import addition, alteration, removal
from outreach.sheets.kinds import REMOVE, Cell, Change, Choice, Column, Kind, Problem
from outreach.sheets.ledger_rows import TOLD, as_json, standing_in, standing_of, take_back, write
from outreach.sheets.models import taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.tables import SheetKind
from outreach.villages.reading import names_of
from outreach.villages.tables import Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Context, Row, Value
    from outreach.sheets.ledger_rows import Key, Told

MOST = 2**31 - 1
#: The note of a change that wants to be said yes to: estimates may be wrong, and so may counts.
ABOVE_ESTIMATE = "more_than_informal"
CHANNELS = (
    Choice(SignupChannel.OWN, "Sendiri"),
    Choice(SignupChannel.SERTAKAN, "SERTAKAN"),
    Choice(SignupChannel.APBD, "APBD"),
    Choice(SignupChannel.APBDES, "APBDes"),
    Choice(SignupChannel.PBI, "PBI"),
    Choice(SignupChannel.CSR, "CSR"),
    Choice(SignupChannel.PERISAI, "Agen PERISAI"),
)
_LABELS = {one.value: one.label for one in CHANNELS}
#: Paying for so many months can be told that long after the month of signing up.
_MONTHS_LATER = {"paid_1": 1, "paid_3": 3, "paid_6": 6}
#: Of which step each one is a part, so that it cannot be larger.
_PART_OF = (
    ("registered", "forms"),
    ("first_paid", "registered"),
    ("paid_1", "first_paid"),
    ("paid_3", "paid_1"),
    ("paid_6", "paid_3"),
)
_COUNTS = (
    ("interested", "Berminat", "Orang yang menyatakan berminat pada bulan itu."),
    ("forms", "Formulir", "Di antaranya yang mengisi formulir, di kertas atau di JMO."),
    ("registered", "Terdaftar", "Di antaranya yang terdaftar sebagai peserta."),
    ("first_paid", "Bayar pertama", "Di antaranya yang membayar iuran pertama."),
    ("paid_1", "Bayar bulan 1", "Yang masih membayar satu bulan setelah bulan daftar."),
    ("paid_3", "Bayar bulan 3", "Yang masih membayar tiga bulan setelah bulan daftar."),
    ("paid_6", "Bayar bulan 6", "Yang masih membayar enam bulan setelah bulan daftar."),
)
_OLDER_HELP = "Isi “ya” bila hitungan bertanggal lebih lama ini memang menggantikan yang ada."
_DAY_HELP = "Hari hitungan itu; wajib bila ada hitungan yang baru atau berubah."
_CODE_HELP = "Kode desa atau kelurahan di wilayah kantor cabang Anda."
#: The same for every branch.
COLUMNS = (
    Column("code", "Kode wilayah", Cell.CODE, _CODE_HELP, "33.10.25.1004", (), True),
    Column("region", "Wilayah", is_info=True, width=28),
    Column("month", "Bulan daftar", Cell.MONTH, "", "10/2026", (), True, width=12),
    Column("channel", "Saluran", Cell.CHOICE, "", "Sendiri", CHANNELS, True),
    Column("claimed", "Pendaftaran di laporan", Cell.WHOLE, is_info=True, width=12),
    *(
        Column(key, header, Cell.WHOLE, f"{told} Kosong berarti tetap.", "12", width=12)
        for key, header, told in _COUNTS
    ),
    Column("as_of", "Per tanggal", Cell.DAY, _DAY_HELP, "31/10/2026"),
    Column("source", "Sumber", example="Laporan kepesertaan BPU", width=32),
    Column("older", "Ganti yang lebih baru", Cell.FLAG, _OLDER_HELP, width=12),
    REMOVE,
)


class LedgerIn(BaseModel):
    """What is told of one village, month and channel."""

    interested: int | None = Field(default=None, ge=0, le=MOST)
    forms: int | None = Field(default=None, ge=0, le=MOST)
    registered: int | None = Field(default=None, ge=0, le=MOST)
    first_paid: int | None = Field(default=None, ge=0, le=MOST)
    paid_1: int | None = Field(default=None, ge=0, le=MOST)
    paid_3: int | None = Field(default=None, ge=0, le=MOST)
    paid_6: int | None = Field(default=None, ge=0, le=MOST)
    as_of: date
    source: Note = Field(min_length=1)


def _current(db: Session, ctx: Context) -> list[dict[str, Value]]:
    """List what stands, and what reports claim where nothing stands yet."""
    standing = standing_in(db, ctx.regencies)
    claimed = _claimed(db, ctx)
    names = names_of(db, {code for code, _, _ in (*standing, *claimed)})
    rows: list[dict[str, Value]] = [
        {
            "code": key[0],
            "region": names.get(key[0], ""),
            "month": key[1],
            "channel": key[2],
            "claimed": claimed.get(key),
            **_as_row(standing.get(key, {})),
        }
        for key in sorted({*standing, *claimed})
    ]
    return rows


def _claimed(db: Session, ctx: Context) -> dict[Key, int]:
    """Count the sign-ups that session reports claim; those without a payer are people's own."""
    year = cast(extract("year", col(SessionReport.held_on)), Integer)
    month = cast(extract("month", col(SessionReport.held_on)), Integer)
    key = (col(Visit.village_code), year.label("y"), month.label("m"))
    scope = Scope(ctx.regencies)
    whole = reports_in(select(*key, func.sum(SessionReport.signups)), scope, ctx.today)
    parts = reports_in(select(*key, col(SignUp.payer), func.sum(SignUp.workers)), scope, ctx.today)
    parts = parts.join(SignUp, col(SignUp.report_id) == col(SessionReport.id))
    found: dict[Key, int] = {}
    own = {}
    for code, y, m, signups in db.execute(whole.group_by(Visit.village_code, "y", "m")):
        own[code, date(y, m, 1), SignupChannel.OWN.value] = int(signups)
    for code, y, m, payer, workers in db.execute(
        parts.group_by(Visit.village_code, "y", "m", SignUp.payer)
    ):
        if CHANNEL_OF[payer] is not SignupChannel.OWN:
            found[code, date(y, m, 1), CHANNEL_OF[payer].value] = int(workers)
            own[code, date(y, m, 1), SignupChannel.OWN.value] -= int(workers)
    return found | {of: number for of, number in own.items() if number}


def _check(db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
    """Refuse foreign villages and counts that cannot be; compare the others with what stands."""
    names = refuse_foreign(db, rows, ctx)
    codes = {str(row.values["code"]) for row in rows if not row.is_refused}
    standing, informal = standing_of(db, codes), _informal(db, codes)
    changes = []
    for row in rows:
        if not row.is_refused:
            change = _change(row, standing.get(_key(row)), names, informal, ctx)
            changes += [change] if change and not row.is_refused else []
    return changes


def _key(row: Row) -> Key:
    month: Any = row.values["month"]
    return str(row.values["code"]), month, str(row.values["channel"])


def _change(
    row: Row,
    stored: Told | None,
    names: Mapping[str, str],
    informal: Mapping[str, int],
    ctx: Context,
) -> Change | None:
    code, month, channel = _key(row)
    label = f"{labelled(names, code)}, {month:%m/%Y}, {_LABELS[channel]}"
    facts = {"key": [code, month.isoformat(), channel], "version": (stored or {}).get("version")}
    before = _as_row(stored or {})
    if row.values["remove"]:
        return removal(row, label, before if stored else None, facts)
    told = _read(row, before, month, ctx)
    if told is None:
        return None
    notes = _notes(told, informal.get(code, 0))
    if stored is None:
        made: Change | None = addition(row, label, told)
    else:
        made = alteration(row, label, before, told, {})
    whole = {name: as_json(value) for name, value in told.items()}
    return made and replace(made, facts={**facts, "told": whole}, notes=notes)


def _read(row: Row, before: Mapping[str, Value], month: date, ctx: Context) -> Told | None:
    """Read what a row tells beside what stands; None if it tells nothing, or what cannot be."""
    told = {name: row.values[name] for name in TOLD}
    if all(told[step] is None for step in STEPS):
        if any(told[name] not in (None, before[name]) for name in ("as_of", "source")):
            row.refuse("registered", "missing")
        return None
    if told["as_of"] is None and _differ(told, before):
        row.refuse("as_of", "counts_without_day" if before["as_of"] else "missing")
        return None
    kept = {name: before[name] if told[name] is None else told[name] for name in TOLD}
    given = taken(LedgerIn, row, kept)
    if given is None or _is_older(row, given, before["as_of"]):
        return None
    if row.values["older"]:
        # What nobody could know on the older day is not of it.
        unknown = [step for step in _too_early(given, month) if told[step] is None]
        given = given.model_copy(update=dict.fromkeys(unknown))
    if not _is_in_time(row, given, month, ctx):
        return None
    for step, before_it in _PART_OF:
        _refuse_larger(row, given, step, before_it)
    return given.model_dump()


def _differ(told: Told, before: Mapping[str, Value]) -> bool:
    """Whether a count differs from what stands: of the standing day it is not by itself."""
    return any(told[step] not in (None, before[step]) for step in STEPS)


def _is_in_time(row: Row, given: LedgerIn, month: date, ctx: Context) -> bool:
    """Refuse months and days that cannot be, the first reason alone: others follow from it."""
    if month > ctx.today:
        row.refuse("month", "month_in_the_future")
    elif month < tariff().first_month:
        row.refuse("month", "before_the_tariff", first=f"{tariff().first_month:%m/%Y}")
    elif given.as_of > ctx.today:
        row.refuse("as_of", "in_the_future")
    elif given.as_of < month:
        row.refuse("as_of", "before_its_month")
    else:
        _refuse_too_early(row, given, month)
    return not row.is_refused


def _refuse_too_early(row: Row, given: LedgerIn, month: date) -> None:
    for step in _too_early(given, month):
        row.refuse(step, "told_too_early", months=_MONTHS_LATER[step])


def _too_early(given: LedgerIn, month: date) -> list[str]:
    """List the steps that are told on a day on which nobody can know them."""
    return [
        step
        for step, months in _MONTHS_LATER.items()
        if getattr(given, step) is not None and given.as_of < month_after(month, months)
    ]


def _is_older(row: Row, given: LedgerIn, standing: Any) -> bool:
    """Refuse counts of an older day than those that stand, unless the row says they are meant."""
    if standing is None or given.as_of >= standing or row.values["older"]:
        return False
    row.refuse("as_of", "older_than_what_stands", standing=f"{standing:%d/%m/%Y}")
    return True


def _refuse_larger(row: Row, given: LedgerIn, step: str, before_it: str) -> None:
    """Refuse a step that is larger than the nearest one before it that is told."""
    chain = dict(_PART_OF)
    at: str | None = before_it
    while at is not None and getattr(given, at) is None:
        at = chain.get(at)
    here = getattr(given, step)
    if at is not None and here is not None and here > getattr(given, at):
        row.refuse(step, "more_than_before", most=getattr(given, at))


def _notes(told: Told, informal: int) -> tuple[Problem, ...]:
    notes = []
    if None not in (told["forms"], told["interested"]) and told["forms"] > told["interested"]:
        notes.append(Problem("forms", "more_forms_than_interested"))
    most = max(told[step] or 0 for step in STEPS)
    if informal and most > informal:
        notes.append(Problem("forms", ABOVE_ESTIMATE, {"estimate": informal}))
    return tuple(notes)


def _as_row(stored: Mapping[str, Any]) -> dict[str, Value]:
    return {name: stored.get(name) for name in TOLD}


def _informal(db: Session, codes: Iterable[str]) -> dict[str, int]:
    query = select(col(Village.code), col(Village.informal_workers))
    return {
        code: workers
        for part in batched(sorted(codes), ROWS_PER_STATEMENT)
        for code, workers in db.execute(query.where(col(Village.code).in_(part)))
    }


LEDGER = Kind(
    SheetKind.LEDGER,
    "Buku pendaftaran",
    lambda _db, _ctx: COLUMNS,
    ("code", "month", "channel"),
    _current,
    _check,
    write,
    take_back,
)
