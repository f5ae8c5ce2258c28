"""Stays: nobody twice, one team at one place, the way paid once, and every far village told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.planning.expeditions import Expeditions, plan_stays
from outreach.planning.hubs import cover, ground_of, groups_of, ordinary_day
from outreach.planning.model import Hours, Point, Reason, Remedy
from tests.planning.builders import MONDAY, SURAKARTA, point, scattered, site, team_day, team_days
from tests.planning.stays import asked_for, check, far_away, on_both_sides

if TYPE_CHECKING:
    from outreach.planning.model import Problem, Site


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
    far = on_both_sides(20, 3)
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


def test_no_longer_stage_is_told_to_reach_the_other_side_of_the_world() -> None:
    away = site(1, point(11_000))
    (told,) = plan_stays(asked_for([away], team_days(1, 6)), [away]).unplaced
    assert (told.reason, told.remedy) == (Reason.TOO_FAR, Remedy.LOCATE_VILLAGE)
    near = far_away(1)
    (short,) = plan_stays(asked_for(near, team_days(1, 2)), near).unplaced
    assert (short.reason, short.remedy) == (Reason.NO_CAPACITY, Remedy.LONGER_STAGE)


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
