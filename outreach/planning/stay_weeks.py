"""Whether teams work enough days one after the other for a stay, and what weekday is missing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from outreach.planning.blocks import Calendar, resting_days
from outreach.planning.more_days import as_on, weekdays_unused
from outreach.planning.workdays import workdays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import Point, TeamDay


@dataclass(frozen=True)
class StayWeeks:
    """The working weeks of teams, asked for the shortest stay at one hub: of a single trip.

    Attributes
    ----------
    resting
        Days off by team, as `blocks.resting_days` gives them.
    access
        Minutes from a base to the hub, one way.
    """

    team_days: Sequence[TeamDay]
    resting: Mapping[int, frozenset[date]]
    access: Callable[[Point], int]

    def hold_a_stay(self) -> bool:
        """Whether the teams' weeks hold one, were nothing else planned."""
        return self._shortest(self.team_days) is not None

    def weekday_missing(self) -> int | None:
        """Find the ISO weekday, no Sunday, that gives a team the shortest stay, if any does."""
        options = [
            (nights, weekday + 1)
            for own in self._by_team.values()
            for weekday, days in weekdays_unused(own).items()
            if (nights := self._shortest([*own, *_worked_on(own, days)])) is not None
        ]
        return min(options)[1] if options else None

    def hold_one_of_whole_weeks(self) -> bool:
        """Whether a team that works from Monday to Saturday would have one."""
        first, last = (pick(one.day for one in self.team_days) for pick in (min, max))
        days = workdays(first, last)
        return any(self._shortest(_worked_on(own, days)) for own in self._by_team.values())

    @cached_property
    def _by_team(self) -> dict[int, list[TeamDay]]:
        found: dict[int, list[TeamDay]] = defaultdict(list)
        for one in self.team_days:
            found[one.team_id].append(one)
        return found

    def _shortest(self, team_days: Sequence[TeamDay]) -> int | None:
        """Nights of the shortest stay that the team-days hold."""
        off = resting_days(team_days, self.resting)
        blocks = Calendar(team_days, off).blocks(self.access, 1, 1)
        nights = ((one.days[-1].day - one.days[0].day).days for one in blocks)
        return min(nights, default=None)


def _worked_on(own: Sequence[TeamDay], days: Iterable[date]) -> list[TeamDay]:
    """Let a team work on more days as it does on others."""
    return [one for day in days for one in as_on(own, day)]
