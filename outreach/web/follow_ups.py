"""Follow-up: lists by rule, a stage made of one; how unevenly sign-ups are spread, what is full."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.campaigns.campaigns import list_campaigns
from outreach.campaigns.days import PlannedDay
from outreach.campaigns.stages import StageIn
from outreach.campaigns.tables import Purpose
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.free_text import Name
from outreach.people.regions import VillageCode
from outreach.people.tables import Role
from outreach.progress.concentration import Saturation, concentration, in_vain, saturation_by
from outreach.progress.follow_up import FollowUp, Rules, follow_up_list, follow_up_lists
from outreach.villages.codes import Level, cut, parent
from outreach.villages.reading import names_of
from outreach.villages.tables import VillageKind
from outreach.visits.at_zero import left_at_zero
from outreach.visits.listed import (
    draft_listed_stage,
    follow_up_campaigns,
    new_follow_up_campaign,
)
from outreach.web.auth import person
from outreach.web.board_memory import board_memory
from outreach.web.coordinator_pages import READERS, now, today
from outreach.web.database import reading_db, writing_db
from outreach.web.follow_up_words import case_words, rule_words, unknown_words
from outreach.web.forms import Filled, check, fill, read, refill
from outreach.web.i18n import number, plain_date
from outreach.web.manager import BELOW
from outreach.web.map_data import map_data
from outreach.web.map_filters import home_of, name_of_place, read_filters_of_part
from outreach.web.routing import allow
from outreach.web.words import problems_in_words, word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Campaign
    from outreach.progress.concentration import Concentration, InVain, Saturated
    from outreach.progress.follow_up import Case, FollowUpList
    from outreach.progress.scope import Scope
    from outreach.visits.listed import Drafted
    from outreach.web.map_filters import Filters

pages = Blueprint("follow_ups", __name__)

#: So many villages stand on the page; a stage of follow-ups that takes more is no follow-up.
MOST_CASES = 300
MOST_IN_VAIN = 20
#: So many districts and islands are named of a stage that leaves them at zero.
MOST_GROUNDS = 8
MOST_REGIONS = 60
#: What a new stage starts with: time to plan it, and two weeks of visits.
STARTS_IN, LASTS = timedelta(7), timedelta(13)
#: Those who never came to pay are won deeper; those who stop, or lose who pays, are kept.
PURPOSE = {
    FollowUp.LOW_CONVERSION: Purpose.DEEPEN,
    FollowUp.PROMISED: Purpose.DEEPEN,
    FollowUp.UNPAID: Purpose.KEEP,
    FollowUp.STOPPED_PAYING: Purpose.KEEP,
    FollowUp.SPONSOR_ENDING: Purpose.KEEP,
}


class ShownIn(BaseModel):
    """Which list is opened."""

    list: FollowUp | None = None


class ListedStageIn(BaseModel):
    """The ticked villages of a list and the stage to make of them.

    Without a campaign a new one is made with the name given for it.
    """

    villages: list[VillageCode] = Field(min_length=1, max_length=MOST_CASES)
    campaign_id: int | None = Field(default=None, gt=0, lt=2**31)
    campaign_name: Name | None = None
    name: Name
    starts: PlannedDay
    ends: PlannedDay


@pages.get("/follow-ups")
@allow(*READERS)
def follow_ups() -> ResponseReturnValue:
    """Show the lists by their counts, the one that is opened, and the spread of sign-ups."""
    opened, rules, problems = asked_list()
    with reading_db() as db:
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        if opened:
            return _list_page(db, filters, opened, rules, Filled())
        page = _overview(db, filters, rules, problems)
    return page, 422 if problems else 200


def asked_list() -> tuple[FollowUp | None, Rules, Mapping[str, Sequence[str]]]:
    """Read which list is opened and by which thresholds; what cannot be opens none."""
    try:
        return read(ShownIn, request.args).list, read(Rules, request.args), {}
    except Invalid as error:
        return None, Rules(), problems_in_words(error)


@pages.post("/follow-ups")
@allow(Role.COORDINATOR)
def make_stage() -> ResponseReturnValue:
    """Draft a stage of the ticked villages that are still on the list."""
    opened, rules, problems = asked_list()
    with reading_db() as db:
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        if opened is None:  # a form without its list, or with thresholds that cannot be
            return _overview(db, filters, rules, problems), 422
    try:
        given = read(ListedStageIn, request.form)
        with writing_db() as db:
            made = _draft(db, filters, opened, rules, given)
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            page = _list_page(db, filters, opened, rules, refill(request.form, error))
        return page, error.status
    _tell(made, len(given.villages))
    return redirect(url_for("coordinator.stage", stage_id=made.stage.id), 303)


def _draft(
    db: Session, filters: Filters, opened: FollowUp, rules: Rules, given: ListedStageIn
) -> Drafted:
    told = check(StageIn, given.model_dump(include={"name", "starts", "ends"}))
    listed = {case.code for case in cases_of(db, filters, opened, rules).cases}
    codes = listed.intersection(given.villages)
    if not codes:
        raise Invalid(problems={"villages": ["list_is_empty"]})
    campaign_id = given.campaign_id
    if campaign_id is None:
        if given.campaign_name is None:
            raise Invalid(problems={"campaign_name": ["missing"]})
        made = new_follow_up_campaign(db, given.campaign_name, PURPOSE[opened], told, by=person())
        campaign_id = made.id or 0
    elif campaign_id not in {one.id for one in follow_up_campaigns(db, person())}:
        raise NotFound(kind="Campaign", id=campaign_id)
    reason = f"{word(opened)}: {rule_words(opened, rules)}"
    return draft_listed_stage(db, campaign_id, told, codes, reason, by=person())


def _tell(made: Drafted, ticked: int) -> None:
    words = ngettext(
        "The stage is drafted with %(shown)s village. Look at it, open it and plan it.",
        "The stage is drafted with %(shown)s villages. Look at it, open it and plan it.",
        made.listed,
        shown=number(made.listed),
    )
    flash(words)
    if made.elsewhere:
        flash(
            _(
                "Left out: %(count)s villages that this campaign has reached already or is about"
                " to.",
                count=number(made.elsewhere),
            )
        )
    if gone := ticked - made.listed - made.elsewhere:
        flash(_("Left out: %(count)s villages not on the list any more.", count=number(gone)))


def cases_of(db: Session, filters: Filters, kind: FollowUp, rules: Rules) -> FollowUpList:
    """Derive a list as its page shows it."""
    scope, whole = filters.scope(person()), filters.scope(person(), whole=True)
    return follow_up_list(db, kind, scope, rules, today(), whole=whole)


def _list_page(db: Session, filters: Filters, kind: FollowUp, rules: Rules, form: Filled) -> str:
    found = cases_of(db, filters, kind, rules)
    shown = found.cases[:MOST_CASES]
    districts = {cut(case.code, Level.DISTRICT) for case in shown}
    names = names_of(db, {filters.area, *districts, *(case.code for case in shown)} - {""})
    may_plan = person().role is Role.COORDINATOR
    return render_template(
        "manager/follow_up_list.html",
        **_around(filters, names),
        kind=kind,
        found=found,
        rows=[(case, case_words(kind, case)) for case in shown],
        names=names,
        rules=rules,
        rule_words=rule_words(kind, rules),
        unknown_words=unknown_words(kind, found.unknown),
        form=form if form.values else _proposed(kind, shown),
        campaigns=_choices(follow_up_campaigns(db, person())) if may_plan else (),
        may_plan=may_plan,
    )


def _choices(campaigns: Sequence[Campaign]) -> list[tuple[str, str]]:
    known = [(str(one.id), one.name) for one in campaigns]
    return [*known, ("", _("A new campaign, named below"))]


def _proposed(kind: FollowUp, cases: Sequence[Case]) -> Filled:
    """Fill the form of the stage beforehand; of sponsored workers it ends before their term."""
    starts = today() + STARTS_IN
    ends = starts + LASTS
    terms = [case.ends for case in cases if case.ends and case.ends > starts]
    name = f"{word(kind)} {plain_date(starts)}"
    return fill(
        name=name,
        campaign_name=_("Follow-up %(year)s", year=starts.year),
        starts=starts,
        ends=min([ends, *terms]),
        villages=[case.code for case in cases],
    )


@dataclass(frozen=True, slots=True)
class _Length:
    """How many villages one list has, and what it was made from."""

    kind: FollowUp
    cases: int
    planned: int
    looked_at: int


@dataclass(frozen=True, slots=True)
class _Reckoned:
    """What the page with all lists tells; of the villages worth no visit the first ones."""

    lists: tuple[_Length, ...]
    spread: Concentration
    in_vain: tuple[InVain, ...]
    all_in_vain: int


def _reckoned(db: Session, scope: Scope, whole: Scope, rules: Rules) -> _Reckoned:
    """Reckon the page, unless nothing has changed since it was reckoned last."""

    def reckon() -> _Reckoned:
        lists = follow_up_lists(db, scope, rules, today(), whole=whole)
        vain = in_vain(db, scope)
        return _Reckoned(
            tuple(_Length(one.kind, len(one.cases), one.planned, one.looked_at) for one in lists),
            concentration(db, scope),
            vain[:MOST_IN_VAIN],
            len(vain),
        )

    key = ("follow_ups", whole, rules, today())
    kept: _Reckoned = board_memory().other(db, scope, key, reckon, now=now())
    return kept


def _overview(
    db: Session, filters: Filters, rules: Rules, problems: Mapping[str, Sequence[str]]
) -> str:
    scope, whole = filters.scope(person()), filters.scope(person(), whole=True)
    found = _reckoned(db, scope, whole, rules)
    below = Level.REGENCY if filters.part else BELOW.get(len(filters.area), Level.VILLAGE)
    totals = map_data().totals(db, scope, below, now())
    saturated = saturation_by(totals.rows)
    names = names_of(db, {filters.area, *(one.code for one in found.in_vain)} - {""})
    return render_template(
        "manager/follow_ups.html",
        **_around(filters, names),
        lists=[(one, rule_words(one.kind, rules), _link(filters, one.kind)) for one in found.lists],
        rules=rules,
        problems=problems,
        spread=found.spread,
        at_zero=left_at_zero(db, person(), scope.prefixes, now()),
        in_vain=found.in_vain,
        all_in_vain=found.all_in_vain,
        most_grounds=MOST_GROUNDS,
        saturated=saturated[:MOST_REGIONS],
        regions=len(saturated),
        classes=_classes(saturated),
        totals=totals,
        names=names,
        campaigns=list_campaigns(db, person()),
        kinds=list(VillageKind),
    )


def _link(filters: Filters, kind: FollowUp) -> str:
    """Write the address of a list, with the filters and the thresholds of this page."""
    moved = {name: request.args[name] for name in Rules.model_fields if request.args.get(name, "")}
    return "/follow-ups" + filters.here(list=kind.value, **moved)


def _classes(rows: Sequence[Saturated]) -> list[tuple[str, int]]:
    counts = Counter(row.saturation for row in rows)
    return [(word(one), counts[one]) for one in Saturation]


def _around(filters: Filters, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "filters": filters,
        "here": name_of_place(filters, person(), names),
        "above": parent(filters.area) if filters.area else "",
        "day": today(),
        "seen_at": now(),
    }
