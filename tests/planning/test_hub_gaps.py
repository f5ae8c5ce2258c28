"""Who needs a stay and found none of its own is visited on the days at the hubs there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.check import violations
from outreach.planning.events import VillageGone, after
from outreach.planning.mending import Budget, mend
from tests.planning.builders import EIGHT, MONDAY, point, problem, site, team_day, team_days

if TYPE_CHECKING:
    from outreach.planning.model import Problem, Site, TeamDay

FEW = Budget(rounds=10)
HUB, BESIDE = site(40, point(160, 0), value=500.0), site(50, point(160, 70))

# Three long days of one team, and then short ones of another, which are more: two villages far
# from each other seem too much for one day at a hub.
LONG = team_days(1, 3, ends_minute=EIGHT + 660)
SHORT = [
    team_day(2, MONDAY + timedelta(days=number), ends_minute=EIGHT + 480) for number in (3, 4, 7, 8)
]


def asked_for(*sites: Site, days: list[TeamDay] | None = None) -> Problem:
    """Ask for villages that are open on the long days alone."""
    shut = frozenset(one.day for one in SHORT)
    closed = [replace(one, closed_days=shut) for one in sites]
    return problem(closed, [*LONG, *SHORT] if days is None else days, rounds=5)


def test_a_village_without_a_stay_is_visited_from_the_hub_of_another() -> None:
    asked = asked_for(HUB, BESIDE)
    plan = assign(asked)
    assert violations(asked, plan) == ()
    (stay,) = plan.stays
    assert {(one.code, one.day) for one in plan.visits} == {
        (one.code, stay.session_days[0]) for one in (HUB, BESIDE)
    }
    assert plan.unplaced == ()
    assert mend(asked, plan, budget=FEW).plan == plan


def test_a_village_whose_days_a_stay_takes_is_visited_from_its_hub() -> None:
    between = site(60, point(95, 0), session_minutes=45)
    alone = assign(asked_for(between))
    assert len(alone.visits) == 1
    assert not alone.stays, "it is reached from the base, on days on which the team is there"
    asked = asked_for(HUB, between, days=LONG)
    plan = assign(asked)
    assert violations(asked, plan) == ()
    (stay,) = plan.stays
    assert {one.code for one in plan.visits} == {HUB.code, between.code}
    assert {one.day for one in plan.visits} == {*stay.session_days}
    assert mend(asked, plan, budget=FEW).plan == plan


def test_what_an_event_leaves_free_at_a_hub_is_used() -> None:
    neighbour = site(41, point(160, 1), value=400.0)
    asked = asked_for(HUB, neighbour, BESIDE)
    plan = assign(asked)
    assert {one.code for one in plan.visits} == {HUB.code, neighbour.code}
    assert mend(asked, plan, budget=FEW).plan == plan
    upset = after(asked, VillageGone(neighbour.code))
    told = mend(upset, plan, budget=FEW)
    assert violations(upset, told.plan) == ()
    assert told.gained == {BESIDE.code}
    assert told.kept == {HUB.code}
