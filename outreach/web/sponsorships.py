"""Sponsorships: what falls when terms end, by region and payer; their list; their form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlmodel import col

from outreach.errors import Conflict, Invalid
from outreach.logbook.tables import Package, Payer, Sector
from outreach.people.access import covers
from outreach.people.tables import Branch, Role
from outreach.progress.cliff import (
    HORIZONS,
    at_stake_by,
    is_ending,
    not_renewed,
    stake_of,
    steps_ahead,
)
from outreach.progress.ending import ending_terms
from outreach.progress.follow_up import FollowUp, Rules, follow_up_list
from outreach.progress.sponsorships import (
    CONVERSION_DAYS,
    SponsorshipIn,
    add_sponsorship,
    own_sponsorship,
    remove_sponsorship,
    sponsorships_around,
    sponsorships_in,
    update_sponsorship,
)
from outreach.villages.codes import Level, cut
from outreach.villages.reading import names_of
from outreach.web.auth import person
from outreach.web.board_memory import board_memory
from outreach.web.coordinator_pages import READERS, now, today
from outreach.web.coordinator_words import show_value
from outreach.web.database import reading_db, writing_db
from outreach.web.follow_up_words import at_stake_words
from outreach.web.forms import Filled, fill, read, refill, refill_edit, version_of
from outreach.web.i18n import plain_date
from outreach.web.map_filters import home_of, name_of_place, read_filters_of_part
from outreach.web.region_field import Region, with_code
from outreach.web.routing import allow
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.cliff import AtStake
    from outreach.progress.follow_up import Case
    from outreach.progress.scope import Scope
    from outreach.progress.tables import Sponsorship
    from outreach.villages.search import Found

pages = Blueprint("sponsorships", __name__)

#: So many sponsorships stand on the page, those that end first; a branch has a few dozen.
MOST_SHOWN = 200
#: Villages named in the proposal of conversion visits; the follow-up list has them all.
MOST_PROPOSED = 8


@dataclass(frozen=True, slots=True)
class _Proposed:
    """The first of the `count` villages to visit; `planned` ones need none.

    Of those that are even about as many workers are at stake in each.
    """

    first: tuple[Case, ...]
    count: int
    planned: int
    is_even: bool


def _proposed(db: Session, scope: Scope) -> _Proposed:
    """Propose visits before the end of terms, unless nothing has changed since that was done."""

    def reckon() -> _Proposed:
        kind = FollowUp.SPONSOR_ENDING
        found = follow_up_list(db, kind, scope, Rules(), today(), whole=scope)
        at_stake = {round(case.at_stake or 0) for case in found.cases}
        return _Proposed(
            found.cases[:MOST_PROPOSED], len(found.cases), found.planned, len(at_stake) == 1
        )

    key = ("sponsorships", today())
    kept: _Proposed = board_memory().other(db, scope, key, reckon, now=now())
    return kept


@pages.get("/sponsorships")
@allow(*READERS)
def sponsorships() -> ResponseReturnValue:
    """Show the cliff and what is at stake, then the sponsorships themselves."""
    with reading_db() as db:
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        scope = filters.scope(person())
        terms = sponsorships_in(db, scope)
        around = sponsorships_around(db, scope)
        due = ending_terms(db, scope, today())
        todo = _proposed(db, scope)
        regions = {filters.area, *(term.region_code for term in (*terms, *around))}
        regions |= {cut(term.region_code, Level.REGENCY) for term in terms}
        regions |= {village.code for village in todo.first}
        names = names_of(db, regions - {""})
        branches = _branches(db, {term.branch_id for term in terms})
    steps = steps_ahead(terms, today())
    return render_template(
        "manager/sponsorships.html",
        filters=filters,
        here=name_of_place(filters, person(), names),
        names=names,
        terms=terms_to_run(terms)[:MOST_SHOWN],
        found=len(terms),
        ended=sum(one.ends < today() for one in terms),
        around=len(around),
        labels=[plain_date(step.day) for step in steps],
        steps=steps,
        horizons=HORIZONS,
        stake=stake_of(terms, today()),
        by_regency=at_stake_by(terms, today(), lambda one: cut(one.region_code, Level.REGENCY)),
        by_branch=at_stake_by(terms, today(), lambda one: str(one.branch_id)),
        branches=branches,
        by_payer=_payers(terms),
        due=due,
        todo=todo,
        at_stake_words=at_stake_words,
        day=today(),
        seen_at=now(),
        may_edit=person().role is Role.COORDINATOR,
    )


def _payers(terms: Sequence[Sponsorship]) -> list[tuple[str, AtStake]]:
    rows = at_stake_by(terms, today(), lambda one: Payer(one.payer).value)
    return [(word(Payer(row.key)), row) for row in rows]


def _branches(db: Session, ids: set[int]) -> dict[str, str]:
    """Name the branches of sponsorships that were read within the person's area."""
    rows = db.execute(select(col(Branch.id), col(Branch.name)).where(col(Branch.id).in_(ids)))
    return {str(row.id): row.name for row in rows}


def terms_to_run(terms: Sequence[Sponsorship]) -> list[tuple[Sponsorship, int, bool]]:
    """List what has not ended, with how many of its workers nobody takes over, and if it is due."""
    lost = zip(terms, not_renewed(terms), strict=True)
    return [(one, n, is_ending(one, today())) for one, n in lost if one.ends >= today()]


@pages.get("/sponsorships/new")
@allow(Role.COORDINATOR)
def new_sponsorship() -> ResponseReturnValue:
    """Show the form of a sponsorship."""
    return _form(None, fill(conversion_days=CONVERSION_DAYS))


@pages.post("/sponsorships/new")
@allow(Role.COORDINATOR)
def note_sponsorship() -> ResponseReturnValue:
    """Note who pays for workers of a region."""
    region = _region()
    try:
        given = read(SponsorshipIn, region.form)
        with writing_db() as db:
            add_sponsorship(db, given, by=person())
    except Invalid as error:
        return _form(None, refill(region.form, error), region.meant), error.status
    return _saved()


@pages.get("/sponsorships/<int:sponsorship_id>")
@allow(Role.COORDINATOR)
def edit_sponsorship(sponsorship_id: int) -> ResponseReturnValue:
    """Show a sponsorship in its form."""
    with reading_db() as db:
        stored = own_sponsorship(db, sponsorship_id, person())
    return _form(sponsorship_id, fill(**stored.model_dump()))


@pages.post("/sponsorships/<int:sponsorship_id>")
@allow(Role.COORDINATOR)
def change_sponsorship(sponsorship_id: int) -> ResponseReturnValue:
    """Change a sponsorship, unless somebody else did so since it was shown."""
    with reading_db() as db:
        stored = own_sponsorship(db, sponsorship_id, person())
    region = _region()
    try:
        given = read(SponsorshipIn, region.form)
        with writing_db() as db:
            version = version_of(region.form)
            update_sponsorship(db, sponsorship_id, given, version, by=person())
    except (Invalid, Conflict) as error:
        form = refill_edit(region.form, error, stored)
        theirs: Any = error.facts.get("theirs", {})
        form = replace(form, theirs={name: show_value(value) for name, value in theirs.items()})
        return _form(sponsorship_id, form, region.meant), error.status
    return _saved()


@pages.post("/sponsorships/<int:sponsorship_id>/remove")
@allow(Role.COORDINATOR)
def take_back_sponsorship(sponsorship_id: int) -> ResponseReturnValue:
    """Take a sponsorship back, unless somebody else has changed it since it was shown."""
    with reading_db() as db:
        stored = own_sponsorship(db, sponsorship_id, person())
    try:
        with writing_db() as db:
            remove_sponsorship(db, sponsorship_id, version_of(request.form), by=person())
    except Conflict as error:
        shown = refill_edit(request.form, error, stored)
        form = replace(fill(**stored.model_dump()), trouble=shown.trouble)
        return _form(sponsorship_id, form), error.status
    flash(_("The sponsorship is removed."))
    return redirect(url_for("sponsorships.sponsorships"), 303)


def _region() -> Region:
    with reading_db() as db:
        return with_code(db, request.form, "region_code")


def _form(sponsorship_id: int | None, form: Filled, meant: Sequence[Found] = ()) -> str:
    with reading_db() as db:
        name = _name(db, form.value("region_code"))
    choices: Mapping[str, list[tuple[str, str]]] = {
        "payers": [(one.value, word(one)) for one in Payer if one is not Payer.SELF],
        "sectors": [(one.value, word(one)) for one in Sector],
        "packages": [(one.value, word(one)) for one in Package],
    }
    return render_template(
        "manager/sponsorship.html",
        sponsorship_id=sponsorship_id,
        form=form,
        meant=meant,
        region_name=name,
        **choices,
    )


def _name(db: Session, code: str) -> str:
    return names_of(db, [code]).get(code, "") if code and covers(person().areas, code) else ""


def _saved() -> ResponseReturnValue:
    flash(_("Saved."))
    return redirect(url_for("sponsorships.sponsorships"), 303)
