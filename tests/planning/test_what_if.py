"""What a change would bring: both plans, what differs, and that more is never less."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.planning import what_if as module
from outreach.planning.assign import assign
from outreach.planning.bill import bill_of
from outreach.planning.check import violations
from outreach.planning.packages import split
from outreach.planning.what_if import Change, changed, only_adds, planned, what_if
from tests.planning.builders import MONDAY, point, problem, scattered, site, team_day, team_days
from tests.planning.stays import days_of, far_away
from tests.planning.strategies import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.planning.model import Plan, Problem, Site, TeamDay, Unplaced

SATURDAY = MONDAY + timedelta(days=5)


def scarce(villages: int = 40, rounds: int = 20) -> Problem:
    return problem(scattered(villages, 3, 6.0), team_days(2, 4), rounds)


def test_a_team_more_brings_more_villages_and_says_what_it_costs() -> None:
    told = what_if(scarce(), Change(teams=1))
    for one in (told.before, told.after):
        assert violations(one.problem, one.plan) == ()
        assert one.bill == bill_of(one.problem, one.plan)
    assert len(told.gained) - len(told.lost) == len(told.after.plan.visits) - len(
        told.before.plan.visits
    )
    assert len(told.gained) > len(told.lost)
    assert told.team_days > 0
    assert told.travel_minutes != 0
    days, was, now = zip(*told.value_by_date, strict=True)
    assert list(days) == sorted(days)
    assert (was[-1], now[-1]) == pytest.approx((told.before.value, told.after.value))
    assert now[-1] > was[-1]


def test_each_change_is_the_question_it_names() -> None:
    asked = scarce()
    teams = {one.team_id for one in asked.team_days}
    more = changed(asked, Change(teams=2))
    assert len({one.team_id for one in more.team_days}) == 4
    assert len(more.team_days) == 2 * len(asked.team_days)
    fewer = changed(asked, Change(teams=-1))
    assert {one.team_id for one in fewer.team_days} < teams
    longer = changed(asked, Change(days=2))
    assert {one.day for one in longer.team_days} - {one.day for one in asked.team_days} == {
        MONDAY + timedelta(days=4),
        SATURDAY,
    }
    shorter = changed(asked, Change(days=-1))
    assert max(one.day for one in shorter.team_days) == MONDAY + timedelta(days=2)
    assert {one.sessions for one in changed(asked, Change(sessions_a_day=2)).team_days} == {2}
    hours = changed(asked, Change(starts_minute=420, ends_minute=1_080)).team_days
    assert {(one.starts_minute, one.ends_minute) for one in hours} == {(420, 1_080)}
    assert changed(asked, Change(day_price=0.0)).parameters.day_price == 0
    code = asked.sites[0].code
    assert code not in {one.code for one in changed(asked, Change(without=frozenset({code}))).sites}
    assert changed(asked, Change()) == replace(asked, team_days=more_ordered(asked))


def more_ordered(asked: Problem) -> tuple[TeamDay, ...]:
    return tuple(sorted(asked.team_days, key=lambda one: (one.day, one.team_id)))


def test_weekdays_are_added_and_left_out() -> None:
    days = [one for one in team_days(1, 12) if one.day.weekday() < 5]
    asked = problem(scattered(5), days)
    saturdays = changed(asked, Change(weekdays=frozenset(range(6))))
    assert {one.day for one in saturdays.team_days} - {one.day for one in days} == {SATURDAY}
    no_friday = changed(asked, Change(weekdays=frozenset(range(4))))
    assert {one.day.weekday() for one in no_friday.team_days} == {0, 1, 2, 3}


def test_islands_are_left_out_where_no_team_starts() -> None:
    asked = problem([site(1), site(2, point(3, 3, island=2))], [team_day()])
    assert len(changed(asked, Change(skip_islands=True)).sites) == 1
    ours = problem(list(asked.sites), [team_day(), team_day(2, base=point(3, 3, island=2))])
    assert len(changed(ours, Change(skip_islands=True)).sites) == 2


@pytest.mark.parametrize("wrong", [Change(teams=-3), Change(days=-5)])
def test_what_is_not_there_is_not_taken_away(wrong: Change) -> None:
    with pytest.raises(ValueError, match="not so many"):
        changed(scarce(), wrong)


def test_it_tells_how_far_it_is_and_can_be_ended() -> None:
    heard: list[float] = []
    what_if(scarce(12, rounds=60), Change(teams=1), heard.append)
    assert heard == sorted(heard)
    assert 0 < heard[0] < heard[-1] <= 1 + 1e-9

    def stop(_done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        what_if(scarce(12, rounds=60), Change(teams=1), stop)


def test_where_planning_afresh_reaches_less_the_first_plan_is_kept_and_filled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = scarce()

    def poor(supposed: Problem, tell: Callable[[float], None] | None = None) -> Plan:
        made = planned(supposed, tell)
        if len(supposed.team_days) == len(asked.team_days):
            return made
        (first, *_) = made.visits
        nobody = replace(supposed, team_days=())
        return replace(assign(nobody), visits=(), unplaced=(_like(first.code),))

    def _like(code: str) -> Unplaced:
        (one,) = (x for x in assign(replace(asked, team_days=())).unplaced if x.code == code)
        return one

    monkeypatch.setattr(module, "planned", poor)
    told = what_if(asked, Change(teams=1))
    assert told.after.value > told.before.value
    assert not told.lost
    assert violations(told.after.problem, told.after.plan) == ()


def test_a_team_whose_days_go_to_another_part_is_home_between_its_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "split", lambda sites, days: split(sites, days, 6))
    # The second team holds no stay: its days are none in a row.
    days = [
        one
        for one in team_days(2, 46, date(2027, 7, 5))
        if one.team_id == 1 or one.day.weekday() in {0, 3}
    ]
    late = {date(2027, 7, 29), date(2027, 7, 30)}
    early = {one.day for one in days if one.day < date(2027, 8, 1)}
    north = [_shut(one, early) for one in far_away(6)]
    south = [_shut(one, {x.day for x in days} - late) for one in far_away(6, 2, -190)]
    south = [replace(one, code=one.code.replace("33.18", "33.19")) for one in south]
    plan = planned(problem([*north, *south], days, 5))
    first, second = sorted(plan.stays, key=lambda stay: stay.session_days)
    assert (first.team_id, second.team_id) == (1, 1)
    assert max(days_of(first)) == date(2027, 7, 31)
    assert min(days_of(second)) == date(2027, 8, 3)


def _shut(one: Site, days: set[date]) -> Site:
    return replace(one, closed_days=frozenset(days))


@given(problems(), st.integers(0, 2), st.integers(0, 2))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_more_is_never_less(asked: Problem, teams: int, days: int) -> None:
    asked = replace(
        asked,
        sites=tuple(replace(one, pin=None) for one in asked.sites),
        parameters=replace(asked.parameters, rounds=3),
    )
    told = what_if(asked, Change(teams=teams, days=days))
    assert only_adds(told.before.problem, told.after.problem)
    assert told.after.value >= told.before.value - 1e-9
    assert violations(told.after.problem, told.after.plan) == ()
