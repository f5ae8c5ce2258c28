"""OR-Tools by itself: a question as JSON on standard input, day-trips on standard output."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

#: On a Friday of 08:00 to 17:00 one session lies before the prayers and one after: no longer way
#: out, and none back. What is left to say, the length of the day says.
FRIDAY_LEG_MINUTES = 90
FORBIDDEN_MINUTES = 10_000
#: Seconds on the wall for each processor second, at the most.
LONGEST_TIMES = 30


def main() -> None:
    """Answer the question on standard input."""
    print(json.dumps(solved(json.load(sys.stdin))))


def solved(ask: dict[str, Any]) -> list[tuple[bool, list[int]]]:
    """Return (on a Friday, stops) per day-trip; none when no first solution was found."""
    count, vehicles = len(ask["minutes"]), ask["vehicles"]
    manager = pywrapcp.RoutingIndexManager(count, len(vehicles), 0)
    routing = pywrapcp.RoutingModel(manager)
    _costs(routing, ask)
    _hours(routing, ask)
    one_each = routing.RegisterUnaryTransitVector([0] + [1] * (count - 1))
    routing.AddDimensionWithVehicleCapacity(
        one_each, 0, [sessions for _, sessions, _, _ in vehicles], True, "sessions"
    )
    for stop, price in enumerate(ask["left_out_s"], start=1):
        routing.AddDisjunction([manager.NodeToIndex(stop)], int(price))
    ends = time.process_time() + ask["seconds"]
    # Its own limit is of the clock on the wall, by which a busy machine would cheat it.
    routing.AddSearchMonitor(routing.solver().CustomLimit(lambda: time.process_time() > ends))
    found = routing.SolveWithParameters(_parameters(ask))
    if not found:
        return []
    trips = (_stops(manager, routing, found, number) for number in range(len(vehicles)))
    return [
        (is_friday, stops) for is_friday, stops in zip(ask["fridays"], trips, strict=True) if stops
    ]


def _costs(routing: Any, ask: dict[str, Any]) -> None:
    """Price arcs in seconds; with a price of the day every working day has arcs of its own."""
    base = [[60 * minutes for minutes in row] for row in ask["minutes"]]
    registered: dict[int, int] = {}
    for number, (day, _, fixed, _) in enumerate(ask["vehicles"]):
        key = day if any(ask["delay_s"]) else 0
        if key not in registered:
            late = [0, *(round(delay * key) for delay in ask["delay_s"])]
            arcs = [[cost + more for cost, more in zip(row, late, strict=True)] for row in base]
            registered[key] = routing.RegisterTransitMatrix(arcs)
        routing.SetArcCostEvaluatorOfVehicle(registered[key], number)
        routing.SetFixedCostOfVehicle(int(fixed), number)


def _hours(routing: Any, ask: dict[str, Any]) -> None:
    """Bound the length of every day; on Fridays forbid the arcs that meet the prayers."""
    session = [0, *ask["session_minutes"]]
    plain = [
        [minutes + session[here] for minutes in row] for here, row in enumerate(ask["minutes"])
    ]
    friday = [row[:] for row in plain]
    for stop in range(1, len(plain)):
        for here, there in ((0, stop), (stop, 0)):
            if ask["minutes"][here][there] > FRIDAY_LEG_MINUTES:
                friday[here][there] = FORBIDDEN_MINUTES
    registered = [routing.RegisterTransitMatrix(plain), routing.RegisterTransitMatrix(friday)]
    routing.AddDimensionWithVehicleTransitAndCapacity(
        [registered[is_friday] for is_friday in ask["fridays"]],
        0,
        [minutes for _, _, _, minutes in ask["vehicles"]],
        True,
        "minutes",
    )


def _parameters(ask: dict[str, Any]) -> Any:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    first = getattr(routing_enums_pb2.FirstSolutionStrategy, ask["first_solution"])
    parameters.first_solution_strategy = first
    local = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.local_search_metaheuristic = local
    parameters.time_limit.FromMilliseconds(int(1_000 * LONGEST_TIMES * ask["seconds"]))
    return parameters


def _stops(manager: Any, routing: Any, found: Any, vehicle: int) -> list[int]:
    stops, index = [], found.Value(routing.NextVar(routing.Start(vehicle)))
    while not routing.IsEnd(index):
        stops.append(manager.IndexToNode(index) - 1)
        index = found.Value(routing.NextVar(index))
    return stops


if __name__ == "__main__":
    main()
