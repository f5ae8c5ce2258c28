"""The bill of a plan added up anew from what the documentation says, and the best plan there is.

Nothing of the planner's own price list, bill or routes is used: only the two files and the ways.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import combinations, pairwise, permutations
from typing import Any

from tests.planning.spoken_rules import PRAYERS, Ways, minutes, workings

SESSION_ROOM_S = 2 * 3600 + 40 * 60
FULL_DAY_S = 8 * 3600
SHORTEST_WAY = 5

type File = dict[str, Any]
type Key = tuple[int, str]


def bill_in_words(problem: File, plan: File) -> float:
    """Add up the seconds of travel that a written plan costs."""
    prices = Prices(problem)
    villages = {one["code"]: one for one in problem["villages"]}
    trips: dict[Key, list[File]] = defaultdict(list)
    total = 0.0
    for visit in plan["visits"]:
        trips[visit["team"], visit["day"]].append(visit)
        total += 60 * (visit["travel_minutes"] + visit["return_minutes"])
        total += prices.waiting_s(villages[visit["code"]], visit["day"])
        total += 60 * villages[visit["code"]].get("day_costs", {}).get(visit["day"], 0)
    for key, visits in trips.items():
        total += prices.day_s(key)
        ordered = [one["code"] for one in sorted(visits, key=lambda one: one["slot"])]
        total += prices.apart_s(ordered)
    for stay in plan["stays"]:
        total += 2 * 60 * stay["access_minutes"] + FULL_DAY_S * len(stay["travel_days"])
    return total + sum(prices.left_s(villages[one["code"]]) for one in plan["unplaced"])


class Prices:
    """What things cost in seconds of travel."""

    def __init__(self, problem: File) -> None:
        villages = problem["villages"]
        parameters = problem.get("parameters", {})
        self.work = workings(problem)
        self.days = sorted({day for _, day in self.work})
        self.total = sum(one["value"] for one in villages)
        self.mean = self.total / max(1, len(villages))
        self.shortest = min((one.get("service_minutes", 120) for one in villages), default=1)
        self.weight = parameters.get("day_price", 0.5)
        self.togetherness = parameters.get("togetherness", 0.0)
        room = sum(team.get("sessions", 3) for team in self.work.values()) * SESSION_ROOM_S
        self.all_teams = room / max(1, len(self.days))

    def per_day(self, village: File) -> float:
        """A day's delay of everything costs, at full weight, what a mean day of all teams does."""
        if not self.total:
            return 0.0
        return float(self.weight * self.all_teams * village["value"] / self.total)

    def waiting_s(self, village: File, day: str) -> float:
        """Every working day that a village waits, the first included."""
        return self.per_day(village) * (1 + self.days.index(day))

    def left_s(self, village: File) -> float:
        """Three team-days, eight more for a mean value, and the longest wait there could be."""
        if not self.total:
            return 3 * FULL_DAY_S
        ratio = min(village["value"] / self.mean, 20)
        price = FULL_DAY_S * (3 + 8 * ratio) + self.per_day(village) * len(self.days)
        return float(round(min(price, 8_000_000)))

    def day_s(self, key: Key) -> int:
        """Pay for the room of a team's day, full or not."""
        return self.sessions(key) * SESSION_ROOM_S

    def sessions(self, key: Key) -> int:
        """How many of the shortest sessions fit when every way takes five minutes."""
        team = self.work[key]
        starts, ends = minutes(team.get("starts", "08:00")), minutes(team.get("ends", "17:00"))
        for count in range(team.get("sessions", 3), 0, -1):
            now = starts
            for _ in range(count):
                now = _after_prayers(key[1], now + SHORTEST_WAY, self.shortest) + self.shortest
            if now + SHORTEST_WAY <= ends:
                return count
        return 0

    def apart_s(self, codes: list[str]) -> float:
        """Legs from one district into another."""
        apart = sum(here[:8] != there[:8] for here, there in pairwise(codes))
        return float(60 * self.togetherness * apart)


def _after_prayers(day: str, starts: int, length: int) -> int:
    friday = date.fromisoformat(day).isoweekday() == 5
    if friday and starts < PRAYERS[1] and starts + length > PRAYERS[0]:
        return PRAYERS[1]
    return starts


def best_bill(problem: File) -> float:
    """Try every way to share villages out over team-days: the least bill there can be."""
    prices, ways = Prices(problem), Ways(problem)
    villages = problem["villages"]
    located = [n for n, one in enumerate(villages) if one.get("place") or "row" in one]
    left = [prices.left_s(one) for one in villages]
    costs: dict[int, float] = {0: 0.0}
    for key in prices.work:
        trips = {0: 0.0}
        for size in range(1, prices.sessions(key) + 1):
            for chosen in combinations(located, size):
                price = _cheapest(key, [villages[n] for n in chosen], prices, ways)
                if price is not None:
                    trips[sum(1 << n for n in chosen)] = price
        joined: dict[int, float] = {}
        for done, cost in costs.items():
            for mask, price in trips.items():
                if not done & mask:
                    new = cost + price
                    joined[done | mask] = min(new, joined.get(done | mask, new))
        costs = joined
    return min(
        cost + sum(price for n, price in enumerate(left) if not done >> n & 1)
        for done, cost in costs.items()
    )


def _cheapest(key: Key, trip: list[File], prices: Prices, ways: Ways) -> float | None:
    found = [cost for one in permutations(trip) if (cost := _walk(key, one, prices, ways))]
    return min(found, default=None)


def _walk(key: Key, trip: tuple[File, ...], prices: Prices, ways: Ways) -> float | None:
    """Go through the day as early as can be; None when it cannot be held."""
    day, team = key[1], prices.work[key]
    base = ways.base_of(team)
    here, now, total = base, minutes(team.get("starts", "08:00")), float(prices.day_s(key))
    for village in trip:
        there = ways.place_of(village)
        way, length = ways.between(here, there), village.get("service_minutes", 120)
        hours = village.get("hours_on", {}).get(day, village.get("hours", {}))
        now = max(now + way, minutes(hours.get("opens", "00:00")))
        if pin := village.get("pin"):
            if (pin["team"], pin["day"]) != key or now > minutes(pin["starts"]):
                return None
            now = minutes(pin["starts"])
        now = _after_prayers(day, now, length)
        closed = day in village.get("closed_days", [])
        if closed or now + length > minutes(hours.get("closes", "24:00")):
            return None
        total += 60 * way + prices.waiting_s(village, day)
        total += 60 * village.get("day_costs", {}).get(day, 0)
        here, now = there, now + length
    back = ways.between(here, base)
    if now + back > minutes(team.get("ends", "17:00")):
        return None
    return total + 60 * back + prices.apart_s([one["code"] for one in trip])
