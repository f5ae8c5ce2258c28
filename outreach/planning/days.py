"""Which trip goes on which day, so that all together cost least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.prices import SLOT_PRICE_S
from outreach.planning.solver import Found, repaired

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from outreach.planning.network import Kind, Network
    from outreach.planning.slots import DayPrices, Slots

# More than any plan costs, and small enough to be added up without a loss.
IMPOSSIBLE_S = 1e12

# What gains less is the rounding of a sum.
LEAST_GAIN_S = 1e-3


def with_days(
    network: Network,
    slots: Sequence[Slots],
    table: DayPrices,
    trips: Iterable[tuple[Slots, tuple[int, ...]]],
) -> list[Found]:
    """Give every trip the slots on which it costs least, as far as there are enough of them.

    Trips of a team whose visit stands stay where they are. A trip for which no slots are left is
    left out: the solver, to which its villages are open, finds them another place.

    Parameters
    ----------
    table
        Seconds for a visit to each site on each working day, from `slots.visit_prices`.
    trips
        Stops of each trip and the slots it was made for; those may be without a day.
    """
    known = list(trips)
    standing = {(slot.team_id, slot.day): number for number, slot in enumerate(slots)}
    given = [
        (standing[slot.team_id, slot.day], stops)
        for slot, stops in known
        if slot.team_id is not None
    ]
    free = sorted(stops for slot, stops in known if slot.team_id is None)
    open_slots = [number for number, slot in enumerate(slots) if slot.team_id is None]
    costs = trip_costs(network, [slots[number] for number in open_slots], table, free)
    counts = np.array([slots[number].count for number in open_slots])
    for stops, column in zip(free, cheapest_days(costs, counts), strict=True):
        if column >= 0 and (kept := repaired(network, slots[open_slots[column]], stops)):
            given.append((open_slots[column], kept))
    return given


def trip_costs(
    network: Network, slots: Sequence[Slots], table: DayPrices, trips: Sequence[tuple[int, ...]]
) -> NDArray[np.float64]:
    """Seconds for every trip on every slot, shape (trips, slots)."""
    costs = np.full((len(trips), len(slots)), IMPOSSIBLE_S)
    columns = np.array([slot.number - 1 for slot in slots])
    kinds = sorted({slot.kind for slot in slots})
    closed = np.zeros((len(network.sites), len(slots)), dtype=bool)
    for number, slot in enumerate(slots):
        closed[list(slot.closed), number] = True
    of_kind = {kind: np.array([slot.kind == kind for slot in slots]) for kind in kinds}
    for row, stops in enumerate(trips):
        visits = table[list(stops)].sum(axis=0)[columns]
        is_open = ~closed[list(stops)].any(axis=0)
        for kind in kinds:
            where = of_kind[kind] & is_open
            costs[row, where] = visits[where] + _trip_s(network, kind, stops)
    return costs


def _trip_s(network: Network, kind: Kind, stops: tuple[int, ...]) -> float:
    order = network.best_order(kind, stops)
    if order is None:
        return IMPOSSIBLE_S
    return 60 * network.way_minutes(kind, order) + kind.sessions * SLOT_PRICE_S


def cheapest_days(costs: NDArray[np.float64], counts: NDArray[np.int64]) -> list[int]:
    """Give each trip a column of `costs`, none more often than `counts` says; -1 for none.

    The dearest trip to delay takes its cheapest column first; for one that finds no room any more
    others move on. Then trips move and change places as long as that gains; where only the delay
    counts the first round is the best there is.
    """
    room = counts.copy()
    given = np.full(len(costs), -1)
    possible = np.where(costs < IMPOSSIBLE_S, costs, np.nan)
    with np.errstate(invalid="ignore"):
        spread = [
            np.ptp(row[~np.isnan(row)]) if (~np.isnan(row)).any() else 0.0 for row in possible
        ]
    for trip in sorted(range(len(costs)), key=lambda trip: (-spread[trip], trip)):
        choice = np.where(room > 0, costs[trip], IMPOSSIBLE_S)
        if len(choice) and choice.min() < IMPOSSIBLE_S:
            given[trip] = int(choice.argmin())
            room[given[trip]] -= 1
    for trip in np.flatnonzero(given < 0).tolist():
        _let_in(costs, given, room, trip)
    placed = np.flatnonzero(given >= 0)
    while len(placed) and (_moved(costs, given, room, placed) or _swapped(costs, given, placed)):
        pass
    return [int(one) for one in given]


def _let_in(
    costs: NDArray[np.float64], given: NDArray[np.int64], room: NDArray[np.int64], trip: int
) -> None:
    """Give a trip a column by a chain of others that each move on, the cheapest to one with room.

    Where teams start from different places, trips that could go from any of them may have taken
    the team-days of the only base in reach of another. Nobody is thought to gain by moving on, so
    that no chain bites its tail.
    """
    columns = len(room)
    further = np.full((columns, columns), IMPOSSIBLE_S)
    mover = np.full((columns, columns), -1)
    for other in np.flatnonzero(given >= 0):
        extra = np.maximum(costs[other] - costs[other, given[other]], 0.0)
        extra[costs[other] >= IMPOSSIBLE_S] = IMPOSSIBLE_S
        cheaper = extra < further[given[other]]
        further[given[other], cheaper] = extra[cheaper]
        mover[given[other], cheaper] = other
    reach, before = costs[trip].copy(), np.full(columns, -1)
    for _ in range(columns):
        ways = reach[:, None] + further
        shorter = ways.min(axis=0) < reach - LEAST_GAIN_S
        before[shorter] = ways.argmin(axis=0)[shorter]
        reach = np.minimum(reach, ways.min(axis=0))
        if not shorter.any():
            break
    end = int(np.where(room > 0, reach, IMPOSSIBLE_S).argmin()) if columns else 0
    if not columns or room[end] <= 0 or reach[end] >= IMPOSSIBLE_S:
        return
    room[end] -= 1
    while before[end] >= 0:
        given[mover[before[end], end]] = end
        end = int(before[end])
    given[trip] = end


def _moved(
    costs: NDArray[np.float64],
    given: NDArray[np.int64],
    room: NDArray[np.int64],
    placed: NDArray[np.int64],
) -> bool:
    """Move the trip that gains most to a column with room."""
    gains = costs[placed, given[placed]][:, None] - costs[placed]
    gains[:, room <= 0] = 0
    trip, column = np.unravel_index(int(gains.argmax()), gains.shape)
    if gains[trip, column] <= LEAST_GAIN_S:
        return False
    room[given[placed[trip]]] += 1
    room[column] -= 1
    given[placed[trip]] = column
    return True


def _swapped(
    costs: NDArray[np.float64], given: NDArray[np.int64], placed: NDArray[np.int64]
) -> bool:
    """Let the two trips that gain most change places."""
    now = costs[placed, given[placed]]
    there = costs[np.ix_(placed, given[placed])]
    gains = now[:, None] + now[None, :] - there - there.T
    one, other = np.unravel_index(int(gains.argmax()), gains.shape)
    if gains[one, other] <= LEAST_GAIN_S:
        return False
    first, second = placed[one], placed[other]
    given[first], given[second] = given[second], given[first]
    return True
