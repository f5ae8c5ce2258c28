"""Villages that no day-trip reaches, and the rules of a stay, worked out anew."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from outreach.planning.check import violations_of_day
from outreach.planning.hubs import LONGEST_STAY_DAYS, LONGEST_STAY_WORKDAYS
from outreach.planning.travel import travel_minutes
from tests.planning.builders import problem, scattered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from outreach.planning.expeditions import Expeditions
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


def on_both_sides(north: int, south: int) -> list[Site]:
    """Scatter villages around two such places, one to the north and one to the south."""
    both = [*far_away(north), *far_away(south, 2, -190)]
    return [replace(one, code=f"33.18.01.{2001 + n}") for n, one in enumerate(both)]


def asked_for(far: Sequence[Site], days: Sequence[TeamDay], near: Sequence[Site] = ()) -> Problem:
    return problem([*near, *far], list(days), rounds=30)


def days_of(stay: Stay) -> set[date]:
    return {*stay.travel_days, *stay.session_days}


def minutes(days: Sequence[TeamDay]) -> int:
    return sum(one.ends_minute - one.starts_minute for one in days)


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
