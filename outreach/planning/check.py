"""Checks a plan by the rules alone, without asking how it was made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field, replace
from datetime import date  # noqa: TC003 - as above
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from outreach.planning.blocks import DAYS_AT_HOME, days_at_home
from outreach.planning.hubs import LONGEST_STAY_DAYS
from outreach.planning.travel import travel_minutes
from outreach.planning.workdays import (
    PRAYERS_END_MINUTE,
    PRAYERS_START_MINUTE,
    Closed,
    is_friday,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from outreach.planning.model import (
        Plan,
        PlannedVisit,
        Problem,
        Site,
        Stay,
        TeamDay,
        TravelTable,
    )


class Rule(StrEnum):
    """The rules a plan keeps."""

    UNKNOWN_VILLAGE = "unknown_village"
    MISSING_VILLAGE = "missing_village"  # neither visited nor given a reason
    VISITED_TWICE = "visited_twice"  # or visited and given a reason
    NO_TEAM_DAY = "no_team_day"  # the team does not work on that day
    CLOSED_DAY = "closed_day"  # Sunday, holiday or leave
    VILLAGE_CLOSED = "village_closed"
    VILLAGE_HOURS = "village_hours"  # outside the hours of the village
    PIN_MOVED = "pin_moved"  # a visit that stands has another team, day or start, or none
    STAY_DAYS = "stay_days"  # a stay takes a day on which its team does not work or is elsewhere,
    # or has to be at home after another stay
    STAY_TRAVEL_DAY = "stay_travel_day"  # a session on the way to a hub or back, or in between
    STAY_ACCESS = "stay_access"  # the travel days are too short for the way, or it is another
    TOO_MANY_SESSIONS = "too_many_sessions"
    SLOT_ORDER = "slot_order"
    OUTSIDE_HOURS = "outside_hours"
    TOO_EARLY = "too_early"  # the team cannot be there yet: travel or the session before
    FRIDAY_PRAYERS = "friday_prayers"
    WRONG_TRAVEL = "wrong_travel"  # the minutes written down are not those of the road
    WRONG_TOTAL = "wrong_total"  # travel or team-days of the plan do not add up


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken, by whom and when as far as it concerns one, and by how many minutes."""

    rule: Rule
    code: str = ""
    team_id: int | None = None
    day: date | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


def violations(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Every rule the plan breaks; empty for a sound plan."""
    sites = {site.code: site for site in problem.sites}
    team_days = team_days_of(problem, plan)
    trips: dict[tuple[int, date], list[PlannedVisit]] = defaultdict(list)
    for visit in plan.visits:
        if visit.code in sites:
            trips[visit.team_id, visit.day].append(visit)
    found = [*_villages(sites, plan), *_pins(problem, plan), *_stays(problem, plan)]
    for key, visits in sorted(trips.items()):
        if (team_day := team_days.get(key)) is None:
            found += [_of(visit, Rule.NO_TEAM_DAY) for visit in visits]
        else:
            found += violations_of_day(team_day, visits, sites, measured=problem.travel)
    return (*found, *_totals(plan))


def _villages(sites: Mapping[str, Site], plan: Plan) -> Iterator[Violation]:
    answers = Counter([visit.code for visit in plan.visits])
    answers.update(unplaced.code for unplaced in plan.unplaced)
    yield from (Violation(Rule.UNKNOWN_VILLAGE, code) for code in answers if code not in sites)
    yield from (Violation(Rule.MISSING_VILLAGE, code) for code in sites if code not in answers)
    yield from (
        Violation(Rule.VISITED_TWICE, code, facts={"times": times})
        for code, times in answers.items()
        if times > 1
    )


def _pins(problem: Problem, plan: Plan) -> Iterator[Violation]:
    kept = {(one.code, one.team_id, one.day, one.starts_minute) for one in plan.visits}
    for site in problem.sites:
        pin = site.pin
        if pin and (site.code, pin.team_id, pin.day, pin.starts_minute) not in kept:
            yield Violation(Rule.PIN_MOVED, site.code, pin.team_id, pin.day)


def _totals(plan: Plan) -> Iterator[Violation]:
    travel = sum(visit.travel_minutes + visit.return_minutes for visit in plan.visits)
    travel += sum(2 * stay.access_minutes for stay in plan.stays)
    used = {(visit.team_id, visit.day) for visit in plan.visits}
    used |= {(stay.team_id, day) for stay in plan.stays for day in stay.travel_days}
    if (travel, len(used)) != (plan.travel_minutes, plan.team_days_used):
        facts = {"travel_minutes": travel, "team_days_used": len(used)}
        yield Violation(Rule.WRONG_TOTAL, facts=facts)


def team_days_of(problem: Problem, plan: Plan) -> dict[tuple[int, date], TeamDay]:
    """Team-days by team and day, those at the hub of a stay starting from there."""
    hubs = {(stay.team_id, day): stay.hub for stay in plan.stays for day in stay.session_days}
    days = {(one.team_id, one.day): one for one in problem.team_days}
    return {key: replace(one, base=hubs[key]) if key in hubs else one for key, one in days.items()}


def _stays(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """Rules of stays: days of their own, nothing else in between, a way that fits."""
    works = {(one.team_id, one.day): one for one in problem.team_days}
    places = {site.code: site.point for site in problem.sites}
    times = Counter((stay.team_id, day) for stay in plan.stays for day in _days_of(stay))
    yield from (
        Violation(Rule.STAY_DAYS, "", *key)
        for key, count in times.items()
        if count > 1 or key not in works
    )
    home = {team_id: days_at_home(days) for team_id, days in problem.away.items()}
    yield from (
        Violation(Rule.STAY_DAYS, stay.hub_code, stay.team_id, day)
        for stay in plan.stays
        for day in _days_of(stay)
        if day in home.get(stay.team_id, ())
    )
    yield from _too_close(plan.stays)
    for stay in plan.stays:
        if not stay.session_days:
            yield Violation(Rule.STAY_DAYS, stay.hub_code, stay.team_id)
            continue
        days = _days_of(stay)
        yield from (_of(visit, Rule.STAY_TRAVEL_DAY) for visit in _in_between(stay, plan.visits))
        if (days[-1] - days[0]).days >= LONGEST_STAY_DAYS:
            yield Violation(Rule.STAY_DAYS, stay.hub_code, stay.team_id, days[-1])
        worked = [works[key] for day in days if (key := (stay.team_id, day)) in works]
        is_there = places.get(stay.hub_code, stay.hub) == stay.hub
        if not is_there or (worked and not _holds_the_way(stay, worked, problem.travel)):
            yield Violation(Rule.STAY_ACCESS, stay.hub_code, stay.team_id, days[0])


def _too_close(stays: Iterable[Stay]) -> Iterator[Violation]:
    """Stays that begin before the team has been at home after the one before."""
    lasting = [(stay.team_id, _days_of(stay), stay.hub_code) for stay in stays if _days_of(stay)]
    for (before, away, _), (team_id, days, code) in pairwise(sorted(lasting)):
        if before == team_id and (days[0] - away[-1]).days <= DAYS_AT_HOME:
            yield Violation(Rule.STAY_DAYS, code, team_id, days[0])


def _days_of(stay: Stay) -> list[date]:
    return sorted((*stay.travel_days, *stay.session_days))


def _in_between(stay: Stay, visits: Iterable[PlannedVisit]) -> Iterator[PlannedVisit]:
    """Visits of the team while it is away, on a day that is none at the hub."""
    days = _days_of(stay)
    for visit in visits:
        is_away = visit.team_id == stay.team_id and days[0] <= visit.day <= days[-1]
        if is_away and (visit.day in stay.travel_days or visit.day not in stay.session_days):
            yield visit


def _holds_the_way(stay: Stay, worked: Sequence[TeamDay], measured: TravelTable | None) -> bool:
    """Whether the way to the hub is as long as written, and fits out and back."""
    first, last = min(stay.session_days), max(stay.session_days)
    out = sum(one.ends_minute - one.starts_minute for one in worked if one.day < first)
    back = sum(one.ends_minute - one.starts_minute for one in worked if one.day > last)
    way = travel_minutes(worked[0].base, stay.hub, measured)
    return way == stay.access_minutes and (stay.is_begun or way <= out) and way <= back


def violations_of_day(
    team_day: TeamDay,
    visits: Sequence[PlannedVisit],
    sites: Mapping[str, Site],
    closed: Iterable[Closed] = (),
    measured: TravelTable | None = None,
) -> tuple[Violation, ...]:
    """Every rule that one team's day breaks: the warnings when a visit is moved by hand.

    Parameters
    ----------
    visits
        All visits of the team on that day, in any order.
    sites
        Must hold every village visited.
    closed
        Why the day is closed for the team, from `workdays.why_closed`.
    """
    ordered = sorted(visits, key=lambda visit: visit.starts_minute)
    found = [
        Violation(Rule.CLOSED_DAY, "", team_day.team_id, team_day.day, {"closed": one})
        for one in closed
    ]
    if len(ordered) > team_day.sessions:
        facts = {"sessions": len(ordered), "most": team_day.sessions}
        found.append(Violation(Rule.TOO_MANY_SESSIONS, "", team_day.team_id, team_day.day, facts))
    if [visit.slot for visit in ordered] != list(range(1, len(ordered) + 1)):
        slots = {"slots": [visit.slot for visit in ordered]}
        found.append(Violation(Rule.SLOT_ORDER, "", team_day.team_id, team_day.day, slots))
    for visit in ordered:
        found += _session(visit, sites[visit.code])
    found += _way(team_day, ordered, sites, measured)
    return tuple(found)


def _session(visit: PlannedVisit, site: Site) -> Iterator[Violation]:
    """Rules of a session by itself: the village's closed days and hours, and the prayers."""
    if visit.day in site.closed_days:
        yield _of(visit, Rule.VILLAGE_CLOSED)
    hours = site.hours_of(visit.day)
    early = hours.opens_minute - visit.starts_minute
    late = visit.starts_minute + site.session_minutes - hours.closes_minute
    if early > 0 or late > 0:
        yield _of(visit, Rule.VILLAGE_HOURS, minutes=max(early, late))
    after = max(visit.starts_minute, PRAYERS_START_MINUTE)
    before = min(visit.starts_minute + site.session_minutes, PRAYERS_END_MINUTE)
    if is_friday(visit.day) and before > after:
        yield _of(visit, Rule.FRIDAY_PRAYERS, minutes=before - after)


def _way(
    team_day: TeamDay,
    ordered: Sequence[PlannedVisit],
    sites: Mapping[str, Site],
    measured: TravelTable | None,
) -> Iterator[Violation]:
    """Rules of the way: nobody is there before the road allows, and everybody is back in time."""
    here, free_minute = team_day.base, team_day.starts_minute
    for number, visit in enumerate(ordered, start=1):
        site = sites[visit.code]
        travel = travel_minutes(here, site.point, measured)
        last = number == len(ordered)
        back = travel_minutes(site.point, team_day.base, measured) if last else 0
        if (visit.travel_minutes, visit.return_minutes) != (travel, back):
            yield _of(visit, Rule.WRONG_TRAVEL, travel_minutes=travel, return_minutes=back)
        if visit.starts_minute < free_minute + travel:
            yield _of(visit, Rule.TOO_EARLY, minutes=free_minute + travel - visit.starts_minute)
        here, free_minute = site.point, visit.starts_minute + site.session_minutes
        if last and free_minute + back > team_day.ends_minute:
            late = free_minute + back - team_day.ends_minute
            yield _of(visit, Rule.OUTSIDE_HOURS, minutes=late)


def _of(visit: PlannedVisit, rule: Rule, **facts: object) -> Violation:
    return Violation(rule, visit.code, visit.team_id, visit.day, facts)
