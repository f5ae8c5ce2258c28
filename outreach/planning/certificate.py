"""How far a plan is at most from the best possible one: its bill beside the bound below it.

Stays are taken as they stand: their team-days and the villages visited on them are left out of both
sides, so that what is certified are the day-trips of all other days.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from outreach.planning.bill import bill_of
from outreach.planning.bound import MOST_ROUNDS, lower_bound
from outreach.planning.prices import prices_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.planning.model import Plan, Problem


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a plan costs and what any plan of the same problem costs at the least.

    Attributes
    ----------
    cost_s, bound_s
        Seconds of travel, as in `bill`; without what belongs to stays.
    converged
        The bound is as good as this kind of proof gives; else a longer search would raise it.
    rounds, columns
        Of the search for the bound.
    villages
        How many are certified; `in_stays` are not.
    """

    cost_s: float
    bound_s: float
    converged: bool
    rounds: int
    columns: int
    villages: int
    in_stays: int

    @property
    def gap(self) -> float:
        """How far at most the plan is above the best possible, as a share of the bound; 0 at least.

        Infinite where a plan costs something and the bound is nothing.
        """
        return gap_of(self.cost_s, self.bound_s)


def gap_of(cost_s: float, bound_s: float) -> float:
    """Share by which a cost lies above its bound, 0 at least."""
    if cost_s <= bound_s:
        return 0.0
    return (cost_s - bound_s) / bound_s if bound_s > 0 else float("inf")


def certificate_of(
    problem: Problem, plan: Plan, *, cpu_seconds: float | None = None
) -> dict[str, Any]:
    """Certify a plan and give the figures as plain data, `gap` None where it has no limit."""
    return told(certify(problem, plan, cpu_seconds=cpu_seconds))


def told(certificate: Certificate) -> dict[str, Any]:
    """Figures of a certificate as plain data that JSON can hold."""
    gap = certificate.gap
    return {**asdict(certificate), "gap": gap if isfinite(gap) else None}


def certify(
    problem: Problem,
    plan: Plan,
    *,
    rounds: int = MOST_ROUNDS,
    cpu_seconds: float | None = None,
    is_over: Callable[[], bool] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Certificate:
    """Hold a plan of the problem against the best possible one.

    `rounds`, `cpu_seconds`, `is_over`, `on_progress` and what is raised: as in `bound.lower_bound`.
    """
    days = {(stay.team_id, day) for stay in plan.stays for day in stay.session_days}
    away = days | {(stay.team_id, day) for stay in plan.stays for day in stay.travel_days}
    in_stays = {visit.code for visit in plan.visits if (visit.team_id, visit.day) in days}
    kept = [n for n, site in enumerate(problem.sites) if site.code not in in_stays]
    rest = replace(
        problem,
        sites=tuple(problem.sites[number] for number in kept),
        team_days=tuple(one for one in problem.team_days if (one.team_id, one.day) not in away),
    )
    day_trips = _without(plan, in_stays)
    bound = lower_bound(
        rest,
        prices=prices_of(problem).restricted(kept),
        plan=day_trips,
        rounds=rounds,
        cpu_seconds=cpu_seconds,
        is_over=is_over,
        on_progress=on_progress,
    )
    return Certificate(
        # Of the whole problem: by its prices, which hang on all of its villages and days.
        cost_s=bill_of(problem, day_trips).total_s,
        bound_s=bound.total_s,
        converged=bound.converged,
        rounds=bound.rounds,
        columns=bound.columns,
        villages=len(kept),
        in_stays=len(in_stays),
    )


def _without(plan: Plan, codes: set[str]) -> Plan:
    """Take the visits of stays out of a plan, and the stays with them."""
    visits = tuple(visit for visit in plan.visits if visit.code not in codes)
    return replace(
        plan,
        visits=visits,
        stays=(),
        travel_minutes=sum(one.travel_minutes + one.return_minutes for one in visits),
        team_days_used=len({(one.team_id, one.day) for one in visits}),
    )
