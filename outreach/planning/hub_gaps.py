"""Room on the days at the hubs of stays, for villages that no day-trip reaches any more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from outreach.planning.daytrip import visits_of_day
from outreach.planning.events import days_with_stays
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import prices_of
from outreach.planning.rota import insert_left
from outreach.planning.slots import visit_prices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from outreach.planning.expeditions import Expeditions
    from outreach.planning.model import PlannedVisit, Problem, Site, TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.rota import Rota


def with_gaps_filled(problem: Problem, sites: Sequence[Site], away: Expeditions) -> Expeditions:
    """Visit from the hubs whom no other day reaches: their stay was refused, or took their days.

    The days at the hubs stay those they are, and nobody else's visit moves to another.

    Parameters
    ----------
    sites
        Sites of the problem with a place: the far ones, and any that may have lost their days.
    """
    visited = {one.code for one in away.visits}
    waiting = [site for site in sites if site.code not in visited]
    if not (away.stays and waiting):
        return away
    at_home = network_of(waiting, away.team_days, problem.travel)
    lost = beyond(at_home, kinds_of(at_home, away.team_days).values(), range(len(waiting)))
    found = _inserted(problem, [waiting[stop] for stop in lost], away)
    visits = sorted(found, key=lambda one: (one.day, one.team_id, one.slot))
    answered = {one.code for one in visits}
    left = tuple(one for one in away.unplaced if one.code not in answered)
    return replace(away, visits=tuple(visits), unplaced=left)


def beyond(network: Network, home: Collection[Kind], stops: Iterable[int]) -> list[int]:
    """Keep the stops that none of these days reaches: nobody else is visited from a hub."""
    kinds = set(home)
    return [stop for stop in stops if not any(network.reaches(kind, stop) for kind in kinds)]


def insert_at_hubs(
    network: Network,
    rota: Rota,
    hubs: Mapping[TeamDay, Kind],
    left: Sequence[int],
    prices: Prices,
) -> Rota:
    """Put villages into the trips from the hubs where that costs least, until no more fits.

    Once is not enough: over sea a village may lie on the way to one that was tried before it.
    """
    table = visit_prices(network, prices)
    filled = insert_left(network, rota, hubs, left, prices.day_number, table)
    placed = {stop for stops in filled.values() for stop in stops}
    still = [stop for stop in left if stop not in placed]
    if not still or len(still) == len(left):
        return filled
    return insert_at_hubs(network, filled, hubs, still, prices)


def _inserted(problem: Problem, far: Sequence[Site], away: Expeditions) -> Iterator[PlannedVisit]:
    """Visits from the hubs, with as many of the far sites among them as fit."""
    keys = {(stay.team_id, day) for stay in away.stays for day in stay.session_days}
    made = days_with_stays(problem.team_days, away.stays)
    days = {key: one for key, one in made.items() if key in keys}
    number_of = {site.code: number for number, site in enumerate(problem.sites)}
    sites = [*(problem.sites[number_of[one.code]] for one in away.visits), *far]
    network = network_of(
        sites, list(days.values()), problem.travel, problem.parameters.togetherness
    )
    kinds = {one: kind for one, kind in kinds_of(network, days.values()).items() if kind.sessions}
    prices = prices_of(problem).restricted([number_of[site.code] for site in sites])
    rota: Rota = {}
    for stop, visit in enumerate(away.visits):
        one = days[visit.team_id, visit.day]
        rota[one] = (*rota.get(one, ()), stop)
    left = range(len(away.visits), len(sites))
    for one, stops in insert_at_hubs(network, rota, kinds, left, prices).items():
        trip = [sites[stop] for stop in stops]
        yield from visits_of_day(one, trip, measured=problem.travel) or ()
