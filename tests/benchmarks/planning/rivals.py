"""The same question put to VROOM and OR-Tools, each in its best settings.

Neither knows that a day's delay has a price, except OR-Tools by a cost per vehicle. Their trips
are put in the best order of their value by the judge, whatever days they were found for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import vroom

from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import SLOT_PRICE_S, prices_of
from outreach.planning.workdays import PRAYERS_END_MINUTE, PRAYERS_START_MINUTE
from tests.benchmarks.planning.judged import judge_trips

if TYPE_CHECKING:
    from outreach.planning.model import Problem
    from outreach.planning.network import Kind
    from tests.benchmarks.planning.judged import FridayTrip, Judged

#: Exploration levels of VROOM: 0 searches from few starts for long, 5 from many.
VROOM_LEVELS = (0, 5)
#: First solutions of OR-Tools, and the share of our price of a day that its vehicles carry.
ORTOOLS_SETTINGS = (
    ("PATH_CHEAPEST_ARC", 0.0),
    ("PATH_CHEAPEST_ARC", 1.0),
    ("SAVINGS", 0.0),
    ("SAVINGS", 1.0),
    ("PARALLEL_CHEAPEST_INSERTION", 0.0),
    ("PARALLEL_CHEAPEST_INSERTION", 1.0),
)
VROOM = "VROOM"
ORTOOLS = "OR-Tools"
#: VROOM ranks jobs from 0 to 100 instead of weighing them.
LAST_RANK = 100
#: A search that had this share of its processor seconds counts as one that had all.
ENOUGH = 0.95
LONGEST_TIMES = 30


def best_of_vroom(problem: Problem, seconds: float) -> tuple[str, Judged]:
    """Return VROOM's best setting, each searching for so long on one thread, and its plan."""
    found = {
        f"level {level}": judge_trips(problem, vroom_trips(problem, level, seconds))
        for level in VROOM_LEVELS
    }
    return min(found.items(), key=lambda one: one[1].total_s)


def best_of_ortools(problem: Problem, seconds: float) -> tuple[str, Judged]:
    """Return OR-Tools' best setting, each searching for so long, and its plan."""
    found = {
        f"{first.replace('_', ' ').lower()}{', days priced' if priced else ''}": judge_trips(
            problem, ortools_trips(problem, first, priced, seconds)
        )
        for first, priced in ORTOOLS_SETTINGS
    }
    return min(found.items(), key=lambda one: one[1].total_s)


def vroom_trips(problem: Problem, level: int, seconds: float) -> list[FridayTrip]:
    """Ask VROOM for day-trips: a vehicle per team-day, the prayers as a break."""
    network = network_of(problem.sites, problem.team_days)
    kinds = list(kinds_of(network, problem.team_days).values())
    ask = vroom.Input()
    ask.set_durations_matrix("car", (network.minutes * 60).astype(np.uint32))
    ask.add_vehicle([_vehicle(number, kind) for number, kind in enumerate(kinds)])
    value = np.array([site.value for site in problem.sites])
    rank = value.argsort().argsort() * LAST_RANK // len(value)
    ask.add_job(
        [
            vroom.Job(
                stop,
                location=network.location(stop),
                default_service=site.session_minutes * 60,
                priority=int(rank[stop]),
            )
            for stop, site in enumerate(problem.sites)
        ]
    )
    answer = _solved(ask, level, seconds)
    steps = answer.routes[answer.routes["type"] == "job"]
    return [
        (kinds[int(vehicle)].is_friday, tuple(int(stop) for stop in route["id"]))
        for vehicle, route in steps.groupby("vehicle_id", sort=True)
    ]


def _solved(ask: vroom.Input, level: int, seconds: float) -> vroom.Solution:
    """Search for so many processor seconds: again and longer where the machine was busy.

    Its limit is of the clock on the wall.
    """
    limit = seconds
    while True:
        began, wall = time.process_time(), time.perf_counter()
        answer = ask.solve(exploration_level=level, nb_threads=1, timeout=timedelta(seconds=limit))
        used, passed = time.process_time() - began, time.perf_counter() - wall
        was_done = passed < 0.98 * limit
        if was_done or used >= ENOUGH * seconds or limit > LONGEST_TIMES * seconds:
            return answer
        limit *= seconds / max(used, 0.1 * seconds)


def _vehicle(number: int, kind: Kind) -> vroom.Vehicle:
    prayers = vroom.Break(
        1,
        time_windows=[vroom.TimeWindow(PRAYERS_START_MINUTE * 60, PRAYERS_START_MINUTE * 60)],
        service=(PRAYERS_END_MINUTE - PRAYERS_START_MINUTE) * 60,
    )
    return vroom.Vehicle(
        number,
        start=kind.base,
        end=kind.base,
        max_tasks=kind.sessions,
        time_window=vroom.TimeWindow(kind.starts_minute * 60, kind.ends_minute * 60),
        breaks=[prayers] if kind.is_friday else [],
        costs=vroom.VehicleCosts(fixed=kind.sessions * SLOT_PRICE_S),
    )


def ortools_trips(
    problem: Problem, first_solution: str, priced: float, seconds: float
) -> list[FridayTrip]:
    """Ask OR-Tools in a process of its own: its solvers and ours cannot be loaded in one.

    It has the seconds for the search alone; what it needs to begin is not counted.
    """
    network = network_of(problem.sites, problem.team_days)
    kinds = kinds_of(network, problem.team_days)
    prices = prices_of(problem)
    ask = {
        "minutes": network.minutes.tolist(),
        "session_minutes": [site.session_minutes for site in problem.sites],
        "left_out_s": prices.left_out.tolist(),
        "delay_s": (prices.delay * priced).tolist(),
        "vehicles": [
            [prices.day_number[one.day], kind.sessions, kind.sessions * SLOT_PRICE_S, kind.minutes]
            for one, kind in kinds.items()
        ],
        "fridays": [kind.is_friday for kind in kinds.values()],
        "first_solution": first_solution,
        "seconds": seconds,
    }
    told = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.planning.ortools_process"],
        input=json.dumps(ask),
        capture_output=True,
        text=True,
        check=True,
    )
    return [(bool(is_friday), tuple(stops)) for is_friday, stops in json.loads(told.stdout)]
