"""Days closed: closed periods and market days of the own area, as lists and as a month."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel

from outreach.errors import Conflict, Invalid
from outreach.people.closures import (
    ClosedPeriodIn,
    MarketDayIn,
    add_market,
    add_period,
    closed_periods,
    market_days,
    may_edit,
    own_market,
    own_period,
    remove_market,
    remove_period,
    update_market,
    update_period,
)
from outreach.people.tables import Role
from outreach.villages.calendar import Mark, is_market_day
from outreach.villages.reading import names_of
from outreach.villages.tables import ClosedPeriod, Closure, MarketEffect, MarketRhythm
from outreach.visits.closures import visits_on_closed_days
from outreach.web.auth import person
from outreach.web.closure_words import mark_with_region, marks_in_words
from outreach.web.coordinator_calendar import lay_out_month, next_month
from outreach.web.coordinator_pages import READERS, pages, today
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

    from outreach.errors import OutreachError
    from outreach.villages.search import Found
    from outreach.villages.tables import MarketDay

#: How far ahead visits on closed days are looked for.
AHEAD = timedelta(days=92)
#: So many lines stand in a day of the month; the others are counted.
MOST_LINES = 3


class MonthIn(BaseModel):
    """Which month is shown: any day of it."""

    month: PlanDay | None = None


@dataclass(frozen=True, slots=True)
class DayMarks:
    """What a day of the month holds: closing marks first, and how many more than shown."""

    lines: tuple[tuple[str, bool], ...]
    more: int
    closes: bool


@pages.get("/closures")
@allow(*READERS)
def closures() -> ResponseReturnValue:
    """List closed periods and market days, beside a month of them and the visits they hit."""
    try:
        month = (read(MonthIn, request.args).month or today()).replace(day=1)
    except Invalid:
        month = today().replace(day=1)
    with reading_db() as db:
        # Past days of the month shown belong to it too.
        periods = closed_periods(db, person(), since=min(month, today()))
        markets = market_days(db, person())
        hit = visits_on_closed_days(db, person(), today(), today() + AHEAD)
        regions = {row.region_code for row in periods} | {row.region_code for row in markets}
        names = names_of(db, regions)
    weeks = lay_out_month((), month, date.min, date.max)
    return render_template(
        "coordinator/closures.html",
        periods=[row for row in periods if row.ends >= today()],
        markets=markets,
        hit=[(row, marks_in_words(marks)) for row, marks in hit],
        names=names,
        may_edit=lambda row: person().role is Role.COORDINATOR and may_edit(person(), row),
        month=month,
        earlier=(month - timedelta(days=1)).replace(day=1),
        later=next_month(month),
        weeks=weeks,
        marks={day.day: _day(day.day, periods, markets, names) for week in weeks for day in week},
    )


def _day(
    day: date,
    periods: Sequence[ClosedPeriod],
    markets: Sequence[MarketDay],
    names: dict[str, str],
) -> DayMarks:
    marks = [
        Mark(row.region_code, True, row.note, closure=row.closure)
        for row in periods
        if row.starts <= day <= row.ends
    ]
    marks += [
        Mark(row.region_code, row.effect is MarketEffect.AVOID, row.note, rhythm=row.rhythm)
        for row in markets
        if is_market_day(row.rhythm, day)
    ]
    marks.sort(key=lambda mark: not mark.closes)
    lines = tuple((mark_with_region(mark, names), mark.closes) for mark in marks[:MOST_LINES])
    return DayMarks(lines, max(0, len(marks) - MOST_LINES), any(mark.closes for mark in marks))


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
        stored = own_period(db, period_id, person())
    return _period_form(period_id, fill(**stored.model_dump()))


@pages.post("/closures/periods/<int:period_id>")
@allow(Role.COORDINATOR)
def change_period(period_id: int) -> ResponseReturnValue:
    """Change a closed period, unless somebody else did so since it was shown."""
    with reading_db() as db:
        stored = own_period(db, period_id, person())
    region = _region()
    try:
        given = read(ClosedPeriodIn, region.form)
        with writing_db() as db:
            version = version_of(region.form)
            made = update_period(db, period_id, given, version=version, by=person())
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
        remove_period(db, period_id, by=person())
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
        stored = own_market(db, market_id, person())
    return _market_form(market_id, fill(**stored.model_dump()))


@pages.post("/closures/markets/<int:market_id>")
@allow(Role.COORDINATOR)
def change_market(market_id: int) -> ResponseReturnValue:
    """Change a market day, unless somebody else did so since it was shown."""
    with reading_db() as db:
        stored = own_market(db, market_id, person())
    region = _region()
    try:
        given = read(MarketDayIn, region.form)
        with writing_db() as db:
            update_market(db, market_id, given, version=version_of(region.form), by=person())
    except (Invalid, Conflict) as error:
        form = again(region, error, stored)
        return _market_form(market_id, form, region.meant), error.status
    return _saved("")


@pages.post("/closures/markets/<int:market_id>/remove")
@allow(Role.COORDINATOR)
def take_back_market(market_id: int) -> ResponseReturnValue:
    """Take a market day back."""
    with writing_db() as db:
        remove_market(db, market_id, by=person())
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
        name = names_of(db, [code]).get(code, "") if _is_mine(code) else ""
    return render_template(
        template, row_id=row_id, form=form, meant=meant, region_name=name, **choices
    )


def _is_mine(code: str) -> bool:
    return any(code == area or code.startswith(f"{area}.") for area in person().areas if area)


def _saved(words: str) -> ResponseReturnValue:
    flash(_("Saved."))
    if words:
        flash(words, "error")
    return redirect(url_for("coordinator.closures"), 303)
