"""From the question to the plan: who visits which village on which day, and why some wait."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from outreach.planning.daytrip import visits_of_day
from outreach.planning.model import Plan
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import prices_of
from outreach.planning.reasons import (
    has_place,
    out_of_reach,
    without_capacity,
    without_place,
    without_team,
)
from outreach.planning.rota import give_trips, insert_left
from outreach.planning.routing import SOLVER, Search, rounds_for, route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from outreach.planning.model import PlannedVisit, Problem, Site, Unplaced
    from outreach.planning.network import Kind

# Progress is told about so many times in all.
PROGRESS_STEPS = 100


def assign(problem: Problem, on_progress: Callable[[int, int], None] | None = None) -> Plan:
    """Plan the visits: every site ends in `visits` or, with its one reason, in `unplaced`.

    The same problem gives the same plan on every machine.

    Parameters
    ----------
    on_progress
        Called about a hundred times with the solver's rounds done and the rounds in all. What it
        raises ends the planning and comes out here: the way to cancel.
    """
    unplaced = without_place(problem.sites)
    located = [site for site in problem.sites if has_place(site)]
    if not problem.team_days or not located:
        return plan_of(problem, (), 0, unplaced + without_team(located))
    network = network_of(located, problem.team_days, problem.travel)
    unplaced += out_of_reach(network, kinds_of(network, problem.team_days))
    refused = {one.code for one in unplaced}
    sites = [site for site in located if site.code not in refused]
    if not sites:
        return plan_of(problem, (), 0, unplaced)
    rounds = problem.parameters.rounds
    rounds = rounds_for(len(sites)) if rounds is None else rounds
    visits = visits_to(problem, sites, rounds, on_progress)
    unplaced += without_capacity(sites, visits, problem.team_days)
    return plan_of(problem, visits, rounds, unplaced)


def plan_of(
    problem: Problem, visits: Sequence[PlannedVisit], rounds: int, unplaced: Sequence[Unplaced]
) -> Plan:
    """Put the answer together: visits by date, team and time; the rest by code."""
    return Plan(
        visits=tuple(sorted(visits, key=lambda visit: (visit.day, visit.team_id, visit.slot))),
        unplaced=tuple(sorted(unplaced, key=lambda one: one.code)),
        travel_minutes=sum(visit.travel_minutes + visit.return_minutes for visit in visits),
        team_days_used=len({(visit.team_id, visit.day) for visit in visits}),
        rounds=rounds,
        seed=problem.seed,
        solver=SOLVER,
    )


def visits_to(
    problem: Problem,
    sites: Sequence[Site],
    rounds: int,
    on_progress: Callable[[int, int], None] | None,
) -> list[PlannedVisit]:
    """Visits to as many of the sites, each reachable alone, as the team-days hold."""
    network = network_of(sites, problem.team_days, problem.travel)
    kinds = {
        team_day: kind
        for team_day, kind in kinds_of(network, problem.team_days).items()
        if kind.sessions > 0
    }
    days: dict[Kind, list[date]] = defaultdict(list)
    for team_day, kind in sorted(kinds.items(), key=lambda item: (item[0].day, item[0].team_id)):
        days[kind].append(team_day.day)
    progress = Progress(2 * rounds, on_progress)
    search = Search(rounds, problem.seed, progress.step)
    number_of = {site.code: number for number, site in enumerate(problem.sites)}
    prices = prices_of(problem).restricted([number_of[site.code] for site in sites])
    trips = route(network, days, prices, search)
    rota = give_trips(network, trips, kinds)
    served = {stop for stops in rota.values() for stop in stops}
    left = [stop for stop in range(len(sites)) if stop not in served]
    return [
        visit
        for team_day, stops in insert_left(network, rota, kinds, left).items()
        for visit in visits_of_day(
            team_day, [sites[stop] for stop in stops], measured=problem.travel
        )
        or ()
    ]


class Progress:
    """Counts the solver's rounds and tells of every hundredth part of them."""

    def __init__(self, rounds: int, tell: Callable[[int, int], None] | None) -> None:
        self.rounds = rounds
        self.done = 0
        self.tell = tell

    def step(self) -> None:
        """Count one round."""
        self.done += 1
        due = self.done * PROGRESS_STEPS // self.rounds
        if self.tell is not None and due > (self.done - 1) * PROGRESS_STEPS // self.rounds:
            self.tell(self.done, self.rounds)
