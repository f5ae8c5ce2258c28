from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.planning.capacity import holds_all, verdict
from outreach.planning.cures import Cure, CureKind, cures_of, least, with_more
from tests.planning.builders import MONDAY, point, scattered, site, team_day, team_days
from tests.planning.strategies import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outreach.planning.model import Problem, Site, TeamDay


def cures(sites: Sequence[Site], days: Sequence[TeamDay], later: Sequence[TeamDay]) -> list[Cure]:
    """Cures, each of them tried."""
    found = cures_of(verdict(sites, days), sites, days, later)
    assert all(shortfall_with(cure, sites, days, later) == 0 for cure in found), found
    return list(found)


def shortfall_with(
    cure: Cure, sites: Sequence[Site], days: Sequence[TeamDay], later: Sequence[TeamDay]
) -> int:
    match cure.kind:
        case CureKind.MORE_SESSIONS:
            return verdict(sites, with_more(days, sessions=cure.amount)).shortfall
        case CureKind.ADD_TEAMS:
            return verdict(sites, with_more(days, teams=cure.amount)).shortfall
        case CureKind.LOWER_QUOTA:
            return verdict(sites[: -cure.amount], days).shortfall
        case CureKind.LONGER_STAGE:
            assert cure.until is not None
            more = [one for one in later if one.day <= cure.until]
            assert len({one.day for one in more}) == cure.amount
            return verdict(sites, [*days, *more]).shortfall


def behind(days: Sequence[TeamDay], teams: int, more: int = 60) -> list[TeamDay]:
    """Days of as many teams behind these."""
    first = max(one.day for one in days) + timedelta(days=1)
    return team_days(teams, more, first, sessions=days[0].sessions)


@given(problems(), st.integers(0, 5))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_cure_of_whatever_problem_cures(asked: Problem, ends_after: int) -> None:
    until = MONDAY + timedelta(days=ends_after)
    now = [one for one in asked.team_days if one.day <= until]
    later = [one for one in asked.team_days if one.day > until]
    found = cures(asked.sites, now, later)
    assert len(found) == len({cure.kind for cure in found}) <= 3
    assert all(cure.amount > 0 for cure in found)
    told = verdict(asked.sites, now)
    assert holds_all(asked.sites, now) == (told.shortfall == 0)
    assert not found or told.shortfall


@given(st.integers(20, 120), st.integers(1, 30), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_cure_of_scattered_villages_cures_and_a_little_less_would_not(
    count: int, seed: int, teams: int, sessions: int
) -> None:
    sites, days = scattered(count, seed, 20), team_days(teams, 4, sessions=sessions)
    later = behind(days, teams)
    for cure in cures(sites, days, later):
        if cure.amount > 1 and cure.kind is not CureKind.LONGER_STAGE:
            assert shortfall_with(replace(cure, amount=cure.amount - 1), sites, days, later) > 0


def test_a_stage_with_room_or_without_a_team_day_has_no_cure() -> None:
    assert cures(scattered(10, wide_km=3), team_days(2, 6), []) == []
    assert cures([site(0), site(1)], [], team_days(1, 3)) == []


def test_a_shortfall_comes_with_the_three_cheapest_cures() -> None:
    days = team_days(2, 4, sessions=2)
    assert cures([site(n) for n in range(20)], days, behind(days, 2)) == [
        Cure(CureKind.MORE_SESSIONS, 1),
        Cure(CureKind.LONGER_STAGE, 1, date(2027, 1, 15)),
        Cure(CureKind.ADD_TEAMS, 1),
    ]


def test_more_sessions_are_only_offered_where_they_suffice() -> None:
    days = team_days(2, 4, sessions=2)
    kinds = {cure.kind for cure in cures([site(n) for n in range(60)], days, behind(days, 2))}
    # Nor six teams more than two.
    assert kinds == {CureKind.LONGER_STAGE, CureKind.LOWER_QUOTA}


def test_a_long_extension_comes_after_a_team_more_and_an_endless_one_not_at_all() -> None:
    days = team_days(1, 14)
    found = cures([site(n) for n in range(80)], days, behind(days, 1))
    assert [cure.kind for cure in found] == [
        CureKind.ADD_TEAMS,
        CureKind.LONGER_STAGE,
        CureKind.LOWER_QUOTA,
    ]
    endless = [site(n, point(n % 20 / 4)) for n in range(1_000)]
    kinds = [cure.kind for cure in cures(endless, [team_day()], behind([team_day()], 1, 280))]
    assert kinds == [CureKind.LOWER_QUOTA]


def test_few_villages_are_left_to_a_later_stage_before_anything_is_paid_for() -> None:
    days = team_days(2, 16)
    found = cures([site(n) for n in range(95)], days, behind(days, 2))
    assert [cure.kind for cure in found] == [
        CureKind.LOWER_QUOTA,
        CureKind.LONGER_STAGE,
        CureKind.ADD_TEAMS,
    ]


def test_a_stage_that_may_not_end_later_is_not_made_longer() -> None:
    found = cures([site(n) for n in range(60)], team_days(2, 8), [])
    assert [cure.kind for cure in found] == [CureKind.ADD_TEAMS, CureKind.LOWER_QUOTA]


def test_the_smallest_amount_is_found_from_whatever_guess() -> None:
    for wanted in range(1, 31):
        for guess in range(35):
            assert least(wanted.__le__, guess, 30) == wanted
    for wanted in range(1, 31):
        found = least(wanted.__le__, 11, 30, grain=4)
        assert found is not None
        assert wanted <= found < wanted + 4
    assert least(lambda _: False, 3, 30) is None
    assert least(lambda _: True, 3, 0) is None


def test_a_cure_says_what_it_brings_and_takes() -> None:
    sites, days = scattered(60, wide_km=4), team_days(2, 5)
    told = verdict(sites, days)
    assert told.shortfall
    found = cures_of(told, sites, days, behind(days, 2))
    whole = [cure for cure in found if cure.kind is not CureKind.LOWER_QUOTA]
    assert whole
    assert all(cure.villages == told.shortfall and cure.team_days > 0 for cure in whole)
    most = max(one.sessions for one in days)
    assert all((len(days) + cure.team_days) * most >= len(sites) for cure in whole)


def test_a_quota_that_keeps_far_villages_says_how_many_visits_fewer_it_brings() -> None:
    # The first of the choice lie apart, each a day's work; those after them share their days.
    far = [replace(one, point=point(40.0 * (n - 3), 60.0)) for n, one in enumerate(scattered(6))]
    near = scattered(40, wide_km=2)[6:]
    days = team_days(1, 6)
    told = verdict([*far, *near], days)
    (quota,) = [
        cure for cure in cures([*far, *near], days, []) if cure.kind is CureKind.LOWER_QUOTA
    ]
    held_now = told.villages - told.out_of_reach - told.shortfall
    then = verdict([*far, *near][: -quota.amount], days)
    held_then = then.villages - then.out_of_reach
    assert then.shortfall == 0
    assert quota.villages == held_then - held_now < 0
