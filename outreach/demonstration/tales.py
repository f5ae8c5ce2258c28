"""What is told of a branch beside Surakarta: its people, its stages, and how they went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Protocol

from outreach.campaigns.stages import StageIn
from outreach.logbook.tables import Package
from outreach.people.teams import TeamIn
from outreach.progress.sponsorships import SponsorshipIn

if TYPE_CHECKING:
    from outreach.demonstration.handsets import Phone
    from outreach.demonstration.logins import Login
    from outreach.demonstration.sessions import Manner
    from outreach.demonstration.surroundings import Names
    from outreach.logbook.tables import Payer, Sector
    from outreach.people.branches import BranchIn


class Tell(Protocol):
    """Takes one line of progress and its facts."""

    def __call__(self, text: str, **facts: object) -> None:
        """Show the line."""


@dataclass(frozen=True, slots=True)
class Crew:
    """A team: where it starts, who goes, on which days of the week, to how many villages a day.

    It joins its branch for the so-many-th wave.
    """

    name: str
    base: str
    members: tuple[str, ...]
    weekdays: tuple[int, ...]
    sessions: int = 2
    joins: int = 1

    def as_given(self) -> TeamIn:
        """Tell the team as a coordinator enters it."""
        return TeamIn(
            name=self.name,
            base_village_code=self.base,
            members=list(self.members),
            weekdays=list(self.weekdays),
            sessions_per_day=self.sessions,
            day_starts=time(8),
            day_ends=time(17),
            is_active=True,
        )


@dataclass(frozen=True, slots=True)
class Wave:
    """A stage, from so many days after today to so many; before today are negative.

    One that is not `approved` was handed in yesterday and waits for the manager.
    """

    name: str
    areas: tuple[str, ...]
    starts: int
    ends: int
    quota: int | None = None
    approved: bool = True

    def as_given(self, today: date) -> StageIn:
        """Tell the stage as a coordinator enters it."""
        return StageIn(
            name=self.name,
            starts=today + timedelta(self.starts),
            ends=today + timedelta(self.ends),
            area_codes=list(self.areas),
            quota=self.quota,
        )


@dataclass(frozen=True, slots=True)
class Patron:
    """Who pays for workers of a region, from so many days after today to so many."""

    region: str
    payer: Payer
    sponsor: str
    sector: Sector
    quota: int
    starts: int
    ends: int
    package: Package = Package.JKK_JKM

    def as_given(self, today: date) -> SponsorshipIn:
        """Tell the sponsorship as a coordinator enters it."""
        return SponsorshipIn(
            region_code=self.region,
            payer=self.payer,
            sponsor=self.sponsor,
            sector=self.sector,
            package=self.package,
            quota=self.quota,
            starts=today + timedelta(self.starts),
            ends=today + timedelta(self.ends),
            source="Perjanjian kerja sama (contoh)",
        )


@dataclass(frozen=True, slots=True)
class Idle:
    """Days, so many before today, on which no team could go out, and why."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Tale:
    """A branch and how its stages went.

    Attributes
    ----------
    target
        Sign-ups that the manager has set for it; without, its part of the nation's target holds.
    eager
        How willing its villages are, 1 in the mean.
    lost_every
        Of so many visits that came, one brought no session; none where it is 0.
    idle
        When no team could go out.
    helped
        So many visits of the coming weeks were held already by a team sent to help.
    silent_days
        Reports of so many days have not come yet.
    doubts_from
        With this number the reports that wait for review begin to be counted: which of them are
        odd follows from it.
    phones
        The phones that heads of its coming villages have.
    """

    branch: BranchIn
    coordinator: Login
    crews: tuple[Crew, ...]
    waves: tuple[Wave, ...]
    manner: Manner
    names: Names
    target: int | None = None
    eager: float = 1.0
    lost_every: int = 0
    idle: Idle | None = None
    helped: int = 0
    silent_days: int = 0
    doubts_from: int = 100
    phones: tuple[Phone, ...] = ()
    patrons: tuple[Patron, ...] = ()
