from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.network import Kind, Network, kinds_of, network_of
from outreach.planning.prices import LARGEST_PRICE_S, TEAM_DAY_PRICE_S, priced
from outreach.planning.routing import (
    FORBIDDEN_MINUTES,
    Slots,
    best_trips_first,
    cost_matrix,
    dated_slots,
    duration_matrix,
    one_session_each_side,
    problem_data,
    repaired,
    rounds_for,
)
from tests.planning.builders import FRIDAY, MONDAY, point, site, team_day, team_days

if TYPE_CHECKING:
    from outreach.planning.model import Site, TeamDay


def ground(sites: list[Site], days: list[TeamDay]) -> tuple[Network, dict[Kind, list]]:  # type: ignore[type-arg]
    network = network_of(sites, days)
    grouped: dict[Kind, list] = {}  # type: ignore[type-arg]
    for one, kind in kinds_of(network, days).items():
        grouped.setdefault(kind, []).append(one.day)
    return network, grouped


def test_a_day_of_delay_of_everything_costs_a_day_of_all_teams() -> None:
    sites = [site(n, value=10.0 + n) for n in range(5)]
    prices = priced(sites, [team_day(1), team_day(2)], 1.0)
    value = np.array([one.value for one in sites])
    assert np.isclose((prices.delay).sum(), 2 * TEAM_DAY_PRICE_S)
    assert np.allclose(prices.delay / value, prices.delay[0] / value[0])


def test_leaving_a_village_out_is_never_cheaper_than_a_trip_for_it_alone() -> None:
    sites = [site(0, value=0.0), site(1, value=1e9)]
    month = team_days(1, 30, ends_minute=20 * 60)
    network, days = ground(sites, month)
    prices = priced(sites, month, 1.0)
    longest_trip = TEAM_DAY_PRICE_S + (20 * 60 - 8 * 60 - 120) * 60
    assert prices.left_out.min() > longest_trip
    slots = dated_slots(network, days, prices)
    data = problem_data(network, slots, prices)
    assert max(client.prize for client in data.clients()) <= LARGEST_PRICE_S
    assert {matrix.dtype for matrix in data.distance_matrices()} == {np.dtype(np.int64)}


def test_the_delay_is_priced_on_every_arc_into_a_village_and_on_no_other() -> None:
    sites = [site(0, value=3.0), site(1, value=6.0)]
    network, _ = ground(sites, [team_day()])
    prices = priced(sites, [team_day()], 1.0)
    added = cost_matrix(network, prices, 2.0) - network.minutes * 60
    assert added[:, 0].tolist() == [0, 0, 0]
    assert added[0, 1:].tolist() == [19_200, 38_400]
    assert np.diagonal(added).tolist() == [0, 0, 0]


def test_a_friday_from_eight_to_five_forbids_ways_longer_than_ninety_minutes() -> None:
    sites = [site(0, point(20)), site(1, point(29)), site(2, point(2))]
    network, days = ground(sites, [team_day(day=FRIDAY)])
    (kind,) = days
    assert kind.sessions == 2
    assert one_session_each_side(network, kind)
    slots = Slots(kind, (FRIDAY,), 1.0, frozenset({2}))
    minutes = duration_matrix(network, slots)
    way = network.minutes[0, 1:]
    assert way[0] <= 90 < way[1]
    assert minutes[0, 1:].tolist() == [way[0], FORBIDDEN_MINUTES, FORBIDDEN_MINUTES]
    assert minutes[1:, 0].tolist() == [way[0], FORBIDDEN_MINUTES, network.minutes[3, 0]]
    assert minutes[1, 3] == FORBIDDEN_MINUTES


def test_other_hours_of_a_friday_do_not_follow_the_rule_of_one_each_side() -> None:
    for changes in ({"starts_minute": 360}, {"ends_minute": 1_200}, {"starts_minute": 600}):
        network, days = ground([site(0)], [team_day(day=FRIDAY, **changes)])
        (kind,) = days
        assert kind.is_friday
        assert not one_session_each_side(network, kind)


def test_hours_beside_the_prayers_are_hours_like_any_other() -> None:
    _, days = ground([site(0)], [team_day(day=FRIDAY, starts_minute=810)])
    assert [kind.is_friday for kind in days] == [False]


def test_a_trip_that_is_too_full_loses_its_least_valuable_village() -> None:
    sites = [site(n, value=float(10 - n)) for n in range(4)]
    network, days = ground(sites, [team_day()])
    (kind,) = days
    slots = Slots(kind, (MONDAY,), 1.0, frozenset())
    assert sorted(repaired(network, slots, (3, 2, 1, 0))) == [0, 1, 2]
    shut = replace(slots, closed=frozenset({0, 1, 2, 3}))
    assert repaired(network, shut, (0, 1)) == ()


def test_the_most_valuable_trip_gets_the_earliest_day_that_is_open_for_it() -> None:
    days = team_days(1, 3)
    sites = [
        site(0, value=1.0),
        site(1, value=9.0, closed_days=frozenset({days[0].day})),
        site(2, value=5.0, closed_days=frozenset(one.day for one in days)),
    ]
    network, grouped = ground(sites, days)
    slots = dated_slots(network, grouped, priced(sites, days, 1.0))
    assert [slot.position for slot in slots] == [1.0, 2.0, 3.0]
    given = best_trips_first(network, [(0, (0,)), (0, (1,)), (0, (2,))], slots)
    assert given == [(1, (1,)), (0, (0,))]


def test_a_larger_question_gets_more_rounds_up_to_a_limit() -> None:
    assert rounds_for(1) < rounds_for(200) < rounds_for(100_000) == 3_000
