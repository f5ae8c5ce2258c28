"""What counts in the calendar, and how much: rules by region, and the dates of the feasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from babel.dates import get_day_names, get_month_names
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import NATION, Person
from outreach.people.calendar_edits import (
    AnnouncedIn,
    RuleIn,
    announce,
    calendar_areas,
    feast_known,
    may_announce,
    own_rules,
    require_region,
    reset_rule,
    set_rule,
    stored_rule,
    withdraw,
)
from outreach.people.tables import Role
from outreach.planning.feasts import FIRST_YEAR, LAST_YEAR, Feast
from outreach.villages.calendar_rules import (
    FIXED,
    WITH_HOURS,
    WITH_MONTHS,
    WITH_WEEKDAYS,
    read_book,
    rule_of,
)
from outreach.villages.codes import Level, parent, parse
from outreach.villages.feasts import feasts_of_year
from outreach.villages.reading import names_of
from outreach.villages.tables import CalendarLayer, Effect
from outreach.visits.closures import count_on_closed_days, visits_on_closed_days
from outreach.web.auth import person
from outreach.web.coordinator_closures import again
from outreach.web.coordinator_pages import days_asked, today
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.i18n import language, number
from outreach.web.region_field import Region, with_code
from outreach.web.routing import allow
from outreach.web.village_calendar import hours_in_words, minutes_in_words
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.villages.calendar_rules import Rule
    from outreach.villages.feasts import KnownFeast

pages = Blueprint("calendar_rules", __name__, url_prefix="/calendar")

KEEPERS = (Role.COORDINATOR, Role.MANAGER, Role.ADMIN)


class YearIn(BaseModel):
    """Which year's feasts are shown."""

    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)] | None = None


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule in words; `region` is the one for which it was made."""

    rule: Rule
    facts: tuple[str, ...]
    region: str
    may_edit: bool


@pages.get("/rules")
@allow(*KEEPERS)
def rules() -> ResponseReturnValue:
    """Show how each layer counts in a region, and what was set within the person's area."""
    asked = _asked_region()
    with reading_db() as db:
        code = _own_region(db, asked)
        book, own = read_book(db), own_rules(db, person())
        found = [book.of_region(layer, code) for layer in CalendarLayer]
        own_codes = {row.region_code for row in own}
        areas = calendar_areas(person())
        codes = {rule.region_code for rule in found} | own_codes | {code, *areas}
        names = names_of(db, codes)
        return render_template(
            "calendar/rules.html",
            region=code,
            region_name=_name(code, names),
            form=_region_form(asked, code),
            meant=asked.meant,
            areas=[(area, _name(area, names)) for area in areas],
            lines=[_line(rule, names, rule.layer not in FIXED) for rule in found],
            own=[_line(rule_of(row), names, may_edit=True) for row in own],
        )


@pages.get("/rules/<calendar_layer>")
@allow(*KEEPERS)
def edit_rule(calendar_layer: str) -> ResponseReturnValue:
    """Show how a layer counts in a region, in its form."""
    layer = _layer(calendar_layer)
    with reading_db() as db:
        code = _own_region(db, _asked_region())
        rule = read_book(db).of_region(layer, code)
        stored = stored_rule(db, code, layer)
    version = stored.version if stored else 0
    facts = {name: getattr(rule, name) for name in RuleIn.model_fields}
    # Where a wider rule decides, its source is not the one of what is about to be set.
    own = facts if stored else facts | {"source": "", "note": ""}
    return _rule_form(layer, code, fill(**own, version=version), is_stored=stored is not None)


@pages.post("/rules/<calendar_layer>")
@allow(*KEEPERS)
def save_rule(calendar_layer: str) -> ResponseReturnValue:
    """Set how a layer counts in a region, unless somebody else did so since it was shown."""
    layer, code = _layer(calendar_layer), _region_of_form()
    with reading_db() as db:
        require_region(db, code, person())
        stored = stored_rule(db, code, layer)
    try:
        given = read(RuleIn, request.form)
        with writing_db() as db:
            version = version_of(request.form)
            set_rule(db, code, layer, given, version=version, by=person())
            hit = _hit(db)
    except (Invalid, Conflict) as error:
        form = again(Region(request.form), error, stored) if stored else refill(request.form, error)
        return _rule_form(layer, code, form, is_stored=stored is not None), error.status
    return _saved(code, hit)


@pages.post("/rules/<calendar_layer>/reset")
@allow(*KEEPERS)
def reset(calendar_layer: str) -> ResponseReturnValue:
    """Take back what was set for a region."""
    layer, code = _layer(calendar_layer), _region_of_form()
    with writing_db() as db:
        require_region(db, code, person())
        if stored_rule(db, code, layer) is not None:
            reset_rule(db, code, layer, by=person())
        hit = _hit(db)
    return _saved(code, hit)


@pages.get("/feasts")
@allow(*KEEPERS)
def feasts() -> ResponseReturnValue:
    """List the feasts of a year, as computed and as announced."""
    year = days_asked(YearIn).year or today().year
    with reading_db() as db:
        known = feasts_of_year(db, year)
    lines = [(_key(one), one) for one in known]
    return render_template(
        "calendar/feasts.html",
        year=year,
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
        lines=lines,
        may_announce=may_announce(person()),
    )


@pages.get("/feasts/<feast_key>")
@allow(Role.MANAGER, Role.ADMIN)
def edit_feast(feast_key: str) -> ResponseReturnValue:
    """Show the days of a feast in their form."""
    with reading_db() as db:
        known = feast_known(db, *_feast(feast_key))
    said = known.announced
    form = fill(starts=known.starts, ends=known.ends, source=known.source)
    return _feast_form(known, fill(**said.model_dump()) if said else form)


@pages.post("/feasts/<feast_key>")
@allow(Role.MANAGER, Role.ADMIN)
def announce_feast(feast_key: str) -> ResponseReturnValue:
    """Note the announced days of a feast, and tell how many visits they close out."""
    key = _feast(feast_key)
    with reading_db() as db:
        known = feast_known(db, *key)
    try:
        given = read(AnnouncedIn, request.form)
        with writing_db() as db:
            version = version_of(request.form)
            announce(db, *key, given, version=version, by=person())
            hit = _closed_out(db, given.starts, given.ends)
    except (Invalid, Conflict) as error:
        said = known.announced
        form = again(Region(request.form), error, said) if said else refill(request.form, error)
        return _feast_form(known, form), error.status
    return _feast_saved(known.computed.year, hit)


@pages.post("/feasts/<feast_key>/withdraw")
@allow(Role.MANAGER, Role.ADMIN)
def withdraw_feast(feast_key: str) -> ResponseReturnValue:
    """Take an announcement back, and tell how many visits the computed days close out."""
    key = _feast(feast_key)
    with writing_db() as db:
        known = feast_known(db, *key)
        if known.announced is not None:
            withdraw(db, *key, by=person())
        hit = _closed_out(db, known.computed.starts, known.computed.ends)
    return _feast_saved(key[1], hit)


def _asked_region() -> Region:
    """Read which region is asked for: a code or a name."""
    levels = tuple(Level)
    with reading_db() as db:
        return with_code(db, request.args, "region", levels, viewer=_Keeper(person()))


class _Keeper:
    """The person as the keeper of a calendar, whose area may be wider than what they see."""

    def __init__(self, someone: Person) -> None:
        self.areas = calendar_areas(someone)


def _own_region(db: Session, asked: Region) -> str:
    """Take the region asked for, or the person's own where none is, or more than one is meant."""
    typed = asked.form.get("region", "")
    code = _dotted(typed) if _is_code(typed) else _home()
    require_region(db, code, person())
    return code


def _region_of_form() -> str:
    return _dotted(request.form.get("region", _home()))


def _home() -> str:
    """Take the region whose rules the person sees first."""
    areas = calendar_areas(person())
    return NATION if NATION in areas else next(iter(areas), NATION)


def _region_form(asked: Region, code: str) -> Filled:
    """Keep a name that means no region, and say so."""
    typed = asked.form.get("region", "")
    if not typed or asked.meant or _is_code(typed):
        return fill(region=typed if asked.meant else code)
    return fill(region=typed).asking("region", _("There is no region of this name or code."))


def _is_code(text: str) -> bool:
    try:
        return bool(_dotted(text))
    except NotFound:
        return False


def _dotted(code: str) -> str:
    if not code:
        return NATION
    try:
        return parse(code)
    except Invalid:
        raise NotFound(region=code[:40]) from None


def _layer(text: str) -> CalendarLayer:
    if text not in set(CalendarLayer) - FIXED:
        raise NotFound(layer=text[:40])
    return CalendarLayer(text)


def _feast(key: str) -> tuple[Feast, int, int]:
    """Read `idul_fitri-2027-1`."""
    name, year, nth = [*key.split("-"), "", ""][:3]
    is_known = name in set(Feast) and year.isdecimal() and nth.isdecimal() and len(key) < 40
    if not is_known or not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise NotFound(feast=key[:40])
    return Feast(name), int(year), int(nth)


def _key(known: KnownFeast) -> str:
    computed = known.computed
    return f"{computed.feast.value}-{computed.year}-{computed.nth}"


def _name(code: str, names: dict[str, str]) -> str:
    return names.get(code, code) or str(_("All of Indonesia"))


def _line(rule: Rule, names: dict[str, str], may_edit: bool) -> RuleLine:
    facts = tuple(_facts(rule))
    return RuleLine(rule, facts, _name(rule.region_code, names), may_edit)


def _facts(rule: Rule) -> Iterator[str]:
    if rule.effect is Effect.OFF:
        return
    if rule.effect is Effect.SOFT:
        yield minutes_in_words(rule.weight_minutes)
    if rule.months:
        yield ", ".join(name for value, name in _months() if value in rule.months)
    if rule.weekdays:
        yield ", ".join(name for value, name in _weekdays() if value in rule.weekdays)
    # Ramadan narrows the hours of days that are left; the hours of an office have to be kept.
    keeps_hours = (rule.layer is CalendarLayer.RAMADAN) != (rule.effect is Effect.HARD)
    if rule.hours is not None and keeps_hours:
        yield hours_in_words(rule.hours)


def _months() -> list[tuple[int, str]]:
    return list(get_month_names("wide", "stand-alone", language()).items())


def _weekdays() -> list[tuple[int, str]]:
    names = get_day_names("wide", "stand-alone", language())
    return [(iso, names[iso - 1]) for iso in range(1, 8)]


def _rule_form(layer: CalendarLayer, code: str, form: Filled, *, is_stored: bool) -> str:
    with reading_db() as db:
        names = names_of(db, [code])
        wider = read_book(db).of_region(layer, parent(code))
        around = names_of(db, [wider.region_code])
    return render_template(
        "calendar/rule.html",
        layer=layer,
        region=code,
        region_name=_name(code, names),
        form=form,
        is_stored=is_stored,
        wider=_line(wider, around, may_edit=False),
        effects=[(one.value, word(one)) for one in Effect],
        months=_months() if layer in WITH_MONTHS else (),
        weekdays=_weekdays() if layer in WITH_WEEKDAYS else (),
        has_hours=layer in WITH_HOURS,
    )


def _feast_form(known: KnownFeast, form: Filled) -> str:
    return render_template(
        "calendar/feast.html",
        feast_key=_key(known),
        known=known,
        form=form,
        may_announce=may_announce(person()),
    )


def _hit(db: Session) -> int:
    """Count the visits of the area that now stand on closed days, for whoever can move them."""
    if person().role is not Role.COORDINATOR:
        return 0
    return len(visits_on_closed_days(db, person(), today()))


def _closed_out(db: Session, starts: date, ends: date) -> int:
    """Count the visits that now stand on closed days among these; an administrator sees none."""
    if person().role is Role.ADMIN:
        return 0
    db.flush()  # what was noted, before it is reckoned with
    return count_on_closed_days(db, person(), starts, ends)


def _feast_saved(year: int, hit: int) -> ResponseReturnValue:
    flash(_("Saved."))
    if hit:
        flash(_closed_out_words(hit), "error")
    return redirect(url_for("calendar_rules.feasts", year=year), 303)


def _closed_out_words(hit: int) -> str:
    words = ngettext(
        "%(shown)s visit stands on these days. Its branch finds it under Days closed and moves it.",
        "%(shown)s visits stand on these days. Their branches find them under Days closed and move"
        " them.",
        hit,
        shown=number(hit),
    )
    return str(words)


def _saved(code: str, hit: int) -> ResponseReturnValue:
    flash(_("Saved. Plans made from now on keep to it; visits that stand stay where they are."))
    if hit:
        words = ngettext(
            "%(shown)s visit stands on a closed day. It is listed under Days closed.",
            "%(shown)s visits stand on closed days. They are listed under Days closed.",
            hit,
            shown=number(hit),
        )
        flash(words, "error")
    return redirect(url_for("calendar_rules.rules", region=code or None), 303)
