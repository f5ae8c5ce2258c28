"""Copying a stage forward: shown with the days it leaves out before it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.stages import StageIn
from outreach.errors import Conflict, Invalid
from outreach.people.tables import Role
from outreach.visits.forward import Forward, copy_forward, propose
from outreach.web.auth import person
from outreach.web.coordinator_pages import pages, planners_stage, today
from outreach.web.coordinator_stages import form_facts, stage_page
from outreach.web.coordinator_words import Advice, days_in_words
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill
from outreach.web.routing import allow
from outreach.web.words import sentence

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session


@pages.get("/stages/<int:stage_id>/forward")
@allow(Role.COORDINATOR)
def forward(stage_id: int) -> ResponseReturnValue:
    """Show the stage that would follow, as a form to change and save."""
    try:
        with reading_db() as db:
            proposed = propose(db, stage_id, person(), today())
            return _page(db, stage_id, proposed, fill(**proposed.given.model_dump()))
    except Conflict as error:
        return stage_page(stage_id, _refused(stage_id, error)), error.status


@pages.post("/stages/<int:stage_id>/forward")
@allow(Role.COORDINATOR)
def add_following(stage_id: int) -> ResponseReturnValue:
    """Draft the stage that follows and go on to its shortlist."""
    try:
        given = read(StageIn, request.form)
        with writing_db() as db:
            made = copy_forward(db, stage_id, given, by=person())
    except (Invalid, Conflict) as error:
        return _again(stage_id, error), error.status
    flash(_("“%(name)s” is drafted.", name=made.name))
    to = "coordinator.shortlist" if request.form.get("go") == "next" else "coordinator.stage"
    return redirect(url_for(to, stage_id=made.id), 303)


def _again(stage_id: int, error: Invalid | Conflict) -> str:
    try:
        with reading_db() as db:
            proposed = propose(db, stage_id, person(), today())
            return _page(db, stage_id, proposed, refill(request.form, error))
    except Conflict as other:
        return stage_page(stage_id, _refused(stage_id, other))


def _refused(stage_id: int, error: Conflict) -> Advice:
    if error.facts.get("problem") != "campaign_ends_before":
        return Advice(sentence(error))
    with reading_db() as db:
        campaign_id = planners_stage(db, stage_id).campaign_id
    link = url_for("coordinator.campaign", campaign_id=campaign_id)
    return Advice(sentence(error), link, _("Open the campaign"))


def _page(db: Session, stage_id: int, proposed: Forward, form: Filled) -> str:
    old = planners_stage(db, stage_id)
    campaign = campaign_of(db, person(), old.campaign_id)
    facts: dict[str, Any] = form_facts(db, form, campaign, old.branch_id, None)
    return render_template(
        "coordinator/stage_form.html",
        follows=old,
        proposed=proposed,
        skipped=days_in_words(proposed.days_left_out),
        **facts,
    )
