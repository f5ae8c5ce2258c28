"""What upsets a running plan: the question as it is afterwards, and the visits that are hit."""

from __future__ import annotations

from collections.abc import Collection  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, replace
from datetime import date  # noqa: TC003 - as above
from typing import TYPE_CHECKING

from outreach.planning.model import PlannedVisit, Problem, Site, TeamDay  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from outreach.planning.model import Plan, Stay


@dataclass(frozen=True, slots=True)
class TeamAway:
    """A team cannot go out on some days."""

    team_id: int
    days: Collection[date]


@dataclass(frozen=True, slots=True)
class RegionClosed:
    """No session can be held on some days in a region, or in a village: `code` begins theirs."""

    code: str
    days: Collection[date]


@dataclass(frozen=True, slots=True)
class DayClosed:
    """Nobody goes out on a day: a holiday that was not known."""

    day: date


@dataclass(frozen=True, slots=True)
class HolidayMoved:
    """A holiday falls on another day than was told.

    `freed` are the team-days of the day that it leaves.
    """

    to: date
    freed: tuple[TeamDay, ...]


@dataclass(frozen=True, slots=True)
class VillageGone:
    """A village wants no visit any more."""

    code: str


@dataclass(frozen=True, slots=True)
class VillageAdded:
    """A village is to be visited too."""

    site: Site


type Event = TeamAway | RegionClosed | DayClosed | HolidayMoved | VillageGone | VillageAdded


def after(problem: Problem, event: Event) -> Problem:
    """Put the question as it is once an event has happened.

    Raises
    ------
    ValueError
        A village is added that is there already.
    """
    match event:
        case TeamAway(team_id, days):
            return _without(
                problem, lambda one: one.team_id == team_id and one.day in frozenset(days)
            )
        case DayClosed(day):
            return _without(problem, lambda one: one.day == day)
        case HolidayMoved(to, freed):
            kept = _without(problem, lambda one: one.day == to)
            known = {(one.team_id, one.day) for one in kept.team_days}
            more = [one for one in freed if (one.team_id, one.day) not in known and one.day != to]
            return replace(kept, team_days=(*kept.team_days, *more))
        case RegionClosed(code, days):
            shut = frozenset(days)
            return replace(
                problem, sites=tuple(_closed(site, code, shut) for site in problem.sites)
            )
        case VillageGone(code):
            return replace(problem, sites=tuple(s for s in problem.sites if s.code != code))
        case VillageAdded(site):
            return replace(problem, sites=(*problem.sites, site))


def rest_from(problem: Problem, plan: Plan, first: date) -> tuple[Problem, Plan]:
    """Return what is left of a question and of its plan from a day on.

    Teams that are on a stay then go on with it; who is on the way back from one is not there yet.
    Waiting keeps its price: what the visits of the days before brought does not make the others
    dearer.
    """
    visits = tuple(visit for visit in plan.visits if visit.day >= first)
    over = {visit.code for visit in plan.visits} - {visit.code for visit in visits}
    coming_back = {
        (stay.team_id, day)
        for stay in plan.stays
        if max(stay.session_days) < first
        for day in stay.travel_days
    }
    rest = replace(
        problem,
        sites=tuple(site for site in problem.sites if site.code not in over),
        team_days=tuple(
            one
            for one in problem.team_days
            if one.day >= first and (one.team_id, one.day) not in coming_back
        ),
    )
    now, then = _delay_of_a_sign_up(rest), _delay_of_a_sign_up(problem)
    price = problem.parameters.day_price * (then / now if now else 1.0)
    kept = replace(rest, parameters=replace(problem.parameters, day_price=price))
    return kept, _from_day(plan, visits, first)


def _delay_of_a_sign_up(problem: Problem) -> float:
    """Weigh a working day that a sign-up waits, at a day price of 1, see `prices`."""
    days = len({one.day for one in problem.team_days})
    total = sum(site.value for site in problem.sites)
    return sum(one.sessions for one in problem.team_days) / (days * total) if total else 0.0


def _from_day(plan: Plan, visits: tuple[PlannedVisit, ...], first: date) -> Plan:
    stays = tuple(_left_of(one, first) for one in plan.stays if max(one.session_days) >= first)
    ways = sum(visit.travel_minutes + visit.return_minutes for visit in visits)
    return replace(
        plan,
        visits=visits,
        stays=stays,
        travel_minutes=ways + sum(2 * stay.access_minutes for stay in stays),
        team_days_used=len({(visit.team_id, visit.day) for visit in visits})
        + sum(len(stay.travel_days) for stay in stays),
    )


def _left_of(stay: Stay, first: date) -> Stay:
    if min(*stay.travel_days, *stay.session_days) >= first:
        return stay
    travel, sessions = (
        tuple(day for day in days if day >= first) for days in (stay.travel_days, stay.session_days)
    )
    return replace(stay, travel_days=travel, session_days=sessions, is_begun=True)


def hit_by(problem: Problem, plan: Plan) -> frozenset[str]:
    """Villages of a standing plan whose visit cannot be held under the problem as it is now.

    Its team does not go out on that day, or not on every day of the stay it belongs to, or the
    village is closed or keeps other hours.
    """
    sites = {site.code: site for site in problem.sites}
    kept = stays_kept(problem, plan)
    team_days = days_with_stays(problem.team_days, kept)
    broken = {
        (stay.team_id, day) for stay in plan.stays if stay not in kept for day in stay.session_days
    }
    return frozenset(
        visit.code
        for visit in plan.visits
        if visit.code in sites
        and (
            (visit.team_id, visit.day) in broken
            or not _can_be_held(visit, sites[visit.code], team_days)
        )
    )


def stays_kept(problem: Problem, plan: Plan) -> tuple[Stay, ...]:
    """Stays of a plan of which the team still goes out on every day, the ways included."""
    there = {(one.team_id, one.day) for one in problem.team_days}
    return tuple(
        stay
        for stay in plan.stays
        if all((stay.team_id, day) in there for day in (*stay.travel_days, *stay.session_days))
    )


def days_with_stays(
    team_days: Iterable[TeamDay], stays: Iterable[Stay]
) -> dict[tuple[int, date], TeamDay]:
    """Team-days by team and day; those of a stay start at its hub, those on the way are none."""
    made = {(one.team_id, one.day): one for one in team_days}
    for stay in stays:
        for day in stay.travel_days:
            made.pop((stay.team_id, day), None)
        for day in stay.session_days:
            if (key := (stay.team_id, day)) in made:
                made[key] = replace(made[key], base=stay.hub)
    return made


def _can_be_held(
    visit: PlannedVisit, site: Site, team_days: Mapping[tuple[int, date], TeamDay]
) -> bool:
    hours = site.hours_of(visit.day)
    ends = visit.starts_minute + site.session_minutes
    return (
        (visit.team_id, visit.day) in team_days
        and visit.day not in site.closed_days
        and hours.opens_minute <= visit.starts_minute
        and ends <= hours.closes_minute
    )


def _without(problem: Problem, is_gone: Callable[[TeamDay], bool]) -> Problem:
    return replace(problem, team_days=tuple(one for one in problem.team_days if not is_gone(one)))


def _closed(site: Site, code: str, days: frozenset[date]) -> Site:
    inside = site.code == code or site.code.startswith(f"{code}.")
    return replace(site, closed_days=site.closed_days | days) if inside else site
