"""Measure the planning core, goal by goal, on real branches; only ratios are judged.

``python -m tests.benchmarks.planning --only 1,3 --branches 33.05,11.08 --seconds 5 --maps DIR``
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.map_goals import show
from tests.benchmarks.planning.branch_goals import goals_of
from tests.benchmarks.planning.branch_rows import measure, show_rows, show_ways
from tests.benchmarks.planning.country import BRANCHES, read_country
from tests.benchmarks.planning.maps import draw
from tests.benchmarks.planning.nation import nation_goals
from tests.benchmarks.planning.repairs import repair_goals
from tests.benchmarks.planning.windows import Room, trips_needed

if TYPE_CHECKING:
    from tests.benchmarks.map_goals import Goal
    from tests.benchmarks.planning.branch_rows import Row
    from tests.benchmarks.planning.country import Country

GOALS = frozenset(range(1, 6))
ON_BRANCHES = frozenset({1, 2, 3})
NATION = 4
REPAIR = 5
SECONDS = 5.0


def main() -> int:
    asked = _arguments().parse_args()
    country = read_country()
    goals: list[Goal] = []
    if asked.only & ON_BRANCHES or asked.maps:
        rows = branch_rows(country, asked)
        show_rows(rows)
        show_ways(rows)
        goals += goals_of(rows, asked.only)
        if asked.maps:
            print("\nmaps: " + ", ".join(str(draw(row, asked.maps)) for row in rows))
    if NATION in asked.only:
        goals += nation_goals(country, asked.regencies or country.sites.keys())
    if REPAIR in asked.only:
        goals += repair_goals(country, asked.seconds)
    missed = show(goals)
    print(f"\n{missed} of {len(goals)} goals not met on this machine in this run")
    return 0


def branch_rows(country: Country, asked: argparse.Namespace) -> list[Row]:
    """Measure the branches asked for, each with ample and with scarce time."""
    rows = []
    for code in asked.branches:
        cell, name = country.branch(code), BRANCHES.get(code, code)
        began = time.perf_counter()
        trips = trips_needed(cell)
        rows += [measure(cell, trips, room, asked.seconds, asked.only, name) for room in Room]
        print(
            f"{name}: {len(cell.sites)} villages, {time.perf_counter() - began:.0f} s", flush=True
        )
    return rows


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", type=_goals, default=GOALS, metavar="GOALS", help="goals by number: 1,3"
    )
    parser.add_argument(
        "--branches",
        type=lambda given: given.split(","),
        default=list(BRANCHES),
        metavar="CODES",
        help="regencies by code, or surakarta",
    )
    parser.add_argument(
        "--regencies",
        type=lambda given: given.split(","),
        metavar="CODES",
        help="plan these instead of the nation",
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="CPU seconds for a plan")
    parser.add_argument("--maps", type=Path, metavar="DIR", help="draw the day-trips there")
    return parser


def _goals(given: str) -> frozenset[int]:
    goals = frozenset(int(number) for number in given.split(","))
    if not goals <= GOALS:
        raise ValueError(given)
    return goals


if __name__ == "__main__":
    sys.exit(main())
