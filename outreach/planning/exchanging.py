"""Two rotas of the same villages: what of the second is worth taking over."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from outreach.planning.rota import by_day_and_team, in_order, insert_left
from outreach.planning.slots import visit_prices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from outreach.planning.model import TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.rota import Rota


def worth_taking(
    network: Network,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
    rota: Rota,
    found: Rota,
    cost_s: Callable[[Rota], float],
) -> Rota:
    """Take over from `found`, which knows no teams, what makes `rota` cheaper with its moves paid.

    Other days are taken over first, by the teams there are; then other trips of a day.
    """
    for tried in (in_trips_that_stand(network, kinds, prices, rota, found), found):
        rota = cheapest_mix(rota, tried, cost_s)
    return rota


def in_trips_that_stand(
    network: Network,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
    rota: Rota,
    found: Rota,
) -> Rota:
    """Visit everybody on the day that `found` says, by the teams of `rota` as far as may be.

    Who comes from another day is put where that costs least, see `insert_left`, on a day of
    `kinds`: on no other, as at a hub, does anything change. Where somebody fits nowhere the day is
    as `found` has it.
    """
    table, day_number = visit_prices(network, prices), prices.day_number
    day_of = {stop: one.day for one, stops in found.items() for stop in stops}
    kept = {
        one: tuple(stop for stop in stops if day_of.get(stop) == one.day)
        for one, stops in rota.items()
    }
    there = {stop for stops in kept.values() for stop in stops}
    coming: dict[date, list[int]] = defaultdict(list)
    for stop, day in day_of.items():
        if stop not in there:
            coming[day].append(stop)
    for day, stops in coming.items():
        today = {one: kind for one, kind in kinds.items() if one.day == day}
        held = {one: trip for one, trip in kept.items() if one.day == day}
        tried = held | insert_left(network, kept, today, stops, day_number, table)
        if {stop for trip in tried.values() for stop in trip} < {
            stop for stop, its_day in day_of.items() if its_day == day
        }:
            tried = {one: found.get(one, ()) for one in {*found, *kept} if one.day == day}
        kept |= tried
    filled = [(one, stops) for one, stops in kept.items() if stops]
    return in_order(dict(filled))


def cheapest_mix(rota: Rota, found: Rota, cost_s: Callable[[Rota], float]) -> Rota:
    """Take over from `found` every group of days that makes `rota` cheaper.

    Days between which villages move are taken over together or not at all, so every village of
    both keeps one visit.
    """
    best, least_s = rota, cost_s(rota)
    for days in days_that_exchange(rota, found):
        kept = [(one, stops) for one, stops in best.items() if one.day not in days]
        taken = [(one, stops) for one, stops in found.items() if one.day in days]
        tried = in_order(dict([*kept, *taken]))
        if (tried_s := cost_s(tried)) < least_s:
            best, least_s = tried, tried_s
    return best


def days_that_exchange(rota: Rota, found: Rota) -> list[set[date]]:
    """Group the days on which two rotas differ: villages that change days do so within a group."""
    was = {stop: one.day for one, stops in rota.items() for stop in stops}
    groups: list[set[date]] = []
    for one in sorted({*rota, *found}, key=by_day_and_team):
        if rota.get(one) == found.get(one):
            continue
        linked = {one.day, *(was.get(stop, one.day) for stop in found.get(one, ()))}
        groups = [
            *(group for group in groups if not group & linked),
            linked.union(*(group for group in groups if group & linked)),
        ]
    return groups
