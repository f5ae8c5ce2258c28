"""From the question to the plan: who visits which village on which day, and why some wait."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from outreach.planning.blocks import resting_days
from outreach.planning.check import violations_of_day
from outreach.planning.daytrip import standing_visits, visits_of_day, visits_without_a_day
from outreach.planning.expeditions import plan_stays, way_minutes
from outreach.planning.fairness import (
    Shares,
    beyond_due,
    carried_by,
    loads_of,
    share_fairly,
    shares_of,
)
from outreach.planning.handing import hand_on, moved_up, told_cost
from outreach.planning.hub_gaps import with_gaps_filled
from outreach.planning.model import Plan, Reason, Remedy
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import prices_of
from outreach.planning.reasons import (
    has_place,
    out_of_reach,
    without_place,
    without_team,
)
from outreach.planning.routing import Search, plan_rota, rounds_for
from outreach.planning.solver import SOLVER
from outreach.planning.stay_cures import with_stays_tried
from outreach.planning.trying import with_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import (
        PlannedVisit,
        Problem,
        Site,
        Stay,
        TeamDay,
        Unplaced,
    )


def assign(problem: Problem, on_progress: Callable[[int, int], None] | None = None) -> Plan:
    """Plan the visits: every site ends in `visits` or, with its one reason, in `unplaced`.

    The same problem with the same rounds gives the same plan on every machine. Visits that stand
    are in it as they stand, even where they break a rule: `check.violations` tells which.

    Parameters
    ----------
    on_progress
        Called about a hundred times with the solver's rounds done and the rounds in all, or with
        per cent of the processor time. What it raises ends the planning and comes out here: the
        way to cancel.
    """
    problem = in_order(problem)
    unplaced = without_place(problem.sites)
    located = [site for site in problem.sites if has_place(site)]
    fixed = visits_as_they_stand(problem, located)
    done = {visit.code for visit in fixed}
    waiting = [site for site in located if site.code not in done]
    taken = {(visit.team_id, visit.day) for visit in fixed}
    team_days = [one for one in problem.team_days if (one.team_id, one.day) not in taken]
    if not team_days or not waiting:
        return plan_of(problem, fixed, (0, 0), unplaced + without_team(waiting))
    network = network_of(waiting, team_days, problem.travel)
    refused = {one.code: one for one in out_of_reach(network, kinds_of(network, team_days))}
    far = [site for site in waiting if is_far(refused.get(site.code))]
    resting = resting_days(problem.team_days, problem.rests)
    free = replace(problem, team_days=tuple(team_days))
    away = with_gaps_filled(free, waiting, plan_stays(free, far, resting))
    at_hubs = {visit.code for visit in away.visits}
    waiting = [site for site in waiting if site.code not in at_hubs]
    beyond = [refused[site.code] for site in waiting if site.code in refused]
    unplaced += [one for one in beyond if not is_far(one)]
    sites = [site for site in waiting if site.code not in refused]
    rounds = problem.parameters.rounds_of_steps or (rounds_for(len(sites)),) * 2
    search = Search(problem.seed, rounds, problem.parameters.cpu_seconds, on_progress)
    carried = carried_by(problem, [*fixed, *away.visits], away.stays)
    visits, shares = visits_to(problem, sites, away.team_days, search, carried)
    no_stay = with_stays_tried(free, far, away)
    late = [one.code for one in no_stay if refused[one.code].remedy is Remedy.LONGER_DAY]
    asked = [site for site in waiting if site.code in late or site.code not in refused]
    left, changes = with_changes(asked, visits, team_days, problem.travel, away.stays)
    tried = {one.code: one for one in left}
    unplaced += [with_tried_cure(one, refused[one.code], tried.get(one.code)) for one in no_stay]
    unplaced += [one for one in left if one.code not in refused]
    visits = [*fixed, *away.visits, *visits]
    plan = plan_of(problem, visits, (search.done[0], search.done[1]), unplaced, away.stays)
    return replace(plan, shares=shares, changes=changes)


def is_far(refused: Unplaced | None) -> bool:
    """Whether no team reaches the village within a day: then it takes a stay."""
    return refused is not None and refused.reason is Reason.TOO_FAR


def with_tried_cure(without_stay: Unplaced, refused: Unplaced, tried: Unplaced | None) -> Unplaced:
    """Offer a boat, or a longer day that holds the village on the plan, before a stay's cure."""
    if tried is None:
        return with_cheaper_cure(without_stay, refused)
    return replace(tried, reason=without_stay.reason) if tried.brings else without_stay


def with_cheaper_cure(without_stay: Unplaced, refused: Unplaced) -> Unplaced:
    """Offer a longer day or a boat, where that reaches the village, before a longer stage."""
    if refused.remedy not in {Remedy.LONGER_DAY, Remedy.BOAT}:
        return without_stay
    cured = replace(without_stay, remedy=refused.remedy, amount=refused.amount)
    return replace(cured, team_id=refused.team_id)


def in_order(problem: Problem) -> Problem:
    """Sort sites and team-days, so that the order they come in decides nothing."""
    return replace(
        problem,
        sites=tuple(sorted(problem.sites, key=lambda site: site.code)),
        team_days=tuple(sorted(problem.team_days, key=lambda one: (one.day, one.team_id))),
    )


def plan_of(
    problem: Problem,
    visits: Sequence[PlannedVisit],
    rounds: tuple[int, int],
    unplaced: Sequence[Unplaced],
    stays: Sequence[Stay] = (),
) -> Plan:
    """Put the answer together: visits by date, team and time; the rest by code."""
    used = {(visit.team_id, visit.day) for visit in visits}
    used |= {(stay.team_id, day) for stay in stays for day in stay.travel_days}
    travel = sum(visit.travel_minutes + visit.return_minutes for visit in visits)
    return Plan(
        visits=tuple(sorted(visits, key=lambda visit: (visit.day, visit.team_id, visit.slot))),
        unplaced=tuple(sorted(unplaced, key=lambda one: one.code)),
        travel_minutes=travel + way_minutes(stays),
        team_days_used=len(used),
        rounds=rounds,
        seed=problem.seed,
        solver=SOLVER,
        stays=tuple(stays),
    )


def visits_as_they_stand(problem: Problem, sites: Sequence[Site]) -> list[PlannedVisit]:
    """Pinned visits of team-days on which they break a rule: nothing is planned around them.

    On a day that is none of the team's they have no way to and fro.
    """
    pinned: dict[tuple[int, date], list[Site]] = defaultdict(list)
    for site in sites:
        if site.pin is not None:
            pinned[site.pin.team_id, site.pin.day].append(site)
    team_days = {(one.team_id, one.day): one for one in problem.team_days}
    codes = {site.code: site for site in sites}
    found: list[PlannedVisit] = []
    for key, standing in sorted(pinned.items()):
        if key not in team_days:
            found += visits_without_a_day(standing)
            continue
        visits = standing_visits(team_days[key], standing, problem.travel)
        if violations_of_day(team_days[key], visits, codes, measured=problem.travel):
            found += visits
    return found


def visits_to(
    problem: Problem,
    sites: Sequence[Site],
    team_days: Sequence[TeamDay],
    search: Search,
    carried: Mapping[int, int],
) -> tuple[list[PlannedVisit], Shares | None]:
    """Visits to as many of the sites, each reachable alone, as the team-days hold.

    With what sharing the trips among the teams has changed, if they are shared; `carried` are the
    minutes that the teams carry besides.
    """
    is_shared = problem.parameters.fairness > 0
    days = dict(Counter(one.team_id for one in problem.team_days))
    nothing = Shares(carried, carried, 0, days=days) if is_shared else None
    if not sites or not team_days:
        return [], nothing
    network = network_of(sites, team_days, problem.travel, problem.parameters.togetherness)
    kinds = {
        team_day: kind
        for team_day, kind in kinds_of(network, team_days).items()
        if kind.sessions > 0
    }
    if not kinds:
        return [], nothing
    number_of = {site.code: number for number, site in enumerate(problem.sites)}
    prices = prices_of(problem).restricted([number_of[site.code] for site in sites])
    rota = fallen = plan_rota(network, kinds, prices, search)
    if is_shared:
        fairness = problem.parameters.fairness
        whole = sum(loads_of(network, fallen, kinds, carried).values())
        beyond = beyond_due(problem, carried, whole)
        rota = hand_on(network, rota, kinds, prices, fairness, beyond)
        rota = share_fairly(network, rota, kinds, fairness, beyond)
        rota = moved_up(network, rota, kinds, prices)
    visits = [
        visit
        for team_day, stops in rota.items()
        for visit in visits_of_day(
            team_day, [sites[stop] for stop in stops], measured=problem.travel
        )
        or ()
    ]
    if not is_shared:
        return visits, None
    shares = shares_of(network, fallen, rota, kinds, carried)
    told = told_cost(shares, network, fallen, rota, kinds, prices)
    return visits, replace(told, days=days)
