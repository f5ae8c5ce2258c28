"""Cures for villages that wait for a stay, each tried by planning the stays anew with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from outreach.planning.blocks import resting_days
from outreach.planning.expeditions import plan_stays
from outreach.planning.hub_gaps import with_gaps_filled
from outreach.planning.model import Remedy
from outreach.planning.more_days import (
    EXTENSION_DAYS,
    as_on,
    busiest_first,
    busiest_of_each_base,
    days_behind,
    weekdays_unused,
)
from outreach.planning.trying import MOST_EXTRA_TEAMS
from outreach.planning.workdays import MONDAY_TO_SATURDAY, workdays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from outreach.planning.expeditions import Expeditions
    from outreach.planning.model import Problem, Site, TeamDay, Unplaced

    type Offer = tuple[int, int | None, frozenset[str]]

# The cheapest first.
TRIED = (Remedy.ANOTHER_WEEKDAY, Remedy.LONGER_STAGE, Remedy.ADD_TEAM)


def with_stays_tried(
    problem: Problem, far: Sequence[Site], away: Expeditions
) -> tuple[Unplaced, ...]:
    """Tell each village the cheapest change that gives it a stay, from the one it was told on.

    Another weekday of one team, then so many days more, then a team more, like another one or of
    whole weeks; whom none of them helps waits for the next stage. `away` are the stays as they were
    planned for `far`; villages that were told something else keep it.
    """
    if not problem.team_days:
        return away.unplaced
    trial = _Trial(problem, far, away)
    return tuple(trial.cured(one) if one.remedy in TRIED else one for one in away.unplaced)


class _Trial:
    """The stays planned once more with each change, every change by itself."""

    def __init__(self, problem: Problem, far: Sequence[Site], away: Expeditions) -> None:
        self.problem, self.far = problem, far
        self.before = frozenset(one.code for one in away.visits)
        asked = {one.amount for one in away.unplaced if one.remedy is Remedy.LONGER_STAGE}
        self.amounts = sorted(asked | {EXTENSION_DAYS})
        self.teams = busiest_of_each_base(problem.team_days)
        self.known: dict[tuple[Remedy, int, int | None], frozenset[str]] = {}

    def cured(self, one: Unplaced) -> Unplaced:
        """Find the first change, from the one the village was told on, that gives it a stay."""
        for remedy in TRIED[TRIED.index(one.remedy) :]:
            for amount, team_id, brought in self._offers(remedy, one.amount):
                if one.code in brought:
                    told = replace(one, remedy=remedy, amount=amount, team_id=team_id)
                    return replace(told, brings=len(brought))
        return replace(one, remedy=Remedy.NEXT_STAGE, amount=0)

    def _offers(self, remedy: Remedy, told: int) -> Iterator[Offer]:
        """List changes of one kind, each with the villages it gives a stay."""
        if remedy is Remedy.LONGER_STAGE:
            for amount in self.amounts:
                yield amount, None, self._brought(remedy, amount, None, self._longer)
        elif remedy is Remedy.ANOTHER_WEEKDAY:
            offers = [
                (told, team, self._brought(remedy, told, team, self._on_weekday))
                for team in self.teams
            ]
            yield from sorted(offers, key=lambda offer: (-len(offer[2]), offer[1]))
        else:
            for amount in range(1, MOST_EXTRA_TEAMS + 1):
                for team in self.teams:
                    yield amount, team, self._brought(remedy, amount, team, self._more_teams)
                yield amount, None, self._brought(remedy, amount, None, self._of_whole_weeks)

    def _brought(
        self,
        remedy: Remedy,
        amount: int,
        team_id: int | None,
        more: Callable[[int, int | None], Iterable[TeamDay]],
    ) -> frozenset[str]:
        """Villages that get a stay with some days more, and have none without."""
        key = remedy, amount, team_id
        if key not in self.known:
            new = more(amount, team_id)
            days = sorted([*self.problem.team_days, *new], key=lambda one: (one.day, one.team_id))
            asked = replace(self.problem, team_days=tuple(days))
            away = plan_stays(asked, self.far, resting_days(days, self.problem.rests))
            found = with_gaps_filled(asked, self.far, away)
            self.known[key] = frozenset(one.code for one in found.visits) - self.before
        return self.known[key]

    def _own(self, team_id: int | None) -> list[TeamDay]:
        return [one for one in self.problem.team_days if one.team_id == team_id]

    def _longer(self, amount: int, _: int | None) -> Iterator[TeamDay]:
        days = self.problem.team_days
        return (one for day in days_behind(days, amount) for one in as_on(days, day))

    def _on_weekday(self, weekday: int, team_id: int | None) -> Iterator[TeamDay]:
        own = self._own(team_id)
        return (one for day in weekdays_unused(own).get(weekday - 1, ()) for one in as_on(own, day))

    def _more_teams(self, amount: int, team_id: int | None) -> Iterator[TeamDay]:
        return self._copies(self._own(team_id), amount)

    def _of_whole_weeks(self, amount: int, _: int | None) -> Iterator[TeamDay]:
        """Let teams start where the busiest does, on every working day of the stage."""
        days = [one.day for one in self.problem.team_days]
        own = self._own(busiest_first(self.problem.team_days)[0])
        whole = workdays(min(days), max(days), MONDAY_TO_SATURDAY)
        return self._copies([one for day in whole for one in as_on(own, day)], amount)

    def _copies(self, days: Sequence[TeamDay], amount: int) -> Iterator[TeamDay]:
        """Give the days to so many teams that there are not yet: numbers below all there are."""
        lowest = min(0, *(one.team_id for one in self.problem.team_days))
        for number in range(1, amount + 1):
            yield from (replace(one, team_id=lowest - number) for one in days)
