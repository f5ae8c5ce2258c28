"""Stretches of working days that a team has one after the other: where a stay can lie."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING

from outreach.planning.hubs import LONGEST_STAY_DAYS, LONGEST_STAY_WORKDAYS
from outreach.planning.network import holds_prayers
from outreach.planning.workdays import SUNDAY, days_between, holidays_between

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from outreach.planning.model import Point, TeamDay

# A weekday that a team lacks so often is free to it; a single one missing may be leave.
FREE_WEEKDAY_TIMES = 3

# A weekend at the hub is borne, and a feast beside it; nobody sits there for longer.
LONGEST_REST_DAYS = 2
LONGEST_REST_DAYS_WITH_A_FEAST = 3

# For every day off a stay has so many days on which the team works or travels.
WORKDAYS_A_REST_DAY = 2

# Between two stays a team is at home for so many whole days.
DAYS_AT_HOME = 2

type Run = tuple[TeamDay, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive working days of one team for one stay.

    Attributes
    ----------
    room
        Free days of the team from the first day on the way on.
    hub_days
        How many of the days are spent at the hub, at least one.
    out
        How many days the way out takes.
    back
        How many days the way back takes.
    """

    room: Run
    hub_days: int
    out: int
    back: int
    access_minutes: int

    @property
    def days(self) -> Run:
        """The days on the way out, those at the hub, the days on the way back."""
        return self.room[: self.out + self.hub_days + self.back]

    @property
    def at_hub(self) -> Run:
        """Days that can hold sessions."""
        return self.room[self.out : self.out + self.hub_days]

    def feasts_between(self, first: date, last: date) -> int:
        """How many days from one to another, of weekdays on which the team works, it is off."""
        weekdays, worked = {one.day.weekday() for one in self.room}, {one.day for one in self.room}
        return sum(
            day.weekday() in weekdays and day not in worked for day in days_between(first, last)
        )

    def longer(self) -> Block | None:
        """Return the block with a day more at the hub, None where there is none."""
        back = days_on_the_way(self.room[self.out + self.hub_days + 1 :], self.access_minutes)
        if back is None or self.hub_days == LONGEST_STAY_WORKDAYS:
            return None
        return replace(self, hub_days=self.hub_days + 1, back=back)

    def from_to(self, first: int, last: int) -> Run:
        """Days of the stay when the first and the last session day have these numbers in `room`."""
        out = days_on_the_way(self.room[:first][::-1], self.access_minutes) or 0
        back = days_on_the_way(self.room[last + 1 :], self.access_minutes) or 0
        return self.room[first - out : last + 1 + back]


class Calendar:
    """The stretches that are still free, team by team."""

    def __init__(
        self,
        team_days: Iterable[TeamDay],
        resting: Mapping[int, frozenset[date]] | None = None,
        away: Mapping[int, frozenset[date]] | None = None,
    ) -> None:
        """Cut the team-days where `runs_of` does, and leave out those at home beside days `away`.

        `away` are days by team on which it stays somewhere for another plan.
        """
        days = tuple(team_days)
        off = resting_days(days) if resting is None else resting
        home = {team_id: days_at_home(told) for team_id, told in (away or {}).items()}
        free = (one for one in days if one.day not in home.get(one.team_id, ()))
        self.runs = runs_of(free, off)

    def blocks(self, access: Callable[[Point], int], sessions: int, trips: int) -> Iterator[Block]:
        """Every block that holds so many sessions on so many trips, or as many as there is room.

        One with too many days off is none. `access` gives the minutes from a base to the hub.
        """
        for run in self.runs:
            yield from _blocks_of(run, access(run[0].base), sessions, trips)

    def first_blocks(
        self, access: Callable[[Point], int], sessions: int, trips: int
    ) -> Iterator[Block]:
        """Of each stretch the one of `blocks` that it begins with."""
        for run in self.runs:
            yield from islice(_blocks_of(run, access(run[0].base), sessions, trips), 1)

    def longest(self) -> int:
        """Most working days of a stay, those on the way included; a short stage shortens none."""
        if 1 in Counter(run[0].team_id for run in self.runs).values():
            return LONGEST_STAY_DAYS
        rooms = (len(room_from(run, first)) for run in self.runs for first in range(len(run)))
        return max(rooms, default=LONGEST_STAY_DAYS)

    def tails(self, team_days: Iterable[TeamDay]) -> dict[int, int]:
        """Free working days that each team has at the end of its time."""
        last = {one.team_id: one for one in sorted(team_days, key=lambda one: one.day)}
        lengths = {run[-1]: len(run) for run in self.runs}
        return {team_id: lengths.get(one, 0) for team_id, one in last.items()}

    def take(self, days: Sequence[TeamDay]) -> None:
        """Take the days of a stay out, and those before and behind it that are spent at home."""
        home = timedelta(days=DAYS_AT_HOME)
        first, last = days[0].day - home, days[-1].day + home
        left = []
        for run in self.runs:
            if run[0].team_id == days[0].team_id:
                left.append(tuple(one for one in run if one.day < first))
                left.append(tuple(one for one in run if one.day > last))
            else:
                left.append(run)
        self.runs = [run for run in left if run]


def days_at_home(away: Collection[date]) -> frozenset[date]:
    """Days before and behind those of stays that the team spends at home."""
    beside = range(-DAYS_AT_HOME, DAYS_AT_HOME + 1)
    return frozenset(day + timedelta(days=number) for day in away for number in beside) - {*away}


def room_from(run: Run, first: int) -> Run:
    """Days of a stretch from one on, as far as a stay that begins there may last."""
    return tuple(one for one in run[first:] if (one.day - run[first].day).days < LONGEST_STAY_DAYS)


def _blocks_of(run: Run, access_minutes: int, sessions: int, trips: int) -> Iterator[Block]:
    for first in range(len(run)):
        block = _block(room_from(run, first), access_minutes, sessions, trips)
        if block is not None and is_dense([one.day for one in block.days]):
            yield block


def is_dense(days: Sequence[date]) -> bool:
    """Whether whoever is away for these days of work, and for all in between, is off on few."""
    off = (days[-1] - days[0]).days + 1 - len(days)
    return len(days) >= WORKDAYS_A_REST_DAY * off


def _block(room: Run, access_minutes: int, sessions: int, trips: int) -> Block | None:
    """Lay a block at the start of the room; None when it does not hold the way and a day more."""
    out = days_on_the_way(room, access_minutes)
    back = days_on_the_way(room[::-1], access_minutes)
    if out is None or back is None or out + back >= len(room):
        return None
    hub_days = days_for(room[out : len(room) - back], sessions, trips)
    back = days_on_the_way(room[out + hub_days :], access_minutes) or back
    return Block(room, hub_days, out, back, access_minutes)


def days_on_the_way(days: Sequence[TeamDay], access_minutes: int) -> int | None:
    """How many of the days, from the first on, the way takes; None when all are not enough."""
    left = access_minutes
    for number, one in enumerate(days, start=1):
        left -= one.ends_minute - one.starts_minute
        if left <= 0:
            return number
    return None


def days_for(room: Run, sessions: int, trips: int) -> int:
    """How many of the days, from the first on, so many sessions on so many trips take."""
    held = 0
    for number, one in enumerate(room[:LONGEST_STAY_WORKDAYS], start=1):
        held += sessions_on(one)
        if number >= trips and held >= sessions:
            return number
    return min(len(room), LONGEST_STAY_WORKDAYS)


def sessions_on(team_day: TeamDay) -> int:
    """Sessions that a day at the hub holds as a rule: a Friday one less."""
    return team_day.sessions - (team_day.sessions > 1 and holds_prayers(team_day))


def runs_of(
    team_days: Iterable[TeamDay], resting: Mapping[int, frozenset[date]] | None = None
) -> list[Run]:
    """Cut every team's days where a working day is missing, or too many in a row are off.

    Missing are days of leave, or of another visit. `resting` are the days off by team that cut
    nothing, those of `resting_days` without it, unless nobody would spend as many at a hub.
    """
    by_team = _by_team(team_days)
    off = resting_days(chain.from_iterable(by_team.values())) if resting is None else resting
    runs: list[Run] = []
    for team_id, listed in by_team.items():
        start, weekdays = 0, {one.day.weekday() for one in listed}
        for number, (before, after) in enumerate(pairwise(listed), start=1):
            between = list(days_between(before.day, after.day))[1:-1]
            is_rest = off[team_id].issuperset(between) and is_short_rest(between, weekdays)
            if before.base != after.base or not is_rest:
                runs.append(tuple(listed[start:number]))
                start = number
        runs.append(tuple(listed[start:]))
    return runs


def is_short_rest(between: Sequence[date], weekdays: Collection[int]) -> bool:
    """Whether a team that works on these weekdays, Monday = 0, spends the days off at a hub.

    A weekday of its own that is off is a feast.
    """
    has_feast = any(day.weekday() in weekdays for day in between)
    return len(between) <= (LONGEST_REST_DAYS_WITH_A_FEAST if has_feast else LONGEST_REST_DAYS)


def resting_days(
    team_days: Iterable[TeamDay], told: Mapping[int, frozenset[date]] | None = None
) -> dict[int, frozenset[date]]:
    """Days by team, between those it works, on which it rests with everybody or each week.

    What is not `told` of a team is guessed: public holidays and joint leave, Sundays unless it
    works on one, and every weekday that it lacks again and again.
    """
    found = {}
    for team_id, listed in _by_team(team_days).items():
        known = (told or {}).get(team_id, frozenset())
        behind = max(known, default=date.min)
        guessed = {day for day in _guessed_rests([one.day for one in listed]) if day > behind}
        found[team_id] = (known | guessed) - {one.day for one in listed}
    return found


def _by_team(team_days: Iterable[TeamDay]) -> dict[int, list[TeamDay]]:
    by_team: dict[int, list[TeamDay]] = defaultdict(list)
    for one in sorted(team_days, key=lambda one: (one.team_id, one.day)):
        by_team[one.team_id].append(one)
    return by_team


def _guessed_rests(days: Sequence[date]) -> Iterator[date]:
    worked = {day.weekday() for day in days}
    span = list(days_between(days[0], days[-1]))
    lacking = Counter(day.weekday() for day in span if day.weekday() not in worked)
    free = {day for day, times in lacking.items() if day == SUNDAY or times >= FREE_WEEKDAY_TIMES}
    holidays = holidays_between(days[0], days[-1])
    return (day for day in span if day.weekday() in free or day in holidays)
