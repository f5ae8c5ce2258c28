"""A village put into days that stand: sound, cheapest first, and nothing firm moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.planning.check import violations_of_day
from outreach.planning.daytrip import legs_of_day, visits_of_day
from outreach.planning.insertion import DayStop, OpenDay, Place, places, places_on, with_stop
from outreach.planning.model import PlannedVisit
from outreach.planning.workdays import is_friday, overlaps_prayers
from tests.planning.builders import FRIDAY, MONDAY, point, site, team_day
from tests.planning.strategies import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outreach.planning.model import Site, TeamDay


def stop(one: Site, starts: int, *, firm: bool = False, told: bool = False) -> DayStop:
    return DayStop(one, starts, firm, told)


def day_of(*sites: Site, firm: bool = False, **changes: object) -> OpenDay:
    """Build a day that holds the villages as early as it can."""
    whole = team_day(**changes)  # type: ignore[arg-type]
    planned = visits_of_day(whole, sites)
    assert planned is not None
    stops = zip(sites, planned, strict=True)
    return OpenDay(whole, tuple(stop(one, visit.starts_minute, firm=firm) for one, visit in stops))


def visits_in(open_day: OpenDay) -> list[PlannedVisit]:
    """Write the day down from its starts alone, as the checker wants it."""
    whole, sites = open_day.team_day, [stop.site for stop in open_day.stops]
    legs = legs_of_day(whole, sites)
    found = [
        PlannedVisit(one.site.code, whole.team_id, whole.day, slot, one.starts_minute, leg, 0)
        for slot, (one, leg) in enumerate(zip(open_day.stops, legs, strict=False), start=1)
    ]
    return [*found[:-1], replace(found[-1], return_minutes=legs[-1])] if found else []


def is_sound(open_day: OpenDay) -> bool:
    sites = {stop.site.code: stop.site for stop in open_day.stops}
    return not violations_of_day(open_day.team_day, visits_in(open_day), sites)


@st.composite
def open_days(draw: st.DrawFn) -> tuple[Site, tuple[OpenDay, ...]]:
    """Draw days that hold sound stops, some firm, some told, some with a gap, and one village."""
    asked = draw(problems().filter(lambda one: bool(one.sites and one.team_days)))
    wanted, *others = asked.sites
    days = []
    for whole in asked.team_days:
        held, others = others[: draw(st.integers(0, 2))], others[2:]
        stops = _stops(draw, whole, held)
        if is_sound(OpenDay(whole, stops)):
            days.append(OpenDay(whole, stops))
    return wanted, tuple(days)


def _stops(draw: st.DrawFn, whole: TeamDay, held: Sequence[Site]) -> tuple[DayStop, ...]:
    late = draw(st.sampled_from((0, 0, 30, 130)))
    planned = visits_of_day(whole, held, not_before=[whole.starts_minute + late] * len(held)) or ()
    return tuple(
        stop(one, visit.starts_minute, firm=draw(st.booleans()), told=draw(st.booleans()))
        for one, visit in zip(held, planned, strict=False)
    )


@given(open_days(), st.integers(0, 20))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_place_is_sound_and_moves_nothing_firm(
    drawn: tuple[Site, tuple[OpenDay, ...]], away: int
) -> None:
    wanted, days = drawn
    by_key = {(one.team_day.team_id, one.team_day.day): one for one in days}
    found = places(wanted, days, most=99, wanted_day=MONDAY + timedelta(days=away))
    assert found == places(wanted, days[::-1], most=99, wanted_day=MONDAY + timedelta(days=away))
    for place in found:
        before = by_key[place.team_id, place.day]
        after = with_stop(before, wanted, place)
        assert is_sound(after)
        assert after.stops[place.position - 1].site is wanted
        assert after.stops[place.position - 1].starts_minute == place.starts_minute
        starts = {one.site.code: one.starts_minute for one in after.stops}
        moved = {
            one.site.code for one in before.stops if starts[one.site.code] != one.starts_minute
        }
        assert moved == set(place.shifts)
        assert not any(one.is_firm and one.site.code in moved for one in before.stops)
        way = sum(v.travel_minutes + v.return_minutes for v in visits_in(after))
        assert place.extra_minutes == way - sum(
            v.travel_minutes + v.return_minutes for v in visits_in(before)
        )


@given(open_days())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_day_with_room_is_overlooked(drawn: tuple[Site, tuple[OpenDay, ...]]) -> None:
    wanted, days = drawn
    offered = {place.day for place in places(wanted, days, most=99)}
    for one in days:
        for position in range(1, len(one.stops) + 2):
            sites = [stop.site for stop in one.stops]
            sites.insert(position - 1, wanted)
            keep = [stop.not_before_minute for stop in one.stops]
            keep.insert(position - 1, 0)
            planned = visits_of_day(one.team_day, sites, not_before=keep)
            if planned is None:
                continue
            starts = {visit.code: visit.starts_minute for visit in planned}
            after = OpenDay(one.team_day, tuple(stop(s, starts[s.code]) for s in sites))
            firm_stays = all(
                starts[stop.site.code] == stop.starts_minute for stop in one.stops if stop.is_firm
            )
            if firm_stays and is_sound(after):
                assert one.team_day.day in offered


def test_the_cheapest_is_first_and_every_place_has_its_own_date() -> None:
    wanted = site(0, point(10, 0))
    near, far = site(1, point(11, 0)), site(2, point(-30, 0))
    days = [
        day_of(far, team=1, day=MONDAY),
        day_of(near, team=2, day=MONDAY),
        day_of(far, team=1, day=MONDAY + timedelta(days=1)),
        day_of(near, team=1, day=MONDAY + timedelta(days=2)),
    ]
    found = places(wanted, days, most=9)
    assert [place.day.day for place in found] == [11, 13, 12]
    assert found[0].team_id == 2
    assert all(here.extra_minutes <= there.extra_minutes for here, there in pairwise(found))
    assert places(wanted, days, most=1) == found[:1]


def test_the_wanted_day_wins_over_a_small_detour_but_not_over_a_long_one() -> None:
    wanted = site(0, point(10, 0))
    near, aside = site(1, point(10.5, 0)), site(2, point(12, 6))
    later = MONDAY + timedelta(days=9)
    days = [day_of(near, day=later), day_of(aside, day=MONDAY)]
    assert [p.day for p in places(wanted, days, most=2, wanted_day=MONDAY)] == [MONDAY, later]
    remote = site(3, point(40, 0))
    days = [day_of(site(4, point(41, 0)), day=later), OpenDay(team_day())]
    found = places(remote, days, most=2, wanted_day=MONDAY)
    assert [place.day for place in found] == [later, MONDAY]


def test_a_firm_session_keeps_its_start_and_a_gap_before_it_is_filled() -> None:
    wanted, firm = site(0, point(5, 0)), site(1, point(6, 0))
    full = OpenDay(team_day(sessions=2), (stop(firm, 8 * 60 + 30, firm=True),))
    assert [place.position for place in places_on(wanted, full)] == [2]
    gap = OpenDay(team_day(sessions=2), (stop(firm, 11 * 60, firm=True),))
    assert {place.position for place in places_on(wanted, gap)} == {1, 2}
    assert all(place.shifts == () for place in places_on(wanted, gap))


def test_a_told_session_is_shifted_only_when_there_is_no_other_way() -> None:
    wanted, told = site(0, point(5, 0)), site(1, point(6, 0))
    gap = OpenDay(team_day(), (stop(told, 11 * 60, told=True),))
    assert all(place.shifts == () for place in places_on(wanted, gap))
    early = OpenDay(team_day(), (stop(told, 8 * 60 + 30, told=True),))
    by_position = {place.position: place for place in places_on(wanted, early)}
    assert by_position[1].shifts == (told.code,)
    assert by_position[2].shifts == ()
    assert places_on(wanted, early)[0].position == 2


@pytest.mark.parametrize(
    ("wanted", "day"),
    [
        (site(0, closed_days=frozenset({MONDAY})), OpenDay(team_day())),
        (site(0), OpenDay(team_day(sessions=1), (stop(site(1), 600),))),
        (site(0, point(200, 0)), OpenDay(team_day())),
        (replace(site(0), point=replace(point(), latitude=float("nan"))), OpenDay(team_day())),
        (site(0), OpenDay(team_day(), (stop(site(0), 900),))),
    ],
    ids=["closed", "full", "too far", "nowhere", "there already"],
)
def test_what_cannot_be_is_not_offered(wanted: Site, day: OpenDay) -> None:
    assert places(wanted, [day], most=3) == ()


def test_a_friday_holds_one_session_before_the_prayers_and_one_after() -> None:
    held = day_of(site(1, point(2, 0)), day=FRIDAY)
    (place, *_) = places(site(0, point(3, 0)), [held], most=1)
    after = with_stop(held, site(0, point(3, 0)), place)
    assert is_friday(FRIDAY)
    assert not any(overlaps_prayers(one.starts_minute, 120) for one in after.stops)
    assert places(site(2, point(1, 0)), [after], most=1) == ()


def test_what_is_found_can_be_read() -> None:
    (place,) = places(site(0, point(5, 0)), [OpenDay(team_day(7))], most=3)
    assert place == Place(
        7, MONDAY, 1, 480 + place.travel_minutes, place.travel_minutes, 2 * place.travel_minutes, ()
    )
