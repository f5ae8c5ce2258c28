from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.planning.assign import assign
from outreach.planning.check import Rule, violations, violations_of_day
from outreach.planning.daytrip import visits_of_day
from outreach.planning.model import Hours, Pin, Plan, PlannedVisit, Reason, Remedy, Unplaced
from outreach.planning.workdays import why_closed
from tests.planning.builders import FRIDAY, MONDAY, point, problem, site, team_day, team_days

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.planning.model import Stay

SITES = [site(n, point(3 * n, 0)) for n in range(5)]
ASKED = problem(SITES, [team_day(), team_day(day=FRIDAY)])
SOUND = assign(ASKED)


def changed(number: int, **facts: object) -> Callable[[Plan], Plan]:
    def change(plan: Plan) -> Plan:
        visits = list(plan.visits)
        visits[number] = replace(visits[number], **facts)  # type: ignore[arg-type]
        return replace(plan, visits=tuple(visits))

    return change


def test_a_sound_plan_has_no_violation() -> None:
    assert len(SOUND.visits) == 5
    assert violations(ASKED, SOUND) == ()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (changed(0, code=SOUND.visits[1].code), Rule.VISITED_TWICE),
        (changed(0, code=SOUND.visits[1].code), Rule.MISSING_VILLAGE),
        (changed(0, code="99.99.99.9999"), Rule.UNKNOWN_VILLAGE),
        (changed(0, team_id=9), Rule.NO_TEAM_DAY),
        (changed(0, day=MONDAY + timedelta(days=6)), Rule.NO_TEAM_DAY),
        (changed(0, starts_minute=481), Rule.TOO_EARLY),
        (changed(1, starts_minute=SOUND.visits[0].starts_minute + 10), Rule.TOO_EARLY),
        (changed(2, starts_minute=1000), Rule.OUTSIDE_HOURS),
        (changed(0, travel_minutes=0), Rule.WRONG_TRAVEL),
        (changed(2, return_minutes=1), Rule.WRONG_TRAVEL),
        (changed(1, slot=1), Rule.SLOT_ORDER),
        (changed(3, starts_minute=600), Rule.FRIDAY_PRAYERS),
        (lambda plan: replace(plan, travel_minutes=1), Rule.WRONG_TOTAL),
        (lambda plan: replace(plan, team_days_used=7), Rule.WRONG_TOTAL),
        (lambda plan: replace(plan, visits=plan.visits[1:]), Rule.MISSING_VILLAGE),
        (
            lambda plan: replace(
                plan,
                unplaced=(Unplaced(plan.visits[0].code, Reason.NO_CAPACITY, Remedy.NEXT_STAGE),),
            ),
            Rule.VISITED_TWICE,
        ),
    ],
)
def test_a_planted_fault_is_found(change: Callable[[Plan], Plan], rule: Rule) -> None:
    assert rule in {one.rule for one in violations(ASKED, change(SOUND))}


def test_too_many_sessions_are_found() -> None:
    short = problem(SITES, [team_day(sessions=2), team_day(day=FRIDAY)])
    assert [one.rule for one in violations(short, SOUND)] == [Rule.TOO_MANY_SESSIONS]


def test_a_village_closed_on_its_day_is_found() -> None:
    first = SOUND.visits[0]
    shut = [
        replace(one, closed_days=frozenset({first.day})) if one.code == first.code else one
        for one in SITES
    ]
    (found,) = violations(problem(shut, list(ASKED.team_days)), SOUND)
    assert (found.rule, found.code, found.day) == (Rule.VILLAGE_CLOSED, first.code, first.day)


def test_the_warnings_of_a_move_tell_by_how_much() -> None:
    sites = {one.code: one for one in SITES}
    friday = team_day(day=FRIDAY, ends_minute=15 * 60)
    visits = visits_of_day(friday, SITES[:2], even_if_late=True)
    assert visits is not None
    moved = (visits[0], replace(visits[1], starts_minute=13 * 60))
    found = {one.rule: one.facts for one in violations_of_day(friday, moved, sites)}
    assert found[Rule.FRIDAY_PRAYERS] == {"minutes": 30}
    assert found[Rule.OUTSIDE_HOURS] == {"minutes": visits[1].return_minutes}


def test_a_closed_day_is_told_with_its_reason() -> None:
    sunday = team_day(day=MONDAY + timedelta(days=6))
    closed = why_closed(sunday.day)
    (found,) = violations_of_day(sunday, (), {}, closed)
    assert (found.rule, found.team_id, found.facts) == (Rule.CLOSED_DAY, 1, {"closed": closed[0]})


def test_visits_of_a_day_are_as_early_as_the_road_allows() -> None:
    visits = visits_of_day(team_day(), SITES[:2])
    assert visits is not None
    first, second = visits
    assert first == PlannedVisit(SITES[0].code, 1, MONDAY, 1, 480 + 5, 5, 0)
    assert second.starts_minute == first.starts_minute + 120 + second.travel_minutes
    assert (second.slot, second.return_minutes > 0) == (2, True)
    assert visits_of_day(team_day(), []) == ()


def test_a_day_that_is_too_long_has_no_visits_unless_asked_for() -> None:
    short = team_day(ends_minute=600)
    assert visits_of_day(short, SITES[:1]) is None
    late = visits_of_day(short, SITES[:1], even_if_late=True)
    assert late is not None
    sites = {one.code: one for one in SITES}
    assert [one.rule for one in violations_of_day(short, late, sites)] == [Rule.OUTSIDE_HOURS]


def test_two_teams_at_once_do_not_disturb_each_other() -> None:
    asked = problem(SITES, team_days(2, 1))
    assert violations(asked, assign(asked)) == ()


def test_a_session_outside_the_hours_of_the_village_is_found() -> None:
    first = SOUND.visits[0]
    hours = [
        replace(one, hours=Hours(opens_minute=600)) if one.code == first.code else one
        for one in SITES
    ]
    (found,) = violations(problem(hours, list(ASKED.team_days)), SOUND)
    assert (found.rule, found.code) == (Rule.VILLAGE_HOURS, first.code)
    assert found.facts == {"minutes": 600 - first.starts_minute}


def test_a_pin_that_moved_is_found() -> None:
    first = SOUND.visits[0]
    kept = Pin(first.team_id, first.day, first.starts_minute)
    for pin, expected in ((kept, []), (replace(kept, starts_minute=700), [Rule.PIN_MOVED])):
        sites = [replace(one, pin=pin) if one.code == first.code else one for one in SITES]
        found = violations(problem(sites, list(ASKED.team_days)), SOUND)
        assert [one.rule for one in found] == expected


HUB_SITES = [*SITES, site(20, point(190)), site(21, point(192, 4))]
AWAY = problem(HUB_SITES, team_days(1, 12))
STAYING = assign(AWAY)


def with_stay(**facts: object) -> Plan:
    (stay,) = STAYING.stays
    return replace(STAYING, stays=(replace(stay, **facts),))  # type: ignore[arg-type]


def test_planted_faults_of_a_stay_are_found() -> None:
    assert violations(AWAY, STAYING) == ()
    (stay,) = STAYING.stays
    sunday = MONDAY + timedelta(days=6)
    planted = {
        Rule.STAY_DAYS: with_stay(travel_days=(*stay.travel_days, sunday)),
        Rule.STAY_TRAVEL_DAY: with_stay(travel_days=(*stay.travel_days, *stay.session_days)),
        Rule.STAY_ACCESS: with_stay(access_minutes=stay.access_minutes - 1),
        Rule.WRONG_TRAVEL: replace(STAYING, stays=()),
        Rule.WRONG_TOTAL: replace(STAYING, stays=()),
    }
    for rule, plan in planted.items():
        assert rule in {one.rule for one in violations(AWAY, plan)}
    for days in (stay.travel_days[:1], stay.travel_days[1:], ()):
        late = violations(AWAY, with_stay(travel_days=days))
        assert Rule.STAY_ACCESS in {one.rule for one in late}
    elsewhere = replace(stay.hub, latitude=stay.hub.latitude + 0.001)
    assert Rule.STAY_ACCESS in {one.rule for one in violations(AWAY, with_stay(hub=elsewhere))}
    empty = violations(AWAY, with_stay(session_days=()))
    assert Rule.STAY_DAYS in {one.rule for one in empty}


def test_a_day_spent_waiting_at_the_hub_is_no_way_back() -> None:
    (stay,) = STAYING.stays
    waited = max(stay.session_days) + timedelta(days=1)
    later = max(stay.travel_days)
    visits = [
        replace(one, day=later) if one.day == max(stay.session_days) else one
        for one in STAYING.visits
    ]
    plan = replace(
        with_stay(
            session_days=(*stay.session_days[:-1], later),
            travel_days=tuple(sorted({*stay.travel_days, waited} - {later})),
        ),
        visits=tuple(visits),
    )
    assert Rule.STAY_ACCESS in {one.rule for one in violations(AWAY, plan)}


def test_a_trip_from_the_base_in_the_middle_of_a_stay_is_found() -> None:
    (stay,) = STAYING.stays
    out = [day for day in stay.travel_days if day < min(stay.session_days)]
    assert len(out) > 1
    plan = with_stay(travel_days=tuple(day for day in stay.travel_days if day != out[-1]))
    near = next(one for one in STAYING.visits if one.day not in stay.session_days)
    visits = tuple(replace(one, day=out[-1]) if one == near else one for one in STAYING.visits)
    found = violations(AWAY, replace(plan, visits=visits))
    assert (Rule.STAY_TRAVEL_DAY, near.code) in {(one.rule, one.code) for one in found}


def test_a_stay_of_more_than_three_weeks_is_found() -> None:
    far = problem(HUB_SITES, team_days(1, 40))
    (stay,) = STAYING.stays
    home = MONDAY + timedelta(days=28)
    long = with_stay(travel_days=(*stay.travel_days[:-1], home))
    found = [one for one in violations(far, long) if one.rule is Rule.STAY_DAYS]
    assert [(one.team_id, one.day) for one in found] == [(1, home)]


@pytest.mark.parametrize(
    ("days", "is_sound"),
    [((2, 3, 5), False), ((5, 7, 8), False), ((7, 8, 9), True)],
    ids=["on the way back", "the day after", "after two days at home"],
)
def test_a_stay_that_begins_before_the_team_is_home_from_another_is_found(
    days: tuple[int, int, int], is_sound: bool
) -> None:
    (stay,) = STAYING.stays

    def on_days(out: int, there: int, back: int) -> Stay:
        first, session, last = (MONDAY + timedelta(days=number) for number in (out, there, back))
        return replace(stay, team_id=1, travel_days=(first, last), session_days=(session,))

    works = problem(HUB_SITES, team_days(2, 12))
    earlier, later = on_days(0, 1, 4), on_days(*days)
    found = violations(works, replace(STAYING, stays=(later, earlier)))
    told = [(one.code, one.team_id, one.day) for one in found if one.rule is Rule.STAY_DAYS]
    assert told == ([] if is_sound else [(stay.hub_code, 1, min(later.travel_days))])
    apart = replace(STAYING, stays=(later, replace(earlier, team_id=2)))
    assert Rule.STAY_DAYS not in {one.rule for one in violations(works, apart)}
