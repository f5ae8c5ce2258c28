"""Day-trips and their days: the solver behind one function.

Two steps. First routes without days: the least travel for all villages that are worth a stop. Then
each trip gets a day, the most valuable the earliest, and the solver goes on from there with one
cost matrix per day that prices value x day on every arc into a village. Both steps stop after a
number of rounds, never by the clock, so the same question and seed give the same plan.

Units inside the solver are integers: costs in seconds of travel, durations in minutes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pyvrp
from pyvrp.search import NeighbourhoodParams, PerturbationParams

from outreach.planning.network import SHORTEST_LEG_MINUTES, Kind, Trip
from outreach.planning.prices import SLOT_PRICE_S
from outreach.planning.workdays import PRAYERS_END_MINUTE, PRAYERS_START_MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.network import Network
    from outreach.planning.prices import Prices

    Matrix = NDArray[np.int64]

SOLVER = f"pyvrp {version('pyvrp')}"

# Above the largest price: below it the solver would gain by overloading a day.
LARGEST_PENALTY = 1e7

# A leg of this length fits into no day: it forbids the arc.
FORBIDDEN_MINUTES = 24 * 60 + 1

# Above this many villages x days a matrix per day takes too much memory: one per week then.
LARGEST_VILLAGE_DAYS = 20_000

# Few neighbours and small kicks suit trips of three stops; with fewer still, scarce plans got
# stuck. The short memory of costs suits a thousand rounds rather than the solver's usual 100,000.
PARAMS = pyvrp.SolveParams(
    ils=pyvrp.IteratedLocalSearchParams(history_length=50),
    penalty=pyvrp.PenaltyParams(max_penalty=LARGEST_PENALTY),
    neighbourhood=NeighbourhoodParams(num_neighbours=40),
    perturbation=PerturbationParams(1, 12),
)


@dataclass(frozen=True, slots=True)
class Slots:
    """Team-days that the solver may take for each other: same kind, priced and closed alike.

    Attributes
    ----------
    days
        One entry per team-day, in order: a day stands as often as it has teams of this kind.
    position
        Mean number of their working days, 1 for the first: what the delay is priced by.
    closed
        Numbers of the sites that are closed on all these days alike.
    """

    kind: Kind
    days: tuple[date, ...]
    position: float
    closed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Search:
    """How long and from which seed to search; `on_round` is called before every round."""

    rounds: int
    seed: int
    on_round: Callable[[], None]


def rounds_for(sites: int) -> int:
    """Return the rounds of each step for a number of sites."""
    return min(300 + 3 * sites, 3_000)


def route(
    network: Network, days: Mapping[Kind, Sequence[date]], prices: Prices, search: Search
) -> list[Trip]:
    """Day-trips over the sites of `network`, each on a day that has a team of its kind left.

    `days` holds one date per team-day of each kind; neither it nor the sites may be empty. Every
    trip returned keeps the hours, the prayers and the closed days; a site may be in no trip.
    """
    undated = [Slots(kind, tuple(days[kind]), 0.0, frozenset()) for kind in sorted(days)]
    routes = solve(network, undated, prices, None, search)
    dated = dated_slots(network, days, prices)
    start = best_trips_first(network, routes, dated)
    return spread(network, dated, solve(network, dated, prices, start, search))


def dated_slots(
    network: Network, days: Mapping[Kind, Sequence[date]], prices: Prices
) -> list[Slots]:
    """Slots per kind and day, or per kind, week and set of closed sites when there are many."""
    distinct = {day for listed in days.values() for day in listed}
    by_week = len(network.sites) * len(distinct) > LARGEST_VILLAGE_DAYS
    grouped: dict[tuple[tuple[int, ...], Kind, frozenset[int]], list[date]] = defaultdict(list)
    for kind, listed in days.items():
        for day in sorted(listed):
            closed = closed_sites(network, day)
            when = tuple(day.isocalendar()[:2]) if by_week else (day.toordinal(),)
            grouped[when, kind, closed].append(day)
    ordered = sorted(grouped.items(), key=lambda item: (item[0][0], item[0][1], sorted(item[0][2])))
    return [
        Slots(kind, tuple(listed), float(np.mean([prices.day_number[day] for day in listed])), shut)
        for (_, kind, shut), listed in ordered
    ]


def closed_sites(network: Network, day: date) -> frozenset[int]:
    """Numbers of the sites that host no session on `day`."""
    return frozenset(number for number, site in enumerate(network.sites) if day in site.closed_days)


def solve(
    network: Network,
    slots: Sequence[Slots],
    prices: Prices,
    start: Sequence[tuple[int, tuple[int, ...]]] | None,
    search: Search,
) -> list[tuple[int, tuple[int, ...]]]:
    """Search from `start` (or from nothing) and return (number of the slots, stops) per trip."""
    data = problem_data(network, slots, prices)
    initial = None
    if start is not None:
        routes = [pyvrp.Route(data, list(stops), number) for number, stops in start]
        initial = pyvrp.Solution(data, routes)
    stop = RoundsStop(search.rounds, search.on_round)
    result = pyvrp.solve(
        data,
        stop,
        search.seed % 2**32,
        collect_stats=False,
        params=PARAMS,
        initial_solution=initial,
    )
    found = (
        (found.vehicle_type(), tuple(stop.idx for stop in found.schedule() if stop.is_client()))
        for found in result.best.routes()
    )
    return [
        (number, kept)
        for number, stops in found
        if (kept := repaired(network, slots[number], stops))
    ]


class RoundsStop:
    """Stops after a number of rounds and tells of each one."""

    def __init__(self, rounds: int, on_round: Callable[[], None]) -> None:
        self.left = rounds
        self.on_round = on_round

    def __call__(self, best_cost: int) -> bool:  # noqa: ARG002 - the solver gives it by position
        """Return whether the rounds are used up."""
        if self.left == 0:
            return True
        self.left -= 1
        self.on_round()
        return False


def problem_data(network: Network, slots: Sequence[Slots], prices: Prices) -> pyvrp.ProblemData:
    """Write the question in the solver's terms; only integers enter it."""
    clients = [
        pyvrp.Client(
            location=network.location(number),
            delivery=[1],
            service_duration=int(site.session_minutes),
            prize=int(prices.left_out[number]),
            required=False,
        )
        for number, site in enumerate(network.sites)
    ]
    profiles = _profiles(slots)
    number_of = {profile: number for number, profile in enumerate(profiles)}
    # The solver's own type hints of a matrix are narrower than what numpy calls int64.
    costs: list[Any] = [cost_matrix(network, prices, position) for position, *_ in profiles]
    durations: list[Any] = [duration_matrix(network, slot) for slot in profiles.values()]
    return pyvrp.ProblemData(
        # The solver takes its distances from the matrices; where the places lie does not matter.
        locations=[pyvrp.Location(0, 0)] * len(network.minutes),
        clients=clients,
        depots=[pyvrp.Depot(location=number) for number in range(len(network.bases))],
        vehicle_types=[_vehicle_type(slot, number_of[_profile(slot)]) for slot in slots],
        distance_matrices=costs,
        duration_matrices=durations,
    )


def _profile(slot: Slots) -> tuple[float, frozenset[int], Kind | None]:
    """Tell what decides about the matrices of a slot; off Fridays the kind does not."""
    return slot.position, slot.closed, slot.kind if slot.kind.is_friday else None


def _profiles(slots: Iterable[Slots]) -> dict[tuple[float, frozenset[int], Kind | None], Slots]:
    return {_profile(slot): slot for slot in slots}


def _vehicle_type(slot: Slots, profile: int) -> pyvrp.VehicleType:
    return pyvrp.VehicleType(
        num_available=len(slot.days),
        capacity=[slot.kind.sessions],
        start_depot=slot.kind.base,
        end_depot=slot.kind.base,
        fixed_cost=slot.kind.sessions * SLOT_PRICE_S,
        shift_duration=slot.kind.minutes,
        profile=profile,
    )


def cost_matrix(network: Network, prices: Prices, position: float) -> Matrix:
    """Seconds of travel, plus the price of the delay on every arc into a village."""
    costs = network.minutes * 60
    delay = np.rint(prices.delay * position).astype(np.int64)
    costs[:, len(network.bases) :] += delay[None, :]
    np.fill_diagonal(costs, 0)
    return costs


def duration_matrix(network: Network, slot: Slots) -> Matrix:
    """Minutes of travel; arcs that the prayers or a closed day rule out are longer than any day."""
    minutes = network.minutes.copy()
    first = len(network.bases)
    if slot.kind.is_friday and one_session_each_side(network, slot.kind):
        session = np.array([site.session_minutes for site in network.sites])
        base = slot.kind.base
        before = PRAYERS_START_MINUTE - slot.kind.starts_minute - session
        after = slot.kind.ends_minute - PRAYERS_END_MINUTE - session
        minutes[base, first:][network.minutes[base, first:] > before] = FORBIDDEN_MINUTES
        minutes[first:, base][network.minutes[first:, base] > after] = FORBIDDEN_MINUTES
    for number in slot.closed:
        minutes[:, first + number] = FORBIDDEN_MINUTES
    np.fill_diagonal(minutes, 0)
    return minutes


def one_session_each_side(network: Network, kind: Kind) -> bool:
    """Whether a Friday of this kind holds exactly one session before the prayers and one after.

    Then two rules say all: the way out leaves time for a session before 11:30, and the way back
    leaves time for one after 13:30. For other hours the prayers are kept by `repaired` alone.
    """
    shortest = min(site.session_minutes for site in network.sites)
    one, two = shortest + SHORTEST_LEG_MINUTES, 2 * (shortest + SHORTEST_LEG_MINUTES)
    before = PRAYERS_START_MINUTE - kind.starts_minute
    after = kind.ends_minute - PRAYERS_END_MINUTE
    return one <= before < two and one <= after < two


def repaired(network: Network, slot: Slots, stops: tuple[int, ...]) -> tuple[int, ...]:
    """Return the stops in their best order; the least valuable leave while the day is too full."""
    kept = [stop for stop in stops if stop not in slot.closed]
    while kept:
        if order := network.best_order(slot.kind, kept):
            return order
        kept.remove(min(kept, key=lambda stop: (network.sites[stop].value, stop)))
    return ()


def best_trips_first(
    network: Network, routes: Iterable[tuple[int, tuple[int, ...]]], slots: Sequence[Slots]
) -> list[tuple[int, tuple[int, ...]]]:
    """Give the most valuable trip the earliest slots of its kind on which no stop is closed.

    The kinds of `routes` are numbered in sorted order. A trip without such a slot is left out:
    the solver, which sees its villages as open, finds them another place.
    """
    kinds = sorted({slot.kind for slot in slots})
    left = Counter({number: len(slot.days) for number, slot in enumerate(slots)})
    given = []
    for kind_number, stops in sorted(routes, key=lambda trip: (-_value(network, trip[1]), trip)):
        for number, slot in enumerate(slots):
            free = left[number] > 0 and slot.kind == kinds[kind_number]
            if free and slot.closed.isdisjoint(stops):
                left[number] -= 1
                given.append((number, stops))
                break
    return given


def _value(network: Network, stops: Iterable[int]) -> float:
    return sum(network.sites[stop].value for stop in stops)


def spread(
    network: Network,
    slots: Sequence[Slots],
    trips: Iterable[tuple[int, tuple[int, ...]]],
) -> list[Trip]:
    """Give the trips of each slot its days, the most valuable trip the earliest."""
    by_slot: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for number, stops in trips:
        by_slot[number].append(stops)
    dated = []
    for number, listed in sorted(by_slot.items()):
        listed.sort(key=lambda stops: (-_value(network, stops), stops))
        days = slots[number].days
        dated += [
            Trip(day, slots[number].kind, stops) for day, stops in zip(days, listed, strict=False)
        ]
    return dated
