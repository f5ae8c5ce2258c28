"""What would cure a shortfall: every cure has been tried before it is offered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING

from outreach.planning.capacity import Known, holds_all, team_days_used, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from outreach.planning.capacity import Verdict
    from outreach.planning.model import Site, TeamDay

MOST_SESSIONS_A_DAY = 3

# An extension of up to two working weeks is cheaper than a team more.
SHORT_EXTENSION_DAYS = 12

# Few villages left to a later stage are the cheapest cure of all.
SMALL_REST = 0.05

# A lower quota is not told to the village where that takes many trials: it is an estimate anyway.
QUOTA_GRAIN = 0.01

# Nobody gets more than thrice the teams or thrice the days that a stage has.
MOST_TIMES_MORE = 2

# Who has to choose wants no longer list.
MOST_CURES = 3


class CureKind(StrEnum):
    """What a coordinator can change."""

    MORE_SESSIONS = "more_sessions"  # one more a day and team
    LONGER_STAGE = "longer_stage"
    ADD_TEAMS = "add_teams"
    LOWER_QUOTA = "lower_quota"


@dataclass(frozen=True, slots=True)
class Cure:
    """One change that closes the gap by itself: the same verdict then finds no shortfall.

    Attributes
    ----------
    amount
        Sessions a day, working days, teams or villages, as the kind says.
    until
        Last day of the longer stage; None for other kinds.
    villages
        Villages more that have a session then; below 0 fewer, as where a lower quota keeps
        villages that take more time than those that would have fitted.
    team_days
        Team-days more that are used then, an estimate as the verdict itself.
    """

    kind: CureKind
    amount: int
    until: date | None = None
    villages: int = field(default=0, compare=False)
    team_days: int = field(default=0, compare=False)


def cures_of(
    told: Verdict,
    sites: Sequence[Site],
    team_days: Sequence[TeamDay],
    later: Sequence[TeamDay],
    known: Known | None = None,
) -> tuple[Cure, ...]:
    """Up to three cures of a shortfall, the cheapest first and none beyond reason.

    None without a shortfall or without any team-day.

    Parameters
    ----------
    sites
        In the order of the choice: a lower quota leaves out the last.
    later
        Team-days behind the stage's end that a longer stage would have.
    known
        Of the sites and both kinds of team-days, where the verdict has needed it.
    """
    if not (told.shortfall and team_days):
        return ()
    known = known or Known.of(sites, [*team_days, *later])
    used = team_days_used(sites, team_days, known)
    kinds = islice(_Ask(told, sites, team_days, later, known, used).cures(), MOST_CURES)
    return tuple(kinds)


@dataclass(frozen=True, slots=True)
class _Ask:
    """A shortfall that `cures_of` is asked about.

    `known` is what its trials share, `used` the team-days that hold a session as it is.
    """

    told: Verdict
    sites: Sequence[Site]
    team_days: Sequence[TeamDay]
    later: Sequence[TeamDay]
    known: Known | None
    used: int

    def cures(self) -> Iterator[Cure]:
        """From the cheapest to the dearest."""
        lower, longer = self.lower_quota(), self.longer_stage()
        is_small = lower is not None and lower.amount <= SMALL_REST * len(self.sites)
        is_short = longer is not None and longer.amount <= SHORT_EXTENSION_DAYS
        if lower and is_small:
            yield lower
        yield from self.more_sessions()
        if longer and is_short:
            yield longer
        yield from self.more_teams()
        if longer and not is_short:
            yield longer
        if lower and not is_small:
            yield lower

    def holds(self, sites: Sequence[Site], team_days: Sequence[TeamDay]) -> bool:
        """Try a change."""
        return holds_all(sites, team_days, self.known)

    def lower_quota(self) -> Cure | None:
        """Find the longest part of the choice that is held, a hundredth of it more or less."""
        amount = least(
            lambda left: self.holds(self.sites[:-left], self.team_days),
            self.told.shortfall,
            len(self.sites) - 1,
            grain=max(1, int(QUOTA_GRAIN * len(self.sites))),
        )
        if amount is None:
            return None
        then = verdict(self.sites[:-amount], self.team_days, self.known)
        # Both times all that are within reach and not short are held.
        held_then = then.villages - then.out_of_reach - then.shortfall
        held_now = self.told.villages - self.told.out_of_reach - self.told.shortfall
        return Cure(CureKind.LOWER_QUOTA, amount, villages=held_then - held_now)

    def told_with(self, cure: Cure, team_days: Sequence[TeamDay]) -> Cure:
        """Tell what a cure that holds all brings and what it takes."""
        more = team_days_used(self.sites, team_days, self.known) - self.used
        return replace(cure, villages=self.told.shortfall, team_days=more)

    def more_sessions(self) -> Iterator[Cure]:
        """Give one session more to every day that has room for it."""
        more = with_more(self.team_days, sessions=1)
        if more != tuple(self.team_days) and self.holds(self.sites, more):
            yield self.told_with(Cure(CureKind.MORE_SESSIONS, 1), more)

    def longer_stage(self) -> Cure | None:
        """Find the first of the later days by which all are held."""
        days = sorted({one.day for one in self.later})
        now = len({one.day for one in self.team_days})

        def until(amount: int) -> list[TeamDay]:
            more = [one for one in self.later if one.day <= days[amount - 1]]
            return [*self.team_days, *more]

        most = min(len(days), max(SHORT_EXTENSION_DAYS, MOST_TIMES_MORE * now))
        amount = least(
            lambda amount: self.holds(self.sites, until(amount)), _share(self.told, now), most
        )
        if amount is None:
            return None
        cure = Cure(CureKind.LONGER_STAGE, amount, days[amount - 1])
        return self.told_with(cure, until(amount))

    def more_teams(self) -> Iterator[Cure]:
        """Find how many teams more it takes for the whole stage."""
        now = len({one.team_id for one in self.team_days})
        amount = least(
            lambda teams: self.holds(self.sites, with_more(self.team_days, teams=teams)),
            _share(self.told, now),
            MOST_TIMES_MORE * now,
        )
        if amount is not None:
            joined = with_more(self.team_days, teams=amount)
            yield self.told_with(Cure(CureKind.ADD_TEAMS, amount), joined)


def _share(told: Verdict, now: int) -> int:
    """How many more it takes if every day or team holds what those there are hold."""
    return ceil((told.team_days_needed - told.team_days) * now / told.team_days)


def least(holds: Callable[[int], bool], guess: int, most: int, *, grain: int = 1) -> int | None:
    """Smallest amount from 1 to `most` found to hold, starting at a guess; None without any.

    It is less than `grain` above the smallest.
    """
    tried = cache(holds)
    low, high, step = 0, max(1, min(guess, most)), grain
    while high <= most and not tried(high):
        low, high, step = high, high + step, 2 * step
        if low < most < high:
            high = most
    if high > most:
        return None
    while high - low > grain:
        middle = (low + high) // 2
        low, high = (low, middle) if tried(middle) else (middle, high)
    return high


def with_more(
    team_days: Sequence[TeamDay], *, sessions: int = 0, teams: int = 0
) -> tuple[TeamDay, ...]:
    """Add sessions to every day, and teams that work as those there are, one like each in turn."""
    longer = [
        replace(one, sessions=max(one.sessions, min(MOST_SESSIONS_A_DAY, one.sessions + sessions)))
        for one in team_days
    ]
    there = sorted({one.team_id for one in longer})
    if not there:
        return ()
    # Nobody's number: a team to come has none yet.
    like = [(-number - 1, there[number % len(there)]) for number in range(teams)]
    more = [replace(one, team_id=new) for new, old in like for one in longer if one.team_id == old]
    return tuple(sorted([*longer, *more], key=lambda one: (one.day, one.team_id)))
