"""What a report is held against: where its village lies, and what else was told of those days."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.people.tables import Account, Role
from outreach.planning.model import Point
from outreach.planning.travel import distance_m
from outreach.villages.tables import Village
from outreach.visits.tables import ACTIVE, Result, Visit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.logbook.record import SessionReportIn
    from outreach.people.access import Person

#: Counts are held against those of so many days before and after.
COPIED_WITHIN = timedelta(days=30)

#: How far a session may be held from the point of its village: twice the mean distance to the
#: three nearest villages of the regency, and 3 km at the least. Measured on the registry with the
#: land nearest to each village (83,378 villages with a point of their own): 0.5 % of all places
#: lie further from their village's point than that (0.7 % in Papua), and the furthest corner does
#: in 4 % of the villages (8 % in Papua). The median allowance is 4.6 km, the 95th percentile 17 km.
NEIGHBOURS = 3
NEIGHBOURHOODS = 2
LEAST_ALLOWED_M = 3_000
#: A village without a point of its own stands on the mean of its district's others, which is off
#: by less than this in 95 % of the cases (`villages.places`).
APPROXIMATE_M = 15_600


@dataclass(frozen=True, slots=True)
class Place:
    """Where a village lies, and how many of its informal workers the estimate leaves uncovered."""

    point: Point
    is_approximate: bool
    uncovered: int


@dataclass(frozen=True, slots=True)
class Told:
    """What is compared of a session, stored or just sent.

    `reporter` is the official who reported it: a coordinator types in what many others tell, and
    only an official's reports are one person's. `sure` is false where only the approximate place
    of the village is known. `flags` are those stored with it.
    """

    id: str
    visit_id: int
    team_id: int
    reporter: int | None
    starts: datetime
    minutes: int | None
    counts: tuple[int, int, int]
    paid: int | None
    point: Point
    sure: bool
    flags: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Whose sessions it is compared with: the team's, and the reporting official's."""
        team = ("team", self.team_id)
        return (team,) if self.reporter is None else (team, ("official", self.reporter))


def places_of(db: Session, codes: Iterable[str]) -> dict[str, Place]:
    """Read where villages lie and what the estimate says of them."""
    query: Any = select(
        col(Village.code),
        col(Village.latitude),
        col(Village.longitude),
        col(Village.island),
        col(Village.place_is_approximate),
        col(Village.informal_workers) - col(Village.informal_covered),
    ).where(col(Village.code).in_(set(codes)))
    return {
        code: Place(Point(north, east, code, island), rough, uncovered)
        for code, north, east, island, rough, uncovered in db.execute(query)
    }


def allowed_metres(db: Session, places: Mapping[str, Place]) -> dict[str, float]:
    """Say how far from its point a session of each village may be held, by the village's code.

    A village that stands alone in its regency is left out: nothing tells how large it is.
    """
    regencies = {code[:5] for code in places}
    query: Any = select(
        col(Village.regency_code),
        col(Village.code),
        col(Village.latitude),
        col(Village.longitude),
        col(Village.island),
    ).where(col(Village.regency_code).in_(regencies), col(Village.place_is_approximate).is_(False))
    around: dict[str, list[Point]] = defaultdict(list)
    for regency, code, *where in db.execute(query):
        around[regency].append(Point(where[0], where[1], code, where[2]))
    found = {code: _allowed(one, around[code[:5]]) for code, one in places.items()}
    return {code: metres for code, metres in found.items() if metres is not None}


def _allowed(place: Place, villages: Sequence[Point]) -> float | None:
    others = (one for one in villages if one.region_code != place.point.region_code)
    nearest = nsmallest(NEIGHBOURS, (distance_m(place.point, one) for one in others))
    if not nearest:
        return None
    by_neighbours = NEIGHBOURHOODS * sum(nearest) / len(nearest)
    return max(LEAST_ALLOWED_M, by_neighbours) + (APPROXIMATE_M if place.is_approximate else 0)


def told_now(report: SessionReportIn, visit: Visit, place: Place, by: Person) -> Told:
    """Describe a session that has just been sent."""
    here = report.latitude is not None and report.longitude is not None
    return Told(
        id=str(report.id),
        visit_id=report.visit_id,
        team_id=visit.team_id,
        reporter=by.account_id if by.role is Role.OFFICIAL else None,
        starts=visit.zone.moment(report.held_on, report.held_at),
        minutes=report.minutes,
        counts=(report.men, report.women, report.signups),
        paid=report.paid,
        point=_point(place.point, report.latitude, report.longitude),
        sure=here or not place.is_approximate,
    )


def stored_of(db: Session, ids: Collection[str]) -> list[tuple[Told, bool]]:
    """Read stored reports, each with whether a session was held."""
    if not ids:
        return []
    query = _SESSIONS.where(col(SessionReport.id).in_(ids))
    return [(_told(row), row.result not in NOT_HELD) for row in db.execute(query)]


def around(db: Session, sessions: Sequence[Told]) -> list[Told]:
    """Read the held sessions that count, of these teams and officials, around these days."""
    if not sessions:
        return []
    days = [one.starts.date() for one in sessions]
    current = _SESSIONS.where(
        col(SessionReport.corrected_by).is_(None),
        col(SessionReport.result).not_in(NOT_HELD),
        col(SessionReport.held_on).between(min(days) - COPIED_WITHIN, max(days) + COPIED_WITHIN),
    )
    # Reported visits are active ones, which have an index by team.
    teams = {one.team_id for one in sessions}
    rows = [*db.execute(current.where(col(Visit.team_id).in_(teams), col(Visit.work).in_(ACTIVE)))]
    officials = {one.reporter for one in sessions} - {None}
    if officials:
        rows += db.execute(current.where(col(SessionReport.reported_by).in_(officials)))
    return list({row.id: _told(row) for row in rows}.values())


NOT_HELD = (Result.NOT_MET, Result.REFUSED)
_SESSIONS: Any = (
    select(  # type: ignore[call-overload]
        SessionReport.id,
        SessionReport.result,
        SessionReport.flags,
        SessionReport.visit_id,
        Visit.team_id,
        SessionReport.reported_by,
        Account.role,
        SessionReport.held_on,
        SessionReport.held_at,
        SessionReport.zone,
        SessionReport.minutes,
        SessionReport.men,
        SessionReport.women,
        SessionReport.signups,
        SessionReport.paid,
        SessionReport.latitude,
        SessionReport.longitude,
        Village.latitude.label("village_latitude"),  # type: ignore[attr-defined]
        Village.longitude.label("village_longitude"),  # type: ignore[attr-defined]
        Village.code,
        Village.island,
        Village.place_is_approximate,
    )
    .join(Visit, col(Visit.id) == col(SessionReport.visit_id))
    .join(Village, col(Village.code) == col(SessionReport.village_code))
    .join(Account, col(Account.id) == col(SessionReport.reported_by))
)


def _told(row: Any) -> Told:
    village = Point(row.village_latitude, row.village_longitude, row.code, row.island)
    return Told(
        id=row.id,
        visit_id=row.visit_id,
        team_id=row.team_id,
        reporter=row.reported_by if row.role is Role.OFFICIAL else None,
        starts=row.zone.moment(row.held_on, row.held_at),
        minutes=row.minutes,
        counts=(row.men, row.women, row.signups),
        paid=row.paid,
        point=_point(village, row.latitude, row.longitude),
        sure=row.latitude is not None or not row.place_is_approximate,
        flags=tuple(row.flags),
    )


def _point(village: Point, latitude: float | None, longitude: float | None) -> Point:
    if latitude is None or longitude is None:
        return village
    return Point(latitude, longitude, village.region_code, village.island)
