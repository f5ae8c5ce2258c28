"""What a message says of a visit: names and place of the visit, as frozen rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, time
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.people.tables import Branch, Team
from outreach.villages.tables import District, Village, VillageKind, Zone
from outreach.visits.tables import Happening, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlmodel import Session

#: Events that tell a visit's day and start.
_PLACING = (Happening.PLANNED, Happening.MOVED)

# SQLite takes 32,766 values in one statement.
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Told:
    """One visit in the words that an official knows; day and start are the village's own."""

    visit_id: int
    village_code: str
    village: str
    village_kind: VillageKind
    district: str
    team: str
    team_id: int
    team_phone: str
    team_base: str
    branch: str
    day: date
    starts_at: time
    zone: Zone
    session_minutes: int
    work: Work


def told_of(db: Session, visit_ids: Iterable[int]) -> dict[int, Told]:
    """Read what there is to tell of visits, by their numbers; the caller knows who may ask."""
    rows = (
        Told(*row)
        for part in batched(sorted(set(visit_ids)), _AT_ONCE)
        for row in db.execute(_query().where(col(Visit.id).in_(part)))
    )
    return {one.visit_id: one for one in rows}


def _query() -> Any:
    return (
        select(
            col(Visit.id),
            col(Visit.village_code),
            col(Village.name),
            col(Village.kind),
            col(District.name),
            col(Team.name),
            col(Team.id),
            col(Team.phone),
            col(Team.base_village_code),
            col(Branch.name),
            col(Visit.day),
            col(Visit.starts_at),
            col(Visit.zone),
            col(Visit.session_minutes),
            col(Visit.work),
        )
        .select_from(Visit)
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .join(Branch, col(Branch.id) == col(Team.branch_id))
    )


def told_then(
    db: Session, told: Mapping[int, Told], events: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Told]:
    """Tell visits at the day and start they had when an event happened, by visit and event.

    What was called off may have another day by now.
    """
    wanted = set(events)
    placed = _placings(db, {visit_id for visit_id, _ in wanted})
    then = {
        key: [after for event_id, after in placed[key[0]] if event_id <= key[1]] for key in wanted
    }
    return {
        key: _placed(told[key[0]], places[-1]) if places else told[key[0]]
        for key, places in then.items()
    }


def _placings(db: Session, visit_ids: set[int]) -> dict[int, list[tuple[int, dict[str, str]]]]:
    """Read the events that gave visits a day and a start, the oldest first."""
    found: dict[int, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for part in batched(sorted(visit_ids), _AT_ONCE):
        query = select(col(VisitEvent.visit_id), col(VisitEvent.id), col(VisitEvent.after)).where(
            col(VisitEvent.visit_id).in_(part), col(VisitEvent.happening).in_(_PLACING)
        )
        for visit_id, event_id, after in db.execute(query.order_by(col(VisitEvent.id))):
            found[visit_id].append((event_id, after))
    return found


def _placed(told: Told, place: Mapping[str, str]) -> Told:
    return replace(
        told,
        day=date.fromisoformat(place["day"]),
        starts_at=time.fromisoformat(place["starts_at"]),
    )
