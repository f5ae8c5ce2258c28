from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.check import violations
from outreach.planning.fairness import (
    HARD_DAY_MINUTES,
    burden,
    carried_by,
    share_fairly,
    shares_of,
)
from outreach.planning.model import USUAL, Access, Parameters, Pin, PlannedVisit, Problem, Stay
from outreach.planning.network import kinds_of, network_of
from tests.planning.builders import MONDAY, point, scattered, site, team_days

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.planning.model import Plan
    from outreach.planning.rota import Rota


def test_teams_that_may_change_trips_carry_alike_for_no_minute_more() -> None:
    sites = scattered(45, seed=4, wide_km=14)
    asked = Problem(tuple(sites), tuple(team_days(3, 7)), 1, Parameters(rounds=40))
    plain = assign(asked)
    fair = assign(replace(asked, parameters=replace(asked.parameters, fairness=100.0)))
    assert violations(asked, fair) == ()
    assert plain.shares is None
    shares = fair.shares
    assert shares is not None
    assert spread(shares.shared) < spread(shares.fallen)
    assert spread(shares.shared) < 60
    assert fair.travel_minutes == plain.travel_minutes
    carried = 120 * len(fair.visits) + fair.travel_minutes
    assert sum(shares.shared.values()) == sum(shares.fallen.values()) == carried


def spread(loads: Mapping[int, int]) -> int:
    return max(loads.values()) - min(loads.values())


def test_a_village_is_a_strangers_once_its_team_has_no_other_trip_in_the_district() -> None:
    days = team_days(2, 2)
    sites = [site(0), site(1), site(20), site(21)]
    network = network_of(sites, days)
    kinds = kinds_of(network, days)
    known: Rota = {days[0]: (0,), days[1]: (2,), days[2]: (1,), days[3]: (3,)}
    mixed: Rota = {days[0]: (0,), days[1]: (2,), days[2]: (3,), days[3]: (1,)}
    assert shares_of(network, known, known, kinds).strangers == 0
    assert shares_of(network, known, mixed, kinds).strangers == 4


def test_a_day_by_boat_weighs_more_and_is_shared() -> None:
    days = team_days(2, 2)
    by_boat = [
        replace(one, point=replace(one.point, access=Access.BOAT)) for one in (site(0), site(1))
    ]
    sites = [*by_boat, site(20), site(21)]
    network = network_of(sites, days)
    kinds = kinds_of(network, days)
    kind = kinds[days[0]]
    assert burden(network, kind, (0,)) >= HARD_DAY_MINUTES + 120
    # Team 1 has both boats, on the two days.
    unfair = {days[0]: (0,), days[1]: (2,), days[2]: (1,), days[3]: (3,)}
    shared = share_fairly(network, unfair, kinds, 10.0)
    boats = {one.team_id for one, stops in shared.items() if stops in {(0,), (1,)}}
    assert boats == {1, 2}
    assert share_fairly(network, unfair, kinds, 0.001) == unfair


def test_sharing_begins_from_what_stays_give_each_team() -> None:
    near = scattered(36, seed=4, wide_km=14)
    far = [site(70 + number, point(north, 3)) for number, north in enumerate((158, 163, 166, 170))]
    asked = Problem((*near, *far), tuple(team_days(2, 14)), 1, replace(USUAL, rounds=40))
    plan = assign(asked)
    assert violations(asked, plan) == ()
    (stay,) = plan.stays
    assert plan.shares is not None
    assert dict(plan.shares.shared) == carried_in(plan)
    assert plan.shares.fallen[stay.team_id] > 2 * stay.access_minutes
    # Whoever is away gets fewer of the near villages.
    assert spread(plan.shares.shared) < 300 < sum(plan.shares.shared.values()) / 4
    near_visits = Counter(one.team_id for one in plan.visits if one.day not in stay.session_days)
    other = {1: 2, 2: 1}[stay.team_id]
    assert near_visits[other] > near_visits[stay.team_id]


def carried_in(plan: Plan) -> dict[int, int]:
    """Add up the hours of a plan by land, team by team."""
    carried = dict.fromkeys((1, 2), 0)
    for one in plan.visits:
        carried[one.team_id] += 120 + one.travel_minutes + one.return_minutes
    for stay in plan.stays:
        carried[stay.team_id] += 2 * stay.access_minutes
    return carried


def test_a_stay_over_sea_is_hard_on_each_of_its_days_and_on_both_ways() -> None:
    islet = replace(point(160), island=2)
    asked = Problem((site(1, islet), site(2, islet)), tuple(team_days(1, 3)), 1)
    days = [one.day for one in asked.team_days]
    stay = Stay(1, "33.11.01.2001", islet, (days[0], days[2]), (days[1],), 500)
    visits = [
        PlannedVisit(one.code, 1, days[1], slot, 600, 5, 5)
        for slot, one in enumerate(asked.sites, start=1)
    ]
    assert carried_by(asked, visits, [stay]) == {1: 2 * (120 + 10) + 2 * 500 + 3 * HARD_DAY_MINUTES}
    assert carried_by(asked, [], []) == {1: 0}


def test_teams_are_compared_with_what_they_carried_before() -> None:
    days = team_days(2, 1)
    sites = [site(0, point(30)), site(1, point(2))]
    network = network_of(sites, days)
    rota, kinds = {days[0]: (0,), days[1]: (1,)}, kinds_of(network, days)
    assert share_fairly(network, rota, kinds, 100.0) == rota
    assert share_fairly(network, rota, kinds, 100.0, {1: 5_000, 2: 0}) == {
        days[0]: (1,),
        days[1]: (0,),
    }


def test_a_visit_that_stands_stays_with_its_team() -> None:
    days = team_days(2, 1)
    sites = [
        site(0, point(30), pin=Pin(1, MONDAY, 700)),
        site(1, point(2)),
    ]
    network = network_of(sites, days)
    rota = {days[0]: (0,), days[1]: (1,)}
    assert share_fairly(network, rota, kinds_of(network, days), 100.0) == rota
