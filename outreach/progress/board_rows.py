"""A row of the board: figures that add up, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

#: Weeks that are shown, the present one included.
WEEKS = 26
#: Villages off the plan that still count as on schedule, as a share of those due.
TOLERANCE = 0.02


class Schedule(StrEnum):
    """How what was reached stands to what was due."""

    AHEAD = "ahead"
    ON_SCHEDULE = "on_schedule"
    BEHIND = "behind"
    NO_PLAN = "no_plan"


class By(StrEnum):
    """What the rows of a board are."""

    OFFICE = "office"
    BRANCH = "branch"
    TEAM = "team"
    PROVINCE = "province"
    REGENCY = "regency"
    DISTRICT = "district"
    VILLAGE = "village"


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted of a region or a team; of regions all but `team_days` add up to the whole's.

    `villages` of a team are its own. `informal`, `covered` and `vulnerable` are estimates. `told`
    are the sign-ups of which it is known who `paid`; the agency's counts confirm `confirmed_paid`
    first payments, told of `confirmed_villages`. `planned` villages stand in the plan,
    `expected` of them on a day that is over. `flagged` reports have a sign of doubt, `disputed`
    visits two reports. Of the `phones` in use `held` kept `unsent` reports back, `silent` have not
    spoken for long.
    """

    villages: int = 0
    informal: int = 0
    covered: int = 0
    vulnerable: int = 0
    reached: int = 0
    sessions: int = 0
    people: int = 0
    signups: int = 0
    told: int = 0
    paid: int = 0
    confirmed_paid: int = 0
    confirmed_villages: int = 0
    planned: int = 0
    expected: int = 0
    travel_minutes: int = 0
    flagged: int = 0
    disputed: int = 0
    phones: int = 0
    held: int = 0
    unsent: int = 0
    silent: int = 0
    team_days: int = 0

    @property
    def gap(self) -> int:
        """Informal workers without cover: an estimate."""
        return max(0, self.informal - self.covered)

    @property
    def off_plan(self) -> int:
        """Villages reached beyond those due; fewer are negative."""
        return self.reached - self.expected

    @property
    def schedule(self) -> Schedule:
        """Whether what was due is reached."""
        if not self.planned:
            return Schedule.NO_PLAN
        if abs(self.off_plan) <= TOLERANCE * self.expected:
            return Schedule.ON_SCHEDULE
        return Schedule.AHEAD if self.off_plan > 0 else Schedule.BEHIND

    @property
    def paid_share(self) -> float | None:
        """Paid of those of which it is known."""
        return self.paid / self.told if self.told else None

    @property
    def travel_hours(self) -> float:
        """Hours on the way, there and back."""
        return self.travel_minutes / 60

    def cost_rupiah(self, team_day_rupiah: int, travel_hour_rupiah: int) -> int:
        """Tell what the team-days and the hours on the way cost at these prices."""
        return round(self.team_days * team_day_rupiah + self.travel_hours * travel_hour_rupiah)


@dataclass(frozen=True, slots=True)
class Aim:
    """The part of a target that falls to a row, and what was brought towards it so far.

    `signups` is an estimate where the target was shared out; `done` are the sign-ups of the
    period. `recoverable` is how much of what is missing can still be brought in until `ends`; only
    branches, and what is made of them, have it.
    """

    signups: int
    done: int
    starts: date
    ends: date
    recoverable: int | None = None

    @property
    def missing(self) -> int:
        """Sign-ups still to be brought in."""
        return max(0, self.signups - self.done)

    @property
    def share(self) -> float | None:
        """Part of the target that was brought in."""
        return self.done / self.signups if self.signups else None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A region or a team: figures, aim and the sign-ups of the last weeks, the present one last."""

    key: str
    figures: Figures
    aim: Aim | None
    weekly_signups: tuple[int, ...]


#: Figures that come as sums; team-days are counted anew for every sum.
SUMS = tuple(field.name for field in fields(Figures) if field.name != "team_days")
