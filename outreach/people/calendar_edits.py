"""The calendar as people set it: how a layer counts in their area, and what was announced."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationInfo
from pydantic import field_validator as check
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import NATION, covers
from outreach.people.edits import change, locked
from outreach.people.free_text import Note, Source
from outreach.people.order import ClockTime, check_order
from outreach.people.regions import refuse_unknown
from outreach.people.tables import Role
from outreach.villages.calendar_rules import FIXED, WITH_HOURS, WITH_MONTHS, WITH_WEEKDAYS
from outreach.villages.feasts import feasts_of_year
from outreach.villages.tables import CalendarLayer, CalendarRule, Effect, FeastDate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.planning.feasts import Feast
    from outreach.villages.feasts import KnownFeast

MOST_MINUTES = 1440
#: So many first versions of a row there are: eight digits, for a form's number has few.
_FIRST_VERSIONS = 10**8 - 1
#: An authority moves a feast by a day or two; more than this is a slip of the pen.
MOVED_AT_MOST = timedelta(days=10)


class RuleIn(BaseModel):
    """How a layer is to count in a region."""

    effect: Effect
    weight_minutes: int = Field(default=0, ge=0, le=MOST_MINUTES)
    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(default_factory=list)
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(default_factory=list)
    opens: ClockTime | None = None
    closes: ClockTime | None = None
    source: Source
    note: Note = ""

    @check("months", "weekdays")
    @classmethod
    def _each_once(cls, given: list[int]) -> list[int]:
        return sorted(set(given))


class AnnouncedIn(BaseModel):
    """The days of a feast as an authority has announced them, both included."""

    starts: date
    ends: date
    source: Source

    @check("ends")
    @classmethod
    def _in_order(cls, ends: date, told: ValidationInfo) -> date:
        check_order(told.data.get("starts"), ends)
        return ends


def calendar_areas(person: Person) -> tuple[str, ...]:
    """Name the regions whose calendar a person keeps; the administrator keeps the nation's."""
    return (NATION,) if person.role is Role.ADMIN else person.areas


def stored_rule(db: Session, region: str, layer: CalendarLayer) -> CalendarRule | None:
    """Read what was set for exactly this region; None where nothing was."""
    query = select(CalendarRule).where(
        CalendarRule.region_code == region, CalendarRule.layer == layer
    )
    return db.exec(query).one_or_none()


def own_rules(db: Session, person: Person) -> list[CalendarRule]:
    """List what was set for regions of the person's area, by region and layer."""
    rows = db.exec(
        select(CalendarRule).order_by(col(CalendarRule.region_code), col(CalendarRule.layer))
    )
    return [row for row in rows if covers(calendar_areas(person), row.region_code)]


def set_rule(
    db: Session,
    region: str,
    layer: CalendarLayer,
    given: RuleIn,
    *,
    version: int,
    by: Person,
) -> CalendarRule:
    """Set how a layer counts in a region; `version` is 0 where nothing had been set.

    Raises
    ------
    NotFound
        If the region is missing or outside the person's area, or nobody can set the layer.
    Invalid
        If what the layer needs is lacking.
    Conflict
        If somebody else set it since.
    """
    require_region(db, region, by)
    told = _checked(layer, given)
    row = stored_rule(db, region, layer)
    if row is None:
        with _first_of_its_kind(db):
            row = CalendarRule(region_code=region, layer=layer, version=_unseen(), **told)
            db.add(row)
        return row
    row = locked(db, CalendarRule, row.id or 0)
    change(row, told, version)
    return row


def reset_rule(db: Session, region: str, layer: CalendarLayer, *, by: Person) -> None:
    """Take back what was set for a region, so that the next wider rule decides again.

    Raises
    ------
    NotFound
        If the region is missing or outside the person's area, or nothing was set.
    """
    require_region(db, region, by)
    row = stored_rule(db, region, layer)
    if row is None:
        raise NotFound(region=region, layer=layer)
    db.delete(row)


def require_region(db: Session, region: str, by: Person) -> None:
    """Refuse a region whose calendar the person does not keep, like one that does not exist.

    Raises
    ------
    NotFound
        If it is missing or lies outside.
    """
    if not covers(calendar_areas(by), region):
        raise NotFound(region=region)
    if region == NATION:
        return
    try:
        refuse_unknown(db, region=[region])
    except Invalid:
        raise NotFound(region=region) from None


def feast_known(db: Session, feast: Feast, year: int, nth: int) -> KnownFeast:
    """Read one feast of a year, as computed and as announced.

    Raises
    ------
    NotFound
        If the year has none.
    """
    wanted = (feast, year, nth)
    for one in feasts_of_year(db, year):
        if (one.computed.feast, one.computed.year, one.computed.nth) == wanted:
            return one
    raise NotFound(feast=feast, year=year)


def may_announce(person: Person) -> bool:
    """Whether the person keeps the calendar of the whole nation, in which feasts are one."""
    return NATION in calendar_areas(person)


def announce(
    db: Session,
    feast: Feast,
    year: int,
    nth: int,
    given: AnnouncedIn,
    *,
    version: int,
    by: Person,
) -> FeastDate:
    """Put the announced days of a feast in place of the computed ones.

    Raises
    ------
    NotAllowed
        If the person does not keep the nation's calendar.
    NotFound
        If the year has no such feast.
    Invalid
        If the days lie far from the computed ones.
    Conflict
        If somebody else announced others since.
    """
    known = _to_announce(db, feast, year, nth, by)
    _refuse_far_days(known, given)
    told = given.model_dump()
    if known.announced is None:
        with _first_of_its_kind(db):
            row = FeastDate(feast=feast, year=year, nth=nth, version=_unseen(), **told)
            db.add(row)
        return row
    row = locked(db, FeastDate, (feast, year, nth))
    change(row, told, version)
    return row


def withdraw(db: Session, feast: Feast, year: int, nth: int, *, by: Person) -> None:
    """Take an announcement back: the computed days count again.

    Raises
    ------
    NotAllowed
        As `announce`.
    NotFound
        If nothing was announced.
    """
    known = _to_announce(db, feast, year, nth, by)
    if known.announced is None:
        raise NotFound(feast=feast, year=year)
    db.delete(known.announced)


def _to_announce(db: Session, feast: Feast, year: int, nth: int, by: Person) -> KnownFeast:
    if not may_announce(by):
        raise NotAllowed(feast=feast)
    return feast_known(db, feast, year, nth)


def _refuse_far_days(known: KnownFeast, given: AnnouncedIn) -> None:
    computed = known.computed
    ends = (("starts", given.starts, computed.starts), ("ends", given.ends, computed.ends))
    far = {
        name: ["far_from_computed"] for name, told, was in ends if abs(told - was) > MOVED_AT_MOST
    }
    if far:
        raise Invalid(problems=far)


def _checked(layer: CalendarLayer, given: RuleIn) -> dict[str, Any]:
    """Keep what belongs to the layer; what it needs and lacks is refused, all at once."""
    if layer in FIXED:
        raise NotFound(layer=layer)
    problems = dict(_lacking(layer, given))
    if problems:
        raise Invalid(problems=problems)
    told = given.model_dump()
    if layer not in WITH_MONTHS:
        told["months"] = []
    if layer not in WITH_WEEKDAYS:
        told["weekdays"] = []
    if layer not in WITH_HOURS:
        told["opens"] = told["closes"] = None
    return told


def _lacking(layer: CalendarLayer, given: RuleIn) -> Iterator[tuple[str, list[str]]]:
    counts = given.effect is not Effect.OFF
    if given.effect is Effect.SOFT and not given.weight_minutes:
        yield "weight_minutes", ["weight_needed"]
    if layer in WITH_MONTHS and counts and not given.months:
        yield "months", ["month_needed"]
    if layer in WITH_WEEKDAYS and counts and not given.weekdays:
        yield "weekdays", ["weekday_needed"]
    if layer in WITH_HOURS:
        yield from _lacking_hours(given)


def _lacking_hours(given: RuleIn) -> Iterator[tuple[str, list[str]]]:
    told = (given.opens, given.closes)
    if told.count(None) == 1:
        missing = "opens" if given.opens is None else "closes"
        yield missing, ["both_hours_needed"]
    elif given.opens and given.closes and given.closes <= given.opens:
        yield "closes", ["ends_before_it_starts"]


def _unseen() -> int:
    """Make a first version that no form shows: what is set after a reset is not what was before."""
    return secrets.randbelow(_FIRST_VERSIONS) + 1


@contextmanager
def _first_of_its_kind(db: Session) -> Iterator[None]:
    """Turn the table's refusal of a second row into what it means: somebody was faster."""
    try:
        with db.begin_nested():
            yield
    except IntegrityError as error:
        raise Conflict(problem="changed_meanwhile") from error
