from __future__ import annotations

from dataclasses import replace

from outreach.planning.assign import assign
from outreach.planning.check import violations
from outreach.planning.fairness import HARD_DAY_MINUTES, burden, fairness_of, share_fairly
from outreach.planning.model import Access, Parameters, Pin, Problem
from outreach.planning.network import kinds_of, network_of
from tests.planning.builders import MONDAY, point, scattered, site, team_days


def test_teams_that_may_change_trips_carry_alike_for_no_minute_more() -> None:
    sites = scattered(48, seed=4, wide_km=14)
    asked = Problem(tuple(sites), tuple(team_days(3, 7)), 1, Parameters(rounds=40))
    plain = assign(asked)
    fair = assign(replace(asked, parameters=replace(asked.parameters, fairness=100.0)))
    assert violations(asked, fair) == ()
    before, after = fairness_of(asked, plain), fairness_of(asked, fair, plain)
    assert after.spread_minutes < before.spread_minutes
    assert after.spread_minutes < 60
    assert after.price_minutes == 0
    assert sum(load.session_minutes for load in after.loads) == 120 * len(fair.visits)
    assert sum(load.travel_minutes for load in after.loads) == fair.travel_minutes
    assert sum(load.team_days for load in after.loads) == fair.team_days_used


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
