"""Every cure that a village is offered has been tried, and the same room is promised once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.daytrip import visits_of_day
from outreach.planning.mending import mend
from outreach.planning.model import Change, Reason, Remedy, Stay
from outreach.planning.more_days import EXTENSION_DAYS
from outreach.planning.network import kinds_of, network_of
from outreach.planning.reasons import out_of_reach
from outreach.planning.trying import NEAREST_TRIED, with_changes, without_capacity
from outreach.planning.workdays import workdays
from tests.planning.builders import MONDAY, point, problem, scattered, site, team_day, team_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outreach.planning.model import PlannedVisit, Site, TeamDay, Unplaced

TUESDAY = MONDAY + timedelta(days=1)


def trip(day: TeamDay, *sites: Site) -> list[PlannedVisit]:
    visits = visits_of_day(day, sites)
    assert visits is not None
    return list(visits)


def filled(sites: Sequence[Site], days: Sequence[TeamDay]) -> list[PlannedVisit]:
    """Fill the days with sites in their order."""
    rest = list(sites)
    made: list[PlannedVisit] = []
    for day in days:
        for held in range(min(day.sessions, len(rest)), 0, -1):
            if visits := visits_of_day(day, rest[:held]):
                made += visits
                rest = rest[held:]
                break
    return made


def on_days_of_the_week(days: Sequence[TeamDay], weekdays: set[int]) -> list[TeamDay]:
    return [one for one in days if one.day.weekday() in weekdays]


def cures(found: Sequence[Unplaced]) -> dict[str, tuple[Remedy, int]]:
    assert all(one.reason is Reason.NO_CAPACITY for one in found)
    return {one.code: (one.remedy, one.amount) for one in found}


def test_the_most_valuable_come_first_and_a_day_more_is_promised_to_those_it_holds() -> None:
    sites, days = scattered(60, wide_km=3), [team_day(1), team_day(2)]
    found = without_capacity(sites, filled(sites, days), days)
    value = {one.code: one.value for one in sites}
    assert len(found) == 54
    offered = Counter((one.remedy, one.amount) for one in found)
    room = {(Remedy.LONGER_STAGE, day): 6 for day in range(1, EXTENSION_DAYS + 1)}
    room[Remedy.LONGER_STAGE, 4] = 4  # the first Friday behind that Monday
    assert {cure: offered[cure] for cure in room} == room
    assert offered[Remedy.NEXT_STAGE, 0] == 54 - sum(room.values())
    assert value[found[0].code] == max(value[one.code] for one in found)
    assert (found[0].remedy, found[0].amount) == (Remedy.LONGER_STAGE, 1)


def test_a_longer_stage_that_is_offered_holds_them() -> None:
    sites, days = scattered(30, wide_km=8), team_days(2, 3)
    visits = filled(sites, days)
    left = [one for one in sites if one.code not in {visit.code for visit in visits}]
    found = cures(without_capacity(sites, visits, days))
    behind = workdays(days[-1].day + timedelta(days=1), days[-1].day + timedelta(days=30))
    for amount in range(1, EXTENSION_DAYS + 1):
        promised = [one for one in left if found[one.code] == (Remedy.LONGER_STAGE, amount)]
        more = [team_day(team, behind[amount - 1]) for team in (1, 2)]
        network = network_of(promised, more)
        kinds = kinds_of(network, more)
        assert len(promised) <= sum(kind.sessions for kind in kinds.values())
        assert out_of_reach(network, kinds) == []


def test_a_closed_day_is_opened_where_there_is_room_and_nowhere_else() -> None:
    days = [team_day(1), team_day(1, TUESDAY, sessions=1)]
    full, shut, shut_too = site(1), site(2, closed_days=frozenset({MONDAY})), site(3)
    shut_too = replace(shut_too, closed_days=frozenset({MONDAY}), value=1)
    visits = trip(days[0], site(4), site(5)) + trip(days[1], full)
    found = cures(without_capacity([full, shut, shut_too, site(4), site(5)], visits, days))
    assert found[shut.code] == (Remedy.OPEN_A_DAY, 0)
    # A day more is the other's as well, who is worth more.
    assert found[shut_too.code] == (Remedy.LONGER_STAGE, 2)


def test_a_longer_day_is_offered_with_the_minutes_it_takes() -> None:
    days = [team_day(1, ends_minute=14 * 60)]
    near, far = site(1, point(1, 0)), site(2, point(24, 0))
    visits = trip(days[0], near)
    ((code, (remedy, minutes)),) = cures(without_capacity([near, far], visits, days)).items()
    assert (code, remedy) == (far.code, Remedy.LONGER_DAY)
    long, short = (
        replace(days[0], ends_minute=days[0].ends_minute + more) for more in (minutes, minutes - 1)
    )
    assert visits_of_day(long, [near, far]) is not None
    assert visits_of_day(short, [near, far]) is None
    assert visits_of_day(short, [far, near]) is None


def test_a_longer_day_is_tried_on_an_empty_day_though_many_others_are_nearer() -> None:
    days = on_days_of_the_week(team_days(1, 12, sessions=2, ends_minute=14 * 60), {0, 1, 2, 3, 5})
    *busy, free = days
    on_the_way = [site(n, point(24, 1 + n)) for n in range(len(busy))]
    visits = [one for day, held in zip(busy, on_the_way, strict=True) for one in trip(day, held)]
    left = site(60, point(50, 5))
    assert len(busy) > NEAREST_TRIED
    ((code, (remedy, minutes)),) = cures(
        without_capacity([*on_the_way, left], visits, days)
    ).items()
    assert (code, remedy) == (left.code, Remedy.LONGER_DAY)
    assert visits_of_day(replace(free, ends_minute=free.ends_minute + minutes), [left])
    assert not visits_of_day(replace(free, ends_minute=free.ends_minute + minutes - 1), [left])


def test_another_weekday_is_tried_for_a_team_that_is_off_while_others_work() -> None:
    here, there = point(0, 0), point(200, 0)
    held = [site(1, point(1, 0)), site(2, point(201, 0))]
    wednesdays = on_days_of_the_week(team_days(1, 12), {2})
    own = [replace(one, team_id=2, base=there, sessions=1) for one in wednesdays]
    days = [*team_days(1, 12, base=here, sessions=1), *own]
    left = [site(10 + n, point(200, n), value=100) for n in range(4)]
    visits = trip(days[0], held[0]) + trip(own[0], held[1]) + trip(own[1], left[0])
    changes = with_changes([*held, *left], visits, days)[1]
    weekdays = {one for one in changes if one.remedy is Remedy.ANOTHER_WEEKDAY}
    # Another Wednesday than the two there are is none; a team more has those two.
    assert {one.amount for one in weekdays} == {1, 2, 4, 5, 6}
    assert {(one.team_id, one.brings) for one in weekdays} == {(2, 1)}


def test_nobody_works_on_another_weekday_while_on_a_stay() -> None:
    days = on_days_of_the_week(team_days(1, 12, sessions=1), {0, 2})
    away = Stay(1, site(1).code, point(200, 0), (), tuple(one.day for one in days), 200)
    changes = with_changes([site(1), site(2)], [], days, stays=[away])[1]
    weekdays = {one.amount for one in changes if one.remedy is Remedy.ANOTHER_WEEKDAY}
    assert not weekdays & {2}


def test_another_weekday_is_offered_where_nobody_works_on_it() -> None:
    days = [one for one in team_days(1, 12) if one.day.weekday() < 5]
    sites = scattered(60, wide_km=3)
    _, changes = with_changes(sites, filled(sites, days), days)
    saturdays = {one for one in changes if one.remedy is Remedy.ANOTHER_WEEKDAY}
    # One Saturday lies between the first and the last working day.
    alone = Change(Remedy.ANOTHER_WEEKDAY, 6, 1, brings=3)
    assert saturdays == {alone, replace(alone, team_id=None)}
    works = team_days(1, 12)
    remedies = {one.remedy for one in with_changes(sites, filled(sites, works), works)[1]}
    assert Remedy.ANOTHER_WEEKDAY not in remedies


def test_a_change_made_brings_whom_it_was_told_to() -> None:
    """Make each change as a coordinator would, and fill the gaps."""
    days = [one for one in team_days(2, 7) if one.day.weekday() < 5]
    asked = problem(scattered(70, wide_km=14), days)
    plan = assign(asked)
    assert plan.changes
    told = {one.code: one for one in plan.unplaced}
    held = {one.remedy for one in plan.changes}
    assert {Remedy.LONGER_STAGE, Remedy.ANOTHER_WEEKDAY, Remedy.ADD_TEAM} <= held
    for change in plan.changes:
        made = replace(asked, team_days=tuple(made_by(change, asked.team_days)))
        gained = mend(made, plan, move_price_minutes=None).gained
        assert len(gained) == change.brings
        assert {code for code, one in told.items() if is_of(one, change)} <= gained


def made_by(change: Change, days: Sequence[TeamDay]) -> list[TeamDay]:
    """Team-days there are when a change is made."""
    if change.remedy is Remedy.LONGER_DAY:
        return [
            replace(
                one, ends_minute=one.ends_minute + change.amount * (one.team_id == change.team_id)
            )
            for one in days
        ]
    if change.remedy is Remedy.ADD_TEAM:
        return [*days] + [
            replace(one, team_id=100 + number)
            for number in range(change.amount)
            for one in days
            if one.team_id == 1
        ]
    if change.remedy is Remedy.LONGER_STAGE:
        end = days[-1].day + timedelta(days=60)
        behind = workdays(days[-1].day + timedelta(days=1), end, frozenset(range(5)))
        new = list(behind[: change.amount])
    else:
        new = list(workdays(days[0].day, days[-1].day, frozenset({change.amount - 1})))
    return [*days] + [
        team_day(team, day) for day in new for team in (1, 2) if change.team_id in {None, team}
    ]


def is_of(told: Unplaced, change: Change) -> bool:
    same = (told.remedy, told.amount, told.team_id) == (
        change.remedy,
        change.amount,
        change.team_id,
    )
    return same and told.brings == change.brings


def test_whoever_is_closed_on_all_days_tried_waits_for_the_next_stage() -> None:
    held, days = site(1), [team_day(1, sessions=1)]
    shut = site(2, closed_days=frozenset(MONDAY + timedelta(days=n) for n in range(1, 200)))
    other = site(3, closed_days=frozenset({MONDAY}))
    found = cures(without_capacity([held, shut, other], trip(days[0], held), days))
    # A team more works on Monday, when this one is open and the other is not.
    assert found[shut.code] == (Remedy.ADD_TEAM, 1)
    assert found[other.code] == (Remedy.LONGER_STAGE, 1)
    never = replace(shut, closed_days=shut.closed_days | {MONDAY})
    found = cures(without_capacity([held, never], trip(days[0], held), days))
    assert found[never.code] == (Remedy.NEXT_STAGE, 0)


def test_another_team_starts_where_it_holds_most() -> None:
    here, there = point(0, 0), point(200, 0)
    days = [team_day(1, base=here, sessions=1), team_day(2, base=there, sessions=1)]
    held = [site(1, point(1, 0)), site(2, point(201, 0))]
    left = [site(10 + n, point(200, n), value=100) for n in range(40)]
    visits = trip(days[0], held[0]) + trip(days[1], held[1])
    _, changes = with_changes([*held, *left], visits, days)
    assert Change(Remedy.ADD_TEAM, 1, team_id=2, brings=1) in changes


def test_a_boat_is_offered_only_where_the_district_is_reached_by_sea() -> None:
    far = replace(point(0, 0), latitude=-7.57 + 82 / 111.2, region_code="94.01")
    asked = site(1, far)
    mate = site(2, replace(far, island=2))
    days = [team_day(ends_minute=20 * 60 + 30)]

    def remedy(*sites: Site) -> tuple[Remedy, int]:
        network = network_of(sites, days)
        (one,) = [x for x in out_of_reach(network, kinds_of(network, days)) if x.code == asked.code]
        return one.remedy, one.amount

    assert remedy(asked)[0] is Remedy.OVERNIGHT_STAY
    by_boat, spared = remedy(asked, mate)
    assert by_boat is Remedy.BOAT
    assert spared > 0


def test_nobody_left_needs_no_cure() -> None:
    days = [team_day()]
    assert without_capacity([site(1)], trip(days[0], site(1)), days) == []
