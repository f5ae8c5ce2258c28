"""A village yields its place where the whole plan gains by it."""

from __future__ import annotations

from dataclasses import replace

from outreach.planning.assign import assign
from outreach.planning.model import Parameters, Pin, Problem, Site
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import prices_of
from outreach.planning.slots import visit_prices
from outreach.planning.yielding import make_room
from tests.planning.builders import FRIDAY, MONDAY, point, site, team_day

FAR, NEAR = site(1, point(65)), site(12, point(5))
DAYS = (team_day(1), team_day(1, FRIDAY))


def days_given(sites: tuple[Site, ...], *trips: tuple[int, ...]) -> list[tuple[int, ...]]:
    asked = Problem(sites, DAYS, 1, Parameters())
    network = network_of(sites, DAYS)
    prices = prices_of(asked)
    kinds, table = kinds_of(network, DAYS), visit_prices(network, prices)
    given = {day: stops for day, stops in zip(DAYS, trips, strict=True) if stops}
    found = make_room(network, given, kinds, prices, table)
    return [found.get(day, ()) for day in DAYS]


def test_the_near_village_goes_to_friday_where_the_far_one_fits_on_monday_only() -> None:
    assert days_given((FAR, NEAR), (1,), ()) == [(0,), (1,)]
    assert {one.code: one.day for one in assign(Problem((FAR, NEAR), DAYS, 1)).visits} == {
        FAR.code: MONDAY,
        NEAR.code: FRIDAY,
    }


def test_a_visit_that_stands_yields_to_nobody() -> None:
    standing = replace(NEAR, pin=Pin(1, MONDAY, 540))
    assert days_given((FAR, standing), (1,), ()) == [(1,), ()]


def test_a_village_worth_less_gives_way_for_good_where_nothing_else_is_free() -> None:
    dear = replace(FAR, value=500.0)
    shut = replace(NEAR, closed_days=frozenset({FRIDAY}))
    assert days_given((dear, shut), (1,), ()) == [(0,), ()]
    assert days_given((replace(FAR, value=1.0), shut), (1,), ()) == [(1,), ()]


def test_a_whole_trip_goes_to_another_day_together() -> None:
    near = [site(number, point(number - 10, 3)) for number in (11, 12)]
    assert days_given((FAR, *near), (1, 2), ()) == [(0,), (1, 2)]


def test_who_has_a_place_keeps_it_where_nobody_waits() -> None:
    assert days_given((FAR, NEAR), (0,), (1,)) == [(0,), (1,)]
