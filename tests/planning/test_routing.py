from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pyvrp
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.planning import slots as slots_module
from outreach.planning.days import IMPOSSIBLE_S, cheapest_days, with_days
from outreach.planning.network import Kind, Network, kinds_of, network_of
from outreach.planning.prices import TEAM_DAY_PRICE_S, Prices, priced
from outreach.planning.routing import Search, improve, rounds_for
from outreach.planning.slots import Slots, dated_slots, undated_slots, visit_prices
from outreach.planning.solver import (
    FORBIDDEN_MINUTES,
    LARGEST_PENALTY,
    UNITS_A_MINUTE,
    UNITS_A_SECOND,
    Found,
    duration_matrix,
    held,
    one_session_each_side,
    problem_data,
    repaired,
)
from tests.planning.builders import FRIDAY, MONDAY, point, site, team_day, team_days

if TYPE_CHECKING:
    import pytest

    from outreach.planning.model import Site, TeamDay


def ground(sites: list[Site], days: list[TeamDay]) -> tuple[Network, dict[TeamDay, Kind]]:
    network = network_of(sites, days)
    return network, kinds_of(network, days)


def slots_of(
    sites: list[Site], days: list[TeamDay], day_price: float = 1.0
) -> tuple[Network, Prices, list[Slots]]:
    network, kinds = ground(sites, days)
    prices = priced(sites, days, day_price)
    return network, prices, dated_slots(network, kinds, prices)


def test_a_day_of_delay_of_everything_costs_a_day_of_all_teams() -> None:
    sites = [site(n, value=10.0 + n) for n in range(5)]
    prices = priced(sites, [team_day(1), team_day(2)], 1.0)
    value = np.array([one.value for one in sites])
    assert np.isclose((prices.delay).sum(), 2 * TEAM_DAY_PRICE_S)
    assert np.allclose(prices.delay / value, prices.delay[0] / value[0])


def test_leaving_a_village_out_is_never_cheaper_than_a_trip_for_it_alone() -> None:
    sites = [site(0, value=0.0), site(1, value=1e9)]
    month = team_days(1, 30, ends_minute=20 * 60)
    network, prices, slots = slots_of(sites, month)
    longest_trip = TEAM_DAY_PRICE_S + (20 * 60 - 8 * 60 - 120) * 60
    assert prices.left_out.min() > longest_trip
    data = problem_data(network, slots, prices)
    prizes = [client.prize - 120 * UNITS_A_MINUTE for client in data.clients()]
    assert prizes == [int(one) * UNITS_A_SECOND for one in prices.left_out]
    assert max(client.prize for client in data.clients()) < LARGEST_PENALTY
    assert {matrix.dtype for matrix in data.distance_matrices()} == {np.dtype(np.int64)}


def paid(network: Network, slots: list[Slots], prices: Prices, trip: Found) -> float:
    """Seconds that the solver charges for a trip, its sessions given back."""
    data = problem_data(network, slots, prices)
    route = pyvrp.Route(data, list(trip[1]), trip[0])
    cost = route.distance_cost() + route.duration_cost() + slots[trip[0]].kind.sessions * 96_000
    return cost / UNITS_A_SECOND - sum(network.sites[n].session_minutes for n in trip[1]) * 60


def test_the_solver_pays_travel_team_day_delay_and_soft_day() -> None:
    days = team_days(1, 3)
    wet = {days[2].day: 30}
    sites = [site(0, value=3.0), site(1, value=6.0, day_costs=wet)]
    network, prices, slots = slots_of(sites, days)
    for number, soft in ((0, 0), (1, 0), (2, 1_800)):
        way = 60 * sum(network.legs(slots[number].kind, (0, 1)))
        expected = way + TEAM_DAY_PRICE_S * (1 + 1.0 * (number + 1)) + soft
        assert paid(network, slots, prices, (number, (0, 1))) == expected


def test_going_into_another_district_is_paid_where_villages_shall_stay_together() -> None:
    sites = [site(0), site(1), site(10)]
    network = network_of(sites, [team_day()], None, 25.0)
    prices = priced(sites, [team_day()], 0.0)
    slots = dated_slots(network, kinds_of(network, [team_day()]), prices)
    for trip, apart in (((0, 1), 0), ((1, 2), 1_500), ((0, 2, 1), 3_000)):
        way = 60 * sum(network.legs(slots[0].kind, trip)) + TEAM_DAY_PRICE_S
        assert paid(network, slots, prices, (0, trip)) == way + apart
    assert network.best_order(slots[0].kind, (0, 2, 1)) in {
        (2, 0, 1),
        (2, 1, 0),
        (0, 1, 2),
        (1, 0, 2),
    }


def test_days_of_a_week_share_their_prices_when_all_would_need_too_much_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = team_days(1, 12)
    sites = [site(0, day_costs={one.day: 10 * n for n, one in enumerate(days, start=1)})]
    network, kinds = ground(sites, days)
    prices = priced(sites, days, 0.0)

    def different() -> int:
        slots = dated_slots(network, kinds, prices)
        return len({slot.prices_s.tobytes() for slot in slots if slot.prices_s is not None})

    assert different() == 12
    monkeypatch.setattr(slots_module, "LARGEST_BYTES", 2 * 4 * slots_module.BYTES_A_PAIR)
    assert different() == 2


def test_a_friday_from_eight_to_five_forbids_ways_longer_than_ninety_minutes() -> None:
    sites = [site(0, point(20)), site(1, point(29)), site(2, point(2))]
    network, kinds = ground(sites, [team_day(day=FRIDAY)])
    (kind,) = kinds.values()
    assert kind.sessions == 2
    assert one_session_each_side(network, kind)
    slots = Slots(kind, FRIDAY, 1, 1, frozenset({2}))
    minutes = duration_matrix(network, slots)
    way = network.minutes[0, 1:]
    assert way[0] <= 90 < way[1]
    assert minutes[0, 1:].tolist() == [way[0], FORBIDDEN_MINUTES, FORBIDDEN_MINUTES]
    assert minutes[1:, 0].tolist() == [way[0], FORBIDDEN_MINUTES, network.minutes[3, 0]]
    assert minutes[1, 3] == FORBIDDEN_MINUTES


def test_a_visit_that_stands_where_no_day_holds_it_leaves_no_empty_trip() -> None:
    network, kinds = ground([site(0, point(200)), site(1)], [team_day()])
    (kind,) = kinds.values()
    slots = [Slots(kind, MONDAY, 1, 1, team_id=1, standing=frozenset({0}))]
    assert held(network, slots, []) == []


def test_other_hours_of_a_friday_do_not_follow_the_rule_of_one_each_side() -> None:
    for changes in ({"starts_minute": 360}, {"ends_minute": 1_200}, {"starts_minute": 600}):
        network, kinds = ground([site(0)], [team_day(day=FRIDAY, **changes)])
        (kind,) = kinds.values()
        assert kind.is_friday
        assert not one_session_each_side(network, kind)


def test_hours_beside_the_prayers_are_hours_like_any_other() -> None:
    _, kinds = ground([site(0)], [team_day(day=FRIDAY, starts_minute=810)])
    assert [kind.is_friday for kind in kinds.values()] == [False]


def test_a_trip_that_is_too_full_loses_its_least_valuable_village() -> None:
    sites = [site(n, value=float(10 - n)) for n in range(4)]
    network, kinds = ground(sites, [team_day()])
    (kind,) = kinds.values()
    slots = Slots(kind, MONDAY, 1, 1)
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
    network, prices, slots = slots_of(sites, days)
    assert [slot.number for slot in slots] == [1, 2, 3]
    undated = undated_slots(network, slots)
    trips = [(undated[0], (stop,)) for stop in range(3)]
    given = with_days(network, slots, visit_prices(network, prices), trips)
    assert sorted(given) == [(0, (0,)), (1, (1,))]


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_trips_get_the_days_that_cost_least_together(trips: int, days: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    value, soft = draw.uniform(1, 9, trips), draw.uniform(0, 3, (trips, days))
    costs = np.outer(value, np.arange(1, days + 1)) * 10 + soft
    counts = draw.integers(1, 3, days)
    given = cheapest_days(costs, counts)
    assert all(given.count(column) <= counts[column] for column in range(days))
    columns = [column for column in range(days) for _ in range(counts[column])]
    if trips <= len(columns):
        best = min(
            sum(costs[trip, column] for trip, column in enumerate(some))
            for some in permutations(columns, trips)
        )
        assert sum(costs[trip, column] for trip, column in enumerate(given)) <= best * 1.01


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_no_trip_is_left_while_others_can_go_elsewhere(trips: int, slots: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    costs = draw.uniform(1, 9, (trips, slots))
    costs[draw.random((trips, slots)) < 0.4] = IMPOSSIBLE_S
    counts = draw.integers(1, 3, slots)
    given = cheapest_days(costs, counts)
    assert all(given.count(column) <= counts[column] for column in range(slots))
    assert all(
        costs[trip, column] < IMPOSSIBLE_S for trip, column in enumerate(given) if column >= 0
    )
    columns = [column for column in range(slots) for _ in range(counts[column])] + [-1] * trips
    most = max(
        sum(column >= 0 and costs[trip, column] < IMPOSSIBLE_S for trip, column in enumerate(some))
        for some in permutations(columns, trips)
    )
    assert sum(column >= 0 for column in given) == most


def test_trips_that_any_base_can_make_leave_room_for_those_of_one() -> None:
    """What lies between two bases is nearer to the one without which the far villages go short."""
    near, far = point(0, 0), point(58, 0)
    between = [site(n, point(30, n % 3), value=10.0) for n in range(12)]
    beyond = [site(n, point(85, n % 3), value=10.0) for n in range(12, 24)]
    days = team_days(1, 4, base=near)
    days += [replace(one, team_id=2, base=far) for one in days]
    network, prices, slots = slots_of(between + beyond, days, 0.0)
    undated = undated_slots(network, slots)
    first, second = sorted(undated, key=lambda one: one.kind.base)
    trips = [(first, (n, n + 1, n + 2)) for n in range(0, 12, 3)]
    trips += [(second, (n, n + 1, n + 2)) for n in range(12, 24, 3)]
    given = with_days(network, slots, visit_prices(network, prices), trips)
    assert sorted(stop for _, stops in given for stop in stops) == list(range(24))


def test_a_standing_rota_stays_when_moving_costs_more_than_it_gains() -> None:
    days = team_days(2, 4)
    sites = [site(n, point(3 * (n % 4), 3 * (n // 4)), value=10.0 + n) for n in range(12)]
    network, kinds = ground(sites, days)
    prices = priced(sites, days, 0.5)
    start = {days[n]: (3 * n, 3 * n + 1, 3 * n + 2) for n in range(4)}
    day_of = {stop: one.day for one, stops in start.items() for stop in stops}
    move = np.full((12, len(prices.day_number)), 1e6)
    for stop, day in day_of.items():
        move[stop, prices.day_number[day] - 1] = 0
    kept = improve(network, kinds, prices, start, Search(1, (0, 80)), move)
    assert {stop: one.day for one, stops in kept.items() for stop in stops} == day_of
    free = improve(network, kinds, prices, start, Search(1, (0, 80)))
    assert {stop: one.day for one, stops in free.items() for stop in stops} != day_of


def test_a_larger_question_gets_more_rounds_up_to_a_limit() -> None:
    assert rounds_for(1) < rounds_for(200) < rounds_for(100_000) == 3_000
