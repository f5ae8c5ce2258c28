"""The sign-up ledger as a spreadsheet: the agency's monthly counts by village, month and channel.

A blank count leaves what stands. The steps follow each other, so no later one is larger: what says
otherwise is refused, but for forms of people whom nobody had counted as interested.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from sqlalchemy import Integer, bindparam, cast, delete, extract, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT
from outreach.errors import Conflict
from outreach.logbook.tables import LedgerEntry, SessionReport, SignUp, SignupChannel
from outreach.logbook.tariff import month_after, tariff
from outreach.people.access import within
from outreach.people.free_text import Note
from outreach.progress.ledger import CHANNEL_OF, STEPS, reports_in
from outreach.progress.scope import Scope
from outreach.sheets.differing import addition, alteration, removal
from outreach.sheets.kinds import REMOVE, Act, Cell, Change, Choice, Column, Kind, Problem
from outreach.sheets.models import taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.tables import SheetKind
from outreach.villages.reading import names_of
from outreach.villages.tables import Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Context, Row, Undo, Value

    #: Village, month and channel.
    type Key = tuple[str, date, str]
    #: What a row of the table holds besides its key, as JSON keeps it.
    type Told = dict[str, Any]

MOST = 2**31 - 1
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
_TOLD = (*STEPS, "as_of", "source")
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
_TABLE: Any = LedgerEntry.__table__  # type: ignore[attr-defined]
_KEY = (_TABLE.c.village_code, _TABLE.c.month, _TABLE.c.channel)
_WHERE = (
    _TABLE.c.village_code == bindparam("of_code"),
    _TABLE.c.month == bindparam("of_month"),
    _TABLE.c.channel == bindparam("of_channel"),
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
    Column("as_of", "Per tanggal", Cell.DAY, example="31/10/2026"),
    Column("source", "Sumber", example="Laporan kepesertaan BPU", width=32),
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
    standing = _standing_in(db, ctx.regencies)
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
    standing, informal = _standing(db, codes), _informal(db, codes)
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
    whole = {name: _json(value) for name, value in told.items()}
    return made and replace(made, facts={**facts, "told": whole}, notes=notes)


def _read(row: Row, before: Mapping[str, Value], month: date, ctx: Context) -> Told | None:
    """Read what a row tells beside what stands; None if it tells nothing, or what cannot be."""
    told = {name: row.values[name] for name in _TOLD}
    if all(told[step] is None for step in STEPS):
        if any(told[name] not in (None, before[name]) for name in ("as_of", "source")):
            row.refuse("registered", "missing")
        return None
    kept = {name: before[name] if told[name] is None else told[name] for name in _TOLD}
    given = taken(LedgerIn, row, kept)
    if given is None or not _is_in_time(row, given, month, ctx):
        return None
    for step, before_it in _PART_OF:
        _refuse_larger(row, given, step, before_it)
    return given.model_dump()


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
    for step, months in _MONTHS_LATER.items():
        if getattr(given, step) is not None and given.as_of < month_after(month, months):
            row.refuse(step, "told_too_early", months=months)


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
        notes.append(Problem("forms", "more_than_informal", {"estimate": informal}))
    return tuple(notes)


def _as_row(stored: Mapping[str, Any]) -> dict[str, Value]:
    return {name: stored.get(name) for name in _TOLD}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _informal(db: Session, codes: Iterable[str]) -> dict[str, int]:
    query = select(col(Village.code), col(Village.informal_workers))
    return {
        code: workers
        for part in batched(sorted(codes), ROWS_PER_STATEMENT)
        for code, workers in db.execute(query.where(col(Village.code).in_(part)))
    }


def _standing(db: Session, codes: Iterable[str], *, lock: bool = False) -> dict[Key, Told]:
    """Read what stands of villages; locked in the order of their codes if it is to be changed."""
    found: dict[Key, Told] = {}
    for part in batched(sorted(codes), ROWS_PER_STATEMENT):
        query = select(_TABLE).where(_TABLE.c.village_code.in_(part)).order_by(*_KEY)
        found |= _by_key(db, query.with_for_update() if lock else query)
    return found


def _standing_in(db: Session, prefixes: tuple[str, ...]) -> dict[Key, Told]:
    return _by_key(db, select(_TABLE).where(within(_TABLE.c.village_code, prefixes)))


def _by_key(db: Session, query: Any) -> dict[Key, Told]:
    return {
        (row["village_code"], row["month"], row["channel"].value): {
            name: row[name] for name in (*_TOLD, "version")
        }
        for row in db.execute(query).mappings()
    }


def _apply(db: Session, changes: Sequence[Change], _ctx: Context) -> list[Undo]:
    """Write the counts of all rows, unless somebody changed one of them since it was compared."""
    keys = [_key_of(change.facts["key"]) for change in changes]
    standing = _standing(db, {code for code, _, _ in keys}, lock=True)
    stale = [
        change.row
        for change, key in zip(changes, keys, strict=True)
        if standing.get(key, {}).get("version") != change.facts["version"]
    ]
    if stale:
        raise Conflict(problem="sheet_is_stale", rows=sorted(stale))
    told = [None if one.act is Act.REMOVE else dict(one.facts["told"]) for one in changes]
    try:
        _put(db, dict(zip(keys, told, strict=True)), standing)
    except IntegrityError as error:
        # Somebody added one of them between reading and writing.
        raise Conflict(problem="sheet_is_stale", rows=[one.row for one in changes]) from error
    return [
        {"row": one.row, "key": one.facts["key"], "before": _plain(standing.get(key)), "after": now}
        for one, key, now in zip(changes, keys, told, strict=True)
    ]


def _undo(db: Session, entries: Sequence[Undo], _ctx: Context) -> None:
    """Bring back what stood before, unless somebody has told other counts since."""
    keys = [_key_of(entry["key"]) for entry in entries]
    standing = _standing(db, {code for code, _, _ in keys}, lock=True)
    stuck = [
        entry["row"]
        for entry, key in zip(entries, keys, strict=True)
        if _plain(standing.get(key)) != entry["after"]
    ]
    if stuck:
        raise Conflict(problem="changed_since", rows=sorted(stuck))
    _put(db, {k: e["before"] for k, e in zip(keys, entries, strict=True)}, standing)


def _key_of(kept: Sequence[str]) -> Key:
    return kept[0], date.fromisoformat(kept[1]), kept[2]


def _plain(stored: Told | None) -> Told | None:
    """Put what stands as JSON keeps it, without its version."""
    return stored and {name: _json(stored[name]) for name in _TOLD}


def _put(db: Session, told: Mapping[Key, Told | None], standing: Mapping[Key, Told]) -> None:
    """Write what is told of each key; None takes its row away."""
    gone = [_bound(key) for key, one in told.items() if one is None and key in standing]
    new = [
        dict(zip(("village_code", "month", "channel"), key, strict=True)) | _values(one)
        for key, one in told.items()
        if one is not None and key not in standing
    ]
    kept = [
        _bound(key) | _values(one) | {"version": standing[key]["version"] + 1}
        for key, one in told.items()
        if one is not None and key in standing
    ]
    with db.begin_nested():
        if gone:
            db.connection().execute(delete(_TABLE).where(*_WHERE), gone)
        if new:
            db.connection().execute(insert(_TABLE), [row | {"version": 1} for row in new])
        if kept:
            db.connection().execute(update(_TABLE).where(*_WHERE), kept)
    db.expire_all()


def _bound(key: Key) -> Told:
    return dict(zip(("of_code", "of_month", "of_channel"), key, strict=True))


def _values(told: Told) -> Told:
    as_of = told["as_of"]
    return told | {"as_of": date.fromisoformat(as_of) if isinstance(as_of, str) else as_of}


LEDGER = Kind(
    SheetKind.LEDGER,
    "Buku pendaftaran",
    lambda _db, _ctx: COLUMNS,
    ("code", "month", "channel"),
    _current,
    _check,
    _apply,
    _undo,
)
