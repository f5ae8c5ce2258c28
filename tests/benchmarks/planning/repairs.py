"""Goal 5: the running plan of the largest branch after something upset it, against planning afresh.

The day is the tenth working day; who is visited within the next six has confirmed.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.bill import bill_of
from outreach.planning.check import violations
from outreach.planning.events import DayClosed, RegionClosed, TeamAway, after, rest_from
from outreach.planning.mending import Budget, mend
from outreach.planning.model import Parameters
from tests.benchmarks.map_goals import Goal
from tests.benchmarks.planning.judged import BrokenPlanError
from tests.benchmarks.planning.windows import Room, problem_of, trips_needed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from outreach.planning.model import Plan, Problem
    from tests.benchmarks.planning.country import Country

LARGEST = "11.08"
TODAY = 10
CONFIRMED_DAYS = 6
CPU_SECONDS = 1.0
#: The solver looks at the clock between its rounds only.
MOST_CPU_SECONDS = 1.2
MOST_MOVED = 0.03
MOST_MOVED_OF_MANY = 0.07
MOST_OVER_AFRESH = 0.03
A_TWENTIETH = "a twentieth closes"
NOTHING = "nothing happens"


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair changed and cost; `others` is the share of the visits that were not hit."""

    event: str
    hit: int
    confirmed_moved: int
    others: float
    lost: int
    over_afresh: float
    afresh_moved: float
    cpu_seconds: float

    @property
    def met(self) -> bool:
        """Whether it keeps what it must; without an event nothing may change."""
        most = {NOTHING: 0.0, A_TWENTIETH: MOST_MOVED_OF_MANY}.get(self.event, MOST_MOVED)
        return (
            self.confirmed_moved == 0
            and self.others <= most
            and self.over_afresh <= MOST_OVER_AFRESH
            and self.cpu_seconds <= MOST_CPU_SECONDS
        )


def repair_goals(country: Country, seconds: float) -> list[Goal]:
    """Repair the largest branch's plan after every event."""
    cell = country.branch(LARGEST)
    parameters = Parameters(1.0, cpu_seconds=seconds)
    whole = problem_of(cell, trips_needed(cell), Room.AMPLE, parameters)
    days = sorted({one.day for one in whole.team_days})
    problem, standing = rest_from(whole, assign(whole), days[TODAY])
    soon = days[TODAY : TODAY + CONFIRMED_DAYS]
    repairs = [
        repaired(name, make(problem, standing, days[TODAY:]), standing, soon)
        for name, make in EVENTS.items()
    ]
    return [_goal(one, len(standing.visits)) for one in repairs]


def _goal(one: Repair, visits: int) -> Goal:
    return Goal(
        5,
        f"repair: {one.event}",
        f"{one.hit} of {visits} visits hit, {one.confirmed_moved} confirmed moved, "
        f"{one.others:.1%} of the others, {one.lost} lost, cost {one.over_afresh:+.1%} against "
        f"planning afresh, which moves {one.afresh_moved:.0%}; {one.cpu_seconds:.2f} CPU s",
        one.met,
    )


def repaired(name: str, problem: Problem, standing: Plan, soon: Sequence[date]) -> Repair:
    """Mend the standing plan, and plan its villages afresh."""
    confirmed = {visit.code for visit in standing.visits if visit.day in soon}
    began = time.process_time()
    mended = mend(problem, standing, confirmed=confirmed, budget=Budget(cpu_seconds=CPU_SECONDS))
    used = time.process_time() - began
    if broken := violations(problem, mended.plan):
        raise BrokenPlanError(broken[:3])
    afresh = assign(problem)
    changed = mended.moved | mended.shifted | mended.lost
    others = max(1, len(standing.visits) - len(mended.hit))
    return Repair(
        event=name,
        hit=len(mended.hit),
        confirmed_moved=len((changed & confirmed) - mended.hit),
        others=len(mended.moved_besides) / others,
        lost=len(mended.lost),
        over_afresh=bill_of(problem, mended.plan).total_s / bill_of(problem, afresh).total_s - 1,
        afresh_moved=_moved(standing, afresh) / len(standing.visits),
        cpu_seconds=used,
    )


def _moved(standing: Plan, plan: Plan) -> int:
    now = {visit.code: (visit.team_id, visit.day) for visit in plan.visits}
    return sum(now.get(one.code) != (one.team_id, one.day) for one in standing.visits)


def nothing(problem: Problem, standing: Plan, days: Sequence[date]) -> Problem:
    """Leave the question as it is."""
    return problem


def one_cancels(problem: Problem, standing: Plan, days: Sequence[date]) -> Problem:
    """Let a village that has confirmed be away for the days that are confirmed."""
    one = random.Random(1).choice([v.code for v in standing.visits if v.day in days[:4]])
    return after(problem, RegionClosed(one, days[:CONFIRMED_DAYS]))


def holiday(problem: Problem, standing: Plan, days: Sequence[date]) -> Problem:
    """Close a day that nobody knew would be closed."""
    return after(problem, DayClosed(days[3]))


def team_ill(problem: Problem, standing: Plan, days: Sequence[date]) -> Problem:
    """Keep a team at home for a week."""
    return after(problem, TeamAway(1, days[:CONFIRMED_DAYS]))


def twentieth_closes(problem: Problem, standing: Plan, days: Sequence[date]) -> Problem:
    """Close a twentieth of the villages for six working days before and after their visit."""
    drawn = random.Random(1).sample(standing.visits, max(1, len(standing.visits) // 20))
    for visit in drawn:
        at = days.index(visit.day)
        shut = days[max(0, at - CONFIRMED_DAYS) : at + CONFIRMED_DAYS + 1]
        problem = after(problem, RegionClosed(visit.code, shut))
    return problem


EVENTS: dict[str, Callable[[Problem, Plan, Sequence[date]], Problem]] = {
    NOTHING: nothing,
    "a village cancels": one_cancels,
    "a holiday": holiday,
    "a team is ill for six days": team_ill,
    A_TWENTIETH: twentieth_closes,
}
