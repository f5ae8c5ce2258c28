"""Which team takes which day-trip, and where a village left over still fits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from outreach.planning.network import Trip, kinds_of, network_of
from outreach.planning.prices import priced
from outreach.planning.rota import give_trips, insert_left
from outreach.planning.slots import visit_prices
from tests.planning.builders import point, site, team_day, team_days

if TYPE_CHECKING:
    from outreach.planning.model import TeamDay
    from outreach.planning.network import Network
    from outreach.planning.rota import Rota


def test_a_team_goes_on_where_it_knows_the_district() -> None:
    days = team_days(2, 2)
    sites = [site(n, point(n // 2)) for n in (0, 1, 20, 21)]
    ground = network_of(sites, days)
    kinds = kinds_of(ground, days)
    kind = kinds[days[0]]
    first, second = (Trip(days[0].day, kind, (stop,)) for stop in (0, 2))
    then = [Trip(days[2].day, kind, (stop,)) for stop in (1, 3)]
    rota = give_trips(ground, [first, second, *then], kinds, {})
    of = {(one.day, stops): one.team_id for one, stops in rota.items()}
    assert of[days[0].day, (0,)] == of[days[2].day, (1,)]
    assert of[days[0].day, (2,)] == of[days[2].day, (3,)]


def filled(ground: Network, rota: Rota, days: list[TeamDay], left: list[int]) -> Rota:
    prices = priced(ground.sites, days, 0.0)
    table = visit_prices(ground, prices)
    return insert_left(ground, rota, kinds_of(ground, days), left, prices.day_number, table)


def test_a_village_left_over_is_put_where_it_lengthens_the_way_least() -> None:
    days = team_days(1, 2)
    sites = [site(0, point(10)), site(1, point(-10)), site(2, point(11)), site(3, point(150))]
    ground = network_of(sites, days)
    rota = filled(ground, {days[0]: (1,), days[1]: (0,)}, days, [2, 3])
    assert rota[days[0]] == (1,)
    assert sorted(rota[days[1]]) == [0, 2]
    shut = [replace(one, closed_days=frozenset({days[1].day})) for one in sites]
    rota = filled(network_of(shut, days), {days[0]: (1,), days[1]: (0,)}, days, [2])
    assert sorted(rota[days[0]]) == [1, 2]


def test_a_detour_is_preferred_to_sending_another_team_out() -> None:
    days = [team_day(1), team_day(2, base=point(10, 12))]
    sites = [site(0, point(10)), site(1, point(10, 12))]
    ground = network_of(sites, days)
    rota = filled(ground, {days[0]: (0,)}, days, [1])
    assert {one.team_id: sorted(stops) for one, stops in rota.items()} == {1: [0, 1]}


def test_a_day_holds_no_more_than_its_sessions() -> None:
    days = [team_day(sessions=1)]
    ground = network_of([site(0), site(1)], days)
    kind = kinds_of(ground, days)[days[0]]
    assert ground.fits(kind, (0,))
    assert not ground.fits(kind, (0, 1))
    assert ground.best_order(kind, (0, 1)) is None
