"""No plan is cheaper than the bound, and the bound is as near as a linear programme can come.

Whoever checks here knows nothing of the search: trips are tried one by one (`brute_force`).
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from outreach.planning import bound as bounds
from outreach.planning import dayclasses, tours
from outreach.planning.assign import assign
from outreach.planning.bill import bill_of
from outreach.planning.bound import lower_bound
from outreach.planning.certificate import certificate_of, certify
from outreach.planning.check import violations
from outreach.planning.model import (
    Hours,
    Parameters,
    Pin,
    Plan,
    PlannedVisit,
    Point,
    Problem,
    Site,
    Stay,
    TravelTable,
)
from outreach.planning.prices import prices_of
from outreach.planning.travel import travel_matrix_minutes, travel_minutes
from tests.planning.brute_force import best_s, every_trip, linear_s, proved_s
from tests.planning.builders import (
    FRIDAY,
    MONDAY,
    SURAKARTA,
    point,
    problem,
    scattered,
    site,
    team_day,
    team_days,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.planning.model import TeamDay

# How near the search comes before it stops, and what single floats may lose on the way.
NEAR = 1 - 2 * bounds.CONVERGED_SHARE

THURSDAY = FRIDAY - timedelta(days=1)


def mixed(seed: int, sites: int = 7) -> Problem:
    """Draw villages with hours, closed and unloved days around teams of two bases and a Friday."""
    draw = random.Random(seed)
    days = [THURSDAY, FRIDAY]
    told = [
        replace(
            one,
            code=f"33.11.{1 + number % 2:02d}.{2001 + number}",
            session_minutes=draw.choice([60, 90, 120]),
            closed_days=frozenset(day for day in days if draw.random() < 0.15),
            hours=Hours(draw.choice([0, 540]), draw.choice([1440, 900])),
            hours_on={FRIDAY: Hours(480, 690)} if draw.random() < 0.2 else {},
            day_costs={day: draw.randrange(90) for day in days if draw.random() < 0.3},
        )
        for number, one in enumerate(scattered(sites, seed, 20.0))
    ]
    other = point(draw.uniform(-20, 20), draw.uniform(-20, 20))
    first = [team_day(1, THURSDAY), team_day(2, THURSDAY, base=other, sessions=2)]
    second = [team_day(1, FRIDAY), team_day(2, FRIDAY, base=other, ends_minute=15 * 60)]
    parameters = Parameters(rounds=40, togetherness=draw.choice([0.0, 7.5]))
    return Problem(tuple(told), tuple(first + second), seed, parameters)


@pytest.mark.parametrize("seed", range(10))
def test_the_bound_is_the_linear_programme_over_every_trip_that_keeps_the_rules(seed: int) -> None:
    asked = mixed(seed)
    trips = every_trip(asked)
    bound = lower_bound(asked)
    linear, best = linear_s(trips), best_s(trips)
    assert bound.converged
    assert linear * NEAR <= bound.total_s <= linear + 1e-3
    assert linear <= best + 1e-3
    plan = assign(asked)
    assert not violations(asked, plan)
    assert best <= bill_of(asked, plan).total_s + 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_the_worth_of_the_villages_proves_the_bound_in_exact_fractions(seed: int) -> None:
    asked = mixed(seed)
    bound = lower_bound(asked)
    proved = float(proved_s(every_trip(asked), bound.worth_s))
    assert proved * (1 - 1e-5) <= bound.total_s <= proved + 1e-6


@pytest.mark.parametrize("rounds", [1, 2, 5, 20])
def test_a_search_that_is_stopped_early_has_proved_less_but_nothing_wrong(rounds: int) -> None:
    asked = mixed(3)
    stopped, whole = lower_bound(asked, rounds=rounds), lower_bound(asked)
    assert stopped.rounds <= rounds
    assert 0 <= stopped.total_s <= linear_s(every_trip(asked)) + 1e-3
    assert stopped.total_s <= whole.total_s + 1e-3
    assert not lower_bound(asked, cpu_seconds=0.0).converged
    assert lower_bound(asked, is_over=lambda: True) == lower_bound(asked, rounds=1)


def test_a_plan_shortens_the_search_and_changes_nothing_else() -> None:
    asked = problem(scattered(40, 5), team_days(2, 9))
    alone, helped = lower_bound(asked), lower_bound(asked, plan=assign(asked))
    assert alone.converged
    assert helped.converged
    assert alone.total_s == pytest.approx(helped.total_s, rel=2 * bounds.CONVERGED_SHARE)
    assert helped.columns < alone.columns


def test_the_same_question_gives_the_same_bound_and_is_told_of_as_it_goes() -> None:
    asked = problem(scattered(30, 7), team_days(1, 12))
    heard: list[float] = []
    first = lower_bound(asked, on_progress=heard.append)
    assert first == lower_bound(asked)
    assert len(heard) == first.rounds
    assert heard[-1] == pytest.approx(1.0, abs=0.02)
    assert all(0 <= one <= 1 for one in heard)


def test_what_progress_raises_ends_the_search() -> None:
    class Enough(Exception):
        pass

    def tell(done: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        lower_bound(mixed(1), on_progress=tell)


def _weekly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dayclasses, "LARGEST_VILLAGE_DAYS", 0)


def _widest_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dayclasses, "LARGEST_KEPT_BYTES", 0)


@pytest.mark.parametrize("relax", [_weekly, _widest_hours])
@pytest.mark.parametrize("seed", range(4))
def test_what_large_problems_relax_only_lowers_the_bound(
    seed: int, relax: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = mixed(seed)
    relax(monkeypatch)
    relaxed = lower_bound(asked).total_s
    linear = linear_s(every_trip(asked))
    assert 0.5 * linear < relaxed <= linear + 1e-3


def test_tables_without_room_are_made_again_and_say_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = mixed(2)
    kept = lower_bound(asked)
    monkeypatch.setattr(tours.kept_where_possible, "__defaults__", (0,))
    assert lower_bound(asked) == kept


@pytest.mark.parametrize("seed", range(6))
def test_visits_that_stand_are_in_the_bound_on_their_own_day_only(seed: int) -> None:
    asked = mixed(seed)
    plan = assign(asked)
    pinned = {
        one.code: Pin(one.team_id, one.day, one.starts_minute)
        for one in plan.visits
        if one.slot < 3
    }
    stands = replace(
        asked, sites=tuple(replace(one, pin=pinned.get(one.code)) for one in asked.sites)
    )
    bound = lower_bound(stands).total_s
    assert bound <= best_s(every_trip(stands)) + 1e-3
    assert bound <= bill_of(stands, assign(stands)).total_s + 1e-3


def test_a_visit_that_stands_late_raises_the_bound_by_its_delay() -> None:
    sites = [site(number, value=100.0) for number in range(3)]
    days = team_days(1, 5)
    free = problem(sites, days)
    last = Pin(1, days[-1].day, 9 * 60)
    stands = replace(free, sites=(replace(sites[0], pin=last), *sites[1:]))
    delay = 4 * float(prices_of(free).delay[0])
    assert lower_bound(stands).total_s >= lower_bound(free).total_s + delay - 1


def test_a_visit_that_stands_where_no_team_works_costs_nothing_in_the_bound() -> None:
    sites = [site(number) for number in range(3)]
    days = [team_day()]
    elsewhere = replace(sites[0], pin=Pin(1, MONDAY + timedelta(days=1), 600))
    asked = problem([elsewhere, *sites[1:]], days)
    bound = lower_bound(asked).total_s
    assert bound < lower_bound(problem(sites, days)).total_s
    assert bound <= bill_of(asked, assign(asked)).total_s


def test_measured_ways_bound_a_plan_by_measured_ways() -> None:
    sites = scattered(6, 4)
    days = team_days(1, 3)
    places = (SURAKARTA, *(one.point for one in sites))
    table = TravelTable(places, 2 * travel_matrix_minutes(places), "somebody")
    asked = replace(problem(sites, days), travel=table)
    linear = linear_s(every_trip(asked))
    assert linear * NEAR <= lower_bound(asked).total_s <= linear + 1e-3
    assert linear > linear_s(every_trip(problem(sites, days)))


def test_villages_that_nobody_can_visit_are_left_out_in_the_bound_too() -> None:
    nowhere = Site("33.11.09.2099", Point(float("nan"), 0.0, "33.11", 1), 9.0)
    far = site(1, point(400))
    shut = site(2, closed_days=frozenset([MONDAY]))
    asked = problem([site(0), nowhere, far, shut], [team_day()])
    left_out = prices_of(asked).left_out
    alone = bill_of(asked, assign(asked))
    assert alone.left_out_s == sum(left_out[1:])
    assert lower_bound(asked).total_s == pytest.approx(alone.total_s, rel=1e-4)


def test_without_team_days_or_places_everything_is_left_out() -> None:
    asked = problem([site(0), site(1)], [])
    assert lower_bound(asked).total_s == prices_of(asked).left_out.sum()
    assert lower_bound(problem([], [team_day()])).total_s == 0
    short = problem([site(0)], [team_day(ends_minute=8 * 60 + 30)])
    assert lower_bound(short).total_s == pytest.approx(float(prices_of(short).left_out.sum()))


def test_days_of_more_than_three_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="three sessions"):
        lower_bound(problem([site(0)], [team_day(sessions=4)]))


def test_a_certificate_holds_the_bill_against_the_bound() -> None:
    asked = problem(scattered(45, 2), team_days(2, 8))
    plan = assign(asked)
    certificate = certify(asked, plan)
    bill = bill_of(asked, plan).total_s
    assert certificate.cost_s == pytest.approx(bill)
    assert certificate.bound_s <= bill
    assert certificate.gap == (certificate.cost_s - certificate.bound_s) / certificate.bound_s
    assert 0 <= certificate.gap < 0.05
    assert (certificate.villages, certificate.in_stays) == (45, 0)
    assert certificate_of(asked, plan)["gap"] == certificate.gap


def test_a_worse_plan_stands_farther_from_the_best() -> None:
    asked = problem(scattered(20, 2), team_days(2, 5))
    good = assign(asked)
    days = sorted({one.day for one in good.visits})
    later = dict(zip(days, reversed(days), strict=True))
    worse = replace(good, visits=tuple(replace(one, day=later[one.day]) for one in good.visits))
    assert certify(asked, worse).gap > certify(asked, good).gap + 0.01


def test_stays_are_taken_out_of_both_sides() -> None:
    near, far = scattered(12, 3), site(40, point(160))
    days = team_days(1, 8)
    ordinary = problem(near, days[:5])
    asked = problem([*near, far], days)
    plan = _with_stay(assign(ordinary), far, days[5:])
    certificate = certify(asked, plan)
    assert (certificate.villages, certificate.in_stays) == (12, 1)
    # The stay alone costs two days of travel and a team-day: nothing of it is in the cost.
    stay_s = 3 * 28_800 + plan.stays[0].access_minutes * 120
    assert certificate.cost_s < bill_of(asked, plan).total_s - stay_s
    assert certificate.bound_s <= certificate.cost_s
    assert certificate.gap < 0.05


def _with_stay(plan: Plan, far: Site, days: list[TeamDay]) -> Plan:
    """Go to the far village on the first of the days, hold its session on the next, come back."""
    there, at, back = (one.day for one in days)
    access = travel_minutes(SURAKARTA, far.point)
    stay = Stay(1, far.code, far.point, (there, back), (at,), access)
    held = PlannedVisit(far.code, 1, at, 1, 8 * 60, 5, 5)
    return replace(
        plan,
        visits=(*plan.visits, held),
        stays=(stay,),
        travel_minutes=plan.travel_minutes + 10 + 2 * access,
        team_days_used=plan.team_days_used + 3,
    )


def test_every_trip_stands_in_the_table_once_per_pair_of_companions() -> None:
    listed = tours.companions(6, 3)
    trips = {
        (first, *sorted(one for one in pair if one < 6))
        for first in range(6)
        for pair in zip(
            listed.second[listed.beyond(first)].tolist(),
            listed.third[listed.beyond(first)].tolist(),
            strict=True,
        )
    }
    assert len(trips) == 6 + 15 + 20
    assert all(np.all(np.diff(trip) > 0) for trip in trips)
