"""What programs may ask for: the parameters of the addresses below /api/v1/read."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from outreach.people.order import check_order
from outreach.villages.codes import Level, parse
from outreach.villages.tables import VillageKind
from outreach.visits.tables import Work
from outreach.web.read_words import tell

LARGEST_ID = 2**31 - 1
MOST_ROWS = 500
#: Weeks are given whole, without parts: so many fit into one answer.
MOST_DAYS_OF_WEEKS = 371
_NUMBER = re.compile(r"[0-9]{1,10}")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_DOTTED = r"[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[123][0-9]{3})?)?)?"
_CODE = f"{_DOTTED}|{_DOTTED.replace('\\.', '')}"
LEVELS = {
    "province": Level.PROVINCE,
    "regency": Level.REGENCY,
    "district": Level.DISTRICT,
}


def _whole_number(given: object) -> object:
    """Refuse what Python would read as a number and JSON would not: `1_000`, ` 5`, `+5`."""
    if isinstance(given, str) and not _NUMBER.fullmatch(given):
        raise PydanticCustomError("int_parsing", "not a whole number")
    return given


def _day(given: object) -> object:
    """Refuse moments and seconds, and years that nothing was planned in."""
    if isinstance(given, str) and not _DAY.fullmatch(given):
        raise PydanticCustomError("date_parsing", "not a day")
    return given


def _code(given: str) -> str:
    if not re.fullmatch(_CODE, given):
        raise PydanticCustomError("not_a_region_code", "not a region code")
    return parse(given)


Limit = Annotated[int, Field(ge=1, le=MOST_ROWS), BeforeValidator(_whole_number)]
Id = Annotated[int, Field(ge=1, le=LARGEST_ID), BeforeValidator(_whole_number)]
type Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema(
        {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"}
    ),
]
type Code = Annotated[
    str, AfterValidator(_code), WithJsonSchema({"type": "string", "pattern": f"^({_CODE})$"})
]


class Asked(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = Field(
        default=100,
        description=tell("The most rows of one answer."),
    )
    cursor: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        # Its signature is what is checked; the form is told, so that nobody sends other signs.
        json_schema_extra={"pattern": "^[A-Za-z0-9._-]+$"},
        description=tell("Where to go on: `next` of the answer before."),
    )

    def question(self) -> dict[str, Any]:
        """Give what a cursor belongs to: everything but the part of the list."""
        return self.model_dump(mode="json", exclude={"limit", "cursor"})


class InArea(Asked):
    """Which part of a list, of which area."""

    area: Code | None = Field(
        default=None,
        description=tell("Only what lies in the region of this code; else all the token reads."),
        examples=["33.72"],
    )


class Filtered(InArea):
    """The filters of the map."""

    campaign: Id | None = Field(
        default=None,
        description=tell("Only villages chosen for this campaign, and what it did in them."),
    )
    kind: VillageKind | None = Field(default=None, description=tell("Only villages of this kind."))


class RegionsAsked(InArea):
    """Regions of a level."""

    level: Literal["province", "regency", "district"] = Field(
        default="regency", description=tell("How deep the regions lie.")
    )


class ProgressAsked(Filtered):
    """Sums by the regions of a level."""

    level: Literal["nation", "province", "regency", "district"] = Field(
        default="regency",
        description=tell("How deep the regions lie; `nation` gives the sum of the area alone."),
    )


class Between(Filtered):
    """The filters of the map, and days."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: Day | None = Field(
        default=None,
        alias="from",
        description=tell("The first day that counts, as YYYY-MM-DD."),
        examples=["2026-10-01"],
    )
    last: Day | None = Field(
        default=None,
        alias="until",
        description=tell("The last day that counts, as YYYY-MM-DD."),
        examples=["2026-12-31"],
    )

    @field_validator("last")
    @classmethod
    def _ends_in_time(cls, last: date | None, others: ValidationInfo) -> date | None:
        check_order(others.data.get("first"), last)
        return last

    @property
    def days(self) -> tuple[date | None, date | None]:
        """The first and the last day; none where that end is open."""
        return self.first, self.last


class VisitsAsked(Between):
    """Visits by the state of their work."""

    work: Work | None = Field(
        default=None, description=tell("Only visits whose work has come so far.")
    )


class StagesAsked(Asked):
    """Stages, of one campaign or of all."""

    campaign: Id | None = Field(
        default=None,
        description=tell("Only stages of this campaign."),
    )


class WeeksAsked(Filtered):
    """Weeks from one day to another, by the regions of a level."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    level: Literal["nation", "province", "regency", "district"] = Field(
        default="nation",
        description=tell("How deep the regions lie; `nation` gives the sum of the area alone."),
    )
    first: Day = Field(
        alias="from",
        description=tell("A day of the first week, as YYYY-MM-DD."),
        examples=["2026-10-01"],
    )
    last: Day = Field(
        alias="until",
        description=tell(
            "A day of the last week, as YYYY-MM-DD; at most 371 days after the first."
        ),
        examples=["2026-12-31"],
    )

    @field_validator("last")
    @classmethod
    def _ends_in_time(cls, last: date, others: ValidationInfo) -> date:
        first = others.data.get("first")
        check_order(first, last)
        if first is not None and last - first > timedelta(days=MOST_DAYS_OF_WEEKS):
            limits = {"days": MOST_DAYS_OF_WEEKS}
            raise PydanticCustomError("span_too_long", "Too many weeks", limits)
        return last
