"""One branch with one amount of time: our plan, the bound, the rivals and what is done by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.bound import lower_bound
from outreach.planning.model import Parameters
from tests.benchmarks.planning.by_hand import BY_HAND, BY_VALUE, CAREFUL
from tests.benchmarks.planning.judged import judge, judge_visits
from tests.benchmarks.planning.lp import linear_bound
from tests.benchmarks.planning.rivals import ORTOOLS, VROOM, best_of_ortools, best_of_vroom
from tests.benchmarks.planning.windows import Room, problem_of, with_price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from outreach.planning.model import Plan, Problem
    from tests.benchmarks.planning.country import Cell
    from tests.benchmarks.planning.judged import Judged

BOUND_CPU_SECONDS = 240.0
#: Branches up to this size are given to both bounds.
MOST_CROSS_CHECKED = 160


@dataclass(frozen=True, slots=True)
class Proof:
    """A plan's cost beside the bound of its question, all in seconds of travel.

    Attributes
    ----------
    is_exact
        The bound is as good as this kind of bound can be.
    other_s
        The bound that the benchmark's own programme finds, for small branches.
    """

    cost_s: float
    bound_s: float
    is_exact: bool = True
    other_s: float | None = None

    @property
    def gap(self) -> float:
        """By how much of the bound the plan may be dearer than the best one."""
        return self.cost_s / self.bound_s - 1


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one branch with one amount of time.

    Attributes
    ----------
    proof
        Of the whole bill; None where no bound was asked for.
    cheap
        Of travel and team-days alone: another plan, made without a price of the day.
    rivals, by_hand
        The best setting of each rival with its plan; every way by hand.
    """

    name: str
    room: Room
    problem: Problem
    plan: Plan
    ours: Judged
    cpu_seconds: float
    proof: Proof | None = None
    cheap: Proof | None = None
    rivals: Mapping[str, tuple[str, Judged]] = field(default_factory=dict)
    by_hand: Mapping[str, Judged] = field(default_factory=dict)


def measure(
    cell: Cell, trips: float, room: Room, seconds: float, wanted: frozenset[int], name: str
) -> Row:
    """Plan one branch and hold against it what the wanted goals ask for."""
    problem = problem_of(cell, trips, room, Parameters(1.0, cpu_seconds=seconds))
    began = time.process_time()
    plan = assign(problem)
    used = time.process_time() - began
    rivals = {VROOM: best_of_vroom, ORTOOLS: best_of_ortools} if 2 in wanted else {}
    by_hand = BY_HAND if wanted & {2, 3} else {}
    return Row(
        name,
        room,
        problem,
        plan,
        judge(problem, plan),
        used,
        proved(problem, plan) if 1 in wanted else None,
        _cheap(problem) if 1 in wanted and room is Room.AMPLE else None,
        {rival: ask(problem, seconds) for rival, ask in rivals.items()},
        {way: judge_visits(problem, go(problem, cell.names)) for way, go in by_hand.items()},
    )


def proved(problem: Problem, plan: Plan) -> Proof:
    """Hold a plan against the product's bound of its question, and on small branches ours too."""
    bound = lower_bound(problem, plan=plan, cpu_seconds=BOUND_CPU_SECONDS)
    is_small = len(problem.sites) <= MOST_CROSS_CHECKED
    other = linear_bound(problem, plan=plan).bound_s if is_small else None
    return Proof(judge(problem, plan).total_s, bound.total_s, bound.converged, other)


def _cheap(problem: Problem) -> Proof:
    """Plan once more for travel and team-days alone."""
    without = with_price(problem, 0.0)
    return proved(without, assign(without))


def show_rows(rows: Iterable[Row]) -> None:
    """Print the table: a line for every branch and amount of time."""
    print("\n" + " ".join(f"{head:>{len(head)}}" for head in _COLUMNS))
    for row in sorted(rows, key=lambda one: one.room):
        print(" ".join(f"{tell(row):>{len(head)}}" for head, tell in _COLUMNS.items()))


_COLUMNS: dict[str, Callable[[Row], str]] = {
    "          branch": lambda row: row.name,
    "  room": lambda row: row.room,
    "villages": lambda row: str(len(row.problem.sites)),
    "days": lambda row: str(len({one.day for one in row.problem.team_days})),
    "left": lambda row: str(row.ours.left),
    "reached": lambda row: f"{row.ours.reached:.1%}",
    "mean day": lambda row: f"{row.ours.mean_day:.1f}",
    "over bound": lambda row: _gap(row.proof),
    "travel, days alone": lambda row: _gap(row.cheap),
    "of VROOM": lambda row: _against(row, VROOM),
    "of OR-Tools": lambda row: _against(row, ORTOOLS),
    "value to sheet": lambda row: _value(row, CAREFUL),
    "to greedy": lambda row: _value(row, BY_VALUE),
    "CPU s": lambda row: f"{row.cpu_seconds:.1f}",
}


def _gap(proof: Proof | None) -> str:
    """Write a gap; a mark says that the bound was cut short and the gap may be smaller."""
    return f"{'' if proof.is_exact else '<'}{proof.gap:.2%}" if proof else "-"


def _against(row: Row, rival: str) -> str:
    if rival not in row.rivals:
        return "-"
    return f"{row.ours.total_s / row.rivals[rival][1].total_s:.3f}"


def _value(row: Row, way: str) -> str:
    return f"{row.ours.reached / row.by_hand[way].reached:.2f}" if way in row.by_hand else "-"


def show_ways(rows: Sequence[Row]) -> None:
    """Print every other method's cost against ours, over all branches, and what it left out."""
    for room in Room:
        some = [row for row in rows if row.room is room and (row.rivals or row.by_hand)]
        if not some:
            continue
        print(f"\n{room}: cost of the other methods against ours, value reached, left behind")
        plans = [
            {way: one for way, (_, one) in row.rivals.items()} | dict(row.by_hand) for row in some
        ]
        for way in plans[0]:
            theirs = [plan[way] for plan in plans]
            cost = sum(one.total_s for one in theirs) / sum(row.ours.total_s for row in some)
            reached = sum(one.reached for one in theirs) / len(theirs)
            refused = sum(one.refused for one in theirs)
            print(
                f"  {way:22} x {cost:5.3f}  {reached:6.1%}  {sum(one.left for one in theirs):>5}"
                + (f"  ({refused} refused: they broke the rules)" if refused else "")
            )
