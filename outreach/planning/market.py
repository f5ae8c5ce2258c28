"""What a team-day is worth to the ordinary day-trips: the price that a stay has to pay for it.

The ordinary villages are taken to be visited most valuable first, as many a day as their number
and their estimated need say.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from outreach.planning.model import TeamDay


class Market:
    """Prices of team-days in seconds of travel, for ordinary sites with these prices.

    Parameters
    ----------
    needed
        Team-days that the ordinary sites take, as `capacity.team_days_needed` estimates.
    left_out, delay
        As in `Prices`, one per site.
    """

    def __init__(
        self,
        needed: int,
        team_days: Sequence[TeamDay],
        left_out: Sequence[float],
        delay: Sequence[float],
    ) -> None:
        self.needed = needed
        self.sites_a_day = len(left_out) / needed if needed else 0.0
        self.free = len(team_days)
        self.left_out = [0.0, *accumulate(sorted(left_out, reverse=True))]
        self.postponed_s = self._postponed_s(team_days, sorted(delay, reverse=True))

    def taking_s(self, team_days: Sequence[TeamDay]) -> float:
        """Price of taking these days away: villages that wait a day more, and those left out."""
        waiting = sum(self.postponed_s[one.day] for one in team_days)
        return waiting + self.displaced_s(len(team_days))

    def displaced_s(self, team_days: int) -> float:
        """Price of the villages that are left out when so many days are taken away."""
        return self._held(self.free) - self._held(self.free - team_days)

    def spare(self) -> int:
        """Free team-days that the ordinary villages do not need."""
        return max(0, self.free - self.needed)

    def take(self, team_days: Sequence[TeamDay]) -> None:
        """Note that the days are taken."""
        self.free -= len(team_days)

    def _held(self, team_days: int) -> float:
        """Price of leaving out the villages that so many days hold."""
        count = round(max(0, team_days) * self.sites_a_day)
        return self.left_out[min(count, len(self.left_out) - 1)]

    def _postponed_s(
        self, team_days: Sequence[TeamDay], delay: Sequence[float]
    ) -> Mapping[date, float]:
        """For each date, what it costs that one team-day less is worked on it.

        All that is visited later then waits a day longer, shared among the teams.
        """
        total = sum(delay)
        visited = [0.0, *accumulate(delay)]
        teams = Counter(one.day for one in team_days)
        prices, before = {}, 0
        for day in sorted(teams):
            count = min(round(before * self.sites_a_day), len(delay))
            prices[day] = max(0.0, total - visited[count]) / teams[day]
            before += teams[day]
        return prices
