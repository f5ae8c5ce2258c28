from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from outreach.planning import choosing
from outreach.planning.bound import lower_bound
from outreach.planning.choosing import chosen_trips, near_trips
from outreach.planning.model import Hours, Parameters, Pin, Problem
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import priced
from outreach.planning.slots import dated_slots, undated_slots
from tests.planning.builders import FRIDAY, MONDAY, point, scattered, site, team_day, team_days

if TYPE_CHECKING:
    from datetime import date

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Network
    from outreach.planning.slots import Slots
    from outreach.planning.solver import Found


def chosen(
    sites: list[Site], days: list[TeamDay]
) -> tuple[Network, list[Slots], list[Found], float]:
    """Trips for the slots, and what they and the villages left out cost but for the delay."""
    network = network_of(sites, days)
    kinds = kinds_of(network, days)
    prices = priced(sites, days, 0.0)
    slots = undated_slots(network, dated_slots(network, kinds, prices))
    found = chosen_trips(network, slots, prices, lambda: True)
    served = {stop for _, stops in found for stop in stops}
    cost_s = sum(float(prices.left_out[n]) for n in range(len(sites)) if n not in served)
    for number, stops in found:
        order = network.best_order(slots[number].kind, stops)
        assert order is not None
        cost_s += 60 * network.way_minutes(slots[number].kind, order)
        cost_s += 9_600 * slots[number].kind.sessions
    return network, slots, found, cost_s


@pytest.mark.parametrize("day", [MONDAY, FRIDAY])
def test_every_trip_that_fits_a_day_is_looked_at(day: date) -> None:
    sites = scattered(16, seed=3, wide_km=12)
    network = network_of(sites, [team_day(1, day)])
    (kind,) = kinds_of(network, [team_day(1, day)]).values()
    listed = {
        tuple(stop for stop in row if stop < 16)
        for row in near_trips(network, kind, np.arange(16)).tolist()
    }
    fitting = {
        stops
        for size in (1, 2, 3)
        for stops in combinations(range(16), size)
        if network.best_order(kind, stops)
    }
    assert len(fitting) > 30
    assert fitting <= listed


def test_no_village_is_in_two_trips_and_no_day_is_used_twice() -> None:
    _, slots, found, _ = chosen(scattered(60, seed=2, wide_km=25), team_days(2, 6))
    served = [stop for _, stops in found for stop in stops]
    assert len(served) == len(set(served)) > 20
    for number, slot in enumerate(slots):
        assert sum(one == number for one, _ in found) <= slot.count


def test_far_villages_worth_much_are_taken_together_before_near_ones() -> None:
    near = [site(n, point(1 + n % 3, n // 3), value=30) for n in range(9)]
    far = [site(9 + n, point(36 + n), value=400) for n in range(2)]
    _, _, found, _ = chosen([*near, *far], [team_day()])
    assert [set(stops) >= {9, 10} for _, stops in found] == [True]


def test_the_choice_is_near_the_best_possible_one() -> None:
    sites, days = scattered(70, seed=5, wide_km=15), team_days(1, 14)
    question = Problem(tuple(sites), tuple(days), 1, Parameters(0.0))
    assert chosen(sites, days)[3] < 1.02 * lower_bound(question).total_s


def test_visits_that_stand_and_their_days_are_left_alone() -> None:
    pinned = site(0, point(2, 2), value=5_000, pin=Pin(1, MONDAY, 600))
    sites = [pinned, *scattered(12, seed=1)[1:]]
    _, slots, found, _ = chosen(sites, team_days(2, 2))
    assert found
    assert all(slots[number].team_id is None and 0 not in stops for number, stops in found)


def test_hours_of_a_village_are_kept() -> None:
    late = [site(n, point(n), hours=Hours(840, 980)) for n in range(4)]
    _, _, found, _ = chosen(late, team_days(1, 3))
    assert found
    assert all(len(stops) == 1 for _, stops in found)


def test_without_teams_that_are_free_nothing_is_chosen() -> None:
    pinned = [site(0, point(2, 2), pin=Pin(1, MONDAY, 600))]
    assert chosen(pinned, [team_day()])[2] == []


def test_many_villages_are_company_to_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "MOST_TRIPS", 40 * 10)
    network = network_of(scattered(40, wide_km=5), [team_day()])
    (kind,) = kinds_of(network, [team_day()]).values()
    listed = near_trips(network, kind, np.arange(40))
    assert (listed[:, 2] < 40).sum() <= 400
