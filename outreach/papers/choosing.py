"""Which papers a stage, a month, a team, a day or one visit calls for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING

from outreach.papers.contents import SESSION_KINDS, STANDING, Subject, subjects, teams_of
from outreach.papers.tables import PaperKind
from outreach.visits.listing import visits_between, visits_of_stage

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

KINDS = tuple(PaperKind)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which papers of a stage; what is None does not narrow.

    `month` is any day of it, `keys` the subjects of papers that were made before. A letter always
    holds its team's whole month, and a route sheet the team's whole day, however few of the
    visits were asked for: the month's travel is settled with one letter, and what a letter says
    must not change with the day on which it is printed.
    """

    kinds: tuple[PaperKind, ...] = KINDS
    month: date | None = None
    team_id: int | None = None
    day: date | None = None
    visit_id: int | None = None
    keys: frozenset[str] | None = None

    def takes(self, row: VisitRow) -> bool:
        """Whether the visit is one of those asked for."""
        month = self.month is None or (row.day.year, row.day.month) == (
            self.month.year,
            self.month.month,
        )
        return (
            month
            and self.team_id in (None, row.team_id)
            and self.day in (None, row.day)
            and self.visit_id in (None, row.id)
        )


def wanted_subjects(db: Session, person: Person, stage_id: int, wanted: Wanted) -> list[Subject]:
    """List what the papers are about, in the order in which they are printed.

    Letters first, then the papers of each session together, then the route sheets.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    whole = [row for row in visits_of_stage(db, person, stage_id) if row.work in STANDING]
    asked = [row for row in whole if wanted.takes(row)]
    teams = teams_of(db, {row.team_id for row in asked})
    found = []
    for kind in wanted.kinds:
        if kind is PaperKind.ROUTE_SHEET:
            found += route_sheets(db, person, {(row.team_id, row.day) for row in asked})
            continue
        touched = {one.key for one in subjects(kind, asked, teams)}
        ours = [row for row in whole if row.team_id in teams]
        found += [one for one in subjects(kind, ours, teams) if one.key in touched]
    keys = wanted.keys
    return sorted((one for one in found if keys is None or one.key in keys), key=_place)


def route_sheets(
    db: Session, person: Person, days: Collection[tuple[int | None, date]]
) -> list[Subject]:
    """Say what the route sheets of these days of teams are about, the stops of all stages."""
    ours = _days(db, person, days)
    return subjects(PaperKind.ROUTE_SHEET, ours, teams_of(db, {row.team_id for row in ours}))


def _days(db: Session, person: Person, days: Collection[tuple[int | None, date]]) -> list[VisitRow]:
    """All visits of the teams' days, those of other stages too: a team drives one round."""
    if not days:
        return []
    first, last = min(day for _team, day in days), max(day for _team, day in days)
    rows = visits_between(db, person, first, last)
    return [row for row in rows if (row.team_id, row.day) in days]


def _place(subject: Subject) -> tuple[int, date, int, str, int]:
    group = 1 if subject.kind in SESSION_KINDS else 0 if _is_letter(subject) else 2
    starts = str(subject.plan["visit"]["starts_at"]) if group == 1 else ""
    kind = KINDS.index(subject.kind)
    return group, subject.first_day, subject.team_id, starts, kind


def _is_letter(subject: Subject) -> bool:
    return subject.kind is PaperKind.ASSIGNMENT_LETTER
