"""Another weekday for villages that wait for a stay: tried by planning the stays anew with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from outreach.planning.blocks import resting_days
from outreach.planning.expeditions import plan_stays
from outreach.planning.model import Remedy
from outreach.planning.more_days import as_on, busiest_first, weekdays_unused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outreach.planning.expeditions import Expeditions
    from outreach.planning.model import Problem, Site, Unplaced


def with_weekdays_tried(
    problem: Problem, far: Sequence[Site], away: Expeditions
) -> tuple[Unplaced, ...]:
    """Name the team whose other weekday gives most far villages a stay; whom it helps not, no day.

    Those are told of a team more, that works whole weeks. `away` are the stays as they were planned
    for `far`.
    """
    asked = {one.amount for one in away.unplaced if one.remedy is Remedy.ANOTHER_WEEKDAY}
    best = {weekday: _best_team(problem, far, away, weekday) for weekday in sorted(asked)}
    return tuple(
        _told(one, *best[one.amount]) if one.remedy is Remedy.ANOTHER_WEEKDAY else one
        for one in away.unplaced
    )


def _told(one: Unplaced, team_id: int, brought: frozenset[str]) -> Unplaced:
    if one.code in brought:
        return replace(one, team_id=team_id)
    return replace(one, remedy=Remedy.ADD_TEAM, amount=1)


def _best_team(
    problem: Problem, far: Sequence[Site], away: Expeditions, weekday: int
) -> tuple[int, frozenset[str]]:
    """Team that brings most by working on an ISO weekday too, and whom it brings."""
    base_of = {one.team_id: one.base for one in problem.team_days}
    teams = {base_of[team]: team for team in reversed(busiest_first(problem.team_days))}
    before = {one.code for one in away.visits}
    tried = {}
    for team in sorted(teams.values()):
        own = [one for one in problem.team_days if one.team_id == team]
        new = [one for day in weekdays_unused(own).get(weekday - 1, ()) for one in as_on(own, day)]
        days = sorted([*problem.team_days, *new], key=lambda one: (one.day, one.team_id))
        asked = replace(problem, team_days=tuple(days))
        found = plan_stays(asked, far, resting_days(days, problem.rests))
        tried[team] = frozenset(one.code for one in found.visits) - before
    return max(tried.items(), key=lambda one: (len(one[1]), -one[0]))
