"""Counted figures as a spreadsheet: what vulnerable workers and members have in common.

A blank count leaves what stands; only the tick to remove lets the estimate stand again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from sqlmodel import col, select

from outreach.errors import Conflict, Invalid
from outreach.people.free_text import Note
from outreach.sheets.differing import addition, alteration, removal
from outreach.sheets.kinds import REMOVE, Act, Cell, Change, Column, Kind, Problem
from outreach.sheets.models import refuse, taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.standing import Standing
from outreach.villages.codes import Level, cut, level
from outreach.villages.counts import Count, counts_of, forget_counts, note_counts, shares
from outreach.villages.reading import names_of
from outreach.villages.tables import Figure, Village

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Context, Row, Undo, Value
    from outreach.sheets.tables import SheetKind
    from outreach.villages.tables import VillageCount

    #: A count as JSON keeps it, None for none, by village.
    type Counts = Mapping[str, dict[str, Any] | None]

MOST = 2**31 - 1
#: A count so many times the estimate has a digit too many, perhaps.
FAR_ABOVE = 10
_TOLD = ("counted", "as_of", "source")


class CountIn(BaseModel):
    """What is told with a count."""

    counted: int = Field(ge=0, le=MOST)
    as_of: date
    source: Note = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """A kind of spreadsheet whose rows tell one figure; `levels` says of which regions."""

    kind: SheetKind
    title: str
    figure: Figure
    counted: Column
    levels: tuple[Level, ...]
    code_help: str
    source_example: str

    def as_kind(self) -> Kind:
        """Put it as the framework asks for it."""
        return Kind(
            self.kind,
            self.title,
            self.columns,
            ("code",),
            self.current,
            self.check,
            self.apply,
            self.undo,
        )

    def columns(self, _db: Session, _ctx: Context) -> tuple[Column, ...]:
        """Return the columns, the same for every branch."""
        return (
            Column("code", "Kode wilayah", Cell.CODE, self.code_help, "33.10.25.1004", (), True),
            Column("region", "Wilayah", is_info=True, width=28),
            Column("estimated", "Perkiraan", Cell.WHOLE, is_info=True, width=12),
            self.counted,
            Column("as_of", "Per tanggal", Cell.DAY, example="30/06/2026"),
            Column("source", "Sumber", example=self.source_example, width=32),
            REMOVE,
        )

    def current(self, db: Session, ctx: Context) -> list[dict[str, Value]]:
        """List every region that can be told, with its count where there is one."""
        standing = Standing(db, ctx.regencies, self.figure)
        regencies = ctx.regencies if Level.REGENCY in self.levels else ()
        codes = sorted([*regencies, *standing.villages])
        names = names_of(db, codes)
        return [
            {"code": code, "region": names.get(code, ""), "estimated": standing.estimate(code)}
            | dict(standing.told(code))
            for code in codes
        ]

    def check(self, db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
        """Refuse foreign regions and counts that cannot be; compare the others with what stands."""
        names = refuse_foreign(db, rows, ctx, levels=self.levels)
        standing = Standing(db, ctx.regencies, self.figure)
        found = []
        # Villages first: the shares of a regency hang on what they have counted themselves.
        for row in sorted(rows, key=lambda row: -len(str(row.values["code"]))):
            if not row.is_refused and (change := _change(db, row, standing, names, ctx)):
                found.append(change)
                if level(change.facts["code"]) is Level.VILLAGE:
                    standing.note(change.facts["code"], change.facts.get("counted"))
        found += _shared_again(db, rows, found, standing)
        return sorted(found, key=lambda change: change.row)

    def apply(self, db: Session, changes: Sequence[Change], _ctx: Context) -> list[Undo]:
        """Write the counts of villages, then those of regencies into all the others."""
        whole = [change for change in changes if len(change.facts["code"]) < Level.VILLAGE]
        single = [change for change in changes if len(change.facts["code"]) == Level.VILLAGE]
        undo = _write(db, self.figure, {c.row: {c.facts["code"]: _told(c)} for c in single})
        for change in whole:
            undo += _write(db, self.figure, {change.row: _shared(db, self.figure, change)})
        return undo

    def undo(self, db: Session, entries: Sequence[Undo], _ctx: Context) -> None:
        """Bring back what stood before, unless somebody has told another count since."""
        lines = [(entry["row"], line) for entry in entries for line in entry["counts"]]
        # A village may have changed twice: by its own row, then by what its regency shares.
        last = {line["code"]: (row, line["after"]) for row, line in lines}
        now = _standing(db, self.figure, set(last))
        stuck = {row for code, (row, after) in last.items() if now.get(code) != after}
        if stuck:
            raise Conflict(problem="changed_since", rows=sorted(stuck))
        _put(db, self.figure, {line["code"]: line["before"] for _, line in reversed(lines)})


def _change(
    db: Session, row: Row, standing: Standing, names: Mapping[str, str], ctx: Context
) -> Change | None:
    code = str(row.values["code"])
    label, before = labelled(names, code), standing.told(code)
    if row.values["remove"]:
        stored = None if before["counted"] is None else before
        return removal(row, label, stored, {"code": code})
    told = _read(row, before, ctx)
    if told is None or not _can_be_shared(db, row, standing):
        return None
    facts, notes = _facts(code, told), _notes(told, standing, code)
    if before["counted"] is None:
        return replace(addition(row, label, told, notes=notes), facts=facts)
    change = alteration(row, label, before, told, facts)
    return None if change is None else replace(change, notes=notes)


def _shared_again(
    db: Session, rows: Sequence[Row], found: Sequence[Change], standing: Standing
) -> list[Change]:
    """Let regencies that were counted keep their totals when villages inside them change.

    Where the villages' own counts come to more, their rows are refused.
    """
    changed = {change.facts["code"] for change in found}
    numbers = {str(row.values["code"]): row.number for row in rows if not row.is_refused}
    names = names_of(db, {cut(code, Level.REGENCY) for code in changed})
    changes = []
    for code in sorted(set(names) - changed):
        before, inside = standing.told(code), standing.own_inside(code)
        if before["counted"] is None:
            continue
        at, label = numbers.get(code, 0), labelled(names, code)
        if not standing.has_sharers(code):
            notes = (Problem("", "all_counted"),)
            changes.append(Change(at, Act.REMOVE, label, before, {}, {"code": code}, notes))
        elif _is_shareable(db, code, before, inside):
            notes = (Problem("", "shared_again", {"total": before["counted"]}),)
            changes.append(Change(at, Act.ALTER, label, {}, {}, _facts(code, before), notes))
        else:
            _refuse_inside(rows, code, changed, before)
    return changes


def _is_shareable(
    db: Session, regency: str, told: Mapping[str, Any], own: Mapping[str, int]
) -> bool:
    try:
        shares(db, regency, told["counted"], own)
    except Invalid:
        return False
    return True


def _refuse_inside(
    rows: Sequence[Row], regency: str, changed: Collection[str], told: Mapping[str, Value]
) -> None:
    for row in rows:
        code = str(row.values["code"])
        if code in changed and code.startswith(f"{regency}."):
            row.refuse("counted", "regency_exceeded", total=told["counted"])


def _facts(code: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": code, **told, "as_of": str(told["as_of"])}


def _read(row: Row, before: Mapping[str, Value], ctx: Context) -> dict[str, Value] | None:
    """Read the count that a row tells; None if it tells none, or none that can be."""
    kept = {name: before[name] if name in row.absent else row.values[name] for name in _TOLD}
    if kept["counted"] is None:
        if any(kept[name] not in (None, before[name]) for name in ("as_of", "source")):
            row.refuse("counted", "missing")
        return None
    given = taken(CountIn, row, kept)
    if given is None:
        return None
    if given.as_of > ctx.today:
        row.refuse("as_of", "in_the_future")
        return None
    return {"counted": given.counted, "as_of": given.as_of, "source": given.source}


def _can_be_shared(db: Session, row: Row, standing: Standing) -> bool:
    """Whether a regency's count can be spread over its villages; else refuse the row."""
    code = str(row.values["code"])
    if level(code) is Level.VILLAGE:
        return True
    try:
        shares(db, code, int(str(row.values["counted"])), standing.own_inside(code))
    except Invalid as error:
        refuse(row, error)
    return not row.is_refused


def _notes(told: Mapping[str, Any], standing: Standing, code: str) -> tuple[Problem, ...]:
    estimate = standing.estimate(code)
    if estimate and told["counted"] > FAR_ABOVE * estimate:
        return (Problem("counted", "far_above_estimate", {"estimate": estimate}),)
    return ()


def _told(change: Change) -> dict[str, Any] | None:
    """Return the count that a change makes; None where it takes one away."""
    if change.act is Act.REMOVE:
        return None
    return {name: change.facts[name] for name in _TOLD} | {"is_spread": False}


def _shared(db: Session, figure: Figure, change: Change) -> Counts:
    """Return what becomes of every village of a regency that has no count of its own."""
    code = change.facts["code"]
    inside = select(col(Village.code)).where(col(Village.regency_code) == code)
    standing = _standing(db, figure, set(db.exec(inside)))
    whole = _told(change)
    if whole is None:
        return {of: None for of, one in standing.items() if one and one["is_spread"]}
    own = {of: one["counted"] for of, one in standing.items() if one and not one["is_spread"]}
    parts = shares(db, code, whole["counted"], own)
    return {of: whole | {"counted": part, "is_spread": True} for of, part in parts.items()}


def _write(db: Session, figure: Figure, by_row: Mapping[int, Counts]) -> list[Undo]:
    after = {code: one for counts in by_row.values() for code, one in counts.items()}
    before = _standing(db, figure, set(after))
    _put(db, figure, after)
    return [
        {
            "row": row,
            "counts": [
                {"code": code, "before": before.get(code), "after": one}
                for code, one in counts.items()
            ],
        }
        for row, counts in by_row.items()
    ]


def _put(db: Session, figure: Figure, counts: Counts) -> None:
    forget_counts(db, [(code, figure) for code, one in counts.items() if one is None])
    noted = [
        Count(code, figure, **{**one, "as_of": date.fromisoformat(one["as_of"])})
        for code, one in counts.items()
        if one is not None
    ]
    note_counts(db, noted)


def _standing(db: Session, figure: Figure, codes: set[str]) -> dict[str, dict[str, Any] | None]:
    return {code: _plain(one) for (code, _), one in counts_of(db, codes, figure).items()}


def _plain(one: VillageCount) -> dict[str, Any]:
    return {
        "counted": one.counted,
        "as_of": one.as_of.isoformat(),
        "source": one.source,
        "is_spread": one.is_spread,
    }
