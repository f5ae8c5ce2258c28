"""Which team takes which day-trip, and where a village left over still fits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from outreach.planning.prices import SLOT_PRICE_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import TeamDay
    from outreach.planning.network import Kind, Network, Trip
    from outreach.planning.slots import DayPrices

# A village in a district the team knows outweighs this much more work than another team had.
KNOWN_DISTRICT_MINUTES = 120

# Bounds of a cost are no nearer to it than this: sums of fractions are rounded.
ROUNDING_S = 1e-3

# A team keeps a village that was told its name, whatever else it has to do.
KEPT_MINUTES = 100_000


type Rota = dict[TeamDay, tuple[int, ...]]


def give_trips(
    network: Network,
    trips: Iterable[Trip],
    kinds: Mapping[TeamDay, Kind],
    kept: Mapping[TeamDay, Sequence[int]],
) -> Rota:
    """Give each trip to a team of its day and kind.

    It goes to the team that `kept` gives most of its villages on that day, then to one that knows
    the district or had least work. Trips that share most with what a team had are given first.
    """
    waiting: dict[tuple[date, Kind], list[TeamDay]] = defaultdict(list)
    for team_day, kind in kinds.items():
        waiting[team_day.day, kind].append(team_day)
    worked: dict[int, int] = defaultdict(int)
    known: dict[int, set[str]] = defaultdict(set)
    rota: Rota = {}
    had = {
        trip: max((_shared(kept, one, trip) for one in waiting[trip.day, trip.kind]), default=0)
        for trip in trips
    }
    for trip in sorted(had, key=lambda trip: _order(network, trip, had[trip])):
        teams = waiting[trip.day, trip.kind]
        possible = [one for one in teams if trip.team_id in {None, one.team_id}]
        taken = min(
            possible,
            key=lambda one: (
                worked[one.team_id]
                - KNOWN_DISTRICT_MINUTES * _familiar(network, trip, known[one.team_id])
                - KEPT_MINUTES * _shared(kept, one, trip),
                one.team_id,
            ),
        )
        teams.remove(taken)
        rota[taken] = trip.stops
        worked[taken.team_id] += _work(network, trip)
        known[taken.team_id].update(network.sites[stop].district for stop in trip.stops)
    return rota


def _shared(kept: Mapping[TeamDay, Sequence[int]], team_day: TeamDay, trip: Trip) -> int:
    """Count the villages of a trip that a team was to visit on that day."""
    return len(set(kept.get(team_day, ())) & set(trip.stops))


def _order(
    network: Network, trip: Trip, shared: int
) -> tuple[date, bool, Kind, int, int, tuple[int, ...]]:
    """Day by day, trips that only one team can make first, then the most shared and the longest."""
    return trip.day, trip.team_id is None, trip.kind, -shared, -_work(network, trip), trip.stops


def _familiar(network: Network, trip: Trip, known: set[str]) -> int:
    return sum(network.sites[stop].district in known for stop in trip.stops)


def _work(network: Network, trip: Trip) -> int:
    sessions = sum(network.sites[stop].session_minutes for stop in trip.stops)
    return sessions + sum(network.legs(trip.kind, trip.stops))


def insert_left(
    network: Network,
    rota: Rota,
    kinds: Mapping[TeamDay, Kind],
    left: Iterable[int],
    day_number: Mapping[date, int],
    table: DayPrices,
) -> Rota:
    """Put villages without a visit where that costs least, the most valuable first.

    `table` holds the seconds for a visit to each site on each working day, see `visit_prices`.
    Visits that stand keep their day, team and start.
    """
    filled = {team_day: rota.get(team_day, ()) for team_day in sorted(kinds, key=by_day_and_team)}
    for stop in sorted(left, key=lambda stop: (-network.sites[stop].value, stop)):
        known = [
            (
                float(table[stop, day_number[team_day.day] - 1])
                + _least_s(network, kinds[team_day], stops, stop),
                by_day_and_team(team_day),
                team_day,
            )
            for team_day, stops in filled.items()
            if len(stops) < kinds[team_day].sessions
            and network.is_open(stop, team_day.day)
            and network.stands_with(stop, team_day.team_id)
        ]
        best: tuple[float, tuple[date, int], TeamDay, tuple[int, ...]] | None = None
        for least, when, team_day in sorted(known, key=lambda one: one[:2]):
            if best is not None and least > best[0]:
                break
            visit = float(table[stop, day_number[team_day.day] - 1])
            for cost, order in _insertion(
                network, team_day, kinds[team_day], filled[team_day], stop
            ):
                if best is None or (cost + visit, when) < best[:2]:
                    best = cost + visit, when, team_day, order
        if best is not None:
            filled[best[2]] = best[3]
    return {team_day: stops for team_day, stops in filled.items() if stops}


def _least_s(network: Network, kind: Kind, stops: tuple[int, ...], stop: int) -> float:
    """Seconds that one stop more costs a day at least: nobody gets there and back any shorter."""
    out_and_back = 2 * network.rows[kind.base][network.location(stop)]
    longer = out_and_back - network.way_minutes(kind, stops)
    return 60 * longer + (0 if stops else kind.sessions * SLOT_PRICE_S) - ROUNDING_S


def in_order(rota: Mapping[TeamDay, tuple[int, ...]]) -> Rota:
    """Return the same trips by day and team."""
    return {team_day: rota[team_day] for team_day in sorted(rota, key=by_day_and_team)}


def by_day_and_team(team_day: TeamDay) -> tuple[date, int]:
    """Order team-days by day and team."""
    return team_day.day, team_day.team_id


def _insertion(
    network: Network, team_day: TeamDay, kind: Kind, stops: tuple[int, ...], stop: int
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Seconds that one stop more costs the day, and the order then; none when it does not fit."""
    order = network.best_order(kind, (*stops, stop), team_day.day)
    if order is not None:
        longer = network.way_minutes(kind, order) - network.way_minutes(kind, stops)
        yield 60 * longer + (0 if stops else kind.sessions * SLOT_PRICE_S), order
