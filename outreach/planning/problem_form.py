"""How a problem is written down for others: the form of ``outreach-problem``, version 1.

What stands here is the whole documentation of the format: its JSON Schema is made of it. Times are
``"HH:MM"``, dates ISO 8601. Errors across fields are found by `problem_faults`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from outreach.planning.model import MINUTES_A_DAY, Access
from outreach.planning.workdays import workdays

FORMAT: Literal["outreach-problem"] = "outreach-problem"
VERSION: Literal[1] = 1

# One branch with room to spare: the largest has 852 villages. Above, memory grows by the square.
MOST_VILLAGES = 2_000
MOST_TEAMS = 1_000
MOST_DAYS = 400
MOST_TEAM_DAYS = 20_000
MOST_ROWS = MOST_VILLAGES + 100
LONGEST_LEG_S = 30 * 24 * 3600
MOST_BYTES = 64 * 2**20

VILLAGE_PATTERN = r"^\d\d\.\d\d\.\d\d\.\d{4}$"
REGION_PATTERN = r"^\d\d\.\d\d(\.\d\d(\.\d{4})?)?$"
CLOCK_PATTERN = r"^([0-3]\d|4[0-7]):[0-5]\d$"

type VillageCode = Annotated[
    str,
    Field(
        pattern=VILLAGE_PATTERN,
        description="Dotted code of the village; its first eight signs name the district.",
        examples=["33.72.01.1001"],
    ),
]
type RegionCode = Annotated[str, Field(pattern=REGION_PATTERN)]
type Clock = Annotated[
    str,
    Field(
        pattern=CLOCK_PATTERN,
        description="From 24:00 on it is the day after.",
        examples=["08:00"],
    ),
]
type Row = Annotated[int, Field(ge=0, lt=MOST_ROWS)]
type TeamId = Annotated[int, Field(ge=1, le=2**31 - 1)]
type Rounds = Annotated[int, Field(ge=0, le=1_000_000)]
type Days = Annotated[list[date], Field(max_length=MOST_DAYS)]


class Written(BaseModel):
    """What is written in a file: exactly the fields named here, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PlaceIn(Written):
    """A place on the map."""

    latitude: Annotated[FiniteFloat, Field(ge=-90, le=90, description="Degrees, WGS 84.")]
    longitude: Annotated[FiniteFloat, Field(ge=-180, le=180, description="Degrees, WGS 84.")]
    region_code: Annotated[
        RegionCode | None,
        Field(
            description="Region it lies in: chooses the speed. A village's own code if left out."
        ),
    ] = None
    island: Annotated[
        int, Field(ge=0, lt=2**31, description="Two different numbers mean a sea crossing.")
    ] = 1
    access: Annotated[Access, Field(description="How it is reached from elsewhere.")] = Access.ROAD
    wait_minutes: Annotated[
        int | None,
        Field(ge=0, le=MINUTES_A_DAY, description="Wait at its crossing; left out: the usual one."),
    ] = None


class HoursIn(Written):
    """When sessions may begin at the earliest and must end at the latest."""

    opens: Clock = "00:00"
    closes: Clock = "24:00"


class PinIn(Written):
    """A visit that stands and is not moved."""

    team: TeamId
    day: date
    starts: Clock


class VillageIn(Written):
    """A village that is to be visited once."""

    code: VillageCode
    place: Annotated[
        PlaceIn | None, Field(description="Without it, and without `row`, no place is known.")
    ] = None
    row: Annotated[
        Row | None, Field(description="Row of `travel.seconds` instead of a place, from 0.")
    ] = None
    value: Annotated[
        FiniteFloat, Field(ge=0, le=1e9, description="Sign-ups expected: what makes it urgent.")
    ]
    service_minutes: Annotated[int, Field(ge=1, le=MINUTES_A_DAY)] = 120
    open_days: Annotated[
        Days | None, Field(description="The only days it can; left out: all but `closed_days`.")
    ] = None
    closed_days: Days = []
    hours: HoursIn = HoursIn()
    hours_on: Annotated[
        dict[date, HoursIn], Field(max_length=MOST_DAYS, description="Other hours on some days.")
    ] = {}
    day_costs: Annotated[
        dict[date, Annotated[int, Field(ge=0, le=MINUTES_A_DAY)]],
        Field(max_length=MOST_DAYS, description="Minutes of travel worth spending to avoid a day."),
    ] = {}
    pin: PinIn | None = None


class PeriodIn(Written):
    """All working days between two dates, both included.

    Sundays, public holidays and joint leave of Indonesia are none.
    """

    first: date
    last: date
    weekdays: Annotated[
        list[Annotated[int, Field(ge=1, le=6)]],
        Field(min_length=1, max_length=6, description="Monday is 1, Saturday is 6."),
    ] = [1, 2, 3, 4, 5, 6]


class TeamIn(Written):
    """A team and its days; it may stand again with other hours, never twice on one day."""

    id: TeamId
    base: Annotated[PlaceIn | None, Field(description="Needs its `region_code`.")] = None
    base_row: Annotated[Row | None, Field(description="Row of `travel.seconds` instead.")] = None
    days: Annotated[Days, Field(description="Taken as they are, Sundays and holidays too.")] = []
    period: Annotated[PeriodIn | None, Field(description="Added to `days`.")] = None
    leave: Annotated[Days, Field(description="Taken off `days` and `period`.")] = []
    rests: Annotated[
        Days,
        Field(
            description="Days off with everybody or each week: who is away stays there over them."
            " Of none, they are guessed from the days worked and the public holidays."
        ),
    ] = []
    away: Annotated[
        Days,
        Field(
            description="Days of its stays in other plans, the first to the last: it is at home for"
            " two days before and behind them, and on no stay."
        ),
    ] = []
    starts: Annotated[Clock, Field(description="When it leaves its base.")] = "08:00"
    ends: Annotated[Clock, Field(description="When it is back at the latest.")] = "17:00"
    sessions: Annotated[int, Field(ge=1, le=3, description="Most sessions a day.")] = 3


class TravelIn(Written):
    """Measured seconds between places, each row and column one place.

    Whole minutes are made of them, rounded up. Where both directions differ, the longer holds;
    where a way over other rows is shorter than a leg, that way holds. Both are noted in the plan.
    """

    source: Annotated[str, Field(min_length=1, max_length=200)]
    seconds: Annotated[
        list[list[Annotated[FiniteFloat, Field(ge=0, le=LONGEST_LEG_S)]]],
        Field(min_length=1, max_length=MOST_ROWS),
    ]


class ParametersIn(Written):
    """How the plan weighs its aims."""

    day_price: Annotated[
        FiniteFloat,
        Field(ge=0, le=100, description="1: a day's delay of everything costs a day of all teams."),
    ] = 0.5
    rounds: Annotated[
        tuple[Rounds, Rounds] | None,
        Field(description="Of the solver's two steps, as a plan tells them; else by the size."),
    ] = None
    cpu_seconds: Annotated[
        FiniteFloat | None, Field(gt=0, le=3600, description="Processor time instead of rounds.")
    ] = None
    fairness: Annotated[
        FiniteFloat,
        Field(ge=0, le=10_000, description="Minutes that a minute apart between teams may cost."),
    ] = 0.0
    togetherness: Annotated[
        FiniteFloat,
        Field(ge=0, le=10_000, description="Minutes that staying within a district may cost."),
    ] = 0.0


class ProblemFile(Written):
    """The whole question: villages, teams, how they are weighed and drawn."""

    format: Literal["outreach-problem"]
    version: Annotated[Literal[1], Field(description="Of this format.")]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    parameters: ParametersIn = ParametersIn()
    travel: Annotated[
        TravelIn | None, Field(description="Left out: legs are estimated from the places.")
    ] = None
    villages: Annotated[list[VillageIn], Field(max_length=MOST_VILLAGES)]
    teams: Annotated[list[TeamIn], Field(max_length=MOST_TEAMS)]


def minute_of(clock: str) -> int:
    """Minutes after midnight of a time as it is written."""
    return int(clock[:2]) * 60 + int(clock[3:])


def clock_of(minute: int) -> str:
    """Write minutes after midnight as a time."""
    return f"{minute // 60:02}:{minute % 60:02}"


def days_of(team: TeamIn) -> list[date]:
    """List the days on which a team works, in order; each as often as it was named in `days`."""
    period = team.period
    named = sorted(team.days)
    if period is not None:
        weekdays = [number - 1 for number in period.weekdays]
        known = set(named)
        named += [day for day in workdays(period.first, period.last, weekdays) if day not in known]
    away = set(team.leave)
    return sorted(day for day in named if day not in away)
