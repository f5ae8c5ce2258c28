"""What people tell of the way to villages: by boat or by air, for one or for a whole region."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationInfo
from pydantic import field_validator as check
from pydantic_core import PydanticCustomError
from sqlalchemy import delete, func, select
from sqlmodel import col

from outreach.db import insert_into
from outreach.errors import Invalid
from outreach.people.access import covers, within
from outreach.people.calendar_edits import calendar_areas
from outreach.people.closures import ClosedRegion, Listed
from outreach.people.free_text import Source
from outreach.people.regions import refuse_unknown
from outreach.people.tables import BranchRegency, Team
from outreach.planning.model import Access
from outreach.villages.codes import Level
from outreach.villages.tables import District, Regency, Village, VillageAccess

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

LONGEST_WAIT_MINUTES = 1440
PAGE_LENGTH = 50
#: Rows of one statement; SQLite takes 32,766 values.
ROWS_AT_ONCE = 2000


class WayIn(BaseModel):
    """How the villages of a region are reached; by road takes a note back."""

    region_code: ClosedRegion
    access: Access
    wait_minutes: int | None = Field(default=None, ge=0, le=LONGEST_WAIT_MINUTES)
    source: Source

    @check("wait_minutes")
    @classmethod
    def _only_where_one_waits(cls, wait: int | None, told: ValidationInfo) -> int | None:
        if wait is not None and told.data.get("access") is Access.ROAD:
            raise PydanticCustomError("wait_by_road", "no crossing, no airstrip")
        return wait


@dataclass(frozen=True, slots=True)
class NotedWay:
    """What is noted of one village."""

    code: str
    village: str
    district: str
    regency: str
    access: Access
    wait_minutes: int | None
    source: str


def noted_ways(db: Session, person: Person, *, page: int = 1) -> Listed[NotedWay]:
    """List the villages of the person's area of which a way is noted, by code."""
    query: Any = (
        select(
            col(Village.code),
            col(Village.name),
            col(District.name),
            col(Regency.name),
            col(VillageAccess.access),
            col(VillageAccess.wait_minutes),
            col(VillageAccess.source),
        )
        .join(Village, col(Village.code) == col(VillageAccess.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .where(within(Village.code, calendar_areas(person)))
    )
    found = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    last = max(1, -(-found // PAGE_LENGTH))
    page = min(page, last)
    shown = query.order_by(col(Village.code)).offset((page - 1) * PAGE_LENGTH).limit(PAGE_LENGTH)
    return Listed([NotedWay(*row) for row in db.execute(shown)], found, page, last)


def note_way(db: Session, given: WayIn, *, by: Person) -> int:
    """Note how all villages of a region are reached, and count them; what was noted gives way.

    Raises
    ------
    Invalid
        If the region is unknown or outside the person's area.
    """
    refuse_unknown(db, region_code=[given.region_code])
    if not covers(calendar_areas(by), given.region_code):
        # A region that is not one's own looks like one that is not there.
        raise Invalid(problems={"region_code": ["unknown_region"]})
    if given.access is Access.ROAD:
        return _take_back(db, given.region_code)
    inside = select(col(Village.code)).where(within(Village.code, [given.region_code]))
    # In one order, or two who note regions that overlap would wait for each other's rows.
    codes = db.scalars(inside.order_by(col(Village.code)))
    rows = [{"village_code": code, "version": 1, **_facts(given)} for code in codes]
    for part in batched(rows, ROWS_AT_ONCE):
        added = insert_into(db, VillageAccess).values(list(part))
        changed = {**_facts(given), "version": col(VillageAccess.version) + 1}
        db.execute(added.on_conflict_do_update(index_elements=["village_code"], set_=changed))
    return len(rows)


def is_overseas(db: Session, code: str) -> bool:
    """Whether no active team of the village's branch has its base on the village's island."""
    bases = (
        select(col(Village.island))
        .join(Team, col(Team.base_village_code) == col(Village.code))
        .join(BranchRegency, col(BranchRegency.branch_id) == col(Team.branch_id))
        .where(col(BranchRegency.regency_code) == code[: Level.REGENCY], col(Team.is_active))
    )
    islands = set(db.scalars(bases))
    return bool(islands) and db.get_one(Village, code).island not in islands


def _take_back(db: Session, region_code: str) -> int:
    gone = delete(VillageAccess).where(within(VillageAccess.village_code, [region_code]))
    return len(db.scalars(gone.returning(col(VillageAccess.village_code))).all())


def _facts(given: WayIn) -> dict[str, Any]:
    return given.model_dump(include={"access", "wait_minutes", "source"})
