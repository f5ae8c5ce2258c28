"""What a plan costs by the price list, part by part: what the planner makes as small as it can."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.planning.network import legs_apart, sessions_held
from outreach.planning.prices import SLOT_PRICE_S, TEAM_DAY_PRICE_S, prices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from outreach.planning.model import Plan, PlannedVisit, Problem, Site


@dataclass(frozen=True, slots=True)
class Bill:
    """The cost of a plan in seconds of travel.

    Attributes
    ----------
    travel_s
        All ways, those to the hubs of stays and back included.
    team_days_s
        Team-days used, travel days of stays included.
    delay_s
        Working days that the value of the visited villages waits.
    soft_s
        Visits on days that their village would rather not have.
    apart_s
        Day-trips that go from one district into another.
    left_out_s
        Villages without a visit.
    """

    travel_s: int
    team_days_s: int
    delay_s: float
    soft_s: int
    apart_s: float
    left_out_s: int

    @property
    def total_s(self) -> float:
        """Sum of all parts."""
        return sum((self.travel_s, self.team_days_s, self.soft_s, self.left_out_s)) + sum(
            (self.delay_s, self.apart_s)
        )


def bill_of(problem: Problem, plan: Plan) -> Bill:
    """Add up what a plan of the problem costs."""
    prices = prices_of(problem)
    number_of = {site.code: number for number, site in enumerate(problem.sites)}
    sites = {site.code: site for site in problem.sites}
    delays = (prices.delay[number_of[one.code]] * prices.number_on(one.day) for one in plan.visits)
    return Bill(
        travel_s=plan.travel_minutes * 60,
        team_days_s=_team_days_s(problem, plan),
        delay_s=float(sum(delays)),
        soft_s=sum(sites[one.code].day_costs.get(one.day, 0) for one in plan.visits) * 60,
        apart_s=sum(legs_apart(trip) for trip in trips_of(plan.visits, sites))
        * problem.parameters.togetherness
        * 60,
        left_out_s=int(sum(prices.left_out[number_of[one.code]] for one in plan.unplaced)),
    )


def trips_of(visits: Iterable[PlannedVisit], sites: dict[str, Site]) -> Iterator[Sequence[Site]]:
    """Villages of each day-trip in the order of the day."""
    by_day: dict[tuple[int, date], list[PlannedVisit]] = defaultdict(list)
    for visit in visits:
        by_day[visit.team_id, visit.day].append(visit)
    for trip in by_day.values():
        yield [sites[one.code] for one in sorted(trip, key=lambda one: one.slot)]


def _team_days_s(problem: Problem, plan: Plan) -> int:
    shortest = min((site.session_minutes for site in problem.sites), default=1)
    days = {(one.team_id, one.day): one for one in problem.team_days}
    used = {(visit.team_id, visit.day) for visit in plan.visits}
    # A visit that stands may be on a day on which its team does not work: a full day is paid then.
    known = [days[key] for key in used if key in days]
    held = sum(sessions_held(one, shortest) for one in known) * SLOT_PRICE_S
    held += TEAM_DAY_PRICE_S * (len(used) - len(known))
    return held + TEAM_DAY_PRICE_S * sum(len(stay.travel_days) for stay in plan.stays)
