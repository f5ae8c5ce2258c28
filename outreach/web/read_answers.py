"""What programs are answered below /api/v1/read: counts and days, never a person."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from outreach.campaigns.tables import Ecosystem, Purpose, Status
from outreach.logbook.tables import Package, Payer, ReportSource, Sector
from outreach.villages.tables import VillageKind, Zone
from outreach.visits.tables import Result, Work
from outreach.web.read_words import tell


def _clock(given: object) -> object:
    return given.strftime("%H:%M") if isinstance(given, time) else given


type Clock = Annotated[str, BeforeValidator(_clock), Field(pattern="^[0-2][0-9]:[0-5][0-9]$")]
type Count = Annotated[int, Field(ge=0)]
type Share = Annotated[float, Field(ge=0)]

#: A figure's own word, as the sources name it.
ESTIMATES = ("population", "informal_workers", "informal_covered", "vulnerable_workers")


class Row(BaseModel):
    """One row of an answer."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Source(Row):
    """Where a figure comes from."""

    figure: str = Field(description=tell("The field that this source is of."))
    source: str = Field(description=tell("Who told it."))
    as_of: date | None = Field(description=tell("Of which day it is; null before the first."))
    is_estimate: bool = Field(description=tell("Whether it was estimated, not counted."))


class Page(Row):
    """A part of a list."""

    next: str | None = Field(
        description=tell("The `cursor` of the part that follows; null at the end.")
    )
    sources: list[Source] = Field(description=tell("Where the figures come from, and of when."))


class Region(Row):
    """A region, with the sums of its villages' estimates."""

    code: str = Field(description=tell("Region code."))
    name: str = Field(description=tell("Name."))
    level: Literal["province", "regency", "district"] = Field(description=tell("Its level."))
    parent: str | None = Field(description=tell("Code of the region around it."))
    is_part: bool = Field(
        description=tell("Whether the token reads only a part of the region, which is what counts.")
    )
    villages: Count = Field(description=tell("Villages."))
    population: Count = Field(description=tell("People (estimate)."))
    informal_workers: Count = Field(description=tell("Informal workers (estimate)."))
    informal_covered: Count = Field(description=tell("Informal workers covered (estimate)."))
    vulnerable_workers: Count = Field(description=tell("Vulnerable workers (estimate)."))


class Regions(Page):
    """Regions by code."""

    items: list[Region]


class Counted(Row):
    """A figure of a village that was counted, in place of the estimate."""

    figure: str = Field(description=tell("The field that was counted."))
    source: str = Field(description=tell("Who told it."))
    as_of: date = Field(description=tell("Of which day it is."))
    is_estimate: bool = Field(
        description=tell("Whether it is the village's share of what its regency counted.")
    )


class Village(Row):
    """A village: where it is, what is estimated of it, how far it is."""

    code: str = Field(description=tell("Region code."))
    name: str = Field(description=tell("Name."))
    kind: VillageKind = Field(description=tell("Kind."))
    district: str = Field(description=tell("District."))
    regency: str = Field(description=tell("Regency or city."))
    province: str = Field(description=tell("Province."))
    zone: Zone = Field(description=tell("Time zone."))
    latitude: float = Field(description=tell("Degrees north."))
    longitude: float = Field(description=tell("Degrees east."))
    place_is_approximate: bool = Field(
        description=tell("Whether the place is only taken from the neighbours'.")
    )
    population: Count = Field(description=tell("People (estimate)."))
    informal_workers: Count = Field(description=tell("Informal workers (estimate)."))
    informal_covered: Count = Field(description=tell("Informal workers covered (estimate)."))
    vulnerable_workers: Count = Field(description=tell("Vulnerable workers (estimate)."))
    counted: list[Counted] = Field(
        description=tell("Which of these figures were counted, and stand in place of an estimate.")
    )
    state: Literal["not_planned", "planned", "confirmed", "reached"] = Field(
        description=tell("How far it is: reached once a session met people there.")
    )
    signups: Count = Field(description=tell("Sign-ups by current reports."))


class Villages(Page):
    """Villages by code."""

    items: list[Village]


class Rates(Row):
    """Rates, each with its denominator in its name; null where that is zero."""

    reached_per_village: Share | None = Field(description=tell("Reached villages per village."))
    signups_per_1000_informal_workers: Share | None = Field(
        description=tell("Sign-ups per 1,000 informal workers (estimate).")
    )
    signups_per_1000_vulnerable_workers: Share | None = Field(
        description=tell("Sign-ups per 1,000 vulnerable workers (estimate).")
    )
    signups_per_1000_informal_covered: Share | None = Field(
        description=tell("Sign-ups per 1,000 informal workers covered already (estimate).")
    )


class Sums(Row):
    """What a region comes to; the four states of its villages add up to `villages`."""

    code: str = Field(description=tell("Region code; empty for the whole."))
    name: str = Field(description=tell("Name; empty for the whole."))
    villages: Count = Field(description=tell("Villages."))
    reached: Count = Field(description=tell("Villages in which a session met people."))
    confirmed: Count = Field(description=tell("Villages not reached whose visit is confirmed."))
    planned: Count = Field(description=tell("Villages not reached whose visit is not confirmed."))
    not_planned: Count = Field(description=tell("Villages not reached and without a visit."))
    sessions: Count = Field(description=tell("Sessions by current reports."))
    men: Count = Field(description=tell("Men who came."))
    women: Count = Field(description=tell("Women who came."))
    signups: Count = Field(description=tell("Sign-ups by current reports."))
    informal_workers: Count = Field(description=tell("Informal workers (estimate)."))
    informal_covered: Count = Field(description=tell("Informal workers covered (estimate)."))
    vulnerable_workers: Count = Field(description=tell("Vulnerable workers (estimate)."))
    gap: Count = Field(
        description=tell("Informal workers not covered (estimate); sign-ups are not taken off.")
    )
    rates: Rates


class Progress(Page):
    """Sums by region, and their sum."""

    items: list[Sums]
    whole: Sums = Field(description=tell("The sum of all regions, also of other parts."))


class Visit(Row):
    """A visit: one village, one team, one day."""

    id: int = Field(description=tell("Number of the visit; it never changes."))
    campaign_id: int = Field(description=tell("Number of the campaign."))
    stage_id: int = Field(description=tell("Number of the stage."))
    village_code: str = Field(description=tell("Code of the village."))
    village: str = Field(description=tell("Name of the village."))
    team_id: int = Field(description=tell("Number of the team."))
    team: str = Field(description=tell("Name of the team."))
    day: date = Field(description=tell("Day where the village is."))
    starts_at: Clock = Field(description=tell("Start where the village is."))
    zone: Zone = Field(description=tell("Time zone."))
    slot: int = Field(
        description=tell(
            "Which session of the team's day it is.",
        ),
        ge=1,
        le=3,
    )
    session_minutes: int = Field(description=tell("How long the session is planned to take."))
    work: Work = Field(description=tell("How far the work on it has come."))
    result: Result | None = Field(description=tell("What it brought; null before the report."))


class Visits(Page):
    """Visits by number."""

    items: list[Visit]


class SignUps(Row):
    """How many workers of one sector took one package paid by one payer."""

    sector: Sector = Field(description=tell("Their work."))
    package: Package = Field(description=tell("What they signed up for."))
    payer: Payer = Field(description=tell("Who pays."))
    workers: Count = Field(description=tell("Workers."))


class Session(Row):
    """A session as its current report tells it: counts only."""

    id: str = Field(description=tell("Id of the report; a correction has a new one."))
    visit_id: int = Field(description=tell("Number of the visit."))
    stage_id: int = Field(description=tell("Number of the stage."))
    village_code: str = Field(description=tell("Code of the village."))
    held_on: date = Field(description=tell("Day on which it was held."))
    held_at: Clock = Field(description=tell("Start where the village is."))
    zone: Zone = Field(description=tell("Time zone."))
    minutes: int | None = Field(description=tell("How long it took; null where nobody told."))
    men: Count = Field(description=tell("Men who came."))
    women: Count = Field(description=tell("Women who came."))
    signups: Count = Field(description=tell("Sign-ups."))
    paid: Count | None = Field(
        description=tell("Sign-ups that had paid by then; null where nobody told.")
    )
    by_work: list[SignUps] = Field(description=tell("Sign-ups by work, package and payer."))
    result: Result = Field(description=tell("What it brought."))
    work: Work = Field(description=tell("Whether the branch has approved the report."))
    source: ReportSource = Field(description=tell("By which way the report came in."))
    received_at: datetime = Field(description=tell("When the report came in."))


class Sessions(Page):
    """Current reports by id."""

    items: list[Session]


class Campaign(Row):
    """A campaign and what it is for."""

    id: int = Field(description=tell("Number of the campaign."))
    name: str = Field(description=tell("Name."))
    purpose: Purpose = Field(description=tell("What it is for."))
    ecosystem: Ecosystem = Field(description=tell("The field of work it addresses."))
    branch: str | None = Field(description=tell("Its branch; null for all branches."))
    starts: date = Field(description=tell("First day."))
    ends: date = Field(description=tell("Last day."))
    target_signups: Count = Field(description=tell("Sign-ups it aims at, set with the campaign."))
    status: Status = Field(description=tell("How far it has come."))
    is_demo: bool = Field(description=tell("Whether it is made up, to try the product."))


class Campaigns(Page):
    """Campaigns by number."""

    items: list[Campaign]


class Stage(Row):
    """A dated wave of a campaign over the villages of one branch, and how far it is."""

    id: int = Field(description=tell("Number of the stage."))
    campaign_id: int = Field(description=tell("Number of the campaign."))
    branch: str = Field(description=tell("Its branch."))
    name: str = Field(description=tell("Name."))
    starts: date = Field(description=tell("First day."))
    ends: date = Field(description=tell("Last day."))
    status: Status = Field(description=tell("How far it has come."))
    villages: Count = Field(description=tell("Villages chosen for it."))
    placed: Count = Field(description=tell("Villages of it with a visit that stands."))
    confirmed: Count = Field(description=tell("Villages of it that have confirmed their day."))
    reached: Count = Field(description=tell("Villages in which a session met people."))
    signups: Count = Field(description=tell("Sign-ups by current reports."))


class Stages(Page):
    """Stages by number."""

    items: list[Stage]


class Week(Row):
    """What one week brought."""

    monday: date = Field(description=tell("Its first day."))
    reached: Count = Field(description=tell("Villages met for the first time."))
    sessions: Count = Field(description=tell("Sessions by current reports."))
    signups: Count = Field(description=tell("Sign-ups by current reports."))
    paid: Count = Field(description=tell("Sign-ups told to have paid by then."))


class WeeksOfRegion(Row):
    """The weeks of a region, without a gap."""

    code: str = Field(description=tell("Region code; empty for the whole."))
    name: str = Field(description=tell("Name; empty for the whole."))
    weeks: list[Week]


class Weeks(Page):
    """Weeks by region; regions without a session have no row."""

    items: list[WeeksOfRegion]


class Problem(BaseModel):
    """Why there is no answer."""

    status: int = Field(description=tell("The status of the answer."))
    code: str = Field(description=tell("What went wrong, in a word that never changes."))
    message: str = Field(description=tell("The same for people."))
    facts: dict[str, Any] = Field(
        description=tell("More about it: `problems` names what is wrong with each parameter.")
    )
