"""A running plan after something upset it: fewest changed promises first, the cost second.

What is confirmed keeps its team, day and start. Visits that are hit, and villages that wait, are
put into the room there is; then the solver goes on from there, and whoever it moves besides has to
be worth the price of a move. Without an event the plan stays what it was.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.assign import visits_as_they_stand
from outreach.planning.bill import Bill, bill_of
from outreach.planning.daytrip import visits_of_day
from outreach.planning.events import days_with_stays, hit_by, stays_kept
from outreach.planning.exchanging import worth_taking
from outreach.planning.hub_gaps import beyond, insert_at_hubs
from outreach.planning.model import Pin, Plan, Reason, Remedy, Unplaced
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import LARGEST_PRICE_S, prices_of
from outreach.planning.reasons import has_place, out_of_reach, without_place, without_team
from outreach.planning.rota import in_order, insert_left
from outreach.planning.routing import Search, improve
from outreach.planning.slots import visit_prices
from outreach.planning.solver import SOLVER
from outreach.planning.standing import at_their_pins, crowded_out, put_at_pins
from outreach.planning.trying import without_capacity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import PlannedVisit, Problem, Site, TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.rota import Rota

# Another day for a village that was not hit is worth two hours of travel saved: a letter, a call
# and a changed evening for the village's head.
MOVE_PRICE_MINUTES = 120

# A village that has confirmed is asked again only for as much more.
CONFIRMED_TIMES = 3

# On its own day a visit by another team is a third of that: only the name of who comes changes.
OTHER_TEAM_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class Budget:
    """How long the solver goes on: so many rounds, or until the repair has used processor seconds.

    What it found is priced after that, so a repair takes somewhat longer: 1.2 s with the usual
    second, measured on 633 visits.
    """

    rounds: int | None = None
    cpu_seconds: float = 1.0

    @property
    def seconds(self) -> float | None:
        """Processor seconds, unless the rounds say when to end."""
        return None if self.rounds is not None else self.cpu_seconds


@dataclass(frozen=True, slots=True)
class Mended:
    """The plan as it goes on, and what became of the visits that stood.

    Attributes
    ----------
    hit
        Villages that were named, or whose visit could not be held any more.
    moved
        Villages with another team or day than before, those hit included.
    shifted
        Villages with the same team and day that start at another time.
    lost, gained
        Villages that had a visit and have none, and the other way round.
    kept
        Villages whose team, day and start are what they were.
    before
        Bill of the plan as the event leaves it: those hit have no visit.
    """

    plan: Plan
    hit: frozenset[str]
    moved: frozenset[str]
    shifted: frozenset[str]
    lost: frozenset[str]
    gained: frozenset[str]
    kept: frozenset[str]
    before: Bill
    after: Bill

    @property
    def moved_besides(self) -> frozenset[str]:
        """Villages that had to make way for those hit."""
        return self.moved - self.hit


def mend(
    problem: Problem,
    standing: Plan,
    *,
    confirmed: Collection[str] = frozenset(),
    hit: Collection[str] = frozenset(),
    move_price_minutes: float | None = MOVE_PRICE_MINUTES,
    may_move_confirmed: bool = False,
    budget: Budget | None = None,
) -> Mended:
    """Repair a standing plan under the question as it is now.

    Parameters
    ----------
    problem
        From the first day on which anything may change, with what happened in it (`events.after`).
    standing
        Its visits from that day on; villages of the problem that it does not know are new.
    confirmed
        Villages that keep their team, day and start unless they are hit.
    hit
        Villages that need another place although theirs could be held; those whose visit cannot be
        held any more (`events.hit_by`) need not be named. A visit at a pin of the problem is never
        hit: it stands there even where that breaks a rule, as `assign` leaves it.
    move_price_minutes
        Minutes of travel that a visit on another day has to spare, >= 0; None moves nobody but
        those hit.
    may_move_confirmed
        Confirmed visits move too, at three times the price.
    """
    effort = budget or Budget()
    search = Search(problem.seed, (0, effort.rounds or 0), effort.seconds)
    struck = hit_by(problem, standing) | frozenset(hit)
    work = _Mending(problem, standing, struck, frozenset(confirmed), may_move_confirmed)
    rota = work.filled(work.rota)
    if not work.upset and rota == work.rota:
        return work.unchanged()
    if move_price_minutes is not None:
        rota = work.improved(rota, 60 * move_price_minutes, search)
    return work.told(rota, search.done[1])


class _Mending:
    """A standing plan on the ground of the question as it is now."""

    def __init__(
        self,
        problem: Problem,
        standing: Plan,
        struck: frozenset[str],
        confirmed: frozenset[str],
        may_move_confirmed: bool,
    ) -> None:
        known = {site.code for site in problem.sites}
        self.problem, self.standing = problem, standing
        self.was = {visit.code: visit for visit in standing.visits}
        located = [site for site in problem.sites if has_place(site)]
        self.fixed = visits_as_they_stand(problem, located)
        self.taken = {(visit.team_id, visit.day) for visit in self.fixed}
        self.stays = stays_kept(problem, standing)
        days = days_with_stays(problem.team_days, self.stays)
        self.days = {key: one for key, one in days.items() if key not in self.taken}
        pushed = crowded_out(problem, standing, self.taken)
        self.hit = (struck | pushed) & known - at_their_pins(problem, standing)
        firm = frozenset() if may_move_confirmed else (confirmed - self.hit) & known
        self.confirmed = confirmed
        done = {visit.code for visit in self.fixed}
        waiting = [site for site in located if site.code not in done]
        self.sites = tuple(self._pinned(one) if one.code in firm else one for one in waiting)
        answered = {*self.was, *(one.code for one in standing.unplaced)}
        self.upset = bool(self.hit) or answered != known

    def _pinned(self, site: Site) -> Site:
        was = self.was.get(site.code)
        if was is None or site.pin is not None:
            return site
        return replace(site, pin=Pin(was.team_id, was.day, was.starts_minute))

    @cached_property
    def network(self) -> Network:
        """Ground of the located sites and of all days, those of stays from their hubs."""
        apart = self.problem.parameters.togetherness
        return network_of(self.sites, list(self.days.values()), self.problem.travel, apart)

    @cached_property
    def prices(self) -> Prices:
        """Prices of the located sites."""
        number_of = {site.code: number for number, site in enumerate(self.problem.sites)}
        codes = [number_of[site.code] for site in self.sites]
        return prices_of(self.problem).restricted(codes)

    @cached_property
    def kinds(self) -> dict[TeamDay, Kind]:
        """Kind of every team-day that holds a session."""
        if not self.sites:
            return {}
        found = kinds_of(self.network, self.days.values())
        return {one: kind for one, kind in found.items() if kind.sessions > 0}

    @cached_property
    def rota(self) -> Rota:
        """Day-trips that stand, without those hit."""
        stop_of = {site.code: stop for stop, site in enumerate(self.sites)}
        trips: dict[TeamDay, list[int]] = defaultdict(list)
        for visit in sorted(self.standing.visits, key=lambda visit: visit.slot):
            if visit.code in stop_of and visit.code not in self.hit:
                trips[self.days[visit.team_id, visit.day]].append(stop_of[visit.code])
        put_at_pins(self.network, self.kinds, trips)
        return in_order({one: tuple(stops) for one, stops in trips.items()})

    @cached_property
    def fixed_days(self) -> frozenset[TeamDay]:
        """Full days with a visit that stands fast, and those of stays: the solver need not look."""
        return frozenset(
            one
            for one, stops in self.rota.items()
            if one in self.at_hubs
            or one not in self.kinds
            or (
                len(stops) >= self.kinds[one].sessions
                and any(self.sites[stop].pin is not None for stop in stops)
            )
        )

    @cached_property
    def at_hubs(self) -> frozenset[TeamDay]:
        """Days at the hub of a stay."""
        keys = {(stay.team_id, day) for stay in self.stays for day in stay.session_days}
        return frozenset(one for key, one in self.days.items() if key in keys)

    def filled(self, rota: Rota) -> Rota:
        """Put whoever has no place where that costs least; nobody else moves.

        Who is reached from a base is not visited from a hub, as in a plan made afresh.
        """
        placed = {stop for stops in rota.values() for stop in stops}
        left = [stop for stop in range(len(self.sites)) if stop not in placed]
        if not (self.kinds and left):
            return rota
        away = {one: kind for one, kind in self.kinds.items() if one in self.at_hubs}
        home = {one: kind for one, kind in self.kinds.items() if one not in away}
        far = beyond(self.network, home.values(), left)
        table, near = visit_prices(self.network, self.prices), {*left} - {*far}
        found = {one: stops for one, stops in rota.items() if one in self.kinds}
        found |= insert_left(self.network, rota, home, near, self.prices.day_number, table)
        found |= insert_at_hubs(self.network, rota, away, far, self.prices)
        return in_order(found)

    def improved(self, rota: Rota, move_s: float, search: Search) -> Rota:
        """Let the solver go on from a rota; what it finds is taken if it is cheaper, moves paid."""
        kinds = {one: kind for one, kind in self.kinds.items() if one not in self.fixed_days}
        fixed = {one: stops for one, stops in rota.items() if one in self.fixed_days}
        busy = {stop for stops in fixed.values() for stop in stops}
        loose = [stop for stop in range(len(self.sites)) if stop not in busy]
        if not (kinds and loose):
            return rota
        new = {stop: number for number, stop in enumerate(loose)}
        start = {one: tuple(new[stop] for stop in rota.get(one, ())) for one in kinds}
        start = {one: stops for one, stops in start.items() if stops}
        part, prices = self.network.restricted(loose), self._firm_prices.restricted(loose)
        better = improve(part, kinds, prices, start, search, self._moves_s(loose, move_s))
        found = {one: tuple(loose[stop] for stop in stops) for one, stops in better.items()}
        found = self.filled(in_order({**fixed, **found}))
        ground = self.network, kinds, self.prices
        return worth_taking(*ground, rota, found, lambda one: self._cost_s(one, move_s))

    def _cost_s(self, rota: Rota, move_s: float) -> float:
        """Add up what a rota costs, the visits that move paid."""
        prices = self._moves_s(range(len(self.sites)), move_s)
        number = self.prices.day_number
        served = [(stop, one) for one, stops in rota.items() for stop in stops]
        days = sum(prices[stop, number[one.day] - 1] for stop, one in served)
        teams = sum(self._is_with_another_team(stop, one) for stop, one in served)
        lost = self._stood - {stop for stop, _ in served}
        moves = float(days) + OTHER_TEAM_SHARE * move_s * teams + LARGEST_PRICE_S * len(lost)
        return bill_of(self.problem, self._plan(rota)).total_s + moves

    def _is_with_another_team(self, stop: int, team_day: TeamDay) -> bool:
        was = self.was.get(self.sites[stop].code)
        is_its_day = was is not None and stop in self._stood and was.day == team_day.day
        return is_its_day and was is not None and was.team_id != team_day.team_id

    @cached_property
    def _stood(self) -> frozenset[int]:
        """Sites whose visit stands and is not hit: none of them goes without one for another."""
        return frozenset(stop for stops in self.rota.values() for stop in stops)

    @cached_property
    def _firm_prices(self) -> Prices:
        left_out = self.prices.left_out.copy()
        left_out[sorted(self._stood)] = LARGEST_PRICE_S
        return replace(self.prices, left_out=left_out)

    def _moves_s(self, stops: Sequence[int], move_s: float) -> NDArray[np.float64]:
        """Seconds that a visit to each site costs on each working day that is not its own."""
        day_number = self.prices.day_number
        seconds = np.zeros((len(stops), len(day_number)))
        for row, stop in enumerate(stops):
            code = self.sites[stop].code
            was = self.was.get(code)
            if was is not None and code not in self.hit and was.day in day_number:
                seconds[row, :] = move_s * (CONFIRMED_TIMES if code in self.confirmed else 1)
                seconds[row, day_number[was.day] - 1] = 0
        return seconds

    def _day(self, team_day: TeamDay, stops: tuple[int, ...]) -> Sequence[PlannedVisit]:
        """Visits of a day; those that were on it already start no earlier than they did."""
        sites = [self.sites[stop] for stop in stops]
        stood = [self.was.get(site.code) for site in sites]
        starts = [
            was.starts_minute
            if was is not None and (was.team_id, was.day) == (team_day.team_id, team_day.day)
            else 0
            for was in stood
        ]
        measured = self.problem.travel
        kept = visits_of_day(team_day, sites, not_before=starts, measured=measured)
        return kept or visits_of_day(team_day, sites, measured=measured) or ()

    def _plan(self, rota: Rota, rounds: int = 0, *, with_reasons: bool = False) -> Plan:
        planned = [visit for one, stops in rota.items() for visit in self._day(one, stops)]
        visits = [*self.fixed, *planned]
        visits.sort(key=lambda visit: (visit.day, visit.team_id, visit.slot))
        held = {(visit.team_id, visit.day) for visit in visits}
        stays = tuple(
            stay
            for stay in self.stays
            if any((stay.team_id, day) in held for day in stay.session_days)
        )
        ways = sum(visit.travel_minutes + visit.return_minutes for visit in visits)
        left = self._reasons(planned) if with_reasons else self._without_visit(visits)
        return Plan(
            visits=tuple(visits),
            unplaced=tuple(sorted(left, key=lambda one: one.code)),
            travel_minutes=ways + sum(2 * stay.access_minutes for stay in stays),
            team_days_used=len({(visit.team_id, visit.day) for visit in visits})
            + sum(len(stay.travel_days) for stay in stays),
            rounds=(0, rounds),
            seed=self.problem.seed,
            solver=SOLVER,
            stays=stays,
        )

    def _without_visit(self, visits: Iterable[PlannedVisit]) -> list[Unplaced]:
        placed = {visit.code for visit in visits}
        return [
            Unplaced(site.code, Reason.NO_CAPACITY, Remedy.NEXT_STAGE)
            for site in self.problem.sites
            if site.code not in placed
        ]

    def _reasons(self, visits: Sequence[PlannedVisit]) -> list[Unplaced]:
        """Say of every village without a visit why, and the cheapest cure."""
        placed = {visit.code for visit in visits}
        found = without_place(self.problem.sites)
        if not self.kinds:
            return found + without_team(site for site in self.sites if site.code not in placed)
        found += [one for one in out_of_reach(self.network, self.kinds) if one.code not in placed]
        told = {one.code for one in found}
        within = [site for site in self.sites if site.code not in told]
        days = [one for one in self.problem.team_days if (one.team_id, one.day) not in self.taken]
        return found + without_capacity(within, visits, days, self.problem.travel, self.stays)

    def unchanged(self) -> Mended:
        """Leave everything as it is: nothing has happened to this plan."""
        bill = bill_of(self.problem, self.standing)
        none, kept = frozenset[str](), frozenset(self.was)
        return Mended(self.standing, none, none, none, none, none, kept, bill, bill)

    def told(self, rota: Rota, rounds: int) -> Mended:
        """Put the answer together."""
        plan = self._plan(rota, rounds, with_reasons=True)
        now = {visit.code: visit for visit in plan.visits}
        stood = {code for code in self.was if code in {site.code for site in self.problem.sites}}
        both = stood & now.keys()
        moved = {code for code in both if _appointment(now[code]) != _appointment(self.was[code])}
        starts = {code for code in both if now[code].starts_minute != self.was[code].starts_minute}
        return Mended(
            plan=plan,
            hit=self.hit,
            moved=frozenset(moved),
            shifted=frozenset(starts - moved),
            lost=frozenset(stood - now.keys()),
            gained=frozenset(now.keys() - stood),
            kept=frozenset(both - moved - starts),
            before=bill_of(self.problem, self._plan(self.rota)),
            after=bill_of(self.problem, plan),
        )


def _appointment(visit: PlannedVisit) -> tuple[int, date]:
    return visit.team_id, visit.day
