"""The verdict before a run: what the teams can hold, what is missing, what would cure it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import cycle
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.network import kinds_of, network_of
from outreach.planning.reasons import has_place, out_of_reach
from outreach.planning.routing import DROP_TEAM_DAYS, DROP_TEAM_DAYS_PER_MEAN_VALUE
from outreach.planning.workdays import (
    MONDAY_TO_SATURDAY,
    PRAYERS_END_MINUTE,
    PRAYERS_START_MINUTE,
    SUNDAY,
    workdays,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Kind, Network

MOST_SESSIONS_A_DAY = 3

# An extension of up to two working weeks is cheaper than a team more.
SHORT_EXTENSION_DAYS = 12

# Nobody extends a stage beyond this; it also bounds the search for the date.
LONGEST_EXTENSION_DAYS = 300


# Few villages left to a later stage are the cheapest cure of all.
SMALL_REST = 0.05

# Nobody gets more than thrice the teams or thrice the days that a stage has.
MOST_TIMES_MORE = 2

# Fewer villages lie nearer, so more fit: after two rounds the estimate stands still.
REFINEMENTS = 2

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
    """One change that would close the gap by itself.

    Attributes
    ----------
    amount
        Sessions a day, working days, teams or villages, as the kind says.
    until
        Last day of the longer stage; None for other kinds.
    """

    kind: CureKind
    amount: int
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage can hold. An estimate: the plan itself may come out a few per cent better.

    Attributes
    ----------
    out_of_reach
        Villages no team-day could hold: no position, too far, always closed.
    sessions_possible
        Sessions the team-days can hold at the pace of these villages; may exceed `villages`.
    team_days_needed
        Team-days it takes for all villages within reach.
    shortfall
        Villages within reach that would be left without a session.
    cures
        Up to three, the cheapest first and none beyond reason; none without a shortfall or
        without any team-day.
    last_day
        When the last village would be reached at this pace, the days behind the last team-day
        included; None when that is beyond reason, or there is nothing to reach.
    """

    villages: int
    out_of_reach: int
    sessions_possible: int
    team_days: int
    team_days_needed: int
    shortfall: int
    cures: tuple[Cure, ...]
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """How far team-days go: `sessions` held by `team_days` with room for `slots` sessions."""

    sessions: int
    slots: int
    team_days: int


def verdict(
    sites: Sequence[Site],
    team_days: Sequence[TeamDay],
    weekdays: Collection[int] | None = None,
    latest: date | None = None,
) -> Verdict:
    """Estimate how many of the villages the team-days can hold, and what would cure a shortfall.

    A fast greedy fill (each day starts at the farthest village and goes on to the nearest that
    fits) measures sessions per team-day: over all villages within reach when they can all be
    held, else over those that bring most value for the time. It comes within about a tenth of
    the solver. Well under a second for 1,500 villages.

    Parameters
    ----------
    weekdays
        Working weekdays for the date of a longer stage; None takes those of the team-days, or
        Monday to Saturday when they span less than a week.
    latest
        No cure lets the stage end after this day; None leaves it open.
    """
    located = [site for site in sites if has_place(site)]
    if not located or not team_days:
        return Verdict(
            len(sites), len(sites) - len(located), 0, len(team_days), 0, len(located), ()
        )
    network = _within_reach(located, team_days)
    kinds = _kinds(network, team_days)
    fill = greedy_fill(network, kinds)
    possible = _possible(network, kinds, fill)
    shortfall = max(0, len(network.sites) - possible)
    cures = [
        cure
        for cure in _cures(network, team_days, fill.team_days, shortfall, weekdays)
        if latest is None or cure.until is None or cure.until <= latest
    ]
    return Verdict(
        villages=len(sites),
        out_of_reach=len(sites) - len(network.sites),
        sessions_possible=possible,
        team_days=len(team_days),
        team_days_needed=fill.team_days,
        shortfall=shortfall,
        cures=tuple(cures[:MOST_CURES]),
        last_day=_last_day(team_days, fill.team_days, weekdays),
    )


def _last_day(
    team_days: Sequence[TeamDay], needed: int, weekdays: Collection[int] | None
) -> date | None:
    """Day of the last team-day that it takes, within these or behind them."""
    if not needed:
        return None
    if needed <= len(team_days):
        return sorted(one.day for one in team_days)[needed - 1]
    days_now = len({one.day for one in team_days})
    longer = ceil((needed - len(team_days)) * days_now / len(team_days))
    extension = _extension(team_days, longer, weekdays)
    return None if extension is None else extension.until


def team_days_needed(sites: Sequence[Site], team_days: Sequence[TeamDay]) -> int:
    """Estimate how many team-days like these it takes for all sites that they can reach."""
    located = [site for site in sites if has_place(site)]
    if not located or not team_days:
        return 0
    network = _within_reach(located, team_days)
    return greedy_fill(network, _kinds(network, team_days)).team_days


def _within_reach(located: Sequence[Site], team_days: Sequence[TeamDay]) -> Network:
    network = network_of(located, team_days)
    refused = {one.code for one in out_of_reach(network, kinds_of(network, team_days))}
    kept = [stop for stop, site in enumerate(located) if site.code not in refused]
    return network if len(kept) == len(located) else network.restricted(kept)


def _kinds(network: Network, team_days: Iterable[TeamDay]) -> list[Kind]:
    """Kinds of the team-days by date and team, without those that hold no session at all."""
    ordered = sorted(team_days, key=lambda team_day: (team_day.day, team_day.team_id))
    return [kind for kind in kinds_of(network, ordered).values() if kind.sessions > 0]


def _possible(network: Network, kinds: Sequence[Kind], fill: Fill) -> int:
    """Sessions that days of these kinds can hold, when `fill` is what all sites take."""
    if not network.sites:
        return 0
    slots = sum(kind.sessions for kind in kinds)
    possible = slots * fill.sessions // fill.slots
    if fill.team_days <= len(kinds):
        return max(possible, len(network.sites))
    # Not all can be held: a plan then takes what brings most for the time, and those lie nearer.
    wanted = _most_for_the_time(network)
    for _ in range(REFINEMENTS):
        part = greedy_fill(network, kinds, wanted[: max(1, possible)])
        possible = min(slots * part.sessions // part.slots, len(network.sites) - 1)
    return possible


def _most_for_the_time(network: Network) -> list[int]:
    """Sites by worth per minute of session and way, as the solver prices them, the best first."""
    way = network.minutes[: len(network.bases), len(network.bases) :].min(axis=0)
    value = np.array([site.value for site in network.sites])
    session = np.array([site.session_minutes for site in network.sites])
    mean = float(value.mean()) or 1.0
    worth = DROP_TEAM_DAYS + DROP_TEAM_DAYS_PER_MEAN_VALUE * value / mean
    return [int(stop) for stop in np.argsort(-worth / (session + 2 * way), kind="stable")]


def greedy_fill(
    network: Network, kinds: Sequence[Kind], stops: Sequence[int] | None = None
) -> Fill:
    """Fill days like `kinds`, again and again, until every stop (None: every site) is held.

    Every stop must fit into some day of `kinds` alone.
    """
    waiting = np.ones(len(network.sites), dtype=np.bool_)
    if stops is not None:
        waiting[:] = False
        waiting[list(stops)] = True
    session = np.array([site.session_minutes for site in network.sites])
    sessions = slots = days = 0
    endless = cycle(kinds)
    while waiting.any():
        kind = next(endless)
        sessions += _fill_day(network, kind, session, waiting)
        slots += kind.sessions
        days += 1
    return Fill(sessions, slots, days)


def _fill_day(
    network: Network, kind: Kind, session: NDArray[np.int64], waiting: NDArray[np.bool_]
) -> int:
    """Take the day's sites out of `waiting` and return how many there are."""
    sites = slice(len(network.bases), None)
    back = network.minutes[sites, kind.base]
    nearest_base = network.minutes[: len(network.bases), sites].min(axis=0)
    # The farthest first, but leave what another base is nearer to as long as there is else.
    wish = -(back - 10_000 * (back > nearest_base))
    here, now, held = kind.base, kind.starts_minute, 0
    while held < kind.sessions:
        start = now + network.minutes[here, sites]
        if kind.is_friday:
            cut = (start < PRAYERS_END_MINUTE) & (start + session > PRAYERS_START_MINUTE)
            start = np.where(cut, PRAYERS_END_MINUTE, start)
        fits = waiting & (start + session + back <= kind.ends_minute)
        if not fits.any():
            break
        chosen = int(np.where(fits, wish, np.iinfo(np.int64).max).argmin())
        waiting[chosen] = False
        here, now, held = (
            len(network.bases) + chosen,
            int(start[chosen] + session[chosen]),
            held + 1,
        )
        wish = network.minutes[here, sites]
    return held


def _cures(
    network: Network,
    team_days: Sequence[TeamDay],
    needed: int,
    shortfall: int,
    weekdays: Collection[int] | None,
) -> Iterator[Cure]:
    """Cures from the cheapest to the dearest; none without a shortfall."""
    if not shortfall:
        return
    later = Cure(CureKind.LOWER_QUOTA, shortfall)
    is_small = shortfall <= SMALL_REST * len(network.sites)
    if is_small:
        yield later
    yield from _more_sessions(network, team_days)
    yield from _more_days_or_teams(team_days, needed, weekdays)
    if not is_small:
        yield later


def _more_sessions(network: Network, team_days: Sequence[TeamDay]) -> Iterator[Cure]:
    more = [
        replace(team_day, sessions=min(MOST_SESSIONS_A_DAY, team_day.sessions + 1))
        for team_day in team_days
    ]
    if more != list(team_days) and greedy_fill(network, _kinds(network, more)).team_days <= len(
        team_days
    ):
        yield Cure(CureKind.MORE_SESSIONS, 1)


def _more_days_or_teams(
    team_days: Sequence[TeamDay], needed: int, weekdays: Collection[int] | None
) -> Iterator[Cure]:
    missing = needed - len(team_days)
    days_now = len({one.day for one in team_days})
    teams_now = len({one.team_id for one in team_days})
    # Half-empty last days can hide in the estimate: at least one is always missing.
    longer = max(1, ceil(missing * days_now / len(team_days)))
    teams = max(1, ceil(missing * teams_now / len(team_days)))
    extension = _extension(team_days, longer, weekdays)
    add = Cure(CureKind.ADD_TEAMS, teams) if teams <= MOST_TIMES_MORE * teams_now else None
    if longer > max(SHORT_EXTENSION_DAYS, MOST_TIMES_MORE * days_now):
        extension = None
    cheapest = (extension, add) if longer <= SHORT_EXTENSION_DAYS else (add, extension)
    yield from (cure for cure in cheapest if cure is not None)


def _extension(
    team_days: Sequence[TeamDay], days: int, weekdays: Collection[int] | None
) -> Cure | None:
    """Return the stage longer by so many working days, None when that is beyond reason."""
    known = _weekdays_of(team_days) if weekdays is None else set(weekdays) - {SUNDAY}
    if days > LONGEST_EXTENSION_DAYS or not known:
        return None
    first = max(team_day.day for team_day in team_days) + timedelta(days=1)
    # One weekday in seven, twice over for the holidays, always reaches far enough.
    free = workdays(first, first + timedelta(days=14 * days + 60), known)
    return Cure(CureKind.LONGER_STAGE, days, free[days - 1])


def _weekdays_of(team_days: Sequence[TeamDay]) -> set[int]:
    days = {team_day.day for team_day in team_days}
    if (max(days) - min(days)).days < 6:
        return set(MONDAY_TO_SATURDAY)
    return {day.weekday() for day in days} - {SUNDAY}
