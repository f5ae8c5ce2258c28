"""Villages that lost their place get another; everybody else stays, and who is left is told why."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.planning.daytrip import visits_of_day
from outreach.planning.insertion import DayStop, OpenDay, place_at, places, with_stop
from outreach.planning.model import Reason, Remedy
from outreach.planning.repair import Repair, Seeker, repair
from tests.planning.builders import MONDAY, point, scattered, site, team_day, team_days
from tests.planning.test_insertion import is_sound, open_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outreach.planning.model import Site


def filled(count: int, per_day: int, *, teams: int = 2, days: int = 6) -> tuple[OpenDay, ...]:
    """Build days that hold `per_day` sessions each, as long as there are villages."""
    rest = [replace(one, code=f"33.12.01.{2001 + n}") for n, one in enumerate(scattered(count, 7))]
    made = []
    for whole in team_days(teams, days):
        held, rest = rest[:per_day], rest[per_day:]
        planned = visits_of_day(whole, held) or ()
        stops = (DayStop(s, v.starts_minute, False) for s, v in zip(held, planned, strict=False))
        made.append(OpenDay(whole, tuple(stops)))
    return tuple(made)


def seekers(count: int) -> list[Seeker]:
    return [Seeker(one, MONDAY) for one in scattered(count, 3)]


def replayed(answer: Repair, sites: Sequence[Site], days: Sequence[OpenDay]) -> list[OpenDay]:
    """Take the places one after the other, each checked again."""
    of = {one.code: one for one in sites}
    by_key = {(one.team_day.team_id, one.team_day.day): one for one in days}
    for code, place in answer.placed:
        key = place.team_id, place.day
        by_key[key] = with_stop(by_key[key], of[code], place)
        (mine,) = [stop for stop in by_key[key].stops if stop.site.code == code]
        assert mine.starts_minute == place.starts_minute
    return list(by_key.values())


@given(st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_village_is_answered_for_and_nothing_told_moves(data: st.DataObject) -> None:
    first, days = data.draw(open_days())
    held = {stop.site.code for one in days for stop in one.stops}
    more = [site(20 + n, point(n, 2 * n)) for n in range(data.draw(st.integers(0, 6)))]
    sites = [one for one in (first, *more) if one.code not in held]
    told = data.draw(st.sets(st.sampled_from([one.code for one in sites]))) if sites else set()
    asked = [Seeker(one, MONDAY, one.code in told) for one in sites]
    answer = repair(asked, days)
    answered = [code for code, _ in answer.placed] + [one.code for one in answer.left]
    assert sorted(answered) == sorted(one.code for one in sites)
    after = replayed(answer, sites, days)
    assert all(is_sound(one) for one in after)
    for before, then in zip(days, after, strict=True):
        starts = {stop.site.code: stop.starts_minute for stop in then.stops}
        for stop in before.stops:
            assert stop.site.code in starts
            assert not stop.is_firm or starts[stop.site.code] == stop.starts_minute
    assert repair(asked, days) == repair(asked, days)


def test_whoever_stays_after_all_changes_no_other_start() -> None:
    days, asked = filled(20, 1, days=8), seekers(10)
    answer = repair(asked, days)
    assert answer.left == ()
    shared = [
        (code, place)
        for code, place in answer.placed
        if sum((place.team_id, place.day) == (o.team_id, o.day) for _, o in answer.placed) > 1
    ]
    assert shared
    of = {one.site.code: one.site for one in asked}
    for staying, gone in shared:
        by_key = {(one.team_day.team_id, one.team_day.day): one for one in days}
        for code, place in answer.placed:
            key = place.team_id, place.day
            if code == staying or key != (gone.team_id, gone.day):
                continue
            again = place_at(of[code], by_key[key], place.starts_minute)
            assert again is not None
            assert again.starts_minute == place.starts_minute
            stop = DayStop(of[code], again.starts_minute, is_firm=True)
            stops = list(by_key[key].stops)
            stops.insert(again.position - 1, stop)
            by_key[key] = OpenDay(by_key[key].team_day, tuple(stops))
            assert is_sound(by_key[key])


def test_where_room_is_scarce_what_was_promised_and_then_value_is_kept() -> None:
    days = [OpenDay(team_day(sessions=1))]
    poor, rich, promised = site(40, value=1), site(41, value=900), site(42, value=1)
    answer = repair([Seeker(poor), Seeker(rich)], days)
    assert [code for code, _ in answer.placed] == [rich.code]
    assert [(one.code, one.reason, one.remedy) for one in answer.left] == [
        (poor.code, Reason.NO_CAPACITY, Remedy.LONGER_STAGE)
    ]
    answer = repair([Seeker(poor), Seeker(rich), Seeker(promised, is_told=True)], days)
    assert [code for code, _ in answer.placed] == [promised.code]


def test_whoever_has_one_possibility_goes_first() -> None:
    days = [OpenDay(team_day(sessions=1)), OpenDay(team_day(2, sessions=1))]
    days.append(OpenDay(team_day(1, MONDAY + timedelta(days=1), sessions=1)))
    tied = [site(n, point(1, 0), closed_days=frozenset({MONDAY})) for n in (1,)]
    free = [site(n, point(1, 0.1 * n), value=500) for n in (2, 3)]
    asked = [Seeker(one, MONDAY + timedelta(days=1)) for one in (*free, *tied)]
    assert repair(asked, days).left == ()
    assert len(places(tied[0], days, most=3)) == 1


def test_each_reason_comes_with_its_remedy() -> None:
    nowhere = replace(site(1), point=replace(point(), latitude=math.nan))
    days = team_days(1, 8)
    shut = site(2, closed_days=frozenset(one.day for one in days))
    far = site(3, point(200, 0))
    answer = repair([Seeker(one) for one in (nowhere, shut, far)], [*map(OpenDay, days)])
    assert {one.code: (one.reason, one.remedy) for one in answer.left} == {
        nowhere.code: (Reason.NO_PLACE, Remedy.LOCATE_VILLAGE),
        shut.code: (Reason.ALWAYS_CLOSED, Remedy.OPEN_A_DAY),
        far.code: (Reason.TOO_FAR, Remedy.OVERNIGHT_STAY),
    }
    (one,) = repair([Seeker(site(4))], []).left
    assert (one.reason, one.remedy) == (Reason.NO_TEAM, Remedy.ADD_TEAM)


def test_who_lost_a_stay_is_told_of_a_new_one_where_there_are_days_for_it() -> None:
    far = site(1, point(300))
    hub = point(300, 3)
    week = team_days(1, 12)
    # A second team is at a hub beside the village, its day full.
    there = replace(team_day(2), base=hub)
    full = tuple(
        DayStop(site(40 + number, point(300, 3 + number)), 500 + 150 * number, True)
        for number in range(3)
    )
    days = [OpenDay(there, full), *map(OpenDay, week)]
    away = {2: frozenset({there.day})}
    (told,) = repair([Seeker(far, MONDAY, True)], days, away).left
    assert (told.reason, told.remedy) == (Reason.TOO_FAR, Remedy.OVERNIGHT_STAY)
    # Too few days in a row hold no new stay: then planning again is no cure.
    (short,) = repair([Seeker(far, MONDAY, True)], days[:3], away).left
    assert (short.reason, short.remedy) == (Reason.NO_CAPACITY, Remedy.LONGER_STAGE)


def test_who_takes_a_stay_is_told_of_no_team_where_all_days_are_full() -> None:
    far, near = site(1, point(300)), site(2, point(4))
    days = [OpenDay(one, (DayStop(near, 500, False),)) for one in team_days(1, 12)]
    (told,) = repair([Seeker(far)], days).left
    assert (told.reason, told.remedy) == (Reason.NO_CAPACITY, Remedy.LONGER_STAGE)
    beside = site(3, point(74))
    cured = repair([Seeker(beside)], [OpenDay(one) for one in team_days(1, 1)]).left[0].remedy
    (told,) = repair([Seeker(beside)], days).left
    assert (told.reason, told.remedy) == (Reason.NO_CAPACITY, cured)


def test_no_stay_is_promised_on_days_at_home_beside_another() -> None:
    far, days = site(1, point(300)), [OpenDay(one) for one in team_days(1, 5)]
    (told,) = repair([Seeker(far)], days).left
    assert told.remedy is Remedy.OVERNIGHT_STAY
    away = {1: frozenset({days[0].team_day.day - timedelta(days=1)})}
    (told,) = repair([Seeker(far)], days, away).left
    assert told.remedy is not Remedy.OVERNIGHT_STAY
