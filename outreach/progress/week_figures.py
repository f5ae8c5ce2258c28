"""What a digest tells: the week that ended beside the one before, and how an area stands today.

Every figure comes from where the board, the ledger and the outlook have theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import Campaign
from outreach.logbook.tables import Payer
from outreach.people.access import NATION, covers
from outreach.people.branches import office_words
from outreach.people.tables import Role
from outreach.progress.board import OF_BRANCHES, Asked, Board, board
from outreach.progress.board_rows import By, Schedule
from outreach.progress.board_targets import targets_within
from outreach.progress.denominators import Denominator, denominators
from outreach.progress.dues import Due, dues_by
from outreach.progress.ending import ending_terms
from outreach.progress.offices import Served, served_regencies
from outreach.progress.outlook import Outlook, outlook
from outreach.progress.scope import scope_for
from outreach.progress.targets import looked_ahead
from outreach.progress.weeks import DAYS_PER_WEEK, monday_of, weekly
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.visits.standing import waiting_for

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.progress.board_rows import BoardRow
    from outreach.progress.scope import Scope
    from outreach.progress.weeks import WeeklyCounts

#: Rows of a list in a letter: the page it leads to has them all.
MOST_NAMED = 3
#: What the rows of a region are, where no more than one branch serves it.
_ROWS = {
    Level.PROVINCE: By.REGENCY,
    Level.REGENCY: By.DISTRICT,
    Level.DISTRICT: By.VILLAGE,
    Level.VILLAGE: By.VILLAGE,
}


@dataclass(frozen=True, slots=True)
class WeekCounts:
    """What the sessions of one week brought."""

    reached: int
    sessions: int
    signups: int
    paid: int


@dataclass(frozen=True, slots=True)
class Behind:
    """A branch, or else a region, that is behind.

    Of a branch `missing` sign-ups are asked for until `ends`, of which `recoverable` can still be
    brought in; of a region so many villages that are due are not `reached`.
    """

    name: str
    missing: int
    recoverable: int
    ends: date | None
    reached: int
    expected: int


@dataclass(frozen=True, slots=True)
class EndingTerm:
    """A sponsorship about to end: the workers whom nobody takes over, and where."""

    payer: Payer
    sponsor: str
    region: str
    workers: int
    ends: date
    source: str


@dataclass(frozen=True, slots=True)
class Plans:
    """Plans that wait for a manager: of branches in or around the area, and `all` on their list."""

    here: int
    all: int


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """The figures of a letter, as of `today`.

    `area` is what was asked for, `region` the one region that this is, if it is one; `name` is
    empty for all that a person sees, where that has no name. `by` says what the rows of `behind`
    are. `as_of` is when they were reckoned.
    """

    area: str
    region: str
    name: str
    as_of: datetime
    today: date
    monday: date
    this: WeekCounts
    before: WeekCounts
    board: Board
    by: By
    rates: tuple[Denominator, ...]
    target_sources: tuple[str, ...]
    behind: Sequence[Behind]
    behind_count: int
    month: date
    dues: Mapping[Payer, Due]
    ending: Sequence[EndingTerm]
    ending_count: int
    ending_workers: int
    outlook: Outlook
    plans: Plans
    is_demo: bool

    @property
    def sunday(self) -> date:
        """The last day of the week told of."""
        return self.monday + timedelta(days=DAYS_PER_WEEK - 1)


def week_figures(
    db: Session, person: Person, area: str, *, now: datetime, village_funds_discounted: bool
) -> WeekFigures:
    """Reckon the figures of an area, as far as the person sees it.

    Raises
    ------
    NotFound
        If they see nothing of it.
    """
    scope = scope_for(person, region=area)
    today = person.zone.day(now)
    monday = monday_of(today) - timedelta(days=DAYS_PER_WEEK)
    before, this = _two_weeks(db, scope, monday)
    served = _served(db, person, area)
    region = area or (person.areas[0] if len(person.areas) == 1 else NATION)
    asked = _asked(scope, person, region, served)
    targets = targets_within(db, scope.prefixes, today)
    found = board(db, asked, targets, today=today, now=now)
    behind = _behind(db, found, served)
    month = today.replace(day=1)
    dues = dues_by(db, scope, None, month, village_funds_discounted=village_funds_discounted)
    ending = _ending(db, scope, today)
    return WeekFigures(
        area=area,
        region=region,
        name=_name(db, person, region, served),
        as_of=now,
        today=today,
        monday=monday,
        this=this,
        before=before,
        board=found,
        by=asked.by,
        rates=denominators(found.whole.figures, found.sources),
        target_sources=tuple(sorted({one.source for one in targets.targets.values()})),
        behind=behind[:MOST_NAMED],
        behind_count=len(behind),
        month=month,
        dues=dues.get("", {}),
        ending=ending[:MOST_NAMED],
        ending_count=len(ending),
        ending_workers=sum(one.workers for one in ending),
        outlook=_outlook(db, scope, today),
        plans=_plans(db, person, served),
        is_demo=_is_demo(db),
    )


def _name(db: Session, person: Person, region: str, served: Sequence[Served]) -> str:
    """Name what is told of: the nation, a region, or the branch that a coordinator works for."""
    if region:
        return names_of(db, [region]).get(region, "")
    if covers(person.areas, NATION):
        return "Indonesia"
    own = {one.branch for one in served if one.branch_id == person.branch_id}
    return office_words(own.pop()) if own else ""


def _two_weeks(db: Session, scope: Scope, monday: date) -> tuple[WeekCounts, WeekCounts]:
    found = weekly(db, scope, level=None, first=monday - timedelta(days=DAYS_PER_WEEK), last=monday)
    before, this = (_counts(found, week) for week in range(2))
    return before, this


def _counts(found: WeeklyCounts, week: int) -> WeekCounts:
    figures = (found.reached, found.sessions, found.signups, found.paid)
    return WeekCounts(*(int(one[0, week]) for one in figures))


def _served(db: Session, person: Person, area: str) -> list[Served]:
    """List the served regencies within the area, or around it."""
    return [
        one
        for one in served_regencies(db, person)
        if covers((area,), one.regency_code) or covers((one.regency_code,), area)
    ]


def _asked(scope: Scope, person: Person, region: str, served: Sequence[Served]) -> Asked:
    return Asked(
        scope,
        _rows(person, region, served),
        {one.regency_code: str(one.branch_id) for one in served},
        {one.regency_code: one.office for one in served},
    )


def _rows(person: Person, region: str, served: Sequence[Served]) -> By:
    """Choose the rows, as the board has them: branches where there are several, else regions."""
    branches = {one.branch_id for one in served}
    if len(branches) > 1:
        return By.BRANCH
    if region:
        return _ROWS[Level(len(region))]
    regencies = [one.regency_code for one in served]
    is_one_branch = all(covers(regencies, area) for area in person.areas)
    return By.REGENCY if is_one_branch or not branches else By.BRANCH


def _behind(db: Session, found: Board, served: Sequence[Served]) -> list[Behind]:
    """List who is behind: branches by what can be recovered, regions by the villages missing."""
    if found.by in OF_BRANCHES:
        names = {str(one.branch_id): office_words(one.branch) for one in served}
        rows = [row for row in found.rows if row.key in names and _recoverable(row)]
        rows.sort(key=lambda row: (-_recoverable(row), row.key))
    else:
        rows = [row for row in found.rows if row.figures.schedule is Schedule.BEHIND]
        rows.sort(key=lambda row: (row.figures.off_plan, row.key))
        names = names_of(db, [row.key for row in rows[:MOST_NAMED]])
    return [_behind_row(names.get(row.key, row.key), row) for row in rows]


def _recoverable(row: BoardRow) -> int:
    return (row.aim.recoverable or 0) if row.aim else 0


def _behind_row(name: str, row: BoardRow) -> Behind:
    missing, ends = (row.aim.missing, row.aim.ends) if row.aim else (0, None)
    figures = row.figures
    return Behind(name, missing, _recoverable(row), ends, figures.reached, figures.expected)


def _ending(db: Session, scope: Scope, today: date) -> list[EndingTerm]:
    """List the terms about to end, the first to end first."""
    due = ending_terms(db, scope, today)
    names = names_of(db, {term.region_code for term, _ in due})
    told = [
        EndingTerm(
            Payer(term.payer),
            term.sponsor,
            names.get(term.region_code, ""),
            lost,
            term.ends,
            term.source,
        )
        for term, lost in due
    ]
    return sorted(told, key=lambda one: (one.ends, -one.workers, one.sponsor))


def _outlook(db: Session, scope: Scope, today: date) -> Outlook:
    """Look as far ahead, and towards the same target, as the page of the outlook."""
    period, share = looked_ahead(db, scope.prefixes, today)
    return outlook(db, scope, period, target=share.signups if share else None)


def _plans(db: Session, person: Person, served: Sequence[Served]) -> Plans:
    """Count the plans that wait for a manager; coordinators decide on none."""
    waiting = waiting_for(db, person) if person.role is Role.MANAGER else []
    here = {one.branch_id for one in served}
    return Plans(sum(one.branch_id in here for one in waiting), len(waiting))


def _is_demo(db: Session) -> bool:
    query = select(col(Campaign.id)).where(col(Campaign.is_demo)).limit(1)
    return db.scalar(query) is not None
