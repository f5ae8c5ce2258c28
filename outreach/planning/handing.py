"""Trips handed to teams of other bases, where that brings the teams' loads together at its price.

Teams of one base exchange trips for nothing, see `fairness`. Another base is another way: whatever
the trip costs more by the bill (road, waiting, team-days) is weighed against the difference between
the teams' loads that it takes away.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.fairness import burden, districts_besides, loads_of
from outreach.planning.prices import SLOT_PRICE_S
from outreach.planning.rota import KNOWN_DISTRICT_MINUTES, in_order
from outreach.planning.slots import visit_prices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.fairness import Shares
    from outreach.planning.model import TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.rota import Rota

    type Stops = tuple[int, ...]
    type Costs = NDArray[np.float64]

# Of what an estimate says a team had best hand on, so much is worked out.
MOST_TRIED = 8

# No team hands on more trips than it makes in a month; it ends far sooner.
MOST_HANDED = 100

# What gains less is the rounding of a sum.
LEAST_GAIN_S = 1.0


def hand_on(
    network: Network,
    rota: Rota,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
    fairness: float,
    carried_before: Mapping[int, int] | None = None,
) -> Rota:
    """Let teams that carry most hand whole trips to free days of others, or change them for theirs.

    Where a trip leaves a hole, the giver's last trip that gains most moves into it. What the bill
    rises by is never more than `fairness` minutes for every minute that the loads come closer, see
    `apart`. Visits that stand stay where they are. The same rota gives the same answer.

    Parameters
    ----------
    carried_before
        What the teams carry besides, see `fairness.carried_by`.
    """
    sharing = _Sharing(_Price(network, kinds, prices), rota, fairness, carried_before)
    for _ in range(MOST_HANDED):
        if not any(map(sharing.hand_one_on, sharing.givers())):
            break
    return {team_day: stops for team_day, stops in sharing.rota.items() if stops}


def moved_up(network: Network, rota: Rota, kinds: Mapping[TeamDay, Kind], prices: Prices) -> Rota:
    """Move trips to free days of their own team, the largest gain first, until none gains.

    Sharing leaves holes: a trip moves into one and leaves another. Visits that stand stay where
    they are.
    """
    price, found = _Price(network, kinds, prices), dict(rota)
    while (best := max(_moves_up(price, found), default=None)) and best[0] > LEAST_GAIN_S:
        _, source, target, order = best
        del found[price.days[-source]]
        found[price.days[-target]] = order
    return in_order(found)


def _moves_up(price: _Price, rota: Rota) -> Iterator[tuple[float, int, int, Stops]]:
    """Gain of each trip by its best free day, both days by numbers below 0, and its order there."""
    free = np.array([not rota.get(one) for one in price.days])
    teams = np.array([one.team_id for one in price.days])
    for team_day, stops in rota.items():
        if any(price.network.sites[stop].pin is not None for stop in stops):
            continue
        costs = np.where(free & (teams == team_day.team_id), price.costs_s(stops), np.inf)
        target = int(costs.argmin())
        day = price.days[target]
        gain = price.cost_s(team_day, stops) - float(costs[target])
        order = price.network.best_order(price.kinds[day], stops, day.day)
        if order is not None:
            yield gain, -price.number_of[team_day], -target, order


def apart(loads: Iterable[int]) -> float:
    """Mean over the teams of how far all others lie apart from it: of two, their difference.

    Sum of the differences of all pairs over the teams but one; 0 of a single team.
    """
    known = list(loads)
    return sum(abs(one - other) for one, other in combinations(known, 2)) / max(1, len(known) - 1)


def spread(loads: Collection[int]) -> int:
    """From the lowest load to the highest."""
    return max(loads, default=0) - min(loads, default=0)


def told_cost(
    shares: Shares,
    network: Network,
    fallen: Rota,
    shared: Rota,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
) -> Shares:
    """Tell what the trips cost more as they are shared than as they fell."""
    price = _Price(network, kinds, prices)
    cost_s = price.rota_s(shared) - price.rota_s(fallen)
    base_of = {stop: kinds[one].base for one, stops in fallen.items() for stop in stops}
    handed = [
        one
        for one, stops in shared.items()
        if any(base_of[stop] != kinds[one].base for stop in stops)
    ]
    way = [
        sum(sum(network.legs(kinds[one], stops)) for one, stops in rota.items())
        for rota in (fallen, shared)
    ]
    return replace(
        shares,
        handed=len(handed),
        travel_minutes=way[1] - way[0],
        cost_minutes=round(cost_s / 60),
    )


class _Price:
    """What trips cost by the bill, in seconds, on whatever team-day."""

    def __init__(self, network: Network, kinds: Mapping[TeamDay, Kind], prices: Prices) -> None:
        self.network = network
        self.kinds = kinds
        self.days = sorted(kinds, key=lambda one: (one.day, one.team_id))
        self.number_of = {one: number for number, one in enumerate(self.days)}
        self.table = visit_prices(network, prices)
        self.columns = np.array([prices.day_number[one.day] - 1 for one in self.days])
        self.of_kind = {
            kind: np.array([kinds[one] == kind for one in self.days])
            for kind in sorted(set(kinds.values()))
        }
        self.on_day: dict[date, list[int]] = defaultdict(list)
        for number, one in enumerate(self.days):
            self.on_day[one.day].append(number)
        self.known: dict[frozenset[int], Costs] = {}

    def cost_s(self, team_day: TeamDay, stops: Stops) -> float:
        """Cost of a trip in this order; nothing of none."""
        if not stops:
            return 0.0
        column = self.columns[self.number_of[team_day]]
        visits = float(self.table[list(stops), column].sum())
        return visits + self._way_s(self.kinds[team_day], stops)

    def rota_s(self, rota: Rota) -> float:
        """Cost of all trips of a rota."""
        return sum(self.cost_s(one, stops) for one, stops in rota.items())

    def _way_s(self, kind: Kind, stops: Stops) -> float:
        return 60 * self.network.way_minutes(kind, stops) + kind.sessions * SLOT_PRICE_S

    def costs_s(self, stops: Stops) -> Costs:
        """Cost of a trip on every team-day in its best order, infinite where it does not fit.

        Hours that a village keeps on some days only are not looked at.
        """
        key = frozenset(stops)
        if key not in self.known:
            costs = self.table[sorted(key)].sum(axis=0)[self.columns]
            for kind, where in self.of_kind.items():
                order = self.network.best_order(kind, stops)
                costs[where] += np.inf if order is None else self._way_s(kind, order)
            for day in set().union(*(self.network.sites[stop].closed_days for stop in stops)):
                costs[self.on_day.get(day, [])] = np.inf
            self.known[key] = costs
        return self.known[key]


class _Sharing:
    """A rota that is being shared, and what its teams carry."""

    def __init__(
        self,
        price: _Price,
        rota: Rota,
        fairness: float,
        carried_before: Mapping[int, int] | None,
    ) -> None:
        self.price = price
        self.network = price.network
        self.kinds = price.kinds
        self.fairness = fairness
        self.rota = {one: rota.get(one, ()) for one in price.days}
        self.carried = loads_of(self.network, self.rota, self.kinds, carried_before)

    def givers(self) -> list[int]:
        """Teams that carry more than the mean, who carries most first."""
        mean = sum(self.carried.values()) / max(1, len(self.carried))
        above = [team for team, minutes in self.carried.items() if minutes > mean]
        return sorted(above, key=lambda team: (-self.carried[team], team))

    def hand_one_on(self, giver: int) -> bool:
        """Make the change that is worth most to a team; tell whether there is any."""
        tried = [
            (worth, -at, after)
            for at, after in enumerate(self._changes(giver))
            if (worth := self._worth_s(after)) > LEAST_GAIN_S
        ]
        if not tried:
            return False
        for team_day, stops in max(tried, key=lambda one: one[:2])[2].items():
            more = self._burden(team_day, stops) - self._burden(team_day, self.rota[team_day])
            self.carried[team_day.team_id] += more
            self.rota[team_day] = stops
        return True

    def _worth_s(self, after: Mapping[TeamDay, Stops]) -> float:
        """Price of the difference that a change takes away, less what it costs; 0 for no fairer."""
        loads = dict(self.carried)
        cost_s = 0.0
        for one, stops in after.items():
            loads[one.team_id] += self._burden(one, stops) - self._burden(one, self.rota[one])
            cost_s += self.price.cost_s(one, stops) - self.price.cost_s(one, self.rota[one])
        closer = apart(self.carried.values()) - apart(loads.values())
        if closer <= 0 or spread(loads.values()) > spread(self.carried.values()):
            return 0.0
        strangers = self._at_home(self.rota, after) - self._at_home({**self.rota, **after}, after)
        return 60 * (self.fairness * closer - KNOWN_DISTRICT_MINUTES * max(0, strangers)) - cost_s

    def _burden(self, team_day: TeamDay, stops: Stops) -> int:
        return burden(self.network, self.kinds[team_day], stops) if stops else 0

    def _at_home(self, rota: Rota, changed: Iterable[TeamDay]) -> int:
        """Villages of changed days whose team has another trip in their district."""
        return sum(
            self.network.sites[stop].district in known
            for one in changed
            for known in [districts_besides(self.network, rota, one)]
            for stop in rota[one]
        )

    def _changes(self, giver: int) -> Iterator[dict[TeamDay, Stops]]:
        """Find changes of a team's trips that promise most by an estimate, and keep all hours."""
        mine = [one for one in self.price.days if one.team_id == giver and self._may_go(one)]
        if not mine:
            return
        costs = np.array([self.price.costs_s(self.rota[one]) for one in mine])
        now = np.array([self.price.cost_s(one, self.rota[one]) for one in mine])
        estimates = self._estimates_s(mine, costs, now)
        promising = np.argsort(-estimates, axis=None, kind="stable")[:MOST_TRIED]
        for place in promising.tolist():
            row, number = divmod(place, len(self.price.days))
            if estimates[row, number] <= 0:
                return
            yield from self._change(mine, row, self.price.days[number], costs - now[:, None])

    def _may_go(self, team_day: TeamDay) -> bool:
        """Whether there is a trip of which no visit stands."""
        stops = self.rota[team_day]
        return bool(stops) and all(self.network.sites[stop].pin is None for stop in stops)

    def _estimates_s(self, mine: Sequence[TeamDay], costs: Costs, now: Costs) -> Costs:
        """Estimate what each trip of a team is worth on each team-day, its load there as here.

        Of each team only its best day for a trip is worth anything.
        """
        days = self.price.days
        theirs = [self._burden(one, self.rota[one]) for one in days]
        shift = np.array([self._burden(one, self.rota[one]) for one in mine])[:, None] - theirs
        gap = self.carried[mine[0].team_id] - np.array([self.carried[one.team_id] for one in days])
        worth = 60 * self.fairness * (gap - np.abs(gap - 2 * shift)) - (costs - now[:, None])
        worth += self._moving_up_s(mine, costs, now)[:, None] * (np.array(theirs) == 0)
        for column, one in enumerate(days):
            if not self._takes(mine[0], one):
                worth[:, column] = -np.inf
            elif self.rota[one]:
                worth[:, column] -= self._back_s(mine, one)
        return _best_of_each_team(worth, [one.team_id for one in days])

    def _takes(self, giver: TeamDay, other: TeamDay) -> bool:
        """Whether a team-day is another team's that carries less, free or with a trip to change."""
        is_lighter = self.carried[other.team_id] < self.carried[giver.team_id]
        return is_lighter and (not self.rota[other] or self._may_go(other))

    def _back_s(self, mine: Sequence[TeamDay], other: TeamDay) -> Costs:
        """Price it that each of my days takes the trip of another in exchange.

        Days of another date, or alike in everything, exchange none here.
        """
        costs = self.price.costs_s(self.rota[other])
        extra = costs[[self.price.number_of[one] for one in mine]] - self.price.cost_s(
            other, self.rota[other]
        )
        alike = [one.day != other.day or self.kinds[one] == self.kinds[other] for one in mine]
        return np.where(alike, np.inf, extra)

    def _moving_up_s(self, mine: Sequence[TeamDay], costs: Costs, now: Costs) -> Costs:
        """Find what is saved when the best of the team's trips moves into the hole of each."""
        numbers = [self.price.number_of[one] for one in mine]
        saved = now[:, None] - costs[:, numbers]
        return np.maximum(0.0, saved.max(axis=0))

    def _change(
        self, mine: Sequence[TeamDay], row: int, other: TeamDay, extra_s: Costs
    ) -> Iterator[dict[TeamDay, Stops]]:
        """Work one change out; none where a village's own hours forbid it."""
        source = mine[row]
        asked = {other: self.rota[source], source: self.rota[other]}
        if not self.rota[other]:
            into = extra_s[:, self.price.number_of[source]]
            last = mine[int(into.argmin())]
            if into.min() < 0:
                asked |= {source: self.rota[last], last: ()}
        after = {
            one: self.network.best_order(self.kinds[one], stops, one.day) if stops else ()
            for one, stops in asked.items()
        }
        sound = {one: order for one, order in after.items() if order is not None}
        if len(sound) == len(asked):
            yield sound


def _best_of_each_team(worth: Costs, teams: Sequence[int]) -> Costs:
    """Keep the largest of the columns of each team in every row; the others become -infinity."""
    kept = np.full(worth.shape, -np.inf)
    rows = np.arange(len(worth))
    numbers = np.array(teams)
    for team in sorted(set(teams)):
        columns = np.flatnonzero(numbers == team)
        best = columns[worth[:, columns].argmax(axis=1)]
        kept[rows, best] = worth[rows, best]
    return kept
