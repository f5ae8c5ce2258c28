"""A stage's plan at one moment, and what differs between two of them, village by village."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.campaigns.tables import StageVillage
from outreach.planning.model import Reason  # noqa: TC001 - dataclass fields are read at run time
from outreach.visits.stays import is_in_stay
from outreach.visits.tables import ACTIVE, Happening, Stay, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlmodel import Session

#: What takes a visit away from its village.
TAKEN_AWAY = (
    Happening.CANCELLED,
    Happening.POSTPONED,
    Happening.UNREACHABLE,
    Happening.RETURNED,
)


class ChangeKind(StrEnum):
    """What became of a village between two plans."""

    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class StayWays:
    """What a stay adds to its visits: days without a session, and the way to the hub, one way."""

    stay_id: int
    travel_days: tuple[date, ...]
    access_minutes: int

    def told(self) -> dict[str, Any]:
        """Write it as a submission keeps it."""
        return asdict(self) | {"travel_days": [day.isoformat() for day in self.travel_days]}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> StayWays:
        """Read it as `told` wrote it."""
        days = tuple(map(date.fromisoformat, told["travel_days"]))
        return cls(told["stay_id"], days, told["access_minutes"])


@dataclass(frozen=True, slots=True)
class PlannedPlace:
    """Where a village stands in a plan; `value` are the sign-ups expected of it."""

    visit_id: int
    village_code: str
    team_id: int
    day: date
    slot: int
    starts_at: time
    travel_minutes: int
    value: float
    work: Work
    stay: StayWays | None = None

    @property
    def appointment(self) -> tuple[int, date, time]:
        """Team, day and start: what a village is promised."""
        return self.team_id, self.day, self.starts_at

    def told(self) -> dict[str, Any]:
        """Write the place as a submission keeps it."""
        plain = asdict(self)
        started = self.starts_at.isoformat("minutes")
        facts = {"day": self.day.isoformat(), "starts_at": started, "work": self.work.value}
        return plain | facts | {"stay": self.stay.told() if self.stay else None}


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """A plan in figures, ways and days of stays included; `value` are the sign-ups expected."""

    visits: int
    team_days: int
    travel_minutes: int
    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """A village that one plan has and the other has not, or has elsewhere."""

    kind: ChangeKind
    village_code: str
    before: PlannedPlace | None
    after: PlannedPlace | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a plan changes against an earlier one; `kept` villages are as they were."""

    before: PlanFigures
    after: PlanFigures
    changes: tuple[Change, ...]
    kept: int

    def of_kind(self, kind: ChangeKind) -> tuple[Change, ...]:
        """List the changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a village has no visit any more.

    Attributes
    ----------
    work, reason
        How its last visit ended and what was said, if people ended it.
    planner
        The planner's reason, if a new plan had no place for it.
    """

    work: Work | None
    reason: str
    planner: Reason | None


def places_of_stage(db: Session, stage_id: int) -> list[PlannedPlace]:
    """Read the plan of a stage as it stands: its active visits in order of day, team and slot."""
    travel = (col(Visit.travel_minutes) + col(Visit.return_minutes)).label("travel_minutes")
    query = (
        select(
            col(Visit.id).label("visit_id"),
            *(col(getattr(Visit, name)) for name in ("village_code", "team_id", "day", "slot")),
            col(Visit.starts_at),
            travel,
            col(Visit.work),
        )
        .where(col(Visit.stage_id) == stage_id, col(Visit.work).in_(ACTIVE))
        .order_by(col(Visit.day), col(Visit.team_id), col(Visit.slot), col(Visit.id))
    )
    rows = db.execute(query).mappings().all()
    values = {site.code: site.value for site in sites_of(db, (r["village_code"] for r in rows))}
    ways = _ways_of_stays(db, stage_id)
    return [
        PlannedPlace(
            **row,
            value=round(values[row["village_code"]], 2),
            stay=ways.get(row["visit_id"]),
        )
        for row in rows
    ]


def _ways_of_stays(db: Session, stage_id: int) -> dict[int, StayWays]:
    """Read what the stays add to a stage's plan, by the visits that they are made for."""
    columns = (col(Stay.id), col(Stay.travel_days), col(Stay.access_minutes))
    query = (
        select(col(Visit.id), *columns)
        .join(Stay, is_in_stay())
        .where(col(Visit.stage_id) == stage_id, col(Visit.work).in_(ACTIVE))
    )
    return {
        visit_id: StayWays(stay_id, tuple(map(date.fromisoformat, days)), minutes)
        for visit_id, stay_id, days, minutes in db.execute(query)
    }


def read_places(kept: Iterable[Mapping[str, Any]]) -> list[PlannedPlace]:
    """Read places as `PlannedPlace.told` wrote them."""
    return [
        PlannedPlace(
            **{
                **one,
                "day": date.fromisoformat(one["day"]),
                "starts_at": time.fromisoformat(one["starts_at"]),
                "work": Work(one["work"]),
                # What was handed in before there were stays says nothing of them.
                "stay": StayWays.read(told) if (told := one.get("stay")) else None,
            }
        )
        for one in kept
    ]


def figures_of(places: Sequence[PlannedPlace]) -> PlanFigures:
    """Sum a plan up; the days and the way of a stay count once."""
    team_days = {(place.team_id, place.day) for place in places}
    ways: dict[int, int] = {}
    for place in places:
        if place.stay:
            team_days.update((place.team_id, day) for day in place.stay.travel_days)
            ways[place.stay.stay_id] = 2 * place.stay.access_minutes
    return PlanFigures(
        visits=len(places),
        team_days=len(team_days),
        travel_minutes=sum(place.travel_minutes for place in places) + sum(ways.values()),
        value=sum(place.value for place in places),
    )


def compare(before: Sequence[PlannedPlace], after: Sequence[PlannedPlace]) -> Difference:
    """Tell what *after* changes against *before*; a village has one place in a plan at most."""
    old = {place.village_code: place for place in before}
    new = {place.village_code: place for place in after}
    changes = [
        change
        for code in old.keys() | new.keys()
        if (change := _change(code, old.get(code), new.get(code)))
    ]
    changes.sort(key=_in_order)
    moved = sum(change.kind is ChangeKind.MOVED for change in changes)
    kept = len(old.keys() & new.keys()) - moved
    return Difference(figures_of(before), figures_of(after), tuple(changes), kept)


def why_lost(db: Session, stage_id: int, codes: Sequence[str]) -> dict[str, Loss]:
    """Say why villages of a stage have no visit any more."""
    last = (
        select(func.max(col(Visit.id)))
        .where(col(Visit.stage_id) == stage_id, col(Visit.village_code).in_(codes))
        .group_by(col(Visit.village_code))
    )
    visits = select(col(Visit.village_code), col(Visit.work)).where(col(Visit.id).in_(last))
    works = {row.village_code: row.work for row in db.execute(visits)}
    said = _said_at_the_end(db, last)
    chosen = select(col(StageVillage.village_code), col(StageVillage.reason)).where(
        col(StageVillage.stage_id) == stage_id, col(StageVillage.village_code).in_(codes)
    )
    planner = {row.village_code: row.reason for row in db.execute(chosen)}
    return {code: Loss(works.get(code), said.get(code, ""), planner.get(code)) for code in codes}


def _said_at_the_end(db: Session, visit_ids: Any) -> dict[str, str]:
    """Read the reason in the last line that ended each of the visits, by village."""
    query = (
        select(col(VisitEvent.village_code), col(VisitEvent.reason))
        .where(col(VisitEvent.visit_id).in_(visit_ids))
        .where(col(VisitEvent.happening).in_(TAKEN_AWAY))
        .order_by(col(VisitEvent.id))
    )
    return {row.village_code: row.reason for row in db.execute(query)}


def _change(code: str, old: PlannedPlace | None, new: PlannedPlace | None) -> Change | None:
    if old is None:
        return Change(ChangeKind.ADDED, code, old, new)
    if new is None:
        return Change(ChangeKind.DROPPED, code, old, new)
    if old.appointment != new.appointment:
        return Change(ChangeKind.MOVED, code, old, new)
    return None


def _in_order(change: Change) -> tuple[str, date, time, str]:
    place = change.after or change.before
    assert place is not None  # noqa: S101 - a change has one side at least
    return change.kind.value, place.day, place.starts_at, change.village_code
