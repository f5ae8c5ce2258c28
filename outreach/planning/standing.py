"""Pins of a question that is answered by a plan made before: they stand, whatever else moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from outreach.planning.model import Plan, Problem, TeamDay
    from outreach.planning.network import Kind, Network


def at_their_pins(problem: Problem, plan: Plan) -> frozenset[str]:
    """Villages that the plan visits where the question pins them."""
    visits = {(one.code, one.team_id, one.day, one.starts_minute) for one in plan.visits}
    return frozenset(
        site.code
        for site in problem.sites
        if (pin := site.pin) and (site.code, pin.team_id, pin.day, pin.starts_minute) in visits
    )


def crowded_out(
    problem: Problem, plan: Plan, taken: Collection[tuple[int, date]]
) -> frozenset[str]:
    """Villages that the plan visits elsewhere than at their pin, or on a day taken for others."""
    pinned = {site.code for site in problem.sites if site.pin is not None}
    away = {visit.code for visit in plan.visits if (visit.team_id, visit.day) in taken}
    answered = {visit.code for visit in plan.visits}
    return frozenset((pinned & answered) | away) - at_their_pins(problem, plan)


def put_at_pins(
    network: Network,
    kinds: dict[TeamDay, Kind],
    trips: dict[TeamDay, list[int]],
) -> None:
    """Put the sites with a pin that are on no trip on the day of their pin.

    Where it gets too full the least valuable leave, never one with a pin.
    """
    placed = {stop for stops in trips.values() for stop in stops}
    days = {(one.team_id, one.day): one for one in kinds}
    for stop, site in enumerate(network.sites):
        if site.pin is not None and stop not in placed:
            one = days[site.pin.team_id, site.pin.day]
            trips[one] = _squeezed(network, kinds[one], one.day, [*trips.get(one, ()), stop])


def _squeezed(network: Network, kind: Kind, day: date, stops: Sequence[int]) -> list[int]:
    kept = list(stops)
    while (order := network.best_order(kind, kept, day)) is None:
        kept.remove(min(kept, key=lambda stop: _worth(network, stop)))
    return list(order)


def _worth(network: Network, stop: int) -> tuple[bool, float, str]:
    site = network.sites[stop]
    return site.pin is not None, site.value, site.code
