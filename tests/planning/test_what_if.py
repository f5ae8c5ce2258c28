"""What a supposition would bring: both plans, what differs, and that more is never less."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from outreach.planning import what_if as module
from outreach.planning.assign import assign
from outreach.planning.check import violations
from outreach.planning.cures import with_more
from outreach.planning.more_days import as_on, days_behind
from outreach.planning.packages import split
from outreach.planning.what_if import only_adds, planned, what_if
from tests.planning.builders import MONDAY, problem, scattered, team_days
from tests.planning.stays import days_of, far_away
from tests.planning.strategies import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.planning.model import Plan, Problem, Site, Unplaced
    from outreach.planning.what_if import Difference

SATURDAY = MONDAY + timedelta(days=5)


def scarce(villages: int = 40, rounds: int = 20) -> Problem:
    return problem(scattered(villages, 3, 6.0), team_days(2, 4), rounds)


def with_a_team_more(asked: Problem) -> Problem:
    return replace(asked, team_days=with_more(asked.team_days, teams=1))


def longer(asked: Problem, days: int) -> Problem:
    more = [
        one for day in days_behind(asked.team_days, days) for one in as_on(asked.team_days, day)
    ]
    return replace(asked, team_days=(*asked.team_days, *more))


def sums_up(told: Difference) -> None:
    """Hold the difference against the two plans that it is about."""
    was, now = (frozenset(one.code for one in way.plan.visits) for way in (told.before, told.after))
    assert (told.gained, told.lost) == (now - was, was - now)
    days, before, after = zip(*told.value_by_date, strict=True) if told.value_by_date else ((),) * 3
    assert list(days) == sorted(
        {one.day for one in (*told.before.plan.visits, *told.after.plan.visits)}
    )
    for way, reached in ((told.before, before), (told.after, after)):
        value = {site.code: site.value for site in way.problem.sites}
        for day, found in zip(days, reached, strict=True):
            by_then = [value[one.code] for one in way.plan.visits if one.day <= day]
            assert found == pytest.approx(sum(by_then))
        assert way.value == pytest.approx(reached[-1] if reached else 0)


def test_a_team_more_brings_more_villages_and_says_which() -> None:
    asked = scarce()
    told = what_if(asked, with_a_team_more(asked))
    for one in (told.before, told.after):
        assert violations(one.problem, one.plan) == ()
    sums_up(told)
    assert len(told.gained) > len(told.lost)
    assert told.value_by_date[-1][2] > told.value_by_date[-1][1]


def test_where_nothing_is_supposed_nothing_differs() -> None:
    asked = scarce()
    told = what_if(asked, asked)
    assert told.after == told.before
    assert not told.gained | told.lost
    assert told.value_by_date
    assert all(before == after for _, before, after in told.value_by_date)


def test_villages_that_are_not_asked_for_are_lost_and_their_value_with_them() -> None:
    asked = scarce(8)
    out = frozenset(one.code for one in asked.sites[:3])
    told = what_if(asked, replace(asked, sites=asked.sites[3:]))
    sums_up(told)
    assert not told.gained
    assert told.lost == out
    assert told.after.value < told.before.value


def test_a_team_fewer_or_shorter_days_reach_less_and_the_first_plan_is_not_kept() -> None:
    asked = scarce()
    fewer = tuple(one for one in asked.team_days if one.team_id == 1)
    shorter = tuple(replace(one, ends_minute=one.ends_minute - 120) for one in asked.team_days)
    for days in (fewer, shorter):
        told = what_if(asked, replace(asked, team_days=days))
        sums_up(told)
        assert told.after.value < told.before.value
        assert violations(told.after.problem, told.after.plan) == ()


def test_it_tells_how_far_it_is_and_can_be_ended() -> None:
    heard: list[float] = []
    asked = scarce(12, rounds=60)
    what_if(asked, with_a_team_more(asked), heard.append)
    assert heard == sorted(heard)
    assert 0 < heard[0] < heard[-1] <= 1 + 1e-9

    def stop(_done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        what_if(asked, with_a_team_more(asked), stop)


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
    told = what_if(asked, with_a_team_more(asked))
    sums_up(told)
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
    assume(asked.team_days)
    asked = replace(asked, parameters=replace(asked.parameters, rounds=3))
    more = longer(asked, days)
    told = what_if(asked, replace(more, team_days=with_more(more.team_days, teams=teams)))
    assert only_adds(told.before.problem, told.after.problem)
    assert told.after.value >= told.before.value - 1e-9
    assert violations(told.after.problem, told.after.plan) == ()
    sums_up(told)
