"""Days of a stay: leave, rest, feasts, weekdays and closed villages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.planning.assign import assign
from outreach.planning.blocks import Block, resting_days, runs_of
from outreach.planning.check import Rule, violations
from outreach.planning.expeditions import plan_stays
from outreach.planning.hub_days import without_long_waits
from outreach.planning.model import Pin, PlannedVisit, Reason, Remedy
from outreach.planning.more_days import EXTENSION_DAYS
from outreach.planning.stay_cures import with_stays_tried
from outreach.planning.trying import MOST_EXTRA_TEAMS
from outreach.planning.workdays import SUNDAY, days_between, holidays_between, is_friday
from tests.planning.builders import FRIDAY, MONDAY, point, problem, site, team_days
from tests.planning.stays import asked_for, check, days_of, far_away, on_both_sides

if TYPE_CHECKING:
    from outreach.planning.model import TeamDay


def on_weekdays(weekdays: set[int], count: int = 120) -> list[TeamDay]:
    """Team-days of one team on these weekdays, Monday = 0."""
    return [one for one in team_days(1, count) if one.day.weekday() in weekdays]


def test_a_day_of_leave_ends_a_stay_and_a_sunday_or_a_holiday_does_not() -> None:
    days = [one for one in team_days(1, 30) if one.day != MONDAY + timedelta(days=2)]
    before, after = runs_of(days)
    assert [one.day for one in before] == [MONDAY, MONDAY + timedelta(days=1)]
    feasts = holidays_between(after[0].day, after[-1].day)
    assert feasts, "the stretch has a holiday in it"
    assert len(after) == len(days) - 2


def test_a_free_weekday_is_spent_at_the_hub_and_one_missing_saturday_is_not() -> None:
    rested = [one for one in team_days(1, 24) if one.day.weekday() != 5]
    assert len(runs_of(rested)) == 1
    away = [one for one in team_days(1, 24) if one.day != date(2027, 1, 16)]
    assert len(runs_of(away)) == 2


def test_a_stay_goes_when_its_villages_are_open() -> None:
    days = team_days(1, 30)
    shut = frozenset(one.day for one in days[:20])
    far = [replace(one, closed_days=shut) for one in far_away(5)]
    asked = asked_for(far, days)
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert not answer.unplaced
    # Those open earlier do not wait for the others.
    mixed = [*far[:3], *far_away(10)[5:]]
    assert not plan_stays(asked_for(mixed, days), mixed).unplaced


def test_an_announced_feast_is_spent_at_the_hub_and_one_that_moved_away_is_worked() -> None:
    announced, estimated = date(2027, 1, 14), date(2027, 1, 15)
    days = [one for one in team_days(1, 24) if one.day != announced]
    assert len(runs_of(days)) == 2
    off = frozenset(one for one in days_between(MONDAY, days[-1].day) if one.weekday() == SUNDAY)
    told = resting_days(days, {1: off | {announced, estimated}})
    (whole,) = runs_of(days, {1: told[1] | frozenset(holidays_between(MONDAY, days[-1].day))})
    assert estimated in {one.day for one in whole}
    far = [site(1, point(160))]
    asked = asked_for(far, [one for one in days if one.day < date(2027, 1, 17)])
    assert asked.team_days[-1].day == date(2027, 1, 16)
    assert not plan_stays(replace(asked, team_days=asked.team_days[1:]), far).stays
    known = replace(asked, team_days=asked.team_days[1:], rests={1: frozenset({announced})})
    (stay,) = plan_stays(known, far).stays
    assert announced not in days_of(stay)
    assert min(days_of(stay)) < announced < max(days_of(stay))


def test_days_given_to_visits_that_stand_are_no_rest_however_often() -> None:
    far, near = far_away(8), [site(30 + week, point(3, 3)) for week in range(4)]
    wednesdays = [MONDAY + timedelta(days=2 + 7 * week) for week in range(4)]
    for start in (500, 60):
        pinned = [
            replace(one, pin=Pin(1, day, start)) for one, day in zip(near, wednesdays, strict=True)
        ]
        asked = problem([*far, *pinned], team_days(1, 24))
        stays = assign(asked).stays
        assert stays
        for stay in stays:
            assert not any(min(days_of(stay)) < one < max(days_of(stay)) for one in wednesdays)


@pytest.mark.parametrize(
    ("weekdays", "missing"), [({1, 2}, 1), ({1, 3}, 3), ({0, 2, 4}, 2)], ids=str
)
def test_a_team_of_few_weekdays_stays_nowhere_and_one_more_weekday_is_the_cure(
    weekdays: set[int], missing: int
) -> None:
    far = far_away(8)
    answer = plan_stays(asked_for(far, on_weekdays(weekdays)), far)
    assert not answer.stays
    told = {(one.reason, one.remedy, one.amount) for one in answer.unplaced}
    assert told == {(Reason.NO_CAPACITY, Remedy.ANOTHER_WEEKDAY, missing)}
    planned = assign(asked_for(far, on_weekdays(weekdays)))
    assert {(one.remedy, one.amount, one.team_id) for one in planned.unplaced} == {
        (Remedy.ANOTHER_WEEKDAY, missing, 1)
    }
    cured = asked_for(far, on_weekdays(weekdays | {missing - 1}))
    answer = plan_stays(cured, far)
    check(cured, far, answer)
    assert not answer.unplaced


def test_a_team_of_one_day_a_week_is_told_to_get_another_beside_it() -> None:
    far = far_away(4)
    days = on_weekdays({2})
    (told,) = {(one.remedy, one.amount) for one in plan_stays(asked_for(far, days), far).unplaced}
    assert told == (Remedy.ADD_TEAM, 1)
    cured = asked_for(far, [*days, *(replace(one, team_id=2) for one in team_days(1, 60))])
    assert {stay.team_id for stay in plan_stays(cured, far).stays} == {2}


def with_change(days: int, remedy: Remedy, amount: int) -> list[TeamDay]:
    """So many days of one team with a change of that kind."""
    if remedy is Remedy.LONGER_STAGE:
        return team_days(1, days + amount)
    return team_days(1 + amount, days)


@pytest.mark.parametrize("days", [3, 4, 6])
def test_the_change_a_village_is_told_gives_it_a_stay(days: int) -> None:
    far = on_both_sides(8, 7)
    asked = asked_for(far, team_days(1, days))
    before = plan_stays(asked, far)
    waiting = with_stays_tried(asked, far, before)
    assert {one.code for one in waiting} == {one.code for one in before.unplaced} != set()
    for told in waiting:
        helps_none = told.remedy is Remedy.NEXT_STAGE
        changes = [(Remedy.LONGER_STAGE, EXTENSION_DAYS), (Remedy.ADD_TEAM, MOST_EXTRA_TEAMS)]
        for remedy, amount in changes if helps_none else [(told.remedy, told.amount)]:
            cured = asked_for(far, with_change(days, remedy, amount))
            visited = {one.code for one in plan_stays(cured, far).visits}
            assert (told.code in visited) is not helps_none
            gained = len(visited - {one.code for one in before.visits})
            assert helps_none or gained == told.brings
        assert told.team_id == (1 if told.remedy is Remedy.ADD_TEAM else None)


def test_a_team_of_whole_weeks_is_told_where_one_more_of_the_same_days_stays_nowhere() -> None:
    far = far_away(4)
    asked = asked_for(far, on_weekdays({2}))
    told = with_stays_tried(asked, far, plan_stays(asked, far))
    assert {(one.remedy, one.amount, one.team_id, one.brings) for one in told} == {
        (Remedy.ADD_TEAM, 1, None, 4)
    }


def test_a_team_more_is_tried_beside_teams_that_are_only_supposed() -> None:
    far = far_away(4)
    days = [replace(one, team_id=-1) for one in on_weekdays({2})]
    asked = asked_for(far, days)
    told = with_stays_tried(asked, far, plan_stays(asked, far))
    assert {(one.remedy, one.amount, one.brings) for one in told} == {(Remedy.ADD_TEAM, 1, 4)}


def test_without_any_team_nothing_is_tried() -> None:
    far = far_away(2)
    asked = asked_for(far, [])
    away = plan_stays(asked, far)
    assert with_stays_tried(asked, far, away) == away.unplaced
    assert {one.reason for one in away.unplaced} == {Reason.NO_TEAM}


def test_whom_no_change_helps_waits_for_the_next_stage() -> None:
    (far,) = far_away(1)
    days = team_days(1, 12)
    until = days[-1].day + timedelta(days=120)
    # Open on the first day only, on which nobody can be there yet.
    shut = replace(far, closed_days=frozenset(days_between(days[1].day, until)))
    asked = asked_for([shut], days)
    (told,) = with_stays_tried(asked, [shut], plan_stays(asked, [shut]))
    assert (told.reason, told.remedy) == (Reason.NO_CAPACITY, Remedy.NEXT_STAGE)


def test_a_team_of_three_days_a_week_makes_short_stays() -> None:
    far = far_away(20)
    asked = asked_for(far, on_weekdays({1, 2, 3}))
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert not answer.unplaced
    for stay in answer.stays:
        first, _, last = sorted(days_of(stay))
        assert (last - first).days == 2


def test_a_stay_waits_for_a_week_that_holds_it_whole() -> None:
    far = far_away(5)
    asked = asked_for(far, team_days(1, 12, MONDAY + timedelta(days=3)))
    patient = replace(asked, parameters=replace(asked.parameters, day_price=0.0))
    (stay,) = plan_stays(patient, far).stays
    assert min(days_of(stay)) == MONDAY + timedelta(days=7)


def test_nobody_spends_a_feast_of_many_days_at_a_hub() -> None:
    far = far_away(30)
    week = [one for one in team_days(1, 36) if one.day.weekday() < 5]
    feast = {MONDAY + timedelta(days=number) for number in (9, 10, 11)}
    days = [one for one in week if one.day not in feast]
    off = frozenset(days_between(MONDAY, days[-1].day)) - {one.day for one in days}
    for shorter, runs in ((set(), 2), ({min(feast), min(feast) + timedelta(days=1)}, 1)):
        worked = [one for one in week if one.day not in feast - shorter]
        assert len(runs_of(worked, {1: off})) == runs
    asked = replace(asked_for(far, days), rests={1: off})
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert not answer.unplaced
    assert not any(min(days_of(stay)) < min(feast) < max(days_of(stay)) for stay in answer.stays)


def test_of_trips_with_a_long_wait_in_between_the_part_with_most_visits_is_kept() -> None:
    room = tuple(team_days(1, 14))
    block = Block(room, 12, 1, 1, 60)
    visit = PlannedVisit("33.18.01.2001", 1, MONDAY, 1, 600, 0, 0)

    def kept(*visits: tuple[int, int]) -> list[date]:
        trips = {room[number].day: (visit,) * count for number, count in visits}
        return list(without_long_waits(trips, block))

    days = [one.day for one in room]
    assert kept((1, 1), (4, 1), (7, 1)) == [days[1], days[4], days[7]]
    assert kept((1, 1), (2, 1), (6, 3)) == [days[6]]
    assert kept((1, 2), (2, 2), (6, 3)) == [days[1], days[2]]
    assert kept() == []


def test_a_team_is_at_home_between_two_stays() -> None:
    far = on_both_sides(6, 6)
    asked = asked_for(far, team_days(1, 30))
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert not answer.unplaced
    assert len(answer.stays) == 2


@pytest.mark.parametrize("is_before", [True, False])
def test_a_team_is_at_home_beside_a_stay_in_another_plan(is_before: bool) -> None:
    far = far_away(5)
    asked = asked_for(far, team_days(1, 12))
    (alone,) = plan_stays(asked, far).stays
    days = sorted(days_of(alone))
    # The other plan's stay ends the day before this one would begin, or begins the day after.
    other = days[0] - timedelta(days=1) if is_before else days[-1] + timedelta(days=1)
    free = tuple(one for one in asked.team_days if one.day != other)
    asked = replace(asked, team_days=free, away={1: frozenset({other})})
    answer = plan_stays(asked, far)
    for stay in answer.stays:
        assert all(abs((day - other).days) > 2 for day in days_of(stay))
    if is_before:
        assert len(answer.visits) == 5, "two days later there is room for it"
        # A day-trip may still lie on the days at home.
        near = [site(number) for number in range(4)]
        plan = assign(replace(asked_for([], free, near), away=asked.away))
        assert any(0 < (one.day - other).days <= 2 for one in plan.visits)
    broken = assign(replace(asked, away={}))
    assert {one.rule for one in violations(asked, broken)} == {Rule.STAY_DAYS}
    assert not violations(asked, assign(asked))


def test_who_can_wait_is_at_home_on_a_feast() -> None:
    far = far_away(5)
    feast = MONDAY + timedelta(days=2)
    days = [one for one in team_days(1, 12) if one.day != feast]
    asked = replace(asked_for(far, days), rests={1: frozenset({feast})})
    patient = replace(asked, parameters=replace(asked.parameters, day_price=0.1))
    (stay,) = plan_stays(patient, far).stays
    assert min(days_of(stay)) > feast


def test_a_stay_ends_where_its_villages_are_closed_for_days() -> None:
    days = team_days(1, 40)
    shut = frozenset(one.day for one in days[5:9])
    far = [replace(one, closed_days=shut) for one in far_away(30)]
    asked = asked_for(far, days)
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert not answer.unplaced


def test_a_stay_keeps_off_the_days_of_visits_that_stand() -> None:
    far = far_away(6)
    pinned = site(99, pin=Pin(1, MONDAY + timedelta(days=1), 600))
    asked = asked_for(far, team_days(1, 12), [pinned])
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert answer.visits
    assert all(MONDAY + timedelta(days=1) < min(days_of(stay)) for stay in answer.stays)


def test_a_friday_at_the_hub_holds_no_session_during_the_prayers() -> None:
    far = far_away(3)
    asked = asked_for(far, team_days(1, 3, FRIDAY - timedelta(days=1)))
    answer = plan_stays(asked, far)
    assert answer.visits
    assert all(is_friday(one.day) for one in answer.visits)
    check(asked, far, answer)
