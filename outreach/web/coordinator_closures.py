"""Days closed: closed periods and market days of the own area, as lists and as a month."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.errors import Conflict, Invalid
from outreach.people.access import covers
from outreach.people.closures import (
    PAGE_LENGTH,
    ClosedPeriodIn,
    MarketDayIn,
    add_market,
    add_period,
    closed_periods,
    market_days,
    may_edit,
    own_noted,
    remove_noted,
    update_noted,
)
from outreach.people.tables import Role
from outreach.villages.calendar import falls_on, layer_of, mark_of
from outreach.villages.calendar_rules import read_book
from outreach.villages.reading import names_of
from outreach.villages.tables import ClosedPeriod, Closure, MarketDay, MarketEffect, MarketRhythm
from outreach.visits.closures import visits_on_closed_days
from outreach.web.auth import person
from outreach.web.closed_ways import replans_of_closed
from outreach.web.closure_words import mark_with_region, marks_in_words
from outreach.web.coordinator_calendar import lay_out_month, next_month
from outreach.web.coordinator_pages import READERS, days_asked, pages, today
from outreach.web.coordinator_plan import PlanDay
from outreach.web.coordinator_words import show_value
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, refill_edit, version_of
from outreach.web.i18n import number
from outreach.web.region_field import Region, with_code
from outreach.web.routing import allow
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.errors import OutreachError
    from outreach.villages.calendar import Mark
    from outreach.villages.search import Found
    from outreach.visits.rows import VisitRow

#: So many lines stand in a day of the month; the others are counted.
MOST_LINES = 3
#: So many rows are looked through for a month: a branch has fewer, a province many more.
MOST_MARKS = 3000


class SeenIn(BaseModel):
    """Which month is shown, any day of it, and which pages of the two lists."""

    month: PlanDay | None = None
    periods: int = Field(default=1, ge=1, le=100_000)
    markets: int = Field(default=1, ge=1, le=100_000)


@dataclass(frozen=True, slots=True)
class DayMarks:
    """What a day of the month holds: closing marks first, and how many more than shown."""

    lines: tuple[tuple[str, bool], ...]
    more: int


@pages.get("/closures")
@allow(*READERS)
def closures() -> ResponseReturnValue:
    """List closed periods and market days, beside a month of them and the visits they hit."""
    given = days_asked(SeenIn)
    month = (given.month or today()).replace(day=1)
    weeks = lay_out_month((), month, date.min, date.max)
    with reading_db() as db:
        periods = closed_periods(db, person(), since=today(), page=given.periods)
        markets = market_days(db, person(), page=given.markets)
        hit = _hit(db)
        shown: list[ClosedPeriod | MarketDay] = [*periods.rows, *markets.rows]
        names = names_of(db, {row.region_code for row in shown})
        marks = _marks(db, [day.day for week in weeks for day in week])
    return render_template(
        "coordinator/closures.html",
        periods=periods,
        markets=markets,
        hit=[(row, marks_in_words(why)) for row, why in hit[:PAGE_LENGTH]],
        hits=len(hit),
        replans=replans_of_closed(hit),
        names=names,
        may_edit=lambda row: person().role is Role.COORDINATOR and may_edit(person(), row),
        month=month,
        earlier=(month - timedelta(days=1)).replace(day=1),
        later=next_month(month),
        weeks=weeks,
        marks=marks,
    )


def _hit(db: Session) -> list[tuple[VisitRow, tuple[Mark, ...]]]:
    """List the visits on closed days for whoever can move them; a manager's area may be vast."""
    if person().role is not Role.COORDINATOR:
        return []
    return visits_on_closed_days(db, person(), today())


def _marks(db: Session, days: Sequence[date]) -> dict[date, DayMarks] | None:
    """Tell what closes each of the days; nothing where it is more than a page can tell."""
    first, last = days[0], days[-1]
    periods = closed_periods(db, person(), since=first, until=last, length=MOST_MARKS)
    markets = market_days(db, person(), length=MOST_MARKS)
    if periods.found + markets.found > MOST_MARKS:
        return None
    rows: list[ClosedPeriod | MarketDay] = [*periods.rows, *markets.rows]
    book = read_book(db)
    marked = sorted(
        ((row, mark_of(row, book.of_region(layer_of(row), row.region_code))) for row in rows),
        key=lambda both: not both[1].closes,
    )
    names = names_of(db, {row.region_code for row in rows})
    return {day: _day([mark for row, mark in marked if falls_on(row, day)], names) for day in days}


def _day(marks: Sequence[Mark], names: dict[str, str]) -> DayMarks:
    lines = tuple((mark_with_region(mark, names), mark.closes) for mark in marks[:MOST_LINES])
    return DayMarks(lines, max(0, len(marks) - MOST_LINES))


@pages.get("/closures/periods/new")
@allow(Role.COORDINATOR)
def new_period() -> ResponseReturnValue:
    """Show the form of a closed period."""
    return _period_form(None, fill(region_code=request.args.get("region", "")[:13]))


@pages.post("/closures/periods/new")
@allow(Role.COORDINATOR)
def note_period() -> ResponseReturnValue:
    """Note days on which a region hosts no session."""
    region = _region()
    try:
        given = read(ClosedPeriodIn, region.form)
        with writing_db() as db:
            made = add_period(db, given, by=person())
            words = _hit_words(visits_on_closed_days(db, person(), made.starts, made.ends))
    except Invalid as error:
        return _period_form(None, refill(region.form, error), region.meant), error.status
    return _saved(words)


@pages.get("/closures/periods/<int:period_id>")
@allow(Role.COORDINATOR)
def edit_period(period_id: int) -> ResponseReturnValue:
    """Show a closed period in its form."""
    with reading_db() as db:
        stored = own_noted(db, ClosedPeriod, period_id, person())
    return _period_form(period_id, fill(**stored.model_dump()))


@pages.post("/closures/periods/<int:period_id>")
@allow(Role.COORDINATOR)
def change_period(period_id: int) -> ResponseReturnValue:
    """Change a closed period, unless somebody else did so since it was shown."""
    with reading_db() as db:
        stored = own_noted(db, ClosedPeriod, period_id, person())
    region = _region()
    try:
        given = read(ClosedPeriodIn, region.form)
        with writing_db() as db:
            version = version_of(region.form)
            made = update_noted(db, ClosedPeriod, period_id, given, version=version, by=person())
            words = _hit_words(visits_on_closed_days(db, person(), made.starts, made.ends))
    except (Invalid, Conflict) as error:
        form = again(region, error, stored)
        return _period_form(period_id, form, region.meant), error.status
    return _saved(words)


@pages.post("/closures/periods/<int:period_id>/remove")
@allow(Role.COORDINATOR)
def take_back_period(period_id: int) -> ResponseReturnValue:
    """Take a closed period back."""
    with writing_db() as db:
        remove_noted(db, ClosedPeriod, period_id, by=person())
    return _saved("")


@pages.get("/closures/markets/new")
@allow(Role.COORDINATOR)
def new_market() -> ResponseReturnValue:
    """Show the form of a market day."""
    return _market_form(None, fill(region_code=request.args.get("region", "")[:13]))


@pages.post("/closures/markets/new")
@allow(Role.COORDINATOR)
def note_market() -> ResponseReturnValue:
    """Note the market of a region."""
    region = _region()
    try:
        given = read(MarketDayIn, region.form)
        with writing_db() as db:
            add_market(db, given, by=person())
    except Invalid as error:
        return _market_form(None, refill(region.form, error), region.meant), error.status
    return _saved("")


@pages.get("/closures/markets/<int:market_id>")
@allow(Role.COORDINATOR)
def edit_market(market_id: int) -> ResponseReturnValue:
    """Show a market day in its form."""
    with reading_db() as db:
        stored = own_noted(db, MarketDay, market_id, person())
    return _market_form(market_id, fill(**stored.model_dump()))


@pages.post("/closures/markets/<int:market_id>")
@allow(Role.COORDINATOR)
def change_market(market_id: int) -> ResponseReturnValue:
    """Change a market day, unless somebody else did so since it was shown."""
    with reading_db() as db:
        stored = own_noted(db, MarketDay, market_id, person())
    region = _region()
    try:
        given = read(MarketDayIn, region.form)
        with writing_db() as db:
            update_noted(
                db, MarketDay, market_id, given, version=version_of(region.form), by=person()
            )
    except (Invalid, Conflict) as error:
        form = again(region, error, stored)
        return _market_form(market_id, form, region.meant), error.status
    return _saved("")


@pages.post("/closures/markets/<int:market_id>/remove")
@allow(Role.COORDINATOR)
def take_back_market(market_id: int) -> ResponseReturnValue:
    """Take a market day back."""
    with writing_db() as db:
        remove_noted(db, MarketDay, market_id, by=person())
    return _saved("")


def again(region: Region, error: OutreachError, row: Any) -> Filled:
    """Keep what was typed, beside what is wrong with it and what somebody else stored meanwhile."""
    form = refill_edit(region.form, error, row)
    theirs: Any = error.facts.get("theirs", {})
    return replace(form, theirs={name: show_value(value) for name, value in theirs.items()})


def _region() -> Region:
    with reading_db() as db:
        return with_code(db, request.form, "region_code")


def _hit_words(hit: Sequence[Any]) -> str:
    if not hit:
        return ""
    words = ngettext(
        "%(shown)s visit stands on a closed day. It is listed below; please move it.",
        "%(shown)s visits stand on closed days. They are listed below; please move them.",
        len(hit),
        shown=number(len(hit)),
    )
    return str(words)


def _period_form(period_id: int | None, form: Filled, meant: Sequence[Found] = ()) -> str:
    choices = {"closures": [(one.value, word(one)) for one in Closure]}
    return _form("coordinator/closed_period.html", period_id, form, meant, choices)


def _market_form(market_id: int | None, form: Filled, meant: Sequence[Found] = ()) -> str:
    choices = {
        "rhythms": [(one.value, word(one)) for one in MarketRhythm],
        "effects": [(one.value, word(one)) for one in MarketEffect],
    }
    return _form("coordinator/market_day.html", market_id, form, meant, choices)


def _form(
    template: str, row_id: int | None, form: Filled, meant: Sequence[Found], choices: dict[str, Any]
) -> str:
    with reading_db() as db:
        code = form.value("region_code")
        name = names_of(db, [code]).get(code, "") if covers(person().areas, code) else ""
    return render_template(
        template, row_id=row_id, form=form, meant=meant, region_name=name, **choices
    )


def _saved(words: str) -> ResponseReturnValue:
    flash(_("Saved."))
    if words:
        flash(words, "error")
    return redirect(url_for("coordinator.closures"), 303)
