"""Sponsorships as people tell them: who pays for how many workers of a region, and until when."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from outreach.errors import Invalid, NotAllowed, NotFound
from outreach.logbook.tables import Package, Payer, Sector
from outreach.people.access import covers, require, within
from outreach.people.closures import ClosedRegion
from outreach.people.edits import change, locked
from outreach.people.free_text import Name, Note
from outreach.people.order import check_order
from outreach.people.regions import refuse_unknown
from outreach.people.tables import BranchRegency, Role
from outreach.progress.tables import Sponsorship
from outreach.villages.codes import Level, cut, parents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.progress.scope import Scope

FIRST, LAST = date(2015, 1, 1), date(2100, 12, 31)
#: Budgets are made for a year, agreements with companies for up to five.
LONGEST_YEARS = 5
#: A team can visit the villages of a term of half a year within its last two months.
CONVERSION_DAYS = 60


class SponsorshipIn(BaseModel):
    """A sponsorship as a person describes it; both ends of the term belong to it."""

    region_code: ClosedRegion
    payer: Payer
    sponsor: Name
    sector: Sector
    package: Package
    quota: int = Field(gt=0, le=10_000_000)
    starts: date = Field(ge=FIRST, le=LAST)
    ends: date = Field(ge=FIRST, le=LAST)
    conversion_days: int = Field(default=CONVERSION_DAYS, gt=0, le=366)
    note: Note = ""
    source: Note = ""

    @field_validator("payer")
    @classmethod
    def _somebody_else(cls, payer: Payer) -> Payer:
        if payer is Payer.SELF:
            raise PydanticCustomError("pays_alone", "nobody sponsors who pays alone")
        return payer

    @field_validator("ends")
    @classmethod
    def _in_order(cls, ends: date, told: ValidationInfo) -> date:
        starts = told.data.get("starts")
        check_order(starts, ends)
        if starts and ends.year - starts.year > LONGEST_YEARS:
            limits = {"years": LONGEST_YEARS}
            raise PydanticCustomError("term_too_long", "longer than any agreement", limits)
        return ends


def sponsorships_in(db: Session, scope: Scope) -> Sequence[Sponsorship]:
    """List the sponsorships whose region lies in what counts, the first to end first."""
    return _listed(db, within(Sponsorship.region_code, scope.prefixes))


def sponsorships_around(db: Session, scope: Scope) -> Sequence[Sponsorship]:
    """List those of a wider region: nobody knows which part of their workers is meant."""
    above = {region for prefix in scope.prefixes for region in parents(prefix)}
    return _listed(db, col(Sponsorship.region_code).in_(above))


def _listed(db: Session, where: Any) -> Sequence[Sponsorship]:
    order = (col(Sponsorship.ends), col(Sponsorship.region_code), col(Sponsorship.id))
    return db.exec(select(Sponsorship).where(where).order_by(*order)).all()


def own_sponsorship(db: Session, sponsorship_id: int, person: Person) -> Sponsorship:
    """Read a sponsorship of the person's area.

    Raises
    ------
    NotFound
        If it is missing or its region lies outside.
    """
    row = db.get(Sponsorship, sponsorship_id)
    if row is None:
        raise NotFound(kind="Sponsorship", id=sponsorship_id)
    require(person, row.region_code)
    return row


def add_sponsorship(
    db: Session, given: SponsorshipIn, *, by: Person, is_demo: bool = False
) -> Sponsorship:
    """Note who pays for workers of a region.

    Raises
    ------
    NotAllowed
        If the person is no coordinator.
    Invalid
        If the region is unknown or outside the person's area, no branch serves it, or the same
        is noted already.
    """
    row = Sponsorship(**_checked(db, given, by), is_demo=is_demo)
    with _noted_once(db):
        db.add(row)
        db.flush()  # to hear now whether it is noted already
    return row


def update_sponsorship(
    db: Session, sponsorship_id: int, given: SponsorshipIn, version: int, *, by: Person
) -> Sponsorship:
    """Change a sponsorship that was read as *version*.

    Raises
    ------
    NotFound
        If it is missing or outside the person's area.
    NotAllowed, Invalid
        As `add_sponsorship` does.
    Conflict
        If somebody else changed it since: `yours` and `theirs` hold both values.
    """
    own_sponsorship(db, sponsorship_id, by)
    told = _checked(db, given, by)
    row = locked(db, Sponsorship, sponsorship_id)
    with _noted_once(db):
        change(row, told, version)
        db.flush()  # to hear now whether it is noted already
    return row


def remove_sponsorship(db: Session, sponsorship_id: int, version: int, *, by: Person) -> None:
    """Take a sponsorship back that was read as *version*.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `update_sponsorship` does.
    """
    own_sponsorship(db, sponsorship_id, by)
    _require_coordinator(by)
    row = locked(db, Sponsorship, sponsorship_id)
    change(row, {}, version)
    db.delete(row)


def _checked(db: Session, given: SponsorshipIn, by: Person) -> dict[str, Any]:
    _require_coordinator(by)
    refuse_unknown(db, region_code=[given.region_code])
    if not covers(by.areas, given.region_code):
        # A region that is not one's own looks like one that is not there.
        raise Invalid(problems={"region_code": ["unknown_region"]})
    return {**given.model_dump(), "branch_id": _branch_of(db, given.region_code)}


def _branch_of(db: Session, region_code: str) -> int:
    regency = cut(region_code, Level.REGENCY)
    found = db.scalar(select(BranchRegency.branch_id).where(BranchRegency.regency_code == regency))
    if found is None:
        raise Invalid(problems={"region_code": ["outside_branch"]})
    return found


def _require_coordinator(by: Person) -> None:
    if by.role is not Role.COORDINATOR:
        raise NotAllowed(role=by.role)


@contextmanager
def _noted_once(db: Session) -> Iterator[None]:
    try:
        with db.begin_nested():
            yield
    except IntegrityError as error:
        raise Invalid(problems={"region_code": ["noted_already"]}) from error
