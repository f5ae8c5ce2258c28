"""Trips go to teams of other bases as long as that is worth its price, and no rule is broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.planning.assign import assign
from outreach.planning.bill import bill_of
from outreach.planning.check import violations
from outreach.planning.fairness import beyond_due
from outreach.planning.handing import apart, hand_on, moved_up
from outreach.planning.model import Parameters, Pin, Problem
from outreach.planning.network import kinds_of, network_of
from outreach.planning.packages import split
from outreach.planning.prices import prices_of
from tests.planning.builders import MONDAY, point, scattered, site, team_days

if TYPE_CHECKING:
    from outreach.planning.model import Plan, Site, TeamDay
    from outreach.planning.rota import Rota

EAST = point(0, 18)
FREE = Parameters(day_price=0.0, fairness=1.0)


def two_bases(days: int) -> list[TeamDay]:
    """Team 1 starts in Surakarta, team 2 eighteen kilometres to the east."""
    return [replace(one, base=EAST) if one.team_id == 2 else one for one in team_days(2, days)]


def beside_surakarta(fairness: float) -> Problem:
    """Ask for villages most of which lie beside one of two bases, and may wait for nothing."""
    parameters = replace(FREE, rounds=40, fairness=fairness)
    return Problem(tuple(scattered(30, seed=3, wide_km=6)), tuple(two_bases(14)), 1, parameters)


def handed_on(asked: Problem, rota: Rota) -> Rota:
    network = network_of(asked.sites, asked.team_days)
    kinds = kinds_of(network, asked.team_days)
    return hand_on(network, rota, kinds, prices_of(asked), asked.parameters.fairness)


def test_of_two_teams_it_is_their_difference_that_counts() -> None:
    assert apart([100, 40]) == 60
    assert apart([100, 40, 40]) == 60
    assert apart([7]) == apart([]) == 0


def test_a_busy_base_hands_trips_to_another_for_no_more_than_the_price() -> None:
    plain, fair = (assign(beside_surakarta(fairness)) for fairness in (0.0, 1.0))
    asked = beside_surakarta(1.0)
    assert violations(asked, fair) == ()
    assert {one.code for one in fair.visits} == {one.code for one in plain.visits}
    assert fair.shares is not None
    fallen, shared = (apart(one.values()) for one in (fair.shares.fallen, fair.shares.shared))
    assert fair.shares.handed > 0
    assert shared < fallen / 2
    rise_s = bill_of(asked, fair).total_s - bill_of(asked, plain).total_s
    assert rise_s <= 60 * (fallen - shared)
    assert fair.shares.cost_minutes == round(rise_s / 60)
    assert fair.shares.travel_minutes == fair.travel_minutes - plain.travel_minutes


def test_the_price_decides_how_many_trips_are_handed_on() -> None:
    def handed(plan: Plan) -> tuple[int, float]:
        assert plan.shares is not None
        return plan.shares.handed, apart(plan.shares.shared.values())

    found = [handed(assign(beside_surakarta(fairness))) for fairness in (0.01, 0.3, 3.0)]
    assert found[0][0] == 0
    assert [apart for _, apart in found] == sorted((apart for _, apart in found), reverse=True)


@pytest.mark.parametrize("fairness", [0.02, 0.05, 0.1, 0.3])
def test_no_bill_rises_by_more_than_the_price(fairness: float) -> None:
    shares = assign(beside_surakarta(fairness)).shares
    assert shares is not None
    closer = apart(shares.fallen.values()) - apart(shares.shared.values())
    assert shares.cost_minutes <= fairness * closer + 1


@pytest.mark.parametrize("seed", range(4))
def test_no_road_is_paid_for_a_larger_difference(seed: int) -> None:
    """Teams are due hours by their days."""
    days = [one for one in two_bases(14) if one.team_id == 1 or one.day.day % 3]
    parameters = replace(FREE, day_price=0.5, rounds=20)
    sites = scattered(24, seed=seed, wide_km=12)
    asked = Problem(tuple(sites), tuple(days), 1, parameters)
    shares = assign(asked).shares
    assert shares is not None
    whole = sum(shares.fallen.values())
    before, after = (
        apart(beyond_due(asked, loads, whole).values()) for loads in (shares.fallen, shares.shared)
    )
    assert after <= before
    assert shares.cost_minutes <= max(0, before - after) + 1


@pytest.mark.parametrize("seed", range(3))
def test_parts_that_are_even_make_an_even_run(seed: int) -> None:
    """Each part weighs its own trips only, by what the teams are due for their days there."""
    bases = [point(0), point(25, 10), point(-15, 22)]
    days = [replace(one, base=bases[one.team_id - 1]) for one in team_days(3, 24)]
    parts = split(scattered(80, seed=seed, wide_km=15), days, 40)
    assert len(parts) == 2
    fallen, shared = Counter[int](), Counter[int]()
    for part in parts:
        asked = Problem(part.sites, part.team_days, 1, replace(FREE, day_price=0.5, rounds=30))
        shares = assign(asked).shares
        assert shares is not None
        fallen.update(shares.fallen)
        shared.update(shares.shared)
    before, after = (apart(loads.values()) for loads in (fallen, shared))
    assert after < before


def test_who_works_fewer_days_is_due_fewer_hours() -> None:
    days = [one for one in two_bases(6) if one.team_id == 1 or one.day == MONDAY]
    asked = Problem((site(0),), tuple(days), 1, FREE)
    assert beyond_due(asked, {1: 600, 2: 100}, 700) == {1: 0, 2: 0}


def test_a_trip_moves_into_the_hole_that_another_has_left() -> None:
    days = team_days(1, 3)
    sites = [site(0), replace(site(20), value=900.0)]
    asked = Problem(tuple(sites), tuple(days), 1, Parameters())
    network, prices = network_of(sites, days), prices_of(asked)
    kinds = kinds_of(network, days)
    rota: Rota = {days[1]: (0,), days[2]: (1,)}
    # The more valuable first, and the other behind it.
    assert moved_up(network, rota, kinds, prices) == {days[0]: (1,), days[1]: (0,)}
    pinned = [
        replace(one, pin=Pin(1, day.day, 700)) for one, day in zip(sites, days[1:], strict=True)
    ]
    assert moved_up(network_of(pinned, days), rota, kinds, prices) == rota


def test_the_same_question_in_another_order_hands_the_same_trips_on() -> None:
    asked = beside_surakarta(1.0)
    turned = replace(asked, sites=asked.sites[::-1], team_days=asked.team_days[::-1])
    assert assign(asked) == assign(turned)


def burdened(*sites: Site) -> tuple[Problem, Rota]:
    """Give all trips, one of a village each, to team 1."""
    days = two_bases(len(sites))
    asked = Problem(sites, tuple(days), 1, FREE)
    mine = [one for one in days if one.team_id == 1]
    return asked, {one: (stop,) for stop, one in enumerate(mine)}


def test_a_visit_that_stands_is_never_handed_on() -> None:
    asked, rota = burdened(site(0, point(0, 9)), site(20, point(2, 9)))
    assert {one.team_id for one in handed_on(asked, rota)} == {1, 2}
    pinned = tuple(
        replace(one, pin=Pin(1, day.day, 700)) for one, day in zip(asked.sites, rota, strict=True)
    )
    assert handed_on(replace(asked, sites=pinned), rota) == rota


@pytest.mark.parametrize("first", [0, 1])
def test_closed_days_are_kept(first: int) -> None:
    tuesday = MONDAY + timedelta(days=1)
    shut = frozenset({(MONDAY, tuesday)[first]})
    asked, rota = burdened(site(0, point(0, 9)), site(20, point(2, 9)))
    asked = replace(asked, sites=tuple(replace(one, closed_days=shut) for one in asked.sites))
    days = [one for one in asked.team_days if one.day not in shut]
    # On the only open day team 1 has one of them; the other one is the other team's.
    start: Rota = {days[0]: (0,), next(one for one in rota if one.day in shut): (1,)}
    found = handed_on(asked, start)
    assert all(one.day not in shut for one in found if found[one] != start.get(one))


def test_trips_of_a_day_change_places_where_no_day_is_free() -> None:
    far, near = [site(20, point(0, 30)), site(21, point(2, 30))], [site(0), site(1)]
    asked = Problem((*far, *near), tuple(two_bases(2)), 1, replace(FREE, fairness=3.0))
    mine = [one for one in asked.team_days if one.team_id == 1]
    other = [one for one in asked.team_days if one.team_id == 2]
    rota: Rota = {mine[0]: (0,), mine[1]: (1,), other[0]: (2,), other[1]: (3,)}
    found = handed_on(asked, rota)
    assert sorted(stop for one in mine for stop in found[one]) != [0, 1]
    assert sorted(stop for stops in found.values() for stop in stops) == [0, 1, 2, 3]


@pytest.mark.parametrize(("fairness", "is_worth_it"), [(0.2, False), (9.0, True)])
def test_a_long_way_from_the_other_base_has_to_be_worth_it(
    fairness: float, is_worth_it: bool
) -> None:
    """Hardly anybody drives 25 km to a village beside a base for a little fairness."""
    asked, rota = burdened(site(0, point(1, 0)), site(20, point(2, 0)))
    days = [replace(one, base=point(0, 25)) if one.team_id == 2 else one for one in asked.team_days]
    parameters = replace(FREE, fairness=fairness)
    asked = replace(asked, team_days=tuple(days), parameters=parameters)
    assert (handed_on(asked, rota) != rota) is is_worth_it
