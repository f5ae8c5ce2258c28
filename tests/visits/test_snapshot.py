"""The difference between two plans, for any two plans."""

from __future__ import annotations

from datetime import date, time

from hypothesis import given
from hypothesis import strategies as st

from outreach.visits.snapshot import (
    ChangeKind,
    PlannedPlace,
    StayWays,
    compare,
    read_places,
)
from outreach.visits.tables import Work

STAYS = (
    StayWays(1, (date(2026, 11, 2),), 300),
    StayWays(2, (date(2026, 10, 31), date(2026, 11, 5)), 90),
)
CODES = [f"33.72.01.10{number:02}" for number in range(1, 9)]


@st.composite
def plans(draw: st.DrawFn) -> list[PlannedPlace]:
    """Some of the villages, each once, at a few teams, days and starts, so that plans overlap."""
    return [
        PlannedPlace(
            visit_id=draw(st.integers(1, 99)),
            village_code=code,
            team_id=draw(st.integers(1, 2)),
            day=date(2026, 11, draw(st.integers(2, 3))),
            slot=draw(st.integers(1, 3)),
            starts_at=time(draw(st.integers(8, 9))),
            travel_minutes=draw(st.integers(0, 90)),
            value=draw(st.integers(0, 40)) / 4,
            work=draw(st.sampled_from(list(Work))),
            stay=draw(st.sampled_from([None, *STAYS])),
        )
        for code in draw(st.lists(st.sampled_from(CODES), unique=True))
    ]


@given(plans(), plans())
def test_every_village_of_either_plan_is_told_once(
    before: list[PlannedPlace], after: list[PlannedPlace]
) -> None:
    told = compare(before, after)
    old = {place.village_code: place for place in before}
    new = {place.village_code: place for place in after}
    by_kind = {kind: {c.village_code for c in told.of_kind(kind)} for kind in ChangeKind}
    assert by_kind[ChangeKind.ADDED] == new.keys() - old.keys()
    assert by_kind[ChangeKind.DROPPED] == old.keys() - new.keys()
    elsewhere = {
        code
        for code in old.keys() & new.keys()
        if (old[code].team_id, old[code].day, old[code].starts_at)
        != (new[code].team_id, new[code].day, new[code].starts_at)
    }
    assert by_kind[ChangeKind.MOVED] == elsewhere
    assert len(told.changes) == sum(map(len, by_kind.values()))
    assert told.kept == len(old.keys() & new.keys()) - len(elsewhere)
    for change in told.changes:
        assert change.before == old.get(change.village_code)
        assert change.after == new.get(change.village_code)


@given(plans(), plans())
def test_the_difference_leads_from_one_plan_to_the_other(
    before: list[PlannedPlace], after: list[PlannedPlace]
) -> None:
    told = compare(before, after)
    there = {place.village_code: place.appointment for place in before}
    for change in told.changes:
        there.pop(change.village_code, None)
        if change.after:
            there[change.village_code] = change.after.appointment
    assert there == {place.village_code: place.appointment for place in after}
    back = compare(after, before)
    assert len(back.changes) == len(told.changes)
    assert (back.before, back.after) == (told.after, told.before)


@given(plans())
def test_a_plan_does_not_differ_from_itself_nor_from_what_a_submission_kept(
    plan: list[PlannedPlace],
) -> None:
    assert compare(plan, plan).changes == ()
    assert read_places([place.told() for place in plan]) == plan


@given(plans())
def test_the_figures_are_sums(plan: list[PlannedPlace]) -> None:
    figures = compare([], plan).after
    assert figures.visits == len(plan)
    # Of a stay the days on the way and the way itself, out and back, once.
    stays = {(place.team_id, place.stay) for place in plan if place.stay}
    days = {(place.team_id, place.day) for place in plan}
    days |= {(team, day) for team, stay in stays for day in stay.travel_days}
    assert figures.team_days == len(days)
    ways = sum(2 * one.access_minutes for one in {stay for _, stay in stays})
    assert figures.travel_minutes == sum(place.travel_minutes for place in plan) + ways
    assert figures.value == sum(place.value for place in plan)
