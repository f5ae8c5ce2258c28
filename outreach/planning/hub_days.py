"""Which day-trip of a stay goes on which of its days, so that nobody sits idle at the hub."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from outreach.planning.blocks import is_short_rest
from outreach.planning.workdays import days_between

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from outreach.planning.blocks import Block
    from outreach.planning.model import PlannedVisit, TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.rota import Rota

    type Trips = dict[date, tuple[PlannedVisit, ...]]


def busy_rota(network: Network, kinds: Mapping[TeamDay, Kind], rota: Rota) -> Rota:
    """Give every day between two trips a village of another one, where there is one that fits.

    The solver saves a day of the team where it can; but who is at the hub anyway saves nothing.
    """
    last = max((one.day for one in rota), default=date.min)
    busy = {one: rota[one] for one in sorted(rota, key=lambda one: one.day)}
    for idle in sorted(kinds.keys() - rota.keys(), key=lambda one: one.day):
        options = [
            (network.way_minutes(kinds[idle], (stop,)), one.day, stop, one)
            for one, stops in busy.items()
            if idle.day < last and len(stops) > 1
            for stop in stops
            if network.is_open(stop, idle.day) and network.fits(kinds[idle], (stop,), idle.day)
        ]
        if options:
            _, _, stop, one = min(options)
            busy[one] = tuple(other for other in busy[one] if other != stop)
            busy[idle] = (stop,)
    return busy


def without_long_waits(trips: Trips, block: Block) -> Trips:
    """Keep the most visits that lie on trips without a long wait in between; by date."""
    weekdays = {one.day.weekday() for one in block.room}
    parts: list[list[date]] = []
    for day in trips:
        between = list(days_between(parts[-1][-1], day))[1:-1] if parts else []
        if parts and is_short_rest(between, weekdays):
            parts[-1].append(day)
        else:
            parts.append([day])
    kept = max(parts, key=lambda part: sum(len(trips[day]) for day in part), default=[])
    return {day: trips[day] for day in kept}


def busy_days(days: Sequence[TeamDay], trips: Collection[date]) -> list[date]:
    """Days of a stay with a trip or on the way: those at the hub in vain are left out."""
    first, last = min(trips), max(trips)
    return [one.day for one in days if one.day in trips or not first < one.day < last]
