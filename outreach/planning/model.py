"""What the planner is told and what it answers; nothing else crosses its wall."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - dataclass fields are read by callers at run time
from enum import StrEnum
from math import isfinite


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the map.

    Attributes
    ----------
    latitude, longitude
        Degrees, WGS 84.
    region_code
        Dotted code of the region it lies in (at least ``PP.RR``): chooses the speed of travel.
    island
        Number of the island it stands on; two different numbers mean a sea crossing.
    """

    latitude: float
    longitude: float
    region_code: str
    island: int


@dataclass(frozen=True, slots=True)
class Site:
    """A village that is to be visited once.

    Attributes
    ----------
    value
        Expected sign-ups, >= 0: what makes one village more urgent than another.
    closed_days
        Dates on which this village cannot host a session.
    """

    code: str
    point: Point
    value: float
    session_minutes: int = 120
    closed_days: frozenset[date] = frozenset()

    @property
    def district(self) -> str:
        """Dotted code ``PP.RR.DD`` of the district the village belongs to."""
        return self.code[: len("PP.RR.DD")]


@dataclass(frozen=True, slots=True)
class TeamDay:
    """One team on one working day: what it can hold.

    Attributes
    ----------
    sessions
        Most sessions on that day, 1 to 3 (a Friday holds two at the most, see `workdays`).
    starts_minute, ends_minute
        When the team leaves its base and must be back, in minutes after local midnight.
    """

    team_id: int
    day: date
    base: Point
    sessions: int
    starts_minute: int
    ends_minute: int


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a plan weighs its aims; kept with the plan so that it can be made again.

    Attributes
    ----------
    day_price
        Weight of reaching value early: 0 asks for the least travel only, 1 prices a day's delay
        of everything like a day of all teams. 0.5 gives most of the gain for about 2 % travel.
    rounds
        Rounds of the solver in each of its two steps; None lets the size of the problem decide.
    """

    day_price: float = 0.5
    rounds: int | None = None

    def __post_init__(self) -> None:
        """Refuse a price that is no amount and rounds that would never end."""
        if not (isfinite(self.day_price) and self.day_price >= 0):
            raise ValueError("the price of a day must be a number of at least 0")
        if self.rounds is not None and self.rounds < 0:
            raise ValueError("the rounds of the solver must be at least 0")


@dataclass(frozen=True, slots=True)
class Problem:
    """The whole question: which sites, by which team-days, drawn with which seed."""

    sites: tuple[Site, ...]
    team_days: tuple[TeamDay, ...]
    seed: int
    parameters: Parameters = field(default_factory=Parameters)

    def __post_init__(self) -> None:
        """Refuse what no plan could answer: doubles, values and lengths that are no amount."""
        if len({site.code for site in self.sites}) != len(self.sites):
            raise ValueError("a village stands twice in the problem")
        if len({(day.team_id, day.day) for day in self.team_days}) != len(self.team_days):
            raise ValueError("a team stands twice on one day")
        if not all(isfinite(site.value) and site.value >= 0 for site in self.sites):
            raise ValueError("the value of a village must be a number of at least 0")
        if not all(site.session_minutes > 0 for site in self.sites):
            raise ValueError("a session must take at least a minute")


class Reason(StrEnum):
    """Why a village has no visit: exactly one holds."""

    NO_PLACE = "no_place"  # neither a position nor an approximate one is known
    TOO_FAR = "too_far"  # out and back with one session does not fit into a team's day
    ALWAYS_CLOSED = "always_closed"  # closed on every working day of the stage
    NO_TEAM = "no_team"  # the stage has no working team-day at all
    NO_CAPACITY = "no_capacity"  # everything would fit, but not in these team-days


class Remedy(StrEnum):
    """What would give the village a visit at the least cost."""

    LOCATE_VILLAGE = "locate_village"
    OVERNIGHT_STAY = "overnight_stay"
    LONGER_DAY = "longer_day"
    OPEN_A_DAY = "open_a_day"
    ADD_TEAM = "add_team"
    LONGER_STAGE = "longer_stage"
    NEXT_STAGE = "next_stage"


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One village, one team, one date and time.

    Attributes
    ----------
    slot
        1 for the first session of the team's day.
    starts_minute
        Start of the session in minutes after local midnight.
    travel_minutes
        From the stop before (the base for slot 1) to this village.
    return_minutes
        From this village back to the base when it is the last of the day, else 0.
    """

    code: str
    team_id: int
    day: date
    slot: int
    starts_minute: int
    travel_minutes: int
    return_minutes: int


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A village without a visit, why, and what would help."""

    code: str
    reason: Reason
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: every site is either in `visits` or in `unplaced`, never in both.

    `rounds`, `seed` and `solver` are what it takes to make the same plan again.
    """

    visits: tuple[PlannedVisit, ...]
    unplaced: tuple[Unplaced, ...]
    travel_minutes: int
    team_days_used: int
    rounds: int
    seed: int
    solver: str
