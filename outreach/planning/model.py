"""What the planner is told and what it answers; only the teams' shares stand in `fairness`."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read by callers at run time
from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - as above
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from outreach.planning.fairness import Shares

MINUTES_A_DAY = 24 * 60


class Access(StrEnum):
    """How a team gets to a place."""

    ROAD = "road"
    BOAT = "boat"
    AIR = "air"


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
    access
        How it is reached from elsewhere; by road means by boat where the islands differ.
    wait_minutes
        Wait at its crossing or airstrip, one way; None where only the usual one is known.
    """

    latitude: float
    longitude: float
    region_code: str
    island: int
    access: Access = Access.ROAD
    wait_minutes: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TravelTable:
    """Measured minutes between places; a pair of which one is missing is estimated.

    Attributes
    ----------
    minutes
        Shape (places, places), whole, symmetric, zero diagonal, no way round shorter than a leg.
    source
        Who measured, in words for people.
    number_of
        Row of each place.
    """

    places: tuple[Point, ...]
    minutes: NDArray[np.int64]
    source: str
    number_of: Mapping[Point, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Give every place the number of its row."""
        numbers = {place: number for number, place in enumerate(self.places)}
        object.__setattr__(self, "number_of", numbers)


@dataclass(frozen=True, slots=True)
class Hours:
    """When a session may begin at the earliest and must end at the latest, minutes of the day."""

    opens_minute: int = 0
    closes_minute: int = MINUTES_A_DAY


@dataclass(frozen=True, slots=True)
class Pin:
    """A visit that stands: the plan may build around it and never moves it."""

    team_id: int
    day: date
    starts_minute: int


@dataclass(frozen=True, slots=True)
class Site:
    """A village that is to be visited once.

    Attributes
    ----------
    value
        Expected sign-ups, >= 0: what makes one village more urgent than another.
    closed_days
        Dates on which this village cannot host a session.
    hours, hours_on
        Hours of its sessions on all days, and other ones on some.
    day_costs
        Minutes of travel that it would be worth to avoid each of these dates, >= 0.
    pin
        The visit that stands for it already.
    """

    code: str
    point: Point
    value: float
    session_minutes: int = 120
    closed_days: frozenset[date] = frozenset()
    hours: Hours = Hours()
    hours_on: Mapping[date, Hours] = field(default_factory=dict)
    day_costs: Mapping[date, int] = field(default_factory=dict)
    pin: Pin | None = None

    def hours_of(self, day: date) -> Hours:
        """Hours of a session on `day`."""
        return self.hours_on.get(day, self.hours)

    def window_on(self, day: date | None) -> Hours:
        """Hours that a trip keeps on `day`, those of all days for None; a pin allows one start."""
        if self.pin is not None and day in {None, self.pin.day}:
            return Hours(self.pin.starts_minute, self.pin.starts_minute + self.session_minutes)
        return self.hours if day is None else self.hours_of(day)

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
        Rounds of the solver in both of its steps, or in the first and in the second; None lets the
        size of the problem decide.
    cpu_seconds
        Processor seconds for both steps instead of rounds. The rounds done are in the plan: with
        them the same plan is made again.
    fairness
        Minutes of travel that a minute of difference between the teams' loads may cost, >= 0.
    togetherness
        Minutes of travel that keeping two villages of a district on one day-trip may cost, >= 0.
    """

    day_price: float = 0.5
    rounds: int | tuple[int, int] | None = None
    cpu_seconds: float | None = None
    fairness: float = 0.0
    togetherness: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a price that is no amount and rounds that would never end."""
        if not (isfinite(self.day_price) and self.day_price >= 0):
            raise ValueError("the price of a day must be a number of at least 0")
        if any(rounds < 0 for rounds in self.rounds_of_steps or ()):
            raise ValueError("the rounds of the solver must be at least 0")
        amounts = (self.cpu_seconds or 0.0, self.fairness, self.togetherness)
        if not all(isfinite(amount) and amount >= 0 for amount in amounts):
            raise ValueError("seconds, fairness and togetherness must be numbers of at least 0")

    @property
    def rounds_of_steps(self) -> tuple[int, int] | None:
        """Rounds of the first and of the second step."""
        if self.rounds is None or isinstance(self.rounds, int):
            return None if self.rounds is None else (self.rounds, self.rounds)
        first, second = self.rounds
        return first, second


#: How a branch's plan is weighed unless somebody says otherwise. A district stays together where
#: that costs up to five minutes; teams change trips where that brings their loads two hours closer.
USUAL = Parameters(fairness=1.0, togetherness=5.0)


@dataclass(frozen=True, slots=True)
class Problem:
    """The whole question: which sites, by which team-days, drawn with which seed.

    Without `travel` all legs are estimated.

    Attributes
    ----------
    rests, away
        Days by team off with everybody or each week, spent wherever it is (of other teams, and
        behind the last, `blocks.resting_days` guesses), and days of stays in other plans, or of
        stays that other parts may plan: on the days at home beside those lies no stay.
    """

    sites: tuple[Site, ...]
    team_days: tuple[TeamDay, ...]
    seed: int
    parameters: Parameters = field(default_factory=Parameters)
    travel: TravelTable | None = None
    rests: Mapping[int, frozenset[date]] = field(default_factory=dict)
    away: Mapping[int, frozenset[date]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no plan could answer: doubles, values and lengths that are no amount."""
        if len({site.code for site in self.sites}) != len(self.sites):
            raise ValueError("a village stands twice in the problem")
        if len({(day.team_id, day.day) for day in self.team_days}) != len(self.team_days):
            raise ValueError("a team stands twice on one day")
        if not all(isfinite(site.value) and site.value >= 0 for site in self.sites):
            raise ValueError("the value of a village must be a number of at least 0")
        if not all(day.sessions > 0 for day in self.team_days):
            raise ValueError("a team's day must hold at least a session")
        if not all(site.session_minutes > 0 for site in self.sites):
            raise ValueError("a session must take at least a minute")
        costs = [cost for one in self.sites for cost in one.day_costs.values()]
        if not all(isfinite(cost) and cost >= 0 for cost in costs):
            raise ValueError("the price of a day must be a number of at least 0")
        if any(site.pin is not None and not _has_place(site) for site in self.sites):
            raise ValueError("a visit that stands needs a village of which the place is known")


def _has_place(site: Site) -> bool:
    return isfinite(site.point.latitude) and isfinite(site.point.longitude)


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
    BOAT = "boat"
    LONGER_DAY = "longer_day"
    OPEN_A_DAY = "open_a_day"
    ANOTHER_WEEKDAY = "another_weekday"
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
    """A village without a visit, why, and what would help.

    Attributes
    ----------
    amount
        How much of the remedy: working days of a longer stage, teams, minutes of a longer day, the
        ISO weekday to work on, minutes saved by boat; 0 where the remedy has no amount.
    team_id, day, brings
        Whom (a team more: like whom) and when it was tried on, None for all and for no one date;
        villages that get a visit by it alone, once the gaps are filled, 0 where not tried so.
    """

    code: str
    reason: Reason
    remedy: Remedy
    amount: int = 0
    team_id: int | None = None
    day: date | None = None
    brings: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A change tried by itself on a plan; fields as in `Unplaced`."""

    remedy: Remedy
    amount: int = 0
    team_id: int | None = None
    day: date | None = None
    brings: int = 0


@dataclass(frozen=True, slots=True)
class Stay:
    """An expedition: a team goes to a hub village, makes day-trips from there and comes back.

    Attributes
    ----------
    hub_code, hub
        The village where the team stays, and its place: the base of the day-trips.
    travel_days
        Working days on the way to the hub and back, without a session.
    session_days
        Working days at the hub, each with one day-trip.
    access_minutes
        From the team's base to the hub, one way.
    is_begun
        The team has left already: days that are over are not in it.
    """

    team_id: int
    hub_code: str
    hub: Point
    travel_days: tuple[date, ...]
    session_days: tuple[date, ...]
    access_minutes: int
    is_begun: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: every site is either in `visits` or in `unplaced`, never in both.

    Days of a stay start and end at its hub. `travel_minutes` holds the ways to the hubs and back,
    `team_days_used` the travel days of stays. `rounds` (of both steps), `seed` and `solver` are
    what it takes to make the same plan again; `changes` were tried for villages without room.
    """

    visits: tuple[PlannedVisit, ...]
    unplaced: tuple[Unplaced, ...]
    travel_minutes: int
    team_days_used: int
    rounds: tuple[int, int]
    seed: int
    solver: str
    stays: tuple[Stay, ...] = ()
    shares: Shares | None = None
    changes: tuple[Change, ...] = ()
