"""What another number of teams, days or villages would bring: both plans and their difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.mending import Budget, mend
from outreach.planning.model import Plan, Problem
from outreach.planning.packages import split
from outreach.planning.routing import rounds_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Outlook:
    """One of two plans, with the value of the villages that it reaches."""

    problem: Problem
    plan: Plan
    value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What a supposition brings.

    Attributes
    ----------
    gained, lost
        Villages visited only as supposed, and only as things are.
    value_by_date
        Value reached up to each day on which a session is held, as things are and as supposed.
    """

    before: Outlook
    after: Outlook
    gained: frozenset[str]
    lost: frozenset[str]
    value_by_date: tuple[tuple[date, float, float], ...]


def what_if(
    problem: Problem, supposed: Problem, tell: Callable[[float], None] | None = None
) -> Difference:
    """Plan a question as things are and as is supposed, and say what differs.

    A supposition that only adds team-days never reaches less value: where planning afresh does,
    the first plan is kept and what is added is filled.

    Parameters
    ----------
    supposed
        The same question with other teams, days, hours or villages.
    tell
        Hears how far it is, from 0 to 1. What it raises ends the planning and comes out here.
    """
    heard = tell or (lambda _done: None)
    share = len(problem.sites) / max(1, len(problem.sites) + len(supposed.sites))
    before = _outlook(problem, planned(problem, lambda done: heard(share * done)))
    after = _outlook(supposed, planned(supposed, lambda done: heard(share + (1 - share) * done)))
    if only_adds(problem, supposed) and after.value < before.value:
        after = _outlook(supposed, _carried(before.plan, supposed))
    return Difference(before, after, *_exchanged(before, after), _by_date(before, after))


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
    return Outlook(problem, plan, reached)


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
