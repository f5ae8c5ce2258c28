"""What would change when something upsets a plan: those hit, and nobody else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.access import branch_regencies
from outreach.campaigns.choosing import sites_of
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import covers, within
from outreach.people.rota import days_off
from outreach.people.tables import Team
from outreach.planning.daytrip import legs_of_day
from outreach.planning.insertion import Place, places_on
from outreach.planning.model import Reason, Remedy
from outreach.planning.repair import Repair, Seeker, repair
from outreach.planning.workdays import days_between
from outreach.villages.tables import Village
from outreach.visits.causes import (
    AfterCancelling,
    AreaClosed,
    Gaps,
    TeamAway,
    VillageAdded,
    VillageCancels,
)
from outreach.visits.openings import FIRM, open_days
from outreach.visits.question import past_of
from outreach.visits.stays import away_beside, stays_between, with_lost_stays
from outreach.visits.tables import TO_COME, Visit, Work
from outreach.visits.teamday import day_of_team, visits_on
from outreach.visits.waiting import Waiting, waiting_villages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.planning.insertion import OpenDay
    from outreach.planning.model import Site, Unplaced
    from outreach.visits.causes import Told

#: Whoever knows a start keeps it, confirmed or not: a re-plan tells nobody but those hit.
KEPT = FIRM | {Work.AWAITING}
#: So many waiting villages are looked at, the first ranks first; more are for a plan of their own.
MOST_WAITING = 120


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one village: its visit moves, ends, or a new one is proposed.

    Attributes
    ----------
    visit_id, version, work
        The visit as it stood when the change was drafted; None for a village without one.
    before
        Team, day, slot and start it had; None when it had none that stood.
    place
        Where it goes; None when no place was found: then `reason` and `remedy` say why.
    stays
        It was confirmed and nobody allowed it to move: it stands as it did, an open problem.
    """

    village_code: str
    visit_id: int | None = None
    version: int | None = None
    work: Work | None = None
    before: dict[str, Any] | None = None
    place: Place | None = None
    reason: Reason | None = None
    remedy: Remedy | None = None
    remedy_amount: int = 0
    stays: bool = False

    @property
    def was_confirmed(self) -> bool:
        """Whether the village had confirmed its day."""
        return self.work is Work.CONFIRMED

    @property
    def was_promised(self) -> bool:
        """Whether the village knew of its day."""
        return self.work in (Work.CONFIRMED, Work.AWAITING)

    def told(self) -> dict[str, Any]:
        """Put the change as the table keeps it."""
        facts = asdict(self)
        if self.place is not None:
            facts["place"]["day"] = self.place.day.isoformat()
            facts["place"]["shifts"] = list(self.place.shifts)
        return facts

    @classmethod
    def read(cls, facts: dict[str, Any]) -> Change:
        """Read a change that the table kept."""
        place = facts["place"]
        if place is not None:
            day, shifts = date.fromisoformat(place["day"]), tuple(place["shifts"])
            place = Place(**{**place, "day": day, "shifts": shifts})
        kinds = {"work": Work, "reason": Reason, "remedy": Remedy}
        typed = {name: kind(facts[name]) for name, kind in kinds.items() if facts[name]}
        return cls(**{**facts, **typed, "place": place})


@dataclass(frozen=True, slots=True)
class Draft:
    """The changes in the order in which they have to be made, and the road before and after.

    `travel_unticked` is the road where confirmed visits stay as they are, and trips are torn.
    `elsewhere` counts visits of other stages that are hit as well: they are re-planned there.
    """

    changes: tuple[Change, ...]
    travel_before: int = 0
    travel_after: int = 0
    travel_unticked: int = 0
    elsewhere: int = 0


def draft_of(db: Session, stage: Stage, told: Told, today: date) -> Draft:
    """Find out what a cause changes, without writing anything.

    Raises
    ------
    NotFound
        If the team or the visit is none of the stage's branch.
    Invalid
        If the region or the village lies outside the branch.
    Conflict
        If the visit is over, or the village has a visit already.
    """
    match told:
        case TeamAway():
            return _team_away(db, stage, told, today)
        case AreaClosed():
            return _area_closed(db, stage, told, today)
        case VillageCancels():
            return _village_cancels(db, stage, told, today)
        case VillageAdded():
            return _village_added(db, stage, told, today)
        case Gaps():
            waiting = waiting_villages(db, stage.id or 0, MOST_WAITING)
            return _measured(db, _fill(db, stage, waiting, _open(db, stage, today)))


def with_room(db: Session, stage: Stage, codes: Collection[str], today: date) -> frozenset[str]:
    """Find those of the villages that wait for which a day of the stage has room as it stands.

    Each is tried alone: together they may want the same room.
    """
    known = {one.village_code for one in waiting_villages(db, stage.id or 0, MOST_WAITING)}
    days = [one for one in _open(db, stage, today) if len(one.stops) < one.team_day.sessions]
    sites = _sites(db, known.intersection(codes), days)
    return frozenset(one.code for one in sites if any(places_on(one, day) for day in days))


def _team_away(db: Session, stage: Stage, told: TeamAway, today: date) -> Draft:
    team = db.get(Team, told.team_id)
    if team is None or team.branch_id != stage.branch_id:
        raise NotFound(kind="Team", id=told.team_id)
    lost = _with_its_stays(db, told)
    hit, elsewhere = _hit(db, stage, lost, today, col(Visit.team_id) == told.team_id)
    days = [
        one
        for one in _open(db, stage, today, without=hit)
        if one.team_day.team_id != told.team_id or not lost.holds(one.team_day.day)
    ]
    return _measured(db, _moved(db, stage, hit, days), elsewhere)


def _with_its_stays(db: Session, told: TeamAway) -> TeamAway:
    """Let the team be away until the stays end that are lost with its days."""
    stays = stays_between(db, told.first, told.last, col(Team.id) == told.team_id)
    away = {told.team_id: list(days_between(told.first, told.last))}
    lost = with_lost_stays(away, stays)
    return told.model_copy(update={"last": max(lost[told.team_id])})


def _area_closed(db: Session, stage: Stage, told: AreaClosed, today: date) -> Draft:
    if not covers(branch_regencies(db, stage.branch_id), told.region_code):
        raise Invalid(problems={"region_code": ["outside_branch"]})
    inside = within(Visit.village_code, (told.region_code,))
    hit, elsewhere = _hit(db, stage, told, today, inside)
    days = _open(db, stage, today, without=hit)
    shut = frozenset(days_between(told.first, told.last))
    return _measured(db, _moved(db, stage, hit, days, shut), elsewhere)


def _village_cancels(db: Session, stage: Stage, told: VillageCancels, today: date) -> Draft:
    visit = db.get(Visit, told.visit_id)
    if visit is None or visit.stage_id != stage.id:
        raise NotFound(kind="Visit", id=told.visit_id)
    if visit.work not in TO_COME:
        raise Conflict(problem="wrong_status", status=visit.work)
    days = _open(db, stage, today, without=[visit])
    if told.outcome is AfterCancelling.ANOTHER_DAY:
        elsewhere = [one for one in days if one.team_day.day != visit.day]
        changes = _moved(db, stage, [visit], elsewhere)
    else:
        changes = [_change(visit)]
    freed = [
        one
        for one in days
        if (one.team_day.team_id, one.team_day.day) == (visit.team_id, visit.day)
    ]
    waiting = [
        one
        for one in waiting_villages(db, stage.id or 0, MOST_WAITING)
        if one.village_code != visit.village_code
    ]
    filled = [one for one in _fill(db, stage, waiting, freed) if one.place is not None]
    return _measured(db, [*changes, *filled])


def _village_added(db: Session, stage: Stage, told: VillageAdded, today: date) -> Draft:
    code = told.village_code
    if db.get(Village, code) is None:
        raise Invalid(problems={"village_code": ["unknown_village"]})
    if not covers(branch_regencies(db, stage.branch_id), code):
        raise Invalid(problems={"village_code": ["outside_branch"]})
    past = past_of(db, stage)
    own = db.scalar(
        select(col(Visit.id)).where(
            col(Visit.stage_id) == stage.id,
            col(Visit.village_code) == code,
            col(Visit.work).in_(TO_COME),
        )
    )
    if code in past.kept or own is not None:
        raise Conflict(problem="village_has_visit", villages=[code])
    if code in past.taken:
        raise Conflict(problem="village_elsewhere", villages=[code])
    known = {one.village_code: one for one in waiting_villages(db, stage.id or 0, 100_000)}
    waiting = [known.get(code) or Waiting(code)]
    return _measured(db, _fill(db, stage, waiting, _open(db, stage, today)))


def _hit(
    db: Session, stage: Stage, span: TeamAway | AreaClosed, today: date, where: ColumnElement[bool]
) -> tuple[list[Visit], int]:
    """Read the visits to come of the stage in a span, and how many of other stages there are."""
    query = (
        select(Visit)
        .join(Team, col(Team.id) == col(Visit.team_id))
        .where(
            col(Team.branch_id) == stage.branch_id,
            col(Visit.work).in_(TO_COME),
            col(Visit.day).between(max(span.first, today), span.last),
            where,
        )
        .order_by(col(Visit.day), col(Visit.team_id), col(Visit.slot))
    )
    found = list(db.scalars(query))
    own = [visit for visit in found if visit.stage_id == stage.id]
    return own, len(found) - len(own)


def _open(
    db: Session, stage: Stage, today: date, without: Iterable[Visit] = ()
) -> tuple[OpenDay, ...]:
    first = max(stage.starts, today + timedelta(days=1))
    gone = {visit.id or 0 for visit in without}
    return open_days(db, stage, first, stage.ends, without=gone, firm=KEPT)


def _moved(
    db: Session,
    stage: Stage,
    hit: Sequence[Visit],
    days: Sequence[OpenDay],
    shut: Collection[date] = (),
) -> list[Change]:
    """Find every visit that is hit another place, or tell why there is none."""
    sites = {one.code: one for one in _sites(db, [visit.village_code for visit in hit], days)}
    by_code = {visit.village_code: visit for visit in hit}
    seekers = [
        Seeker(
            replace(
                sites[visit.village_code],
                session_minutes=visit.session_minutes,
                closed_days=sites[visit.village_code].closed_days | frozenset(shut),
            ),
            visit.day,
            visit.work is not Work.PROPOSED,
        )
        for visit in hit
    ]
    answer = _repaired(db, stage, seekers, days)
    placed = [_change(by_code[code], place=place) for code, place in answer.placed]
    left = [_change(by_code[one.code], **_why(one)) for one in answer.left]
    return placed + left


def _fill(
    db: Session, stage: Stage, waiting: Sequence[Waiting], days: Sequence[OpenDay]
) -> list[Change]:
    """Find places for villages without a visit."""
    by_code = {one.village_code: one for one in waiting}
    seekers = [Seeker(site) for site in _sites(db, by_code, days)]
    answer = _repaired(db, stage, seekers, days)
    placed = [
        Change(code, one.visit_id, one.version, one.work, place=place)
        for code, place in answer.placed
        for one in (by_code[code],)
    ]
    left = [Change(one.code, **_why(one)) for one in answer.left]
    return placed + left


def _repaired(
    db: Session, stage: Stage, seekers: Sequence[Seeker], days: Sequence[OpenDay]
) -> Repair:
    """Find places on days of the stage, knowing of the stays that stand and of the days off."""
    if not days:
        return repair(seekers, days)
    keys = [(one.team_day.team_id, one.team_day.day) for one in days]
    span = [day for _, day in keys]
    rests = days_off(db, stage.branch_id, min(span), max(span) + timedelta(weeks=1))
    return repair(seekers, days, away_beside(db, keys), rests)


def _why(left: Unplaced) -> dict[str, Any]:
    return {"reason": left.reason, "remedy": left.remedy, "remedy_amount": left.amount}


def _sites(db: Session, codes: Iterable[str], days: Sequence[OpenDay]) -> tuple[Site, ...]:
    span = [one.team_day.day for one in days]
    return sites_of(db, codes, min(span), max(span)) if span else sites_of(db, codes)


def _change(visit: Visit, **found: Any) -> Change:
    before = {
        "team_id": visit.team_id,
        "day": visit.day.isoformat(),
        "slot": visit.slot,
        "starts_at": visit.starts_at.isoformat("minutes"),
    }
    return Change(
        visit.village_code, visit.id, visit.version, Work(visit.work), before=before, **found
    )


def _measured(db: Session, changes: Sequence[Change], elsewhere: int = 0) -> Draft:
    """Add the road of all days that change, before and after, and after without the confirmed."""
    left = {_seat(one) for one in changes if one.before is not None}
    new = {(one.place.team_id, one.place.day) for one in changes if one.place is not None}
    plain = [one for one in changes if not one.was_confirmed]
    before, after, unticked = (
        sum(_way(db, *key, made) for key in sorted(left | new)) for made in ((), changes, plain)
    )
    return Draft(tuple(changes), before, after, unticked, elsewhere)


def _seat(change: Change) -> tuple[int, date]:
    was = change.before or {}
    return was["team_id"], date.fromisoformat(was["day"])


def _way(db: Session, team_id: int, day: date, made: Sequence[Change]) -> int:
    """Minutes on the road of a team's day once some changes are made, as `put_at` makes them."""
    gone = {one.visit_id for one in made if one.before is not None}
    stops = [one.village_code for one in visits_on(db, team_id, day) if one.id not in gone]
    for one in made:
        if one.place is not None and (one.place.team_id, one.place.day) == (team_id, day):
            stops.insert(one.place.position - 1, one.village_code)
    sites = {one.code: one for one in sites_of(db, stops)}
    team_day = day_of_team(db, db.get_one(Team, team_id), day)
    return sum(legs_of_day(team_day, [sites[code] for code in stops]))
