"""Two rotas of the same villages: what of the second is worth taking over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from outreach.planning.model import TeamDay
    from outreach.planning.rota import Rota


def cheapest_mix(rota: Rota, found: Rota, cost_s: Callable[[Rota], float]) -> Rota:
    """Take over from `found` every group of days that makes `rota` cheaper.

    Days between which villages move are taken over together or not at all, so every village of
    both keeps one visit.
    """
    best, least_s = rota, cost_s(rota)
    for days in days_that_exchange(rota, found):
        kept = [(one, stops) for one, stops in best.items() if one.day not in days]
        taken = [(one, stops) for one, stops in found.items() if one.day in days]
        tried = dict(sorted([*kept, *taken], key=lambda item: _when(item[0])))
        if (tried_s := cost_s(tried)) < least_s:
            best, least_s = tried, tried_s
    return best


def days_that_exchange(rota: Rota, found: Rota) -> list[set[date]]:
    """Group the days on which two rotas differ: villages that change days do so within a group."""
    was = {stop: one.day for one, stops in rota.items() for stop in stops}
    groups: list[set[date]] = []
    for one in sorted({*rota, *found}, key=_when):
        if rota.get(one) == found.get(one):
            continue
        linked = {one.day, *(was.get(stop, one.day) for stop in found.get(one, ()))}
        groups = [
            *(group for group in groups if not group & linked),
            linked.union(*(group for group in groups if group & linked)),
        ]
    return groups


def _when(team_day: TeamDay) -> tuple[date, int]:
    return team_day.day, team_day.team_id
