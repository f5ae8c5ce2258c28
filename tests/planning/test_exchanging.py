"""What of a second rota is worth taking over: by groups of days, each village visited once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from outreach.planning.exchanging import cheapest_mix, days_that_exchange, in_trips_that_stand
from outreach.planning.model import Point, TeamDay
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import prices_of
from tests.planning.builders import point, problem, scattered, site, team_days

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.planning.rota import Rota

BASE = Point(-7.57, 110.82, "33.72", 1)
MONDAY = date(2027, 1, 4)


def on(day: int, team: int = 1) -> TeamDay:
    return TeamDay(team, MONDAY + timedelta(days=day), BASE, 3, 480, 1020)


def test_days_that_exchange_villages_belong_together() -> None:
    rota = {on(0): (1, 2), on(1): (3,), on(2): (4, 5), on(3): (6,), on(3, 2): (7,)}
    found = {on(0): (1, 3), on(1): (2,), on(2): (4, 5), on(3): (7,), on(3, 2): (6,), on(4): (8,)}
    days = [{on(0).day, on(1).day}, {on(3).day}, {on(4).day}]
    assert days_that_exchange(rota, found) == days


@st.composite
def rotas(draw: st.DrawFn) -> tuple[Rota, Rota, Mapping[TeamDay, int]]:
    slots = [on(day, team) for day in range(4) for team in (1, 2)]
    places = st.lists(st.sampled_from(slots), min_size=9, max_size=9)
    costs = {slot: draw(st.integers(0, 9)) for slot in slots}
    return _rota(draw(places)), _rota(draw(places)), costs


def _rota(places: list[TeamDay]) -> Rota:
    slots = sorted(set(places), key=lambda one: (one.day, one.team_id))
    return {one: tuple(n for n, at in enumerate(places) if at == one) for one in slots}


@given(rotas())
def test_the_mix_keeps_every_village_and_is_no_dearer_than_either(
    told: tuple[Rota, Rota, Mapping[TeamDay, int]],
) -> None:
    rota, found, price = told

    def cost_s(tried: Rota) -> float:
        return sum(price[one] * len(stops) ** 2 for one, stops in tried.items())

    mixed = cheapest_mix(rota, found, cost_s)
    assert sorted(stop for stops in mixed.values() for stop in stops) == list(range(9))
    assert cost_s(mixed) <= min(cost_s(rota), cost_s(found))


def test_who_stays_on_its_day_keeps_its_team_and_who_comes_is_put_beside() -> None:
    asked = problem(scattered(6, 5, 8.0), team_days(2, 2), 0)
    network = network_of(asked.sites, asked.team_days)
    kinds = kinds_of(network, asked.team_days)
    first, second, third = sorted(kinds, key=lambda one: (one.day, one.team_id))[:3]
    rota = {first: (0, 1), second: (2,), third: (3, 4, 5)}
    told = network, kinds, prices_of(asked)
    assert in_trips_that_stand(*told, rota, {first: (2,), second: (1, 0), third: (5, 4, 3)}) == rota
    moved = in_trips_that_stand(*told, rota, {first: (2, 3), second: (0, 1), third: (4, 5)})
    assert [set(moved[first]), set(moved[second])] in ([{0, 1, 3}, {2}], [{0, 1}, {2, 3}])
    assert moved[third] == (4, 5)


def test_whoever_comes_is_put_on_no_day_but_those_told_and_the_others_stand() -> None:
    here, there = team_days(1, 2)
    at_hub = replace(there, team_id=2, base=point(0, 60))
    places = [point(1, 1), point(0, 3), point(1, 60), point(1, 3)]
    sites = [site(number, at) for number, at in enumerate(places)]
    asked = problem(sites, [here, there, at_hub])
    network = network_of(sites, asked.team_days)
    another = replace(there, team_id=3)
    kinds = kinds_of(network, [here, there])
    rota = {here: (0, 1), there: (3,), at_hub: (2,)}
    found = {here: (0,), another: (1, 3), at_hub: (2,)}
    moved = in_trips_that_stand(network, kinds, prices_of(asked), rota, found)
    assert {one: set(stops) for one, stops in moved.items()} == {
        here: {0},
        there: {1, 3},
        at_hub: {2},
    }
