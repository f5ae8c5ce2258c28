"""Stays: nobody twice, one team at one place, the way paid once, and every far village told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.planning.assign import assign
from outreach.planning.blocks import Block, resting_days, runs_of
from outreach.planning.check import violations_of_day
from outreach.planning.expeditions import Expeditions, plan_stays
from outreach.planning.hub_days import without_long_waits
from outreach.planning.hubs import (
    LONGEST_STAY_DAYS,
    LONGEST_STAY_WORKDAYS,
    cover,
    ground_of,
    groups_of,
    ordinary_day,
)
from outreach.planning.model import Hours, Pin, PlannedVisit, Point, Reason, Remedy
from outreach.planning.travel import travel_minutes
from outreach.planning.workdays import SUNDAY, days_between, holidays_between, is_friday
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
    from collections.abc import Sequence

    from outreach.planning.model import Problem, Site, Stay, TeamDay


def far_away(count: int, seed: int = 1, north_km: float = 160.0) -> list[Site]:
    """Scatter villages around a place that no day-trip from Surakarta reaches."""
    lifted = scattered(count, seed, 10)
    up = north_km / 111.2
    return [
        replace(
            one,
            code=one.code.replace("33.11", "33.18"),
            point=replace(one.point, latitude=one.point.latitude + up),
        )
        for one in lifted
    ]


def days_of(stay: Stay) -> set[date]:
    return {*stay.travel_days, *stay.session_days}


def check(asked: Problem, far: Sequence[Site], answer: Expeditions) -> None:
    """Hold an answer against the rules of a stay, worked out anew."""
    codes = [one.code for one in answer.visits] + [one.code for one in answer.unplaced]
    assert sorted(codes) == sorted(one.code for one in far), "each village once"
    taken = {(stay.team_id, day) for stay in answer.stays for day in days_of(stay)}
    assert len(taken) == sum(len(days_of(stay)) for stay in answer.stays), "no team in two stays"
    left = {(one.team_id, one.day) for one in answer.team_days}
    assert left.isdisjoint(taken)
    assert left | taken == {(one.team_id, one.day) for one in asked.team_days}
    for stay in answer.stays:
        check_stay(asked, answer, stay)
    for one, other in combinations(sorted(answer.stays, key=lambda one: one.session_days), 2):
        gap = (min(days_of(other)) - max(days_of(one))).days
        assert one.team_id != other.team_id or gap > 2, "two days at home in between"
    at_hubs = {(stay.team_id, day) for stay in answer.stays for day in stay.session_days}
    assert {(one.team_id, one.day) for one in answer.visits} == at_hubs


def check_stay(asked: Problem, answer: Expeditions, stay: Stay) -> None:
    team = {one.day: one for one in asked.team_days if one.team_id == stay.team_id}
    hub = next(one for one in asked.sites if one.code == stay.hub_code)
    first = team[min(days_of(stay))]
    assert stay.hub == hub.point
    assert stay.access_minutes == travel_minutes(first.base, hub.point, asked.travel)
    assert not set(stay.travel_days) & set(stay.session_days)
    assert len(stay.session_days) <= LONGEST_STAY_WORKDAYS
    assert (max(days_of(stay)) - min(days_of(stay))).days < LONGEST_STAY_DAYS
    out = [team[day] for day in stay.travel_days if day < stay.session_days[0]]
    back = [team[day] for day in stay.travel_days if day > stay.session_days[-1]]
    assert minutes(out) >= stay.access_minutes > minutes(out[1:]), "the way is paid once"
    assert minutes(back) >= stay.access_minutes > minutes(back[:-1])
    within = {day for day in team if min(days_of(stay)) <= day <= max(days_of(stay))}
    assert within == days_of(stay), "the days follow each other"
    check_rest(stay)
    sites = {one.code: one for one in asked.sites}
    for day in stay.session_days:
        visits = [one for one in answer.visits if (one.team_id, one.day) == (stay.team_id, day)]
        whole = replace(team[day], base=hub.point)
        assert not violations_of_day(whole, visits, sites, measured=asked.travel)


def check_rest(stay: Stay) -> None:
    """Nobody sits at a hub: at most a weekend with a feast, and one day off on two of work."""
    there = stay.session_days
    busy = sorted(day for day in days_of(stay) if day in there or not there[0] < day < there[-1])
    assert all((after - before).days - 1 <= 3 for before, after in pairwise(busy))
    away = (busy[-1] - busy[0]).days + 1
    assert 3 * len(busy) >= 2 * away


def on_weekdays(weekdays: set[int], count: int = 120) -> list[TeamDay]:
    """Team-days of one team on these weekdays, Monday = 0."""
    return [one for one in team_days(1, count) if one.day.weekday() in weekdays]


def minutes(days: Sequence[TeamDay]) -> int:
    return sum(one.ends_minute - one.starts_minute for one in days)


def asked_for(far: Sequence[Site], days: Sequence[TeamDay], near: Sequence[Site] = ()) -> Problem:
    return problem([*near, *far], list(days), rounds=30)


@st.composite
def far_problems(draw: st.DrawFn) -> tuple[Problem, list[Site]]:
    """Draw far villages with all that can keep a team from them, and few or many team-days."""
    far = [
        replace(
            one,
            session_minutes=draw(st.sampled_from((60, 120, 120, 600))),
            closed_days=frozenset(
                MONDAY + timedelta(days=number)
                for number in draw(st.sets(st.integers(0, 40), max_size=30))
            ),
            hours=draw(st.sampled_from((Hours(), Hours(), Hours(600, 900)))),
        )
        for one in far_away(
            draw(st.integers(1, 9)), draw(st.integers(0, 99)), draw(st.sampled_from((160, 420)))
        )
    ]
    days = team_days(draw(st.integers(1, 3)), draw(st.integers(1, 24)))
    gone = draw(st.sets(st.integers(0, len(days) - 1), max_size=6))
    kept = [
        replace(one, ends_minute=draw(st.sampled_from((1020, 1020, 1020, 840))))
        for number, one in enumerate(days)
        if number not in gone
    ]
    asked = asked_for(far, kept, scattered(draw(st.integers(0, 12)), 7))
    return asked, far


@settings(max_examples=30, deadline=None)
@given(far_problems())
def test_every_answer_keeps_the_rules_of_a_stay(drawn: tuple[Problem, list[Site]]) -> None:
    asked, far = drawn
    check(asked, far, plan_stays(asked, far))


def test_all_far_villages_are_visited_where_there_is_room() -> None:
    far = [*far_away(20), *far_away(3, 2, -190)]
    far = [replace(one, code=f"33.18.01.{2001 + n}") for n, one in enumerate(far)]
    asked = asked_for(far, team_days(2, 40), scattered(30))
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert not answer.unplaced
    assert len(answer.stays) == 2


def test_the_way_to_a_hub_is_not_paid_for_every_village() -> None:
    far = far_away(15)
    asked = asked_for(far, team_days(1, 20))
    answer = plan_stays(asked, far)
    (stay,) = answer.stays
    assert len(stay.travel_days) == 2
    assert len(stay.session_days) <= 7  # fifteen sessions and a Friday at three a day


def test_the_order_of_villages_and_team_days_does_not_matter() -> None:
    far, days = far_away(9), team_days(2, 20)
    once = plan_stays(asked_for(far, days), far)
    turned = plan_stays(asked_for(far[::-1], days[::-1]), far[::-1])
    assert (once.stays, once.visits) == (turned.stays, turned.visits)


def test_without_far_villages_all_team_days_are_left() -> None:
    days = tuple(team_days(1, 3))
    answer = plan_stays(asked_for([], days, scattered(3)), [])
    assert answer == Expeditions((), (), days, ())


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


def test_no_longer_stage_is_told_to_reach_the_other_side_of_the_world() -> None:
    away = site(1, point(11_000))
    (told,) = plan_stays(asked_for([away], team_days(1, 6)), [away]).unplaced
    assert (told.reason, told.remedy) == (Reason.TOO_FAR, Remedy.LOCATE_VILLAGE)
    near = far_away(1)
    (short,) = plan_stays(asked_for(near, team_days(1, 2)), near).unplaced
    assert (short.reason, short.remedy) == (Reason.NO_CAPACITY, Remedy.LONGER_STAGE)


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
    far = [*far_away(6), *far_away(6, 2, -190)]
    far = [replace(one, code=f"33.18.01.{2001 + n}") for n, one in enumerate(far)]
    asked = asked_for(far, team_days(1, 30))
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    assert not answer.unplaced
    assert len(answer.stays) == 2


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


def test_a_far_group_is_served_by_the_team_that_is_nearer() -> None:
    far = far_away(5)
    north = replace(point(), latitude=SURAKARTA.latitude + 75 / 111.2)
    days = [*team_days(1, 12), *(replace(one, team_id=2, base=north) for one in team_days(1, 12))]
    asked = asked_for(far, days)
    answer = plan_stays(asked, far)
    assert {stay.team_id for stay in answer.stays} == {2}


def test_a_village_closed_throughout_is_told_apart_from_one_that_only_waits() -> None:
    far = far_away(8)
    days = team_days(1, 3)
    shut = replace(far[0], closed_days=frozenset(one.day for one in days))
    far = [shut, *far[1:]]
    asked = asked_for(far, days)
    answer = plan_stays(asked, far)
    check(asked, far, answer)
    told = {one.code: one for one in answer.unplaced}
    assert told[shut.code].reason is Reason.ALWAYS_CLOSED
    waiting = [one for code, one in told.items() if code != shut.code]
    assert waiting
    assert {one.reason for one in waiting} == {Reason.NO_CAPACITY}
    assert {one.remedy for one in waiting} == {Remedy.LONGER_STAGE}


def test_the_days_that_a_longer_stage_is_told_to_need_are_enough() -> None:
    far = far_away(8)
    short = plan_stays(asked_for(far, team_days(1, 4)), far)
    assert short.unplaced
    amount = max(one.amount for one in short.unplaced)
    longer = plan_stays(asked_for(far, team_days(1, 4 + amount)), far)
    assert len(longer.visits) > len(short.visits)


def test_a_session_longer_than_the_day_needs_a_longer_day() -> None:
    (far,) = far_away(1)
    far = replace(far, session_minutes=560)
    (told,) = plan_stays(asked_for([far], team_days(1, 9)), [far]).unplaced
    assert (told.reason, told.remedy, told.amount) == (Reason.TOO_FAR, Remedy.LONGER_DAY, 30)


def test_when_days_are_scarce_the_most_valuable_go_first() -> None:
    dear = [replace(one, value=5_000.0) for one in far_away(3)]
    cheap = [
        replace(one, value=1.0, code=one.code.replace("33.18", "33.19"))
        for one in far_away(3, 5, -170)
    ]
    asked = asked_for([*dear, *cheap], team_days(1, 4), scattered(6))
    answer = plan_stays(asked, [*dear, *cheap])
    assert {one.code for one in answer.visits} == {one.code for one in dear}


def test_near_villages_of_worth_keep_their_days_from_a_far_one_of_little() -> None:
    (far,) = far_away(1)
    far = replace(far, value=1.0)
    near = [replace(one, value=500.0) for one in scattered(30, wide_km=6)]
    scarce = plan_stays(asked_for([far], team_days(1, 8), near), [far])
    assert not scarce.stays
    ample = plan_stays(asked_for([far], team_days(1, 40), near), [far])
    assert len(ample.visits) == 1


def test_a_friday_at_the_hub_holds_no_session_during_the_prayers() -> None:
    far = far_away(3)
    asked = asked_for(far, team_days(1, 3, FRIDAY - timedelta(days=1)))
    answer = plan_stays(asked, far)
    assert answer.visits
    assert all(is_friday(one.day) for one in answer.visits)
    check(asked, far, answer)


@pytest.mark.parametrize("count", [1, 2, 14, 60])
def test_groups_hold_every_village_once_and_cost_no_more_than_the_plain_cover(count: int) -> None:
    far = far_away(count, 3) + [
        replace(one, code=one.code.replace("33.18", "33.20")) for one in far_away(count, 4, 260)
    ]
    ground = ground_of(far, [SURAKARTA], ordinary_day([team_day()]))
    groups = groups_of(ground)
    members = [stop for _, group in groups for stop in group]
    assert sorted(members) == list(range(len(far)))
    assert all(not set(a) & set(b) for (_, a), (_, b) in combinations(groups, 2))
    plain = sum(ground.cost_s(hub, group) for hub, group in cover(ground).items())
    assert sum(ground.cost_s(hub, group) for hub, group in groups) <= plain


def test_a_lonely_village_near_a_large_group_does_not_get_a_stay_of_its_own() -> None:
    far = far_away(12, north_km=200)
    lonely = replace(
        far[0], code="33.18.90.2001", point=Point(far[0].point.latitude + 0.6, 110.82, "33.18", 1)
    )
    ground = ground_of([*far, lonely], [SURAKARTA], ordinary_day([team_day()]))
    assert len(cover(ground)) == 2
    assert len(groups_of(ground)) == 1
