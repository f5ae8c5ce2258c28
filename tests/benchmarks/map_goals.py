"""What a map at national scale is to reach, each as measured and as met or not."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal in words, what was measured, and whether that meets it; None: nothing to measure."""

    number: int
    told: str
    measured: str
    met: bool | None


def show(goals: Iterable[Goal]) -> int:
    """Print the goals in a table; answer how many were measured and not met."""
    missed = 0
    print(f"\n{'goal':>4}  {'':7}  what is asked -> what was measured")
    for goal in sorted(goals, key=lambda one: one.number):
        verdict = {True: "met", False: "NOT MET", None: "-"}[goal.met]
        missed += goal.met is False
        print(f"{goal.number:>4}  {verdict:7}  {goal.told}\n{'':15}-> {goal.measured}")
    return missed


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def part(ours: float, theirs: float) -> str:
    """Write what ours is of theirs as a fraction of one."""
    return f"1/{theirs / ours:,.1f}" if ours else "0"
