"""A plan that is upset goes on: nobody confirmed moves, few others do, and without a cause none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.planning import mending
from outreach.planning.assign import assign
from outreach.planning.bill import bill_of
from outreach.planning.check import Rule, violations
from outreach.planning.events import (
    DayClosed,
    HolidayMoved,
    RegionClosed,
    TeamAway,
    VillageAdded,
    VillageGone,
    after,
    hit_by,
    rest_from,
)
from outreach.planning.mending import Budget, Mended, mend
from outreach.planning.model import Pin, Reason, Remedy
from outreach.planning.prices import prices_of
from tests.planning.builders import MONDAY, point, problem, scattered, site, team_day, team_days
from tests.planning.strategies import problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.planning.events import Event
    from outreach.planning.model import Plan, Problem, TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.rota import Rota

TUESDAY = MONDAY + timedelta(days=1)
FEW = Budget(rounds=60)


@cache
def planned(villages: int, teams: int, days: int, rounds: int = 60) -> tuple[Problem, Plan]:
    asked = problem(scattered(villages, 5, 8.0), team_days(teams, days), rounds)
    return asked, assign(asked)


def on_days(plan: Plan, days: int) -> frozenset[str]:
    """Villages visited on the first days of a plan."""
    first = sorted({visit.day for visit in plan.visits})[:days]
    return frozenset(visit.code for visit in plan.visits if visit.day in first)


def require_sound(asked: Problem, before: Plan, told: Mended, confirmed: frozenset[str]) -> None:
    """Hold what every repair holds, whatever has happened."""
    assert violations(asked, told.plan) == ()
    was = {visit.code: visit for visit in before.visits}
    now = {visit.code: visit for visit in told.plan.visits}
    for code in confirmed & {one.code for one in asked.sites} - told.hit:
        assert (now[code].team_id, now[code].day, now[code].starts_minute) == (
            was[code].team_id,
            was[code].day,
            was[code].starts_minute,
        )
    parts = (told.moved, told.shifted, told.kept, told.lost)
    assert sorted(code for part in parts for code in part) == sorted(
        was.keys() & {one.code for one in asked.sites}
    )
    assert told.gained == now.keys() - was.keys()
    assert told.after == bill_of(asked, told.plan)


def moved_afresh(upset: Problem, before: Plan) -> set[str]:
    """Villages that get another team or day when everything is planned from scratch."""
    was = {visit.code: (visit.team_id, visit.day) for visit in before.visits}
    now = {visit.code: (visit.team_id, visit.day) for visit in assign(upset).visits}
    return {code for code in was.keys() & now.keys() if was[code] != now[code]}


EVENTS: list[Event] = [
    TeamAway(1, frozenset(MONDAY + timedelta(days=n) for n in range(6))),
    RegionClosed("33.11.01", frozenset(MONDAY + timedelta(days=n) for n in range(5))),
    DayClosed(TUESDAY),
    VillageGone("33.11.01.2003"),
    VillageAdded(site(99, point(2, 2))),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_nobody_confirmed_moves_and_few_others(event: Event) -> None:
    asked, plan = planned(40, 2, 9)
    confirmed = on_days(plan, 3)
    upset = after(asked, event)
    told = mend(upset, plan, confirmed=confirmed, budget=FEW)
    require_sound(upset, plan, told, confirmed)
    assert told.lost <= told.hit
    assert len(told.moved_besides) < 0.5 * len(moved_afresh(upset, plan) - told.hit)
    again = mend(upset, plan, confirmed=confirmed, budget=FEW)
    assert again.plan == told.plan


def test_without_an_event_the_plan_is_the_same() -> None:
    for asked, plan in (planned(20, 2, 6), planned(60, 2, 6)):
        told = mend(asked, plan, confirmed=on_days(plan, 2), budget=FEW)
        assert told.plan == plan
        assert told.before == told.after == bill_of(asked, plan)
        assert told.kept == {visit.code for visit in plan.visits}


def test_a_move_has_to_be_worth_its_price() -> None:
    asked, plan = planned(40, 2, 9, rounds=0)
    upset = after(asked, DayClosed(TUESDAY))
    cheap = mend(upset, plan, move_price_minutes=0, budget=Budget(rounds=150))
    dear = mend(upset, plan, move_price_minutes=10_000, budget=Budget(rounds=150))
    never = mend(upset, plan, move_price_minutes=None)
    assert cheap.moved_besides
    assert {*dear.moved_besides, *never.moved_besides} == set()
    assert cheap.after.total_s < dear.after.total_s <= never.after.total_s


def test_a_named_visit_moves_though_its_place_is_free() -> None:
    asked, plan = planned(12, 1, 8)
    named = plan.visits[0]
    open_then = replace(
        asked,
        sites=tuple(
            replace(one, closed_days=frozenset({named.day})) if one.code == named.code else one
            for one in asked.sites
        ),
    )
    assert hit_by(open_then, plan) == {named.code}
    told = mend(asked, plan, hit={named.code}, confirmed={named.code}, budget=FEW)
    assert told.hit == {named.code}
    told = mend(open_then, plan, confirmed={named.code}, budget=FEW)
    assert named.code in told.moved
    assert not told.lost


def test_confirmed_visits_move_when_they_may_and_cost_more() -> None:
    asked, plan = planned(40, 2, 9, rounds=0)
    everybody = frozenset(visit.code for visit in plan.visits)
    upset = after(asked, DayClosed(TUESDAY))
    held = mend(upset, plan, confirmed=everybody, move_price_minutes=0, budget=FEW)
    assert not held.moved_besides
    free = mend(
        upset,
        plan,
        confirmed=everybody,
        may_move_confirmed=True,
        move_price_minutes=0,
        budget=Budget(rounds=150),
    )
    assert free.moved_besides


def test_whoever_no_longer_fits_is_told_why_and_what_would_help() -> None:
    asked, plan = planned(15, 1, 6)
    assert not plan.unplaced
    upset = after(asked, TeamAway(1, frozenset({MONDAY, TUESDAY})))
    told = mend(upset, plan, budget=FEW)
    assert told.lost
    left = {one.code: one for one in told.plan.unplaced}
    assert left.keys() == told.lost
    assert {one.reason for one in left.values()} == {Reason.NO_CAPACITY}
    assert {one.remedy for one in left.values()} <= {Remedy.LONGER_STAGE, Remedy.ADD_TEAM}
    assert all(one.amount for one in left.values())


def test_room_that_comes_is_filled_and_nobody_moves_for_it() -> None:
    asked, plan = planned(30, 1, 4)
    more = replace(asked, team_days=(*asked.team_days, *(team_day(2, MONDAY),)))
    told = mend(more, plan, move_price_minutes=None)
    assert len(told.gained) == 3
    assert told.kept == {visit.code for visit in plan.visits}


def test_a_holiday_that_moves_frees_its_day() -> None:
    asked, plan = planned(24, 2, 5)
    day = plan.visits[0].day
    freed = tuple(team_day(team, MONDAY + timedelta(days=30)) for team in (1, 2))
    upset = after(asked, HolidayMoved(day, freed))
    assert {one.day for one in upset.team_days} - {one.day for one in asked.team_days} == {
        MONDAY + timedelta(days=30)
    }
    told = mend(upset, plan, budget=FEW)
    assert not told.lost
    assert told.hit == {visit.code for visit in plan.visits if visit.day == day}


def test_what_is_left_of_a_plan_waits_at_the_same_price() -> None:
    asked, plan = planned(30, 2, 8)
    first = sorted({visit.day for visit in plan.visits})[2]
    rest, standing = rest_from(asked, plan, first)
    assert all(visit.day >= first for visit in standing.visits)
    assert violations(rest, standing) == ()
    then = dict(zip((one.code for one in asked.sites), prices_of(asked).delay, strict=True))
    now = zip((one.code for one in rest.sites), prices_of(rest).delay, strict=True)
    assert all(delay == pytest.approx(then[code]) for code, delay in now)


@given(problems(), st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_plan_is_mended_after_anything(asked: Problem, data: st.DataObject) -> None:
    asked = replace(asked, sites=tuple(replace(one, pin=None) for one in asked.sites))
    asked = replace(asked, parameters=replace(asked.parameters, rounds=5))
    plan = assign(asked)
    day = data.draw(st.integers(0, 8).map(lambda n: MONDAY + timedelta(days=n)))
    events: tuple[Event, ...] = (
        TeamAway(1, {day, day + timedelta(days=1)}),
        DayClosed(day),
        RegionClosed("33.11.01", {day}),
        RegionClosed("33", {day}),
    )
    event = data.draw(st.sampled_from(events))
    codes = [visit.code for visit in plan.visits]
    confirmed = frozenset(data.draw(st.sets(st.sampled_from(codes)))) if codes else frozenset()
    upset = after(asked, event)
    told = mend(upset, plan, confirmed=confirmed, budget=Budget(rounds=10))
    require_sound(upset, plan, told, confirmed)
    assert mend(asked, plan, confirmed=confirmed, budget=Budget(rounds=10)).plan == plan


@given(problems(pins=True), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_question_pins_is_kept_whatever_happens(
    asked: Problem, data: st.DataObject
) -> None:
    asked = replace(asked, parameters=replace(asked.parameters, rounds=5))
    plan, budget = assign(asked), Budget(rounds=10)
    # Pins may contradict each other; then something has happened before anything happens.
    if not violations(asked, plan):
        assert mend(asked, plan, budget=budget).plan == plan
    day = data.draw(st.integers(0, 8).map(lambda n: MONDAY + timedelta(days=n)))
    events: tuple[Event, ...] = (
        TeamAway(1, {day}),
        DayClosed(day),
        RegionClosed("33.11.01", {day}),
    )
    upset = after(asked, data.draw(st.sampled_from(events)))
    codes = [visit.code for visit in plan.visits]
    confirmed = frozenset(data.draw(st.sets(st.sampled_from(codes)))) if codes else frozenset()
    told = mend(upset, plan, confirmed=confirmed, hit=codes[:2], budget=budget)
    pins = [one.pin for one in upset.sites if one.pin is not None]
    given_days = {(pin.team_id, pin.day) for pin in pins}
    for one in violations(upset, told.plan):
        assert one.rule is not Rule.PIN_MOVED
        assert (one.team_id, one.day) in given_days


def test_a_pin_that_came_later_takes_its_place() -> None:
    asked, plan = planned(9, 1, 3)
    full = plan.visits[0]
    late = next(one for one in plan.visits if one.day != full.day)
    pin = Pin(full.team_id, full.day, 600)
    sites = [replace(one, pin=pin) if one.code == late.code else one for one in asked.sites]
    upset = replace(asked, sites=tuple(sites))
    told = mend(upset, plan, budget=FEW)
    assert violations(upset, told.plan) == ()
    assert late.code in told.moved & told.hit


def test_a_team_on_a_stay_goes_on_with_it() -> None:
    far = [site(40 + number, point(160, 3 * number)) for number in range(5)]
    asked = problem([*scattered(6), *far], team_days(1, 14))
    plan = assign(asked)
    (stay,) = plan.stays
    for first in sorted((*stay.travel_days, *stay.session_days)):
        rest, standing = rest_from(asked, plan, first)
        assert violations(rest, standing) == ()
        assert mend(rest, standing, budget=FEW).plan == standing
        closed = after(rest, DayClosed(max(stay.travel_days) + timedelta(days=1)))
        held = mend(closed, standing, budget=FEW).plan
        assert violations(closed, held) == ()
        on_the_way = {one.day for one in held.visits} & {*stay.travel_days}
        assert not on_the_way


def test_nobody_is_visited_from_a_hub_who_is_reached_from_the_base() -> None:
    days = team_days(1, 4)
    far = site(40, point(0, 66))
    (stay,) = assign(problem([far], days)).stays
    free = frozenset(one.day for one in days) - {*stay.session_days}
    asked = problem([far, site(1, point(), session_minutes=45, closed_days=free)], days)
    plan = assign(asked)
    assert [one.code for one in plan.visits] == [far.code]
    assert mend(asked, plan, budget=FEW).plan == plan


def test_nobody_is_moved_to_a_hub_who_is_reached_from_the_base(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days, far = team_days(2, 4), site(40, point(0, 66))
    (stay,) = assign(problem([far], days)).stays
    (hub_day,) = stay.session_days
    near = site(1, point(0, 57), closed_days=frozenset({hub_day}))
    asked = problem([far, near], days)
    plan = assign(asked)
    assert len(plan.visits) == 2

    def to_the_hub_day(
        network: Network, kinds: Mapping[TeamDay, Kind], _prices: Prices, start: Rota, *_: object
    ) -> Rota:
        """Move the village to the other team's day, as the solver may."""
        stop = [one.code for one in network.sites].index(near.code)
        (there,) = (one for one in kinds if one.day == hub_day and one.team_id != stay.team_id)
        others = {one: tuple(s for s in stops if s != stop) for one, stops in start.items()}
        return {**{one: stops for one, stops in others.items() if stops}, there: (stop,)}

    monkeypatch.setattr(mending, "improve", to_the_hub_day)
    open_again = replace(near, closed_days=frozenset())
    upset = replace(asked, sites=(far, open_again, site(2, point(1, 1))))
    told = mend(upset, plan, move_price_minutes=0, budget=FEW).plan
    assert {
        one.code for one in told.visits if one.day == hub_day and one.team_id == stay.team_id
    } == {far.code}


def test_no_village_and_no_team_left() -> None:
    asked, plan = planned(6, 1, 3)
    told = mend(replace(asked, team_days=()), plan, budget=FEW)
    assert {one.reason for one in told.plan.unplaced} == {Reason.NO_TEAM}
    assert told.lost == {visit.code for visit in plan.visits}
    told = mend(replace(asked, sites=()), plan, budget=FEW)
    assert (told.plan.visits, told.plan.unplaced, told.lost) == ((), (), frozenset())


def test_the_rounds_of_a_repair_make_it_again() -> None:
    asked, plan = planned(40, 2, 9)
    upset = after(asked, DayClosed(TUESDAY))
    timed = mend(upset, plan, budget=Budget(cpu_seconds=0.2))
    again = mend(upset, plan, budget=Budget(rounds=timed.plan.rounds[1]))
    assert timed.plan == again.plan
