"""Closed periods and market days as people tell them, each for regions of their own area."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo
from pydantic import field_validator as check
from pydantic_core import PydanticCustomError
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select

from outreach.errors import Invalid, NotFound
from outreach.people.access import covers, require, within
from outreach.people.edits import change, locked
from outreach.people.free_text import Note
from outreach.people.order import check_order
from outreach.people.regions import RegionCode, refuse_unknown
from outreach.villages.codes import Level, level, parents
from outreach.villages.tables import ClosedPeriod, Closure, MarketDay, MarketEffect, MarketRhythm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Select
    from sqlmodel import Session

    from outreach.people.access import Person

LONGEST_DAYS = 366
FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
PAGE_LENGTH = 50


def _below_province(code: str) -> str:
    if level(code) == Level.PROVINCE:
        raise PydanticCustomError("province_too_wide", "no branch holds a whole province")
    return code


ClosedRegion = Annotated[RegionCode, AfterValidator(_below_province)]


class ClosedPeriodIn(BaseModel):
    """What is told about days on which a region hosts no session, both included."""

    region_code: ClosedRegion
    starts: date = Field(ge=FIRST, le=LAST)
    ends: date = Field(ge=FIRST, le=LAST)
    closure: Closure
    note: Note = ""
    source: Note = ""

    @check("ends")
    @classmethod
    def _in_order(cls, ends: date, told: ValidationInfo) -> date:
        starts = told.data.get("starts")
        check_order(starts, ends)
        if starts and (ends - starts).days >= LONGEST_DAYS:
            limits = {"days": LONGEST_DAYS}
            raise PydanticCustomError("period_too_long", "longer than a year", limits)
        return ends


class MarketDayIn(BaseModel):
    """What is told about the market of a region."""

    region_code: ClosedRegion
    rhythm: MarketRhythm
    effect: MarketEffect = MarketEffect.AVOID
    note: Note = ""


@dataclass(frozen=True, slots=True)
class Listed[Row]:
    """One page of a list, which of how many it is, and how many rows there are in all."""

    rows: Sequence[Row]
    found: int
    page: int
    last: int


def closed_periods(
    db: Session,
    person: Person,
    *,
    since: date,
    until: date = LAST,
    page: int = 1,
    length: int = PAGE_LENGTH,
) -> Listed[ClosedPeriod]:
    """List the closed periods in and around the person's area with a day from one to another."""
    query = select(ClosedPeriod).where(
        col(ClosedPeriod.ends) >= since, col(ClosedPeriod.starts) <= until
    )
    order = (col(ClosedPeriod.starts), col(ClosedPeriod.region_code), col(ClosedPeriod.id))
    seen = _seen(query, ClosedPeriod.region_code, person)
    return _listed(db, seen.order_by(*order), page, length)


def market_days(
    db: Session, person: Person, *, page: int = 1, length: int = PAGE_LENGTH
) -> Listed[MarketDay]:
    """List the market days in and around the person's area, by region."""
    query = _seen(select(MarketDay), MarketDay.region_code, person)
    order = (col(MarketDay.region_code), col(MarketDay.id))
    return _listed(db, query.order_by(*order), page, length)


def may_edit(person: Person, row: ClosedPeriod | MarketDay) -> bool:
    """Whether the region lies in the person's area; around it, they only read."""
    return covers(person.areas, row.region_code)


def own_noted[Row: (ClosedPeriod, MarketDay)](
    db: Session, kind: type[Row], row_id: int, by: Person
) -> Row:
    """Read a closed period or a market day of the person's area.

    Raises
    ------
    NotFound
        If it is missing or its region lies outside.
    """
    row = db.get(kind, row_id)
    if row is None:
        raise NotFound(kind=kind.__name__, id=row_id)
    require(by, row.region_code)
    return row


def add_period(db: Session, given: ClosedPeriodIn, *, by: Person) -> ClosedPeriod:
    """Note days on which a region hosts no session.

    Raises
    ------
    Invalid
        If the region is unknown or outside the person's area, or the same is noted already.
    """
    return _add(db, ClosedPeriod, given, by)


def add_market(db: Session, given: MarketDayIn, *, by: Person) -> MarketDay:
    """Note the market of a region.

    Raises
    ------
    Invalid
        As `add_period`.
    """
    return _add(db, MarketDay, given, by)


def update_noted[Row: (ClosedPeriod, MarketDay)](
    db: Session,
    kind: type[Row],
    row_id: int,
    given: ClosedPeriodIn | MarketDayIn,
    *,
    version: int,
    by: Person,
) -> Row:
    """Change a closed period or a market day that was read as *version*.

    Raises
    ------
    NotFound
        If it is missing or outside the person's area.
    Invalid
        As `add_period`.
    Conflict
        If somebody else changed it since.
    """
    own_noted(db, kind, row_id, by)
    told = _checked(db, given, by)
    row = locked(db, kind, row_id)
    with _noted_once(db):
        change(row, told, version)
        db.flush()
    return row


def remove_noted[Row: (ClosedPeriod, MarketDay)](
    db: Session, kind: type[Row], row_id: int, *, by: Person
) -> None:
    """Take a closed period or a market day back.

    Raises
    ------
    NotFound
        If it is missing or outside the person's area.
    """
    db.delete(own_noted(db, kind, row_id, by))


def _seen[T: Select[Any]](query: T, column: Any, person: Person) -> T:
    """Keep what lies in the person's area, or holds for it from further up."""
    above = {region for area in person.areas for region in parents(area)}
    return query.where(or_(within(column, person.areas), column.in_(above)))


def _listed(db: Session, query: Any, page: int, length: int) -> Listed[Any]:
    found = db.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    last = max(1, -(-found // length))
    page = min(page, last)
    rows = db.scalars(query.offset((page - 1) * length).limit(length)).all()
    return Listed(rows, found, page, last)


def _add[Row: (ClosedPeriod, MarketDay)](
    db: Session, kind: type[Row], given: BaseModel, by: Person
) -> Row:
    told = _checked(db, given, by)
    row = kind(**told)
    with _noted_once(db):
        db.add(row)
    return row


def _checked(db: Session, given: BaseModel, by: Person) -> dict[str, Any]:
    told = given.model_dump()
    refuse_unknown(db, region_code=[told["region_code"]])
    if not covers(by.areas, told["region_code"]):
        # A region that is not one's own looks like one that is not there.
        raise Invalid(problems={"region_code": ["unknown_region"]})
    return told


@contextmanager
def _noted_once(db: Session) -> Iterator[None]:
    try:
        with db.begin_nested():
            yield
    except IntegrityError as error:
        raise Invalid(problems={"region_code": ["noted_already"]}) from error
