"""What upsets a running plan, as a person tells it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from outreach.people.closures import ClosedRegion
from outreach.people.free_text import Remark
from outreach.people.order import check_order
from outreach.people.regions import RegionCode
from outreach.villages.tables import Closure
from outreach.visits.tables import Cause

FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
#: Nobody is ill and no flood stands longer than this: more is a slip of the pen.
LONGEST_DAYS = 92


class Span(BaseModel):
    """Days, both included, and why."""

    first: date = Field(ge=FIRST, le=LAST)
    last: date = Field(ge=FIRST, le=LAST)
    why: Remark = ""

    @field_validator("last")
    @classmethod
    def _in_order(cls, last: date, told: ValidationInfo) -> date:
        first = told.data.get("first")
        check_order(first, last)
        if first and (last - first).days >= LONGEST_DAYS:
            limits = {"days": LONGEST_DAYS}
            raise PydanticCustomError("span_too_long", "longer than three months", limits)
        return last

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.first <= day <= self.last


class TeamAway(Span):
    """A team that cannot go out."""

    team_id: int = Field(ge=1, le=2**31 - 1)
    why: Remark = Field(min_length=1)


class AreaClosed(Span):
    """A region in which no session can be held; what closes it says why, a note says more."""

    region_code: ClosedRegion
    closure: Closure = Closure.FLOOD

    @property
    def reason(self) -> str:
        """What the history of the visits says: the note, or else what closes the region."""
        return self.why or f"closed_{self.closure.value}"


class AfterCancelling(StrEnum):
    """What becomes of the visit of a village that cancels."""

    ANOTHER_DAY = "another_day"
    WAITS = "waits"
    CANCELLED = "cancelled"


class VillageCancels(BaseModel):
    """A village that takes back its day, and what becomes of its visit."""

    visit_id: int = Field(ge=1, le=2**31 - 1)
    why: Remark = Field(min_length=1)
    outcome: AfterCancelling = AfterCancelling.WAITS


class VillageAdded(BaseModel):
    """A village that shall be visited too."""

    village_code: RegionCode
    why: Remark = ""


class Gaps(BaseModel):
    """Room that visits have left: for the villages that wait."""

    why: Remark = ""


type Told = TeamAway | AreaClosed | VillageCancels | VillageAdded | Gaps

MODELS: dict[Cause, type[Told]] = {
    Cause.TEAM_AWAY: TeamAway,
    Cause.AREA_CLOSED: AreaClosed,
    Cause.VILLAGE_CANCELS: VillageCancels,
    Cause.VILLAGE_ADDED: VillageAdded,
    Cause.GAPS: Gaps,
}


def cause_of(told: Told) -> Cause:
    """Name the cause of which somebody has told."""
    return next(cause for cause, model in MODELS.items() if isinstance(told, model))
