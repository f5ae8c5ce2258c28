"""What a report of a session must look like, and which of its parts cannot all be true."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from outreach.errors import Invalid
from outreach.logbook.sending import clock_told
from outreach.logbook.tables import Package, Payer, Sector
from outreach.people.free_text import Remark
from outreach.people.order import ClockTime
from outreach.visits.tables import Result

if TYPE_CHECKING:
    from outreach.villages.tables import Zone

#: More people than any village hall holds: a slip of the finger, not a session.
MOST_PEOPLE = 20_000
MANY_PEOPLE = 1_000
OLDEST = timedelta(days=366)
MOST_MINUTES = 24 * 60
MOST_DETAILS = 200
LONGEST_PLACE = 200
#: Of a place: about 110 m, which tells the village and not the house.
_DECIMALS = 3
#: Came later than the others: a report without them keeps the fingerprint it always had.
_LATER = frozenset({"paid", "minutes", "latitude", "longitude", "saved_at"})


class Met(StrEnum):
    """Whether there was a session at all."""

    HELD = "held"
    NOT_MET = "not_met"
    REFUSED = "refused"


Count = Annotated[int, Field(ge=0, le=MOST_PEOPLE)]
Key = Annotated[int, Field(ge=1, le=2**31 - 1)]


class DetailIn(BaseModel):
    """How many workers of one sector took one package paid by one payer."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sector: Sector
    package: Package
    payer: Payer
    workers: Annotated[int, Field(ge=1, le=MOST_PEOPLE)]


class SessionReportIn(BaseModel):
    """A session as its official tells it; `id` is made where it is written down.

    `signups` may be left out where `details` are given, else the details must add up to it.
    `paid`, `minutes` and the place of the phone are None where nobody noted them. `saved_at` is
    the phone's clock when save was pressed: only kept, never trusted for order or day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: UUID
    visit_id: Key
    held_on: date
    held_at: ClockTime
    met: Met = Met.HELD
    place: Annotated[Remark, Field(max_length=LONGEST_PLACE)] = ""
    men: Count = 0
    women: Count = 0
    signups: Count = 0
    paid: Count | None = None
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    saved_at: datetime | None = None
    details: Annotated[tuple[DetailIn, ...], Field(max_length=MOST_DETAILS)] = ()
    remarks: Remark = ""
    corrects_id: UUID | None = None

    @field_validator("remarks", mode="before")
    @classmethod
    def _one_kind_of_line_end(cls, value: object) -> object:
        # A form sends "\r\n", a phone "\n": the same words must have the same fingerprint.
        return value.replace("\r\n", "\n") if isinstance(value, str) else value

    @field_validator("paid", "minutes", "latitude", "longitude", mode="before")
    @classmethod
    def _empty_is_unknown(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("latitude", "longitude")
    @classmethod
    def _rounded(cls, value: float | None) -> float | None:
        return None if value is None else round(value, _DECIMALS)

    @field_validator("saved_at", mode="before")
    @classmethod
    def _any_clock(cls, value: object) -> datetime | None:
        return clock_told(value)

    @field_validator("details")
    @classmethod
    def _each_once(cls, rows: tuple[DetailIn, ...]) -> tuple[DetailIn, ...]:
        workers: Counter[tuple[Sector, Package, Payer]] = Counter()
        for row in rows:
            workers[row.sector, row.package, row.payer] += row.workers
        return tuple(
            DetailIn(sector=sector, package=package, payer=payer, workers=number)
            for (sector, package, payer), number in sorted(workers.items())
        )

    @model_validator(mode="before")
    @classmethod
    def _total_of_details(cls, given: object) -> object:
        if isinstance(given, dict) and given.get("details") and given.get("signups") in (None, ""):
            return {name: value for name, value in given.items() if name != "signups"}
        return given

    @model_validator(mode="after")
    def _total(self) -> Self:
        if self.details and "signups" not in self.model_fields_set:
            # Frozen for its readers; here it is still being read.
            object.__setattr__(self, "signups", sum(row.workers for row in self.details))
        return self


def read_report(raw: object) -> SessionReportIn:
    """Check one report at the door.

    Raises
    ------
    Invalid
        With all problems at once, by field.
    """
    try:
        report = SessionReportIn.model_validate(raw)
    except ValidationError as error:
        found: dict[str, list[str]] = {}
        for line in error.errors(include_url=False, include_input=False):
            found.setdefault(".".join(map(str, line["loc"])) or "report", []).append(line["type"])
        raise Invalid(problems=found) from None
    refuse_contradictions(report)
    return report


def refuse_contradictions(report: SessionReportIn) -> None:
    """Refuse a report whose parts cannot all be true.

    Raises
    ------
    Invalid
        With all problems at once, by field.
    """
    people = report.men + report.women
    by_detail = sum(row.workers for row in report.details)
    rules = (
        ("signups", "details_do_not_add_up", report.details and by_detail != report.signups),
        ("men", "nobody_was_there", report.met is Met.HELD and people == 0),
        ("met", "people_without_session", report.met is not Met.HELD and people + report.signups),
        ("paid", "more_paid_than_signups", (report.paid or 0) > report.signups),
        ("latitude", "half_a_place", (report.latitude is None) != (report.longitude is None)),
        ("corrects_id", "corrects_itself", report.corrects_id == report.id),
    )
    problems = {field: [code] for field, code, broken in rules if broken}
    if problems:
        raise Invalid(problems=problems)


def refuse_wrong_day(report: SessionReportIn, zone: Zone, now: datetime) -> None:
    """Refuse a day that has not come yet in the village, or that is more than a year ago.

    Raises
    ------
    Invalid
        For the field `held_on`.
    """
    today = zone.day(now)
    if report.held_on > today:
        raise Invalid(problems={"held_on": ["in_the_future"]})
    if report.held_on < today - OLDEST:
        raise Invalid(problems={"held_on": ["too_long_ago"]})


def result_of(report: SessionReportIn) -> Result:
    """Say what the session brought, in the words of the visit."""
    if report.met is Met.HELD:
        if report.paid:
            return Result.PAID
        return Result.SIGNED_UP if report.signups else Result.ATTENDED
    return Result.NOT_MET if report.met is Met.NOT_MET else Result.REFUSED


def met_of(result: Result) -> Met:
    """Say of a stored result whether there was a session."""
    return {Result.NOT_MET: Met.NOT_MET, Result.REFUSED: Met.REFUSED}.get(result, Met.HELD)


def content_of(report: SessionReportIn) -> dict[str, object]:
    """Write the report as plain JSON values, in one fixed form."""
    told = report.model_dump(mode="json")
    return {name: value for name, value in told.items() if name not in _LATER or value is not None}


def fingerprint(report: SessionReportIn) -> str:
    """SHA-256 of the content: the same for a repeat, another for the same id with new content.

    Made here and never in SQL, where the form of a number or a space would change it. The phone's
    clock is no content.
    """
    content = {name: value for name, value in content_of(report).items() if name != "saved_at"}
    canonical = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def receipt_of(content: str) -> str:
    """Short code made of a fingerprint, to read out on the phone."""
    return f"{content[:4]}-{content[4:8]}".upper()
