"""What counts in the calendar, and how much: rules by region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel.dates import get_day_names, get_month_names
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import NATION, Person
from outreach.people.calendar_edits import (
    RuleIn,
    calendar_areas,
    own_rules,
    require_region,
    reset_rule,
    set_rule,
    stored_rule,
)
from outreach.people.tables import Role
from outreach.villages.calendar_rules import (
    FIXED,
    WITH_HOURS,
    WITH_MONTHS,
    WITH_WEEKDAYS,
    read_book,
    rule_of,
)
from outreach.villages.codes import Level, parent, parse
from outreach.villages.reading import names_of
from outreach.villages.tables import CalendarLayer, Effect
from outreach.visits.closures import visits_on_closed_days
from outreach.web.auth import person
from outreach.web.coordinator_closures import again
from outreach.web.coordinator_pages import today
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.i18n import language, number
from outreach.web.region_field import Region, with_code
from outreach.web.routing import allow
from outreach.web.village_calendar import hours_in_words, minutes_in_words
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.villages.calendar_rules import Rule

pages = Blueprint("calendar_rules", __name__, url_prefix="/calendar")

KEEPERS = (Role.COORDINATOR, Role.MANAGER, Role.ADMIN)


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


def _hit(db: Session) -> int:
    """Count the visits of the area that now stand on closed days, for whoever can move them."""
    if person().role is not Role.COORDINATOR:
        return 0
    return len(visits_on_closed_days(db, person(), today()))


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
