"""What another number of teams, days or villages would bring: both plans and their difference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.bill import Bill, bill_of
from outreach.planning.cures import with_more
from outreach.planning.mending import Budget, mend
from outreach.planning.model import Plan, Problem, TeamDay
from outreach.planning.more_days import (
    as_on,
    busiest_first,
    days_behind,
    only_on,
    weekdays_unused,
)
from outreach.planning.packages import split
from outreach.planning.routing import rounds_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Change:
    """What is supposed; what is None or 0 stays as it is.

    Attributes
    ----------
    teams
        So many teams more, that work as those there; below 0 so many fewer, the least busy go.
    days
        So many working days more behind the last, or fewer.
    sessions_a_day
        Most sessions of every team-day, 1 to 3.
    starts_minute, ends_minute
        Hours of every team-day, minutes of the day.
    weekdays
        Weekdays worked on, Monday = 0; a Sunday never is one.
    day_price
        As in `model.Parameters`.
    without
        Villages left out.
    skip_islands
        Without the villages on islands from which no team starts.
    """

    teams: int = 0
    days: int = 0
    sessions_a_day: int | None = None
    starts_minute: int | None = None
    ends_minute: int | None = None
    weekdays: frozenset[int] | None = None
    day_price: float | None = None
    without: frozenset[str] = field(default_factory=frozenset)
    skip_islands: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """One of two plans, with its bill by the prices of its own question."""

    problem: Problem
    plan: Plan
    bill: Bill
    value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change brings.

    Attributes
    ----------
    gained, lost
        Villages visited only under the change, and only without it.
    value_by_date
        Value reached up to each day on which a session is held, before and after the change.
    """

    before: Outlook
    after: Outlook
    gained: frozenset[str]
    lost: frozenset[str]
    value_by_date: tuple[tuple[date, float, float], ...]

    @property
    def team_days(self) -> int:
        """Team-days more."""
        return self.after.plan.team_days_used - self.before.plan.team_days_used

    @property
    def travel_minutes(self) -> int:
        """Minutes on the way more."""
        return self.after.plan.travel_minutes - self.before.plan.travel_minutes


def what_if(
    problem: Problem, change: Change, tell: Callable[[float], None] | None = None
) -> Difference:
    """Plan as things are and under a change, and say what differs.

    A change that only adds capacity never reaches less value: where planning afresh does, the
    first plan is kept and what is added is filled.

    Parameters
    ----------
    tell
        Hears how far it is, from 0 to 1. What it raises ends the planning and comes out here.
    """
    return compared(problem, changed(problem, change), tell)


def compared(
    problem: Problem, supposed: Problem, tell: Callable[[float], None] | None = None
) -> Difference:
    """Plan two questions and say what differs, as `what_if`: as things are, and as supposed."""
    heard = tell or (lambda _done: None)
    share = len(problem.sites) / max(1, len(problem.sites) + len(supposed.sites))
    before = _outlook(problem, planned(problem, lambda done: heard(share * done)))
    after = _outlook(supposed, planned(supposed, lambda done: heard(share + (1 - share) * done)))
    if only_adds(problem, supposed) and after.value < before.value:
        after = _outlook(supposed, _carried(before.plan, supposed))
    return Difference(before, after, *_exchanged(before, after), _by_date(before, after))


def changed(problem: Problem, change: Change) -> Problem:
    """Put the question as it is under a change.

    Raises
    ------
    ValueError
        A team or a day is taken away that is not there, or more team-days stand twice.
    """
    days = _fewer_teams(problem.team_days, -change.teams)
    days = _other_days(days, change)
    days = with_more(days, teams=max(0, change.teams)) if change.teams > 0 else days
    days = tuple(_with_hours(one, change) for one in days)
    parameters = problem.parameters
    if change.day_price is not None:
        parameters = replace(parameters, day_price=change.day_price)
    land = {one.base.island for one in days}
    sites = tuple(
        site
        for site in problem.sites
        if site.code not in change.without
        and not (change.skip_islands and site.point.island not in land)
    )
    ordered = tuple(sorted(days, key=lambda one: (one.day, one.team_id)))
    return replace(problem, sites=sites, team_days=ordered, parameters=parameters)


def planned(problem: Problem, tell: Callable[[float], None] | None = None) -> Plan:
    """Plan a whole stage as its batches are planned: package by package, put together."""
    packages = split(problem.sites, problem.team_days)
    whole, before, plans = len(problem.sites) or 1, 0, []
    for number, package in enumerate(packages, start=1):
        part = replace(
            problem,
            sites=package.sites,
            team_days=package.team_days,
            seed=problem.seed + number,
            away=_together_away(problem.away, package.elsewhere),
        )
        share = (before / whole, len(package.sites) / whole)
        plans.append(assign(part, _part(tell, *share)))
        before += len(package.sites)
    return together(problem, plans)


def _together_away(
    one: Mapping[int, frozenset[date]], other: Mapping[int, frozenset[date]]
) -> dict[int, frozenset[date]]:
    none = frozenset[date]()
    return {team: one.get(team, none) | other.get(team, none) for team in {*one, *other}}


def together(problem: Problem, plans: Iterable[Plan]) -> Plan:
    """Put the plans of a stage's packages together."""
    parts = list(plans)
    visits = (visit for plan in parts for visit in plan.visits)
    left = (one for plan in parts for one in plan.unplaced)
    return Plan(
        visits=tuple(sorted(visits, key=lambda one: (one.day, one.team_id, one.slot))),
        unplaced=tuple(sorted(left, key=lambda one: one.code)),
        travel_minutes=sum(plan.travel_minutes for plan in parts),
        team_days_used=sum(plan.team_days_used for plan in parts),
        rounds=(sum(plan.rounds[0] for plan in parts), sum(plan.rounds[1] for plan in parts)),
        seed=problem.seed,
        solver=parts[0].solver if parts else "",
        stays=tuple(stay for plan in parts for stay in plan.stays),
    )


def only_adds(problem: Problem, supposed: Problem) -> bool:
    """Whether a question differs by more team-days alone, so that every old plan still holds."""
    return (
        {*problem.team_days} <= {*supposed.team_days}
        and {site.code for site in problem.sites} == {site.code for site in supposed.sites}
        and problem.parameters == supposed.parameters
    )


def _carried(plan: Plan, supposed: Problem) -> Plan:
    """Keep every village of a plan and fill what has been added."""
    steps = supposed.parameters.rounds_of_steps
    rounds = steps[1] if steps else rounds_for(len(supposed.sites))
    seconds = supposed.parameters.cpu_seconds
    budget = Budget(rounds=rounds) if seconds is None else Budget(cpu_seconds=seconds)
    return mend(supposed, plan, move_price_minutes=0, budget=budget).plan


def _outlook(problem: Problem, plan: Plan) -> Outlook:
    value = {site.code: site.value for site in problem.sites}
    reached = sum(value[visit.code] for visit in plan.visits)
    return Outlook(problem, plan, bill_of(problem, plan), reached)


def _exchanged(before: Outlook, after: Outlook) -> tuple[frozenset[str], frozenset[str]]:
    was = {visit.code for visit in before.plan.visits}
    now = {visit.code for visit in after.plan.visits}
    return frozenset(now - was), frozenset(was - now)


def _by_date(before: Outlook, after: Outlook) -> tuple[tuple[date, float, float], ...]:
    outlooks = (before, after)
    days = sorted({visit.day for one in outlooks for visit in one.plan.visits})
    reached = [list(accumulate(_on_each(one, days))) for one in outlooks]
    return tuple(zip(days, *reached, strict=True))


def _on_each(outlook: Outlook, days: Iterable[date]) -> list[float]:
    value = {site.code: site.value for site in outlook.problem.sites}
    on = dict.fromkeys(days, 0.0)
    for visit in outlook.plan.visits:
        on[visit.day] += value[visit.code]
    return list(on.values())


def _part(
    tell: Callable[[float], None] | None, before: float, share: float
) -> Callable[[int, int], None]:
    def hear(done: int, rounds: int) -> None:
        if tell is not None:
            tell(before + share * done / rounds)

    return hear


def _fewer_teams(team_days: tuple[TeamDay, ...], fewer: int) -> tuple[TeamDay, ...]:
    if fewer <= 0:
        return team_days
    teams = busiest_first(team_days)
    if fewer > len(teams):
        raise ValueError("there are not so many teams")
    kept = set(teams[: len(teams) - fewer])
    return tuple(one for one in team_days if one.team_id in kept)


def _other_days(team_days: tuple[TeamDay, ...], change: Change) -> tuple[TeamDay, ...]:
    """Team-days on the weekdays and until the day that are supposed."""
    found = team_days
    if change.weekdays is not None and found:
        unused = weekdays_unused(found)
        found = only_on(found, change.weekdays) + tuple(
            one
            for weekday, days in unused.items()
            if weekday in change.weekdays
            for day in days
            for one in as_on(found, day)
        )
    if change.days > 0 and found:
        behind = days_behind(found, change.days)
        found += tuple(one for day in behind for one in as_on(found, day))
    elif change.days < 0:
        known = sorted({one.day for one in found})
        if -change.days > len(known):
            raise ValueError("there are not so many days")
        kept = set(known[: change.days])
        found = tuple(one for one in found if one.day in kept)
    return found


def _with_hours(team_day: TeamDay, change: Change) -> TeamDay:
    def either(supposed: int | None, now: int) -> int:
        return now if supposed is None else supposed

    return replace(
        team_day,
        sessions=either(change.sessions_a_day, team_day.sessions),
        starts_minute=either(change.starts_minute, team_day.starts_minute),
        ends_minute=either(change.ends_minute, team_day.ends_minute),
    )
