"""What stays take from the team-days, told in a moment: the estimate of `expeditions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from outreach.planning.blocks import Calendar, sessions_on
from outreach.planning.hubs import ground_of, ordinary_day, rough_groups_of
from outreach.planning.travel import travel_minutes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from outreach.planning.blocks import Block
    from outreach.planning.hubs import Ground
    from outreach.planning.market import Market
    from outreach.planning.model import Point, Site, TeamDay

# Hub and members of a group, by their numbers in the ground.
type Group = tuple[int, tuple[int, ...]]
type Grouped = tuple[Ground, list[Group]]


@dataclass(frozen=True, slots=True)
class KnownGroups:
    """What is asked for again and again by the cures.

    `grounds` by bases, ordinary day and longest stay, `groups` by villages and all of these.
    """

    grounds: dict[object, Ground] = field(default_factory=dict)
    groups: dict[object, Grouped] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Staying:
    """Stays to villages beyond a day's reach.

    Attributes
    ----------
    held
        Villages that the stays visit.
    stays
        How many stays there are.
    days
        Team-days that they take, those on the way included.
    unheld
        Villages that found no days, or none that others do not need more.
    more_days
        Team-days that it would take to visit those as well.
    """

    held: int = 0
    stays: int = 0
    days: frozenset[TeamDay] = frozenset()
    unheld: int = 0
    more_days: int = 0


@dataclass(slots=True)
class _Camp:
    """The stays laid so far, and the days that are free still."""

    ground: Ground
    left_out: Mapping[str, float]
    calendar: Calendar
    market: Market
    held: int = 0
    unheld: int = 0
    more_days: int = 0
    stays: list[tuple[TeamDay, ...]] = field(default_factory=list)


def stays_for(
    far: Sequence[Site],
    team_days: Sequence[TeamDay],
    left_out: Mapping[str, float],
    market: Market,
    known: KnownGroups | None = None,
) -> Staying:
    """Estimate the stays that `expeditions.plan_stays` would make of these team-days.

    A village that no day holds even from a hub next door, or that is closed on all of them, is
    counted nowhere.

    Parameters
    ----------
    left_out
        Price of leaving each of the villages out, by code.
    market
        What the days are worth to the ordinary villages; the days taken are noted in it.
    """
    days = {one.day for one in team_days}
    asked, calendar = [one for one in far if not days <= one.closed_days], Calendar(team_days)
    ground, groups = _groups(asked, team_days, calendar.longest(), known)
    camp = _Camp(ground, left_out, calendar, market)
    for hub, members in sorted(groups, key=lambda one: _urgency(camp, *one)):
        _settle(camp, hub, members)
    taken = frozenset(one for stay in camp.stays for one in stay)
    return Staying(camp.held, len(camp.stays), taken, camp.unheld, camp.more_days)


def _groups(
    sites: Sequence[Site], team_days: Sequence[TeamDay], longest: int, known: KnownGroups | None
) -> Grouped:
    known = KnownGroups() if known is None else known
    bases = frozenset(one.base for one in team_days)
    day = ordinary_day(team_days)
    key = tuple(one.code for one in sites), bases, day, longest
    if key not in known.groups:
        ground = known.grounds.get((bases, day, longest))
        numbers = _numbers(ground, sites)
        if ground is None or numbers is None:
            ordered = sorted(bases, key=lambda one: (one.latitude, one.longitude))
            ground = ground_of(sites, ordered, day, longest=longest)
            known.grounds[bases, day, longest] = ground
            numbers = list(range(len(sites)))
        known.groups[key] = ground, rough_groups_of(ground, numbers)
    return known.groups[key]


def _numbers(ground: Ground | None, sites: Sequence[Site]) -> list[int] | None:
    """Find the villages in a ground; None where it lacks one, or has them in another order."""
    number_of = {one.code: n for n, one in enumerate(ground.sites)} if ground else {}
    found = [number_of.get(one.code, -1) for one in sites]
    return found if -1 not in found and found == sorted(found) else None


def _urgency(camp: _Camp, hub: int, members: Sequence[int]) -> tuple[float, str]:
    """Put those with most to lose per day first."""
    return -_left_out_s(camp, members) / _days(camp, hub, members), camp.ground.sites[hub].code


def _left_out_s(camp: _Camp, members: Sequence[int]) -> float:
    return sum(camp.left_out[camp.ground.sites[stop].code] for stop in members)


def _days(camp: _Camp, hub: int, members: Sequence[int]) -> int:
    return camp.ground.trips(hub, members)[0] + camp.ground.days_on_the_way(hub)


def _settle(camp: _Camp, hub: int, members: Sequence[int]) -> None:
    """Take days for a group as long as there are any that are worth it; note what is left."""
    left = sorted(members, key=lambda stop: (camp.ground.rows[hub][stop], stop))
    while left:
        block, held = _best(camp, hub, left)
        visited, waiting = left[:held], left[held:]
        if block is None or not _is_worth_it(camp, block, visited):
            break
        camp.stays.append(block.days)
        camp.calendar.take(block.days)
        camp.market.take(block.days)
        camp.held, left = camp.held + held, waiting
    if left:
        camp.unheld += len(left)
        camp.more_days += _days(camp, hub, left)


def _best(camp: _Camp, hub: int, members: Sequence[int]) -> tuple[Block | None, int]:
    """Find the block that holds most, then takes least, and how many villages it holds."""

    def access(base: Point) -> int:
        return travel_minutes(base, camp.ground.sites[hub].point)

    trips = camp.ground.trips(hub, members)[0]
    found = [
        (_held(block, len(members), trips), -len(block.days), -number, block)
        for number, block in enumerate(camp.calendar.first_blocks(access, len(members), trips))
    ]
    held, _, _, block = max(found, key=lambda one: one[:3], default=(0, 0, 0, None))
    return (block, held) if held else (None, 0)


def _held(block: Block, villages: int, trips: int) -> int:
    """How many villages a block holds, which takes so many trips for all."""
    room = sum(map(sessions_on, block.at_hub))
    return min(villages, room, villages * min(trips, block.hub_days) // trips)


def _is_worth_it(camp: _Camp, block: Block, visited: Sequence[int]) -> bool:
    """Whether leaving the villages out is dearer than leaving out those that the stay displaces."""
    return _left_out_s(camp, visited) > camp.market.displaced_s(len(block.days))
