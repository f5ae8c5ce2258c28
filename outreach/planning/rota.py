"""Which team takes which day-trip, and where a village left over still fits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import TeamDay
    from outreach.planning.network import Kind, Network, Trip

# A village in a district the team knows outweighs this much more work than another team had.
KNOWN_DISTRICT_MINUTES = 120

# Sending a team out for one more village alone costs as much as a full day of travel.
NEW_TRIP_MINUTES = 480


type Rota = dict[TeamDay, tuple[int, ...]]


def give_trips(network: Network, trips: Iterable[Trip], kinds: Mapping[TeamDay, Kind]) -> Rota:
    """Give each trip to a team of its day and kind that knows the district or had least work."""
    waiting: dict[tuple[date, Kind], list[TeamDay]] = defaultdict(list)
    for team_day, kind in kinds.items():
        waiting[team_day.day, kind].append(team_day)
    worked: dict[int, int] = defaultdict(int)
    known: dict[int, set[str]] = defaultdict(set)
    rota: Rota = {}
    for trip in sorted(trips, key=lambda trip: (trip.day, trip.kind, -_work(network, trip))):
        districts = [network.sites[stop].district for stop in trip.stops]
        teams = waiting[trip.day, trip.kind]
        taken = min(teams, key=lambda one: _burden(one.team_id, districts, worked, known))
        teams.remove(taken)
        rota[taken] = trip.stops
        worked[taken.team_id] += _work(network, trip)
        known[taken.team_id].update(districts)
    return rota


def _burden(
    team_id: int,
    districts: Sequence[str],
    worked: Mapping[int, int],
    known: Mapping[int, set[str]],
) -> tuple[int, int]:
    familiar = sum(district in known[team_id] for district in districts)
    return worked[team_id] - KNOWN_DISTRICT_MINUTES * familiar, team_id


def _work(network: Network, trip: Trip) -> int:
    sessions = sum(network.sites[stop].session_minutes for stop in trip.stops)
    return sessions + sum(network.legs(trip.kind, trip.stops))


def insert_left(
    network: Network, rota: Rota, kinds: Mapping[TeamDay, Kind], left: Iterable[int]
) -> Rota:
    """Put villages without a visit wherever they still fit, the most valuable first."""
    filled = {team_day: rota.get(team_day, ()) for team_day in sorted(kinds, key=_when)}
    for stop in sorted(left, key=lambda stop: (-network.sites[stop].value, stop)):
        options = [
            option
            for team_day, stops in filled.items()
            if len(stops) < kinds[team_day].sessions and network.is_open(stop, team_day.day)
            if (option := _insertion(network, team_day, kinds[team_day], stops, stop)) is not None
        ]
        if options:
            _, team_day, stops = min(options, key=lambda option: (option[0], _when(option[1])))
            filled[team_day] = stops
    return {team_day: stops for team_day, stops in filled.items() if stops}


def _when(team_day: TeamDay) -> tuple[date, int]:
    return team_day.day, team_day.team_id


def _insertion(
    network: Network, team_day: TeamDay, kind: Kind, stops: tuple[int, ...], stop: int
) -> tuple[int, TeamDay, tuple[int, ...]] | None:
    """Return the day with the stop in it and the minutes that costs, None when it does not fit."""
    order = network.best_order(kind, (*stops, stop))
    if order is None:
        return None
    longer = sum(network.legs(kind, order)) - sum(network.legs(kind, stops))
    return longer + (0 if stops else NEW_TRIP_MINUTES), team_day, order
