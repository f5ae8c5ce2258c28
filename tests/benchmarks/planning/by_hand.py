"""What is done without a solver: lists from top to bottom, and the nearest village next."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from outreach.planning.daytrip import visits_of_day
from outreach.planning.network import kinds_of, network_of
from tests.benchmarks.baseline import by_district_and_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from outreach.planning.model import PlannedVisit, Problem, Site
    from outreach.planning.network import Kind, Network

    type ByHand = Callable[[Problem, Mapping[str, str]], Sequence[PlannedVisit]]


def district_and_name(problem: Problem, names: Mapping[str, str]) -> Sequence[PlannedVisit]:
    """Take the spreadsheet as it comes: by district, villages by name."""
    return by_district_and_name(problem.sites, problem.team_days, names)


def careful_sheet(problem: Problem, names: Mapping[str, str]) -> Sequence[PlannedVisit]:
    """Sort the spreadsheet first: the best district first, in it the best village first."""
    value: dict[str, float] = defaultdict(float)
    for site in problem.sites:
        value[site.district] += site.value
    ordered = sorted(
        problem.sites, key=lambda one: (-value[one.district], one.district, -one.value, one.code)
    )
    return _fill(problem, ordered)


def near_first(problem: Problem, names: Mapping[str, str]) -> Sequence[PlannedVisit]:
    """Begin each day at the nearest village to the base and go on to the nearest."""
    return _nearest(problem, lambda way, site: (way, site.code))


def far_first(problem: Problem, names: Mapping[str, str]) -> Sequence[PlannedVisit]:
    """Begin each day at the farthest village from the base and go on to the nearest."""
    return _nearest(problem, lambda way, site: (-way, site.code))


def best_first(problem: Problem, names: Mapping[str, str]) -> Sequence[PlannedVisit]:
    """Begin each day at the most valuable village and go on to the nearest."""
    return _nearest(problem, lambda _, site: (-site.value, site.code))


SHEET = "by district and name"
CAREFUL = "careful spreadsheet"
BY_VALUE = "greedy, best first"
BY_HAND: dict[str, ByHand] = {
    SHEET: district_and_name,
    CAREFUL: careful_sheet,
    "greedy, near first": near_first,
    "greedy, far first": far_first,
    BY_VALUE: best_first,
}


def _fill(problem: Problem, ordered: Iterable[Site]) -> list[PlannedVisit]:
    """Fill each day with the next villages of a list until one does not fit."""
    waiting = deque(ordered)
    visits: list[PlannedVisit] = []
    for team_day in sorted(problem.team_days, key=lambda one: (one.day, one.team_id)):
        today: Sequence[PlannedVisit] = ()
        taken: list[Site] = []
        while waiting and len(taken) < team_day.sessions:
            tried = visits_of_day(team_day, [*taken, waiting[0]])
            if tried is None:
                break
            today = tried
            taken.append(waiting.popleft())
        visits += today
        if waiting and not taken:
            waiting.rotate(-1)
    return visits


def _nearest(
    problem: Problem, wish: Callable[[int, Site], tuple[float, str]]
) -> list[PlannedVisit]:
    network = network_of(problem.sites, problem.team_days)
    kinds = kinds_of(network, problem.team_days)
    open_stops = set(range(len(problem.sites)))
    visits: list[PlannedVisit] = []
    for team_day in sorted(problem.team_days, key=lambda one: (one.day, one.team_id)):
        kind = kinds[team_day]
        taken = _first(network, kind, open_stops, wish)
        while taken:
            open_stops.discard(taken[-1])
            further = _next(network, kind, taken, open_stops)
            if further is None:
                break
            taken.append(further)
        visits += visits_of_day(team_day, [problem.sites[stop] for stop in taken]) or ()
    return visits


def _first(
    network: Network,
    kind: Kind,
    open_stops: Iterable[int],
    wish: Callable[[int, Site], tuple[float, str]],
) -> list[int]:
    out = network.rows[kind.base]
    for stop in sorted(
        open_stops, key=lambda stop: wish(out[network.location(stop)], network.sites[stop])
    ):
        if network.fits(kind, (stop,)):
            return [stop]
    return []


def _next(
    network: Network, kind: Kind, taken: Sequence[int], open_stops: Iterable[int]
) -> int | None:
    """Nearest open village from the last stop that the day still holds."""
    if len(taken) >= kind.sessions:
        return None
    row = network.rows[network.location(taken[-1])]
    ordered = sorted(open_stops, key=lambda stop: (row[network.location(stop)], stop))
    return next((stop for stop in ordered if network.fits(kind, (*taken, stop))), None)
