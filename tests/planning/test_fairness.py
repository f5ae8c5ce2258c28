from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.check import violations
from outreach.planning.fairness import HARD_DAY_MINUTES, burden, share_fairly, shares_of
from outreach.planning.model import Access, Parameters, Pin, Problem
from outreach.planning.network import kinds_of, network_of
from tests.planning.builders import MONDAY, point, scattered, site, team_days

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def test_a_visit_that_stands_stays_with_its_team() -> None:
    days = team_days(2, 1)
    sites = [
        site(0, point(30), pin=Pin(1, MONDAY, 700)),
        site(1, point(2)),
    ]
    network = network_of(sites, days)
    rota = {days[0]: (0,), days[1]: (1,)}
    assert share_fairly(network, rota, kinds_of(network, days), 100.0) == rota
