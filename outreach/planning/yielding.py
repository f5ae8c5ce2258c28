"""Room for a village that found none: another one yields its place and goes elsewhere.

The solver moves one thing at a time. Where a far village fits on one day only, and a near one that
would fit on any has taken it, each move alone makes the plan worse: both together make it better.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from itertools import combinations
from typing import TYPE_CHECKING

from outreach.planning.prices import SLOT_PRICE_S
from outreach.planning.rota import by_day_and_team

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from outreach.planning.model import TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.rota import Rota
    from outreach.planning.slots import DayPrices

# So many villages ask, the dearest to leave out first; each asks so many days near to it, and what
# yields there so many others. More found nothing in 600 small problems, and hundreds of villages
# without a visit are a matter of room, not of order.
MOST_ASKING = 12
NEAREST_DAYS = 6

type Stops = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """What one village more costs in seconds, and the days it changes as they are then."""

    cost_s: float
    days: tuple[tuple[TeamDay, Stops], ...]

    def and_then(self, cost_s: float, team_day: TeamDay, stops: Stops) -> Trade:
        """Change one day more."""
        days = dict(self.days) | {team_day: stops}
        return Trade(self.cost_s + cost_s, tuple(days.items()))

    @property
    def rank(self) -> tuple[object, ...]:
        """Order of trades: the cheapest first, then the earliest."""
        return self.cost_s, [(one.day, one.team_id, stops) for one, stops in self.days]


def make_room(
    network: Network,
    rota: Rota,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
    table: DayPrices,
) -> Rota:
    """Give villages without a visit the place of others that find another, or are worth less.

    A village or a whole day-trip yields where the planner's own prices gain by it. Visits that
    stand yield to nobody. `table` is that of `insert_left`.
    """
    desk = _Desk(network, kinds, prices, table)
    filled = {team_day: rota.get(team_day, ()) for team_day in sorted(kinds, key=by_day_and_team)}
    served = {stop for stops in filled.values() for stop in stops}
    left = [n for n, one in enumerate(network.sites) if n not in served and one.pin is None]
    asking = sorted(left, key=lambda stop: (-prices.left_out[stop], stop))[:MOST_ASKING]
    for stop in asking:
        best = min(desk.trades(filled, stop), key=lambda trade: trade.rank, default=None)
        if best is not None and best.cost_s < prices.left_out[stop]:
            filled.update(best.days)
    return {team_day: stops for team_day, stops in filled.items() if stops}


@dataclass(frozen=True, slots=True)
class _Desk:
    """What it takes to price a day: the ground, the kinds, the prices."""

    network: Network
    kinds: Mapping[TeamDay, Kind]
    prices: Prices
    table: DayPrices

    def trades(self, filled: Rota, stop: int) -> Iterator[Trade]:
        """Every day that could take the village if something yielded there."""
        roomy = [one for one, stops in filled.items() if len(stops) < self.kinds[one].sessions]
        held = [one for one, stops in filled.items() if stops and self._hosts(one, stop)]
        for team_day in self._nearest(held, filled, (stop,)):
            stops = filled[team_day]
            free = [one for one in stops if self.network.sites[one].pin is None]
            for away in (
                each for size in range(1, len(free) + 1) for each in combinations(free, size)
            ):
                stay = tuple(one for one in stops if one not in away)
                if (taken := self._day(team_day, (*stay, stop))) is not None:
                    cost = taken[0] - self._cost(team_day, stops)
                    trade = Trade(cost, ((team_day, taken[1]),))
                    near = self._nearest(roomy, filled, away)
                    yield self._apart(filled, near, trade, away)
                    yield from self._together(filled, near, trade, away)

    def _hosts(self, team_day: TeamDay, stop: int) -> bool:
        return self.network.hosts(self.kinds[team_day], stop, team_day.day)

    def _nearest(self, days: list[TeamDay], filled: Rota, stops: Stops) -> list[TeamDay]:
        """Days whose trips, or bases where there is none yet, lie nearest to any of the stops."""
        rows = [self.network.rows[self.network.location(stop)] for stop in stops]

        def minutes(one: TeamDay) -> tuple[int, int]:
            trip = [self.network.location(stop) for stop in filled[one]]
            places = trip or [self.kinds[one].base]
            return min(row[place] for row in rows for place in places), one.day.toordinal()

        return nsmallest(NEAREST_DAYS, days, key=minutes)

    def _together(
        self, filled: Rota, roomy: list[TeamDay], trade: Trade, away: Stops
    ) -> Iterator[Trade]:
        """Put what yields on one other day."""
        if len(away) == 1:
            return
        for other in roomy:
            if other != trade.days[0][0] and (found := self._with(other, filled[other], away)):
                yield trade.and_then(found[0], other, found[1])

    def _apart(self, filled: Rota, roomy: list[TeamDay], trade: Trade, away: Stops) -> Trade:
        """Put what yields wherever each costs least, or leave it out where that is cheaper."""
        for stop in sorted(away, key=lambda one: (-self.prices.left_out[one], one)):
            now = dict(trade.days)
            options = [
                trade.and_then(found[0], other, found[1])
                for other in roomy
                if (found := self._with(other, now.get(other, filled[other]), (stop,)))
            ]
            left = Trade(trade.cost_s + float(self.prices.left_out[stop]), trade.days)
            trade = min([*options, left], key=lambda one: one.rank)
        return trade

    def _with(self, team_day: TeamDay, stops: Stops, more: Stops) -> tuple[float, Stops] | None:
        """Say what stops more cost a day, and the order then."""
        found = self._day(team_day, (*stops, *more))
        return None if found is None else (found[0] - self._cost(team_day, stops), found[1])

    def _day(self, team_day: TeamDay, stops: Stops) -> tuple[float, Stops] | None:
        """Price a day with these stops in their best order; None when it does not hold them."""
        kind, network = self.kinds[team_day], self.network
        if len(stops) > kind.sessions:
            return None
        if not all(network.is_open(stop, team_day.day) for stop in stops):
            return None
        order = network.best_order(kind, stops, team_day.day)
        return None if order is None else (self._cost(team_day, order), order)

    def _cost(self, team_day: TeamDay, stops: Stops) -> float:
        """Seconds of a day-trip: the way, the day, and what its villages cost on that day."""
        if not stops:
            return 0.0
        kind, column = self.kinds[team_day], self.prices.day_number[team_day.day] - 1
        visits = sum(float(self.table[stop, column]) for stop in stops)
        way_s = 60 * self.network.way_minutes(kind, stops)
        return way_s + kind.sessions * SLOT_PRICE_S + visits
