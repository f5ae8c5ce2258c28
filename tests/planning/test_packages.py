from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.planning.blocks import runs_of
from outreach.planning.packages import Package, pieces_for, share_out, split
from tests.planning.builders import point, scattered, site, team_day, team_days

if TYPE_CHECKING:
    from outreach.planning.model import Site


def region(count: int, seed: int = 1) -> list[Site]:
    """Build districts of ten villages scattered around the base."""
    draw = random.Random(seed)
    middles = [(draw.gauss(0, 15), draw.gauss(0, 15)) for _ in range(count // 10 + 1)]
    return [
        site(
            number,
            point(
                middles[number // 10][0] + draw.gauss(0, 2),
                middles[number // 10][1] + draw.gauss(0, 2),
            ),
        )
        for number in range(count)
    ]


def code_of(number: int) -> str:
    """Ten villages a district, from the first district on."""
    return f"33.11.{1 + number // 10:02d}.{2001 + number % 10}"


def sizes(packages: tuple[Package, ...]) -> list[int]:
    return [len(package.sites) for package in packages]


@given(
    st.integers(0, 400),
    st.integers(0, 4),
    st.integers(0, 30),
    st.integers(1, 120),
    st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_everything_is_in_exactly_one_package_and_districts_stay_whole(
    count: int, teams: int, days: int, target: int, seed: int
) -> None:
    sites, slots = region(count, seed), team_days(teams, days)
    packages = split(sites, slots, target)
    assert sorted(s.code for p in packages for s in p.sites) == [s.code for s in sites]
    if packages:
        given_slots = [(d.day, d.team_id) for p in packages for d in p.team_days]
        assert sorted(given_slots) == sorted((d.day, d.team_id) for d in slots)
    districts = [district for package in packages for district in package.districts]
    assert len(districts) == len(set(districts))
    for package in packages:
        assert {s.code[:8] for s in package.sites} == set(package.districts)
        assert len(packages) == 1 or len(package.sites) >= min(150, target)


def test_a_small_stage_is_one_package() -> None:
    assert sizes(split(region(280), team_days(3, 30))) == [280]


def test_a_large_stage_is_cut_into_like_pieces() -> None:
    packages = split(region(1_600), team_days(6, 80))
    assert len(packages) == 4
    assert all(340 <= size <= 460 for size in sizes(packages))


def test_packages_do_not_depend_on_the_order_given() -> None:
    sites, slots = region(600), team_days(4, 40)
    expected = split(sites, slots)
    random.Random(3).shuffle(sites)
    random.Random(4).shuffle(slots)
    assert split(sites, slots) == expected


def test_team_days_are_shared_by_need_and_spread_over_the_stage() -> None:
    slots = team_days(4, 40)
    packages = split(region(600), slots)
    assert len(packages) == 2
    days = sorted({one.day for one in slots})
    for package in packages:
        share = len(package.sites) / 600
        assert len(package.team_days) / len(slots) == pytest.approx(share, abs=0.12)
        first_half = [one for one in package.team_days if one.day < days[20]]
        assert len(first_half) / len(package.team_days) == pytest.approx(0.5, abs=0.05)


def test_pieces_are_sectors_around_the_base() -> None:
    packages = split(region(600), team_days(4, 40))
    west = [sum(s.point.longitude < 110.82 for s in package.sites) for package in packages]
    north = [sum(s.point.latitude > -7.57 for s in package.sites) for package in packages]
    shares = [
        max(abs(w / len(p.sites) - 0.5), abs(n / len(p.sites) - 0.5))
        for w, n, p in zip(west, north, packages, strict=True)
    ]
    assert all(share > 0.15 for share in shares)


def test_too_few_team_days_are_not_cut_up() -> None:
    assert len(split(region(1_000), team_days(1, 30))) == 1
    assert len(split(region(1_600), team_days(2, 30))) == 3
    assert pieces_for(1_000, 0, 250) == 1


def test_without_team_days_or_places_the_sites_still_have_a_package() -> None:
    nowhere = [replace(s, point=replace(s.point, latitude=math.nan)) for s in region(30)]
    (package,) = split(nowhere, team_days(1, 3))
    assert (len(package.sites), len(package.team_days)) == (30, 3)
    (package,) = split(region(30), [])
    assert package.team_days == ()
    assert split([], team_days(1, 3)) == ()


def test_villages_without_a_place_go_with_their_district_or_last() -> None:
    sites = region(600)
    lost = [
        replace(s, point=replace(s.point, latitude=math.nan)) if n == 7 or 300 <= n < 310 else s
        for n, s in enumerate(sites)
    ]
    packages = split(lost, team_days(4, 40))
    assert sum(sizes(packages)) == 600
    assert packages[-1].districts[-1] == sites[300].code[:8]
    home = next(p for p in packages if sites[7].code[:8] in p.districts)
    assert sites[8] in home.sites


def test_a_district_larger_than_a_package_stays_whole() -> None:
    city = [
        replace(s, code=f"33.72.01.{1001 + n}") for n, s in enumerate(scattered(400, wide_km=2))
    ]
    packages = split([*city, *region(160)], team_days(6, 60))
    assert max(sizes(packages)) >= 400
    assert sum(sizes(packages)) == 560


def test_a_team_serves_the_package_it_is_nearer_to() -> None:
    far = point(0, 150)
    here = region(200)
    there = [
        replace(
            s,
            code=f"33.12{s.code[5:]}",
            point=replace(s.point, longitude=s.point.longitude + 150 / 110.2),
        )
        for s in region(200)
    ]
    days = [team_day(1 if one.team_id == 1 else 2, one.day) for one in team_days(2, 60)]
    days = [replace(one, base=far) if one.team_id == 2 else one for one in days]
    packages = split([*here, *there], days, 200)
    assert len(packages) == 2
    for package in packages:
        base_is_far = package.sites[0].point.longitude > 111.5
        own = [one for one in package.team_days if (one.team_id == 2) == base_is_far]
        assert len(own) / len(package.team_days) > 0.9


def test_teams_do_not_pass_each_other_on_the_road() -> None:
    """Bases half an hour apart: each team serves its own side, and no side gets less for it."""
    west, east = point(-20, 0), point(20, 0)
    sites = [
        replace(site(number, point(-40 + number * 0.4, number % 10)), code=code_of(number))
        for number in range(200)
    ]
    days = [replace(one, base=(west, east)[one.team_id - 1]) for one in team_days(2, 60)]
    packages = split(sites, days, 100)
    assert sizes(packages) == [100, 100]
    for package in packages:
        near = west if package.sites[0].code < "33.11.11" else east
        own = [one for one in package.team_days if one.base == near]
        assert len(own) / len(package.team_days) > 0.9
        assert len(package.team_days) / len(days) == pytest.approx(0.5, abs=0.05)


def test_a_package_that_is_far_from_every_team_waits_for_none() -> None:
    far = [
        replace(one, code=f"33.99{one.code[5:]}", point=point(70 + number / 10))
        for number, one in enumerate(region(100))
    ]
    near, far_off = share_out([region(100), far], [[one] for one in team_days(2, 60)])
    assert abs(near[0].day - far_off[0].day) <= timedelta(days=1)
    assert len(far_off) >= len(near)


def test_a_package_must_hold_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        split(region(10), [], 0)


def test_teams_keep_their_days_together_where_villages_need_stays() -> None:
    far = [
        replace(one, code=f"33.99.{number // 10:02d}.{2001 + number}", point=point(200 + number))
        for number, one in enumerate(region(320))
    ]
    days = team_days(3, 40)
    packages = split([*region(320), *far], days)
    assert 1 < len(packages) <= 3
    assert Counter(one for part in packages for one in part.team_days) == Counter(days)
    for part in packages:
        assert min(len(run) for run in runs_of(part.team_days)) >= 10
