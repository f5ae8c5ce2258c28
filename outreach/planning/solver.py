"""The solver behind one function: which villages make a trip, in which order, on which slots.

Costs inside it are tenths of a second, durations minutes, all whole. A visit's price on a day is
delay x number of the day, so the matrix of distances holds the delay of the village an arc leads
into and each day multiplies it by its number: one matrix serves all days. Only a day with prices
of its own has its own matrix. Travel is priced by the duration of a trip: waiting for a village to
open costs as much as driving, and the minutes of the sessions, which every plan needs, are given
back with the prize.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pyvrp
from pyvrp.search import NeighbourhoodParams, PerturbationParams

from outreach.planning.model import Hours
from outreach.planning.network import SHORTEST_LEG_MINUTES
from outreach.planning.prices import SLOT_PRICE_S
from outreach.planning.workdays import PRAYERS_END_MINUTE, PRAYERS_START_MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Site
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.slots import Slots

    type Matrix = NDArray[np.int64]
    type Profile = tuple[bytes | None, frozenset[int], Kind | None]

# A trip: the number of its slots and its stops in their order.
type Found = tuple[int, tuple[int, ...]]

SOLVER = f"pyvrp {version('pyvrp')}"

UNITS_A_SECOND = 10
UNITS_A_MINUTE = 60 * UNITS_A_SECOND

# Above the largest price: below it the solver would gain by overloading a day.
LARGEST_PENALTY = 1e8

# A leg of this length fits into no day, not even one that ends the night after: it forbids the arc.
FORBIDDEN_MINUTES = 48 * 60 + 1

NO_END = int(np.iinfo(np.int64).max)


def _params(neighbours: int, kick: int) -> pyvrp.SolveParams:
    """Describe one way to search: how many neighbours are tried, how many villages a kick moves.

    The memory of costs suits a thousand rounds rather than the solver's usual 100,000.
    """
    return pyvrp.SolveParams(
        ils=pyvrp.IteratedLocalSearchParams(history_length=50),
        penalty=pyvrp.PenaltyParams(max_penalty=LARGEST_PENALTY),
        neighbourhood=NeighbourhoodParams(num_neighbours=neighbours),
        perturbation=PerturbationParams(1, kick),
    )


# Few neighbours and small kicks are quick and suit trips of three stops; large kicks find the way
# out where too many villages want too few days. In turns: on scarce plans of Maluku Tengah and
# Ngada either alone stayed further above the bound.
WAYS = (_params(40, 25), _params(20, 12))


class Solver:
    """A question told to the solver once and searched as often as one likes.

    With `must_serve` no village may be left out: then a start that serves all is needed.
    """

    def __init__(
        self,
        network: Network,
        slots: Sequence[Slots],
        prices: Prices,
        *,
        must_serve: bool = False,
    ) -> None:
        self.network = network
        self.slots = slots
        self.must_serve = must_serve
        self.data = problem_data(network, slots, prices, must_serve=must_serve)

    def search(
        self,
        start: Sequence[Found] | None,
        may_go_on: Callable[[], bool],
        seed: int,
        way: int = 0,
    ) -> list[Found]:
        """Search from `start`, or from nothing, as long as one may go on; asked every round.

        Every trip returned is one that its slots hold, in the best order, with the visits that
        stand; what does not fit after all is left out. `way` is the number of one of the `WAYS`.
        """
        initial = None
        if start is not None:
            routes = [pyvrp.Route(self.data, list(stops), number) for number, stops in start]
            initial = pyvrp.Solution(self.data, routes)
        result = pyvrp.solve(
            self.data,
            lambda _cost: not may_go_on(),
            seed % 2**32,
            collect_stats=False,
            params=WAYS[way % len(WAYS)],
            initial_solution=initial,
        )
        return held(self.network, self.slots, _routes(result.best))


def _routes(solution: pyvrp.Solution) -> Iterator[Found]:
    for route in solution.routes():
        yield route.vehicle_type(), tuple(one.idx for one in route.schedule() if one.is_client())


def held(network: Network, slots: Sequence[Slots], trips: Iterable[Found]) -> list[Found]:
    """Return the trips as their slots hold them, with all visits that stand."""
    waiting = {number for number, slot in enumerate(slots) if slot.standing}
    found = []
    for number, stops in trips:
        waiting.discard(number)
        if kept := repaired(network, slots[number], stops):
            found.append((number, kept))
    alone = [(number, repaired(network, slots[number], ())) for number in sorted(waiting)]
    return found + [(number, kept) for number, kept in alone if kept]


def problem_data(
    network: Network, slots: Sequence[Slots], prices: Prices, *, must_serve: bool = False
) -> pyvrp.ProblemData:
    """Write the question in the solver's terms; only integers enter it."""
    profiles = {_profile(slot): slot for slot in slots}
    number_of = {profile: number for number, profile in enumerate(profiles)}
    timed = any(has_hours(site) for site in network.sites)
    # The solver's own type hints of a matrix are narrower than what numpy calls int64.
    costs: list[Any] = [cost_matrix(network, slot, prices) for slot in profiles.values()]
    durations: list[Any] = [duration_matrix(network, slot) for slot in profiles.values()]
    return pyvrp.ProblemData(
        # The solver takes its distances from the matrices; where the places lie does not matter.
        locations=[pyvrp.Location(0, 0)] * len(network.minutes),
        clients=[
            _client(network.location(stop), site, int(prices.left_out[stop]), must_serve=must_serve)
            for stop, site in enumerate(network.sites)
        ],
        depots=[pyvrp.Depot(location=number) for number in range(len(network.bases))],
        vehicle_types=[
            _vehicle_type(slot, number_of[_profile(slot)], timed=timed) for slot in slots
        ],
        distance_matrices=costs,
        duration_matrices=durations,
    )


def has_hours(site: Site) -> bool:
    """Whether the hours of the village, or a visit that stands, bind its session."""
    return site.pin is not None or bool(site.hours_on) or site.hours != Hours()


def _client(location: int, site: Site, left_out_s: int, *, must_serve: bool) -> pyvrp.Client:
    """Describe a village; hours of a single day are looked at when the trip is known."""
    hours = [site.window_on(None)]
    if site.pin is None:
        hours += site.hours_on.values()
    opens = min(one.opens_minute for one in hours)
    last_start = max(one.closes_minute for one in hours) - site.session_minutes
    given_back = site.session_minutes * UNITS_A_MINUTE
    return pyvrp.Client(
        location=location,
        delivery=[1],
        service_duration=int(site.session_minutes),
        tw_early=opens,
        tw_late=max(opens, last_start),
        prize=0 if must_serve else left_out_s * UNITS_A_SECOND + given_back,
        required=must_serve,
    )


def _profile(slot: Slots) -> Profile:
    """Tell what decides about the matrices of a slot; off Fridays the kind does not."""
    own = None if slot.prices_s is None else slot.prices_s.tobytes()
    return own, slot.closed, slot.kind if slot.kind.is_friday else None


def _vehicle_type(slot: Slots, profile: int, *, timed: bool) -> pyvrp.VehicleType:
    return pyvrp.VehicleType(
        num_available=slot.count,
        capacity=[slot.kind.sessions],
        start_depot=slot.kind.base,
        end_depot=slot.kind.base,
        fixed_cost=slot.kind.sessions * SLOT_PRICE_S * UNITS_A_SECOND,
        # Without hours of villages it does not matter when a trip starts.
        tw_early=slot.kind.starts_minute if timed else 0,
        tw_late=slot.kind.ends_minute if timed else NO_END,
        shift_duration=slot.kind.minutes,
        unit_distance_cost=slot.number if slot.prices_s is None else 1,
        unit_duration_cost=UNITS_A_MINUTE,
        profile=profile,
    )


def cost_matrix(network: Network, slot: Slots, prices: Prices) -> Matrix:
    """Tenths of a second for every arc into a village: one day's delay, or the prices of the day.

    With prices of the day those of going into another district are in it.
    """
    costs = np.zeros_like(network.minutes)
    into = prices.delay if slot.prices_s is None else slot.prices_s
    first = len(network.bases)
    costs[:, first:] = np.rint(into * UNITS_A_SECOND).astype(np.int64)[None, :]
    if network.apart_minutes:
        district = np.unique([site.district for site in network.sites], return_inverse=True)[1]
        apart = district[:, None] != district[None, :]
        costs[first:, first:] += apart * round(network.apart_minutes * UNITS_A_MINUTE)
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
    if slot.closed:
        minutes[:, [first + number for number in slot.closed]] = FORBIDDEN_MINUTES
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
    """Return the stops in their best order; the least valuable leave while the day is too full.

    Visits that stand never leave.
    """
    kept = sorted(slot.standing) + [
        stop for stop in stops if stop not in slot.closed and stop not in slot.standing
    ]
    while kept:
        if order := network.best_order(slot.kind, kept, slot.day):
            return order
        kept.remove(min(kept, key=lambda stop: (stop in slot.standing, _worth(network, stop))))
    return ()


def _worth(network: Network, stop: int) -> tuple[float, str]:
    return network.sites[stop].value, network.sites[stop].code
