"""Papers that the plan has left behind: what was printed is not what holds now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.access import visible_branches
from outreach.campaigns.stages import require_planner, stage_of
from outreach.papers.choosing import Wanted, wanted_subjects
from outreach.papers.contents import STANDING, month_of, subjects, teams_of
from outreach.papers.reading import KEYS_AT_ONCE, kept, key_of
from outreach.papers.tables import Paper, PaperKind
from outreach.people.tables import Account, Team
from outreach.villages.tables import Village
from outreach.visits.listing import visits_between
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.papers.contents import Subject
    from outreach.people.access import Person

#: How far back a visit may lie that a paper of today speaks of: the month of a letter and more.
DAYS_BACK = timedelta(days=92)
FAR = date(2100, 1, 1)
#: Columns of the paper itself, in the order of `PaperRow`.
OWN = (
    "id",
    "stage_id",
    "kind",
    "subject",
    "number",
    "edition",
    "first_day",
    "last_day",
    "visit_id",
    "team_id",
    "fingerprint",
    "made_at",
    "printed_at",
    "set_aside_at",
)


class PaperState(StrEnum):
    """Whether a paper still says what the plan says."""

    CURRENT = "current"
    OUTDATED = "outdated"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper in a list; `village` is empty where it is about several."""

    id: int
    stage_id: int
    kind: PaperKind
    subject: str
    number: str
    edition: int
    first_day: date
    last_day: date
    visit_id: int | None
    team_id: int | None
    fingerprint: str
    made_at: datetime
    printed_at: datetime
    set_aside_at: datetime | None
    team: str
    village: str
    made_by: str
    state: PaperState = PaperState.CURRENT

    @property
    def needs_somebody(self) -> bool:
        """Whether it has to be made anew, or set aside, which nobody has done yet."""
        is_done = self.state is PaperState.VOID and self.set_aside_at is not None
        return self.state is not PaperState.CURRENT and not is_done


def papers_of_stage(
    db: Session, person: Person, stage_id: int, today: date, *, visit_id: int | None = None
) -> list[PaperRow]:
    """List the papers of a stage, or of one of its visits, by day, each with how it stands.

    The route sheets of all days on which it has visits are among them, whatever stage they were
    made for.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    stage_of(db, person, stage_id)
    query = _rows(db, person).where(or_(col(Paper.stage_id) == stage_id, _drives_to(stage_id)))
    if visit_id is not None:
        query = query.where(col(Paper.visit_id) == visit_id)
    return _judged(db, person, [PaperRow(*row) for row in db.execute(query)], today)


def _drives_to(stage_id: int) -> ColumnElement[bool]:
    """Hold for the route sheet of a day on which the stage has a visit."""
    stop = aliased(Visit)
    stops = exists().where(
        col(stop.stage_id) == stage_id,
        col(stop.team_id) == col(Paper.team_id),
        col(stop.day) == col(Paper.first_day),
        col(stop.work).in_(STANDING),
    )
    return and_(col(Paper.kind) == PaperKind.ROUTE_SHEET, stops)


def outdated(db: Session, person: Person, today: date) -> list[PaperRow]:
    """List the papers of the person's branches that the plan has left behind, by day."""
    recent = or_(col(Paper.last_day) >= today, col(Visit.day) >= today)
    rows = [PaperRow(*row) for row in db.execute(_rows(db, person).where(recent))]
    judged = _judged(db, person, rows, today)
    return [row for row in judged if row.needs_somebody]


def lacking(
    db: Session, person: Person, stage_id: int, rows: Sequence[PaperRow], today: date
) -> list[Subject]:
    """Say of what no paper was made yet, of the kinds and months of *rows*: what came later.

    A month whose papers nobody has made yet lacks nothing.
    """
    begun = {(row.kind, month_of(row.kind, row.subject, row.first_day)) for row in rows}
    kinds = tuple(kind for kind in PaperKind if any(kind is one for one, _month in begun))
    wanted = wanted_subjects(db, person, stage_id, Wanted(kinds))
    found = [one for one in wanted if (one.kind, one.month) in begun and one.first_day >= today]
    made = kept(db, found)
    return [one for one in found if key_of(one) not in made]


def set_void_aside(db: Session, stage_id: int, *, by: Person, today: date, now: datetime) -> int:
    """Set the papers of a stage aside that are about what does not stand any more; count them.

    Raises
    ------
    NotFound, NotAllowed
        If the stage is not one the person plans.
    """
    require_planner(db, stage_of(db, by, stage_id).branch_id, by)
    rows = papers_of_stage(db, by, stage_id, today)
    ids = [row.id for row in rows if row.needs_somebody and row.state is PaperState.VOID]
    for start in range(0, len(ids), KEYS_AT_ONCE):
        part = col(Paper.id).in_(ids[start : start + KEYS_AT_ONCE])
        db.execute(update(Paper).where(part).values(set_aside_at=now))
    return len(ids)


def _rows(db: Session, person: Person) -> Any:
    own: list[Any] = [getattr(Paper, name) for name in OWN]
    return (
        select(*own, col(Team.name), col(Village.name), col(Account.name))
        .select_from(Paper)
        .outerjoin(Visit, col(Visit.id) == col(Paper.visit_id))
        .outerjoin(Village, col(Village.code) == col(Visit.village_code))
        .outerjoin(Team, col(Team.id) == col(Paper.team_id))
        .join(Account, col(Account.id) == col(Paper.made_by))
        .where(col(Paper.branch_id).in_(visible_branches(db, person)))
        .order_by(col(Paper.first_day), col(Paper.kind), col(Paper.sequence))
    )


def _judged(db: Session, person: Person, rows: Sequence[PaperRow], today: date) -> list[PaperRow]:
    if not rows:
        return []
    now_said = _said_now(db, person, {row.kind for row in rows}, today)
    return [_replace(row, _state(row, now_said, today)) for row in rows]


def _said_now(
    db: Session, person: Person, kinds: set[PaperKind], today: date
) -> dict[tuple[PaperKind, str], tuple[str, date]]:
    """Fingerprint and last day of everything that papers could be about now."""
    visits = visits_between(db, person, today - DAYS_BACK, FAR)
    standing = [row for row in visits if row.work in STANDING]
    teams = teams_of(db, {row.team_id for row in standing})
    return {
        (kind, one.key): (one.fingerprint, one.last_day)
        for kind in kinds
        for one in subjects(kind, standing, teams)
    }


def _state(
    row: PaperRow, now_said: dict[tuple[PaperKind, str], tuple[str, date]], today: date
) -> PaperState:
    fingerprint, last_day = now_said.get((row.kind, row.subject), ("", date.min))
    if max(row.last_day, last_day) < today or fingerprint == row.fingerprint:
        # What is over stays as it was carried.
        return PaperState.CURRENT
    return PaperState.OUTDATED if fingerprint else PaperState.VOID


def _replace(row: PaperRow, state: PaperState) -> PaperRow:
    return replace(row, village=row.village or "", team=row.team or "", state=state)
