"""The verdict before a run: what the teams can hold, what is missing, what would cure it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import cycle
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.network import kind_of, network_of
from outreach.planning.reasons import has_place, out_of_reach
from outreach.planning.workdays import (
    PRAYERS_END_MINUTE,
    PRAYERS_START_MINUTE,
    SUNDAY,
    holidays_between,
    workdays,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Kind, Network

MOST_SESSIONS_A_DAY = 3

# An extension of up to two working weeks is cheaper than a team more.
SHORT_EXTENSION_DAYS = 12

# Nobody extends a stage beyond this; it also bounds the search for the date.
LONGEST_EXTENSION_DAYS = 300


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
        Up to three, the cheapest first; none without a shortfall or without any team-day.
    """

    villages: int
    out_of_reach: int
    sessions_possible: int
    team_days: int
    team_days_needed: int
    shortfall: int
    cures: tuple[Cure, ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """How far team-days go: `sessions` held by `team_days` with room for `slots` sessions."""

    sessions: int
    slots: int
    team_days: int


def verdict(sites: Sequence[Site], team_days: Sequence[TeamDay]) -> Verdict:
    """Estimate how many of the villages the team-days can hold, and what would cure a shortfall.

    A fast greedy fill (each day starts at the farthest village and goes on to the nearest that
    fits) measures sessions per team-day over all villages within reach; it comes within a few per
    cent of the solver. Well under a second for 1,500 villages.
    """
    located = [site for site in sites if has_place(site)]
    if not located or not team_days:
        return Verdict(
            len(sites), len(sites) - len(located), 0, len(team_days), 0, len(located), ()
        )
    within = _within_reach(located, team_days)
    fill, possible = _possible(within, team_days)
    shortfall = max(0, len(within) - possible)
    return Verdict(
        villages=len(sites),
        out_of_reach=len(sites) - len(within),
        sessions_possible=possible,
        team_days=len(team_days),
        team_days_needed=fill.team_days,
        shortfall=shortfall,
        cures=tuple(_cures(within, team_days, possible, shortfall))[:3] if shortfall else (),
    )


def team_days_needed(sites: Sequence[Site], team_days: Sequence[TeamDay]) -> int:
    """Estimate how many team-days like these it takes for all sites that they can reach."""
    located = [site for site in sites if has_place(site)]
    if not located or not team_days:
        return 0
    return _possible(_within_reach(located, team_days), team_days)[0].team_days


def _within_reach(located: Sequence[Site], team_days: Sequence[TeamDay]) -> list[Site]:
    network = network_of(located, team_days)
    refused = {one.code for one in out_of_reach(network, _kinds(network, team_days))}
    return [site for site in located if site.code not in refused]


def _kinds(network: Network, team_days: Iterable[TeamDay]) -> dict[TeamDay, Kind]:
    shortest = min(site.session_minutes for site in network.sites)
    ordered = sorted(team_days, key=lambda team_day: (team_day.day, team_day.team_id))
    return {team_day: kind_of(network, team_day, shortest) for team_day in ordered}


def _possible(within: Sequence[Site], team_days: Sequence[TeamDay]) -> tuple[Fill, int]:
    """Fill for all sites, and the sessions these team-days can hold at that pace."""
    if not within:
        return Fill(0, 0, 0), 0
    network = network_of(within, team_days)
    kinds = [kind for kind in _kinds(network, team_days).values() if kind.sessions > 0]
    fill = greedy_fill(network, kinds)
    slots = sum(kind.sessions for kind in kinds)
    return fill, slots * fill.sessions // fill.slots


def greedy_fill(network: Network, kinds: Sequence[Kind]) -> Fill:
    """Fill days like `kinds`, again and again, until every site of the network has a session.

    Every site must fit into some day of `kinds` alone.
    """
    waiting = np.ones(len(network.sites), dtype=np.bool_)
    session = np.array([site.session_minutes for site in network.sites])
    sessions = slots = days = 0
    for kind in cycle(kinds):
        held = _fill_day(network, kind, session, waiting)
        sessions, slots, days = sessions + held, slots + kind.sessions, days + 1
        if not waiting.any():
            break
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
    within: Sequence[Site], team_days: Sequence[TeamDay], possible: int, shortfall: int
) -> Iterator[Cure]:
    """Cures from the cheapest to the dearest."""
    more = [
        replace(team_day, sessions=min(MOST_SESSIONS_A_DAY, team_day.sessions + 1))
        for team_day in team_days
    ]
    if more != list(team_days) and _possible(within, more)[1] >= len(within):
        yield Cure(CureKind.MORE_SESSIONS, 1)
    if possible:
        longer = ceil(shortfall * len({one.day for one in team_days}) / possible)
        teams = Cure(
            CureKind.ADD_TEAMS, ceil(shortfall * len({one.team_id for one in team_days}) / possible)
        )
        extension = _extension(team_days, longer)
        short = longer <= SHORT_EXTENSION_DAYS
        yield from (cure for cure in ((extension, teams) if short else (teams, extension)) if cure)
    yield Cure(CureKind.LOWER_QUOTA, shortfall)


def _extension(team_days: Sequence[TeamDay], days: int) -> Cure | None:
    """Return the stage longer by so many working days, on the weekdays the teams work."""
    if days > LONGEST_EXTENSION_DAYS:
        return None
    weekdays = Counter(team_day.day.weekday() for team_day in team_days)
    del weekdays[SUNDAY]
    if not weekdays:
        return None
    first = max(team_day.day for team_day in team_days) + timedelta(days=1)
    # One weekday in seven, twice over for the holidays, always reaches far enough.
    horizon = first + timedelta(days=14 * days + 60)
    free = workdays(first, horizon, tuple(weekdays), holidays=holidays_between(first, horizon))
    return Cure(CureKind.LONGER_STAGE, days, free[days - 1])
