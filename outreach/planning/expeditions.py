"""Expeditions: villages beyond a day's reach are visited from a hub where the team stays.

The way to the hub and back is paid once; in between every day is a day-trip with the hub as its
base. `hubs` says which villages go together; here each group gets a block of consecutive working
days of one team, weighed against what the ordinary day-trips lose by it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import islice
from statistics import fmean
from typing import TYPE_CHECKING

from outreach.planning.bill import bill_of
from outreach.planning.blocks import (
    Block,
    Calendar,
    is_dense,
    resting_days,
    sessions_on,
)
from outreach.planning.capacity import team_days_needed
from outreach.planning.daytrip import visits_of_day
from outreach.planning.hub_days import busy_days, busy_rota, without_long_waits
from outreach.planning.hubs import LONGEST_STAY_DAYS, ground_of, groups_of, ordinary_day
from outreach.planning.market import Market
from outreach.planning.model import Plan, Reason, Remedy, Stay, Unplaced
from outreach.planning.more_days import EXTENSION_DAYS
from outreach.planning.network import SHORTEST_LEG_MINUTES, kinds_of, network_of
from outreach.planning.prices import (
    FEAST_AWAY_PRICE_S,
    NIGHT_PRICE_S,
    TEAM_DAY_PRICE_S,
    prices_of,
)
from outreach.planning.reasons import has_place, without_team
from outreach.planning.routing import Search, plan_rota
from outreach.planning.stay_weeks import StayWeeks
from outreach.planning.travel import travel_minutes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import PlannedVisit, Point, Problem, Site, TeamDay

    type Resting = Mapping[int, frozenset[date]]

# Villages that found no block, or not the whole of it, are grouped anew so often.
ATTEMPTS = 3

# The block of a stay is chosen by an estimate: of the best so many are planned out, or as many as
# it takes where villages are closed too often for a stay.
BLOCKS_TRIED = 2
MOST_BLOCKS_TRIED = 8

# A stay may take so many days more than estimated: Fridays, closed days, hours.
LENGTHS_TRIED = 4

# Who works so many days of a week is away for weeks on end: farther a village is none.
WHOLE_WEEK = 5

# Rounds of the solver in each of its steps: stays are small, more rounds find nothing better.
ROUNDS = 60
ROUNDS_A_SITE = 6


@dataclass(frozen=True, slots=True)
class Expeditions:
    """The stays with their visits, and what is left for ordinary day-trips.

    Attributes
    ----------
    team_days
        Of the problem, without the days of the stays: travelling, at the hub, or waiting there.
    unplaced
        The far villages without a visit, each with its reason.
    """

    stays: tuple[Stay, ...]
    visits: tuple[PlannedVisit, ...]
    team_days: tuple[TeamDay, ...]
    unplaced: tuple[Unplaced, ...]


def plan_stays(
    problem: Problem, far: Sequence[Site], resting: Resting | None = None
) -> Expeditions:
    """Plan stays for villages that no team-day of the problem reaches from its base.

    Every one of *far* ends in `visits` or, with its one reason, in `unplaced`. A stay is a block of
    consecutive working days of one team; a weekend or a feast in between is spent at the hub, and
    nobody sits there longer without a session (see `blocks`). With room for all every village gets
    its stay; else stays and ordinary day-trips (the other villages of the problem) compete by what
    leaving their villages out costs. The same problem gives the same stays, in whatever order its
    villages come.

    Parameters
    ----------
    far
        Sites of the problem with a place and without a pin.
    resting
        Days off by team; those of `blocks.resting_days` for the problem without it.
    """
    ordered = sorted(far, key=lambda site: site.code)
    if not ordered or not problem.team_days:
        return Expeditions((), (), problem.team_days, tuple(without_team(ordered)))
    off = resting_days(problem.team_days, problem.rests) if resting is None else resting
    camp = _Camp(problem, ordered, off)
    waiting = ordered
    for _ in range(ATTEMPTS):
        if not sum([camp.settle(group) for group in camp.groups(waiting)]):
            break
        waiting = [site for site in waiting if site.code not in camp.visited]
    return Expeditions(
        stays=tuple(sorted(camp.stays, key=lambda one: (one.session_days, one.team_id))),
        visits=tuple(sorted(camp.visits, key=lambda one: (one.day, one.team_id, one.slot))),
        team_days=tuple(one for one in problem.team_days if one not in camp.taken),
        unplaced=tuple(sorted(_reasons(camp, waiting), key=lambda one: one.code)),
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Villages visited from one hub, and how many working days that takes by the estimate.

    Attributes
    ----------
    trips
        Day-trips from the hub.
    days
        The trips and the days on the way.
    closed
        How many of the villages are closed on a day.
    """

    hub: Site
    sites: tuple[Site, ...]
    trips: int
    days: int
    closed: Counter[date]


@dataclass(frozen=True, slots=True)
class Outing:
    """A stay planned out on a block.

    Attributes
    ----------
    gain_s
        Price of leaving its villages out, less what the stay costs and what others lose by it.
    is_worth_it
        Whether leaving its villages out is dearer than leaving out those it displaces: what the
        way costs keeps nobody from a visit.
    """

    stay: Stay
    visits: tuple[PlannedVisit, ...]
    days: tuple[TeamDay, ...]
    gain_s: float
    is_worth_it: bool


class _Camp:
    """The stays settled so far, and the days that are free still."""

    def __init__(self, problem: Problem, far: Sequence[Site], resting: Resting) -> None:
        self.problem = problem
        self.resting = resting
        self.prices = prices_of(problem)
        self.sites = {site.code: site for site in problem.sites}
        self.number_of = {code: number for number, code in enumerate(self.sites)}
        pins = (site.pin for site in problem.sites if site.pin is not None)
        pinned = {(pin.team_id, pin.day) for pin in pins}
        days = [one for one in problem.team_days if (one.team_id, one.day) not in pinned]
        self.calendar = Calendar(days, resting, problem.away)
        self.longest = self.calendar.longest()
        self.market = self._market({site.code for site in far})
        self.day = ordinary_day(problem.team_days)
        self.stays: list[Stay] = []
        self.visits: list[PlannedVisit] = []
        self.visited: set[str] = set()
        self.taken: set[TeamDay] = set()

    def _market(self, far: set[str]) -> Market:
        near = [site for site in self.problem.sites if site.code not in far and has_place(site)]
        numbers = [self.number_of[site.code] for site in near]
        left_out, delay = self.prices.left_out[numbers], self.prices.delay[numbers]
        needed = team_days_needed(near, self.problem.team_days)
        return Market(needed, self.problem.team_days, left_out.tolist(), delay.tolist())

    def groups(self, sites: Sequence[Site]) -> list[Group]:
        """Villages that go together, those with most to lose per day first."""
        bases = [one.base for one in self.problem.team_days]
        ground = ground_of(sites, bases, self.day, self.problem.travel, self.longest)
        found = [
            Group(
                sites[hub],
                tuple(sites[stop] for stop in members),
                trips := ground.trips(hub, members)[0],
                trips + ground.days_on_the_way(hub),
                Counter(day for stop in members for day in sites[stop].closed_days),
            )
            for hub, members in groups_of(ground)
        ]
        return sorted(found, key=lambda one: (-self.left_out_s(one.sites) / one.days, one.hub.code))

    def left_out_s(self, sites: Iterable[Site]) -> float:
        """Price of leaving the villages out."""
        return float(sum(self.prices.left_out[self.number_of[site.code]] for site in sites))

    def access_to(self, hub: Site) -> Callable[[Point], int]:
        """Tell the minutes from a base to a hub."""
        return lambda base: travel_minutes(base, hub.point, self.problem.travel)

    def settle(self, group: Group) -> bool:
        """Give a group the best block there is; tell whether there is one worth its price."""
        tried = filter(None, (self._outings(group, block) for block in self._promising(group)))
        best_two = islice(tried, BLOCKS_TRIED)
        found = [one for outings in best_two for one in outings if one.is_worth_it]
        best = max(found, key=lambda one: one.gain_s, default=None)
        if best is None:
            return False
        self.stays.append(best.stay)
        self.visits += best.visits
        self.visited.update(visit.code for visit in best.visits)
        self.taken.update(best.days)
        self.calendar.take(best.days)
        self.market.take(best.days)
        return True

    def _promising(self, group: Group) -> list[Block]:
        """Blocks that promise most, by an estimate."""
        access = self.access_to(group.hub)
        blocks = self.calendar.blocks(access, len(group.sites), group.trips)
        gain, delay_s = self.left_out_s(group.sites), self._delay_s(group.sites)
        ranked = [
            (self._promise_s(block, group, gain, delay_s), number, block)
            for number, block in enumerate(blocks)
        ]
        return [block for _, _, block in nsmallest(MOST_BLOCKS_TRIED, ranked)]

    def _promise_s(self, block: Block, group: Group, gain_s: float, delay_s: float) -> float:
        """Cost of a block less its gain; what it cannot hold gains nothing."""
        days, villages = block.at_hub, len(group.sites)
        held = sum(min(sessions_on(one), villages - group.closed[one.day]) for one in days)
        share = min(1.0, held / villages)
        waits = fmean(self.prices.day_number[one.day] for one in days)
        cost = TEAM_DAY_PRICE_S * len(block.days) + self.market.taking_s(block.days)
        cost += away_s(block, [one.day for one in block.days])
        return cost - share * (gain_s - delay_s * waits)

    def _delay_s(self, sites: Iterable[Site]) -> float:
        return float(sum(self.prices.delay[self.number_of[site.code]] for site in sites))

    def _outings(self, group: Group, block: Block) -> list[Outing]:
        """Plan a stay on a block; while villages are left and there is room, a day longer."""
        found = []
        tried: Block | None = block
        for _ in range(LENGTHS_TRIED):
            if tried is None:
                break
            held = 0
            if outing := self._outing(group, tried):
                found.append(outing)
                held = len(outing.visits)
            tried = tried.longer() if held < len(group.sites) else None
        return found

    def _outing(self, group: Group, block: Block) -> Outing | None:
        """Plan the trips of a stay on a block; None when nobody would stay for what it holds."""
        trips = without_long_waits(self._trips(group, block), block)
        if not trips:
            return None
        used = [number for number, one in enumerate(block.days) if one.day in trips]
        days = block.from_to(used[0], used[-1])
        if not is_dense(busy_days(days, trips)):
            return None
        visits = tuple(visit for trip in trips.values() for visit in trip)
        stay = Stay(
            team_id=days[0].team_id,
            hub_code=group.hub.code,
            hub=group.hub.point,
            travel_days=tuple(one.day for one in days if one.day not in trips),
            session_days=tuple(one.day for one in days if one.day in trips),
            access_minutes=block.access_minutes,
        )
        saved_s = self.left_out_s([self.sites[one.code] for one in visits])
        cost_s = self._cost_s(stay, visits) + away_s(block, [one.day for one in days])
        gain_s = saved_s - cost_s - self.market.taking_s(days)
        worth = saved_s > self.market.displaced_s(len(days))
        return Outing(stay, visits, days, gain_s, worth)

    def _trips(self, group: Group, block: Block) -> dict[date, tuple[PlannedVisit, ...]]:
        """Day-trips from the hub by date, in order of the dates."""
        days = [replace(one, base=group.hub.point) for one in block.at_hub]
        network = network_of(group.sites, days, self.problem.travel)
        kinds = {one: kind for one, kind in kinds_of(network, days).items() if kind.sessions > 0}
        if not kinds:
            return {}
        prices = self.prices.restricted([self.number_of[site.code] for site in group.sites])
        rounds = ROUNDS + ROUNDS_A_SITE * len(group.sites)
        rota = plan_rota(network, kinds, prices, Search(self.problem.seed, (rounds, rounds)))
        rota = busy_rota(network, kinds, rota)
        planned = {
            one.day: visits_of_day(
                one, [group.sites[stop] for stop in stops], measured=self.problem.travel
            )
            for one, stops in sorted(rota.items(), key=lambda item: item[0].day)
        }
        return {day: visits for day, visits in planned.items() if visits}

    def _cost_s(self, stay: Stay, visits: Sequence[PlannedVisit]) -> float:
        """Price of a stay by the bill of a plan of it alone."""
        plan = Plan(
            visits=tuple(visits),
            unplaced=(),
            travel_minutes=way_minutes([stay])
            + sum(one.travel_minutes + one.return_minutes for one in visits),
            team_days_used=len(stay.travel_days) + len(stay.session_days),
            rounds=(0, 0),
            seed=0,
            solver="",
            stays=(stay,),
        )
        return bill_of(self.problem, plan).total_s


def away_s(block: Block, days: Sequence[date]) -> float:
    """Price of the nights, and of the feasts, from the first to the last of a stay's days."""
    nights, feasts = (days[-1] - days[0]).days, block.feasts_between(days[0], days[-1])
    return float(NIGHT_PRICE_S * nights + FEAST_AWAY_PRICE_S * feasts)


def way_minutes(stays: Iterable[Stay]) -> int:
    """Minutes on the road to the hubs and back."""
    return sum(2 * stay.access_minutes for stay in stays)


def _reasons(camp: _Camp, left: Sequence[Site]) -> Iterator[Unplaced]:
    """Why the villages have no visit, and what would help."""
    groups = camp.groups(left)
    grouped = {site.code for group in groups for site in group.sites}
    for site in left:
        if site.code not in grouped:
            missing = 2 * SHORTEST_LEG_MINUTES + site.session_minutes - camp.day.minutes
            yield Unplaced(site.code, Reason.TOO_FAR, Remedy.LONGER_DAY, max(0, missing))
    days = {one.day for one in camp.problem.team_days}
    spare = camp.market.spare()
    longest = camp.calendar.tails(camp.problem.team_days)
    tails = {team_id: min(tail, spare) for team_id, tail in longest.items()}
    weeks_away = LONGEST_STAY_DAYS // 7 * max(WHOLE_WEEK, len({day.weekday() for day in days}))
    for group in groups:
        if group.days - group.trips >= weeks_away:
            # Weeks on the way and back: the place is wrong rather than far.
            reason, remedy, amount = Reason.TOO_FAR, Remedy.LOCATE_VILLAGE, 0
        else:
            reason, (remedy, amount) = Reason.NO_CAPACITY, _cure(camp, group, len(days), tails)
        for site in group.sites:
            if reason is Reason.NO_CAPACITY and days <= site.closed_days:
                yield Unplaced(site.code, Reason.ALWAYS_CLOSED, Remedy.OPEN_A_DAY, 1)
            else:
                yield Unplaced(site.code, reason, remedy, amount)


def _cure(camp: _Camp, group: Group, days: int, tails: dict[int, int]) -> tuple[Remedy, int]:
    """Find what would give a group its stay; days of a longer stage add up in `tails`."""
    weeks = StayWeeks(camp.problem.team_days, camp.resting, camp.access_to(group.hub))
    if not weeks.hold_a_stay():
        if weekday := weeks.weekday_missing():
            return Remedy.ANOTHER_WEEKDAY, weekday
        if weeks.hold_one_of_whole_weeks():
            return Remedy.ADD_TEAM, 1
    missing = _days_missing(group, tails)
    if missing <= EXTENSION_DAYS or group.days > days:
        return Remedy.LONGER_STAGE, missing
    return Remedy.ADD_TEAM, 1


def _days_missing(group: Group, tails: dict[int, int]) -> int:
    """Working days that the stage would have to be longer; the team's tail is used up by it."""
    team_id = max(tails, key=lambda one: (tails[one], -one))
    tails[team_id] -= group.days
    return max(1, -tails[team_id])
