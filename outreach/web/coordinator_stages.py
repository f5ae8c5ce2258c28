"""Stages: drafted, changed, opened, closed; the form is the first step of their making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.stages import (
    StageIn,
    create_stage,
    delete_stage,
    open_stage,
    stage_of,
    update_stage,
)
from outreach.campaigns.tables import Ordering, Status
from outreach.db import be_patient
from outreach.errors import Conflict, Invalid, NotFound
from outreach.history.tables import Deed
from outreach.people.tables import Branch, Role
from outreach.progress.stages import stage_progress
from outreach.villages.reading import names_of
from outreach.villages.tables import VillageKind
from outreach.visits.closing import wind_up
from outreach.visits.outside import count_outside
from outreach.visits.preview import Trial
from outreach.visits.question import local_day
from outreach.visits.runs import latest_run, request_run
from outreach.visits.standing import standing_of_stage
from outreach.web.auth import person
from outreach.web.coordinator_area import area_map
from outreach.web.coordinator_omissions import omission_facts
from outreach.web.coordinator_pages import READERS, filled_again, now, pages, planners_stage
from outreach.web.coordinator_verdict import verdict_facts
from outreach.web.coordinator_views import regions_of_branch
from outreach.web.coordinator_words import Advice, outside_words, run_refusal
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.history import tell
from outreach.web.request_ids import request_id
from outreach.web.routing import allow
from outreach.web.words import sentence, word

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Campaign, Stage
    from outreach.errors import OutreachError
    from outreach.visits.tables import PlanRun

#: What a link may fill in beforehand: a cure of a shortfall leads here.
SUGGESTED = ("ends", "quota")


@pages.get("/stages/<int:stage_id>")
@allow(*READERS)
def stage(stage_id: int) -> ResponseReturnValue:
    """Show a stage: its facts, how far it is, and what planning it now would do."""
    return stage_page(stage_id)


def stage_page(stage_id: int, refusal: Advice | None = None) -> str:
    """Make the page of a stage, with the words for what was refused, if anything was."""
    with reading_db() as db:
        found = stage_of(db, person(), stage_id)
        shown = _stage_facts(db, found)
    return render_template("coordinator/stage.html", stage=found, refusal=refusal, **shown)


def _stage_facts(db: Session, found: Stage) -> dict[str, Any]:
    stage_id = found.id or 0
    may_plan = person().role is Role.COORDINATOR
    facts: dict[str, Any] = {
        "campaign": campaign_of(db, person(), found.campaign_id),
        "branch": db.get_one(Branch, found.branch_id),
        "kinds": [word(VillageKind(kind)) for kind in found.kinds],
        "areas": names_of(db, found.area_codes),
        "progress": stage_progress(db, person(), [stage_id])[stage_id],
        "run": latest_run(db, person(), stage_id),
        "standing": standing_of_stage(
            db, person(), stage_id, local_day(db, found.branch_id, now())
        ),
        "may_plan": may_plan,
        "outside": count_outside(db, person(), found),
        "preview": None,
    }
    return facts | (verdict_facts(db, found, Trial()) if may_plan else omission_facts(db, found))


@pages.get("/campaigns/<int:campaign_id>/stages/new")
@allow(Role.COORDINATOR)
def new_stage(campaign_id: int) -> ResponseReturnValue:
    """Show the form of a new stage of the coordinator's branch."""
    with reading_db() as db:
        campaign = campaign_of(db, person(), campaign_id)
        return _form(db, Filled(), campaign, _own_branch(), None)


@pages.post("/campaigns/<int:campaign_id>/stages/new")
@allow(Role.COORDINATOR)
def add_stage(campaign_id: int) -> ResponseReturnValue:
    """Draft a stage and go to its page."""
    try:
        given = read(StageIn, request.form)
        with writing_db() as db:
            made = create_stage(db, campaign_id, given, by=person())
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            campaign = campaign_of(db, person(), campaign_id)
            form = refill(request.form, error)
            return _form(db, form, campaign, _own_branch(), None), error.status
    flash(_("“%(name)s” is drafted.", name=made.name))
    return _go_on(made)


@pages.get("/stages/<int:stage_id>/edit")
@allow(Role.COORDINATOR)
def edit_stage(stage_id: int) -> ResponseReturnValue:
    """Show the form of a stage; a cure's link may have filled something in."""
    with reading_db() as db:
        found = planners_stage(db, stage_id)
        suggested = {name: request.args[name] for name in SUGGESTED if name in request.args}
        stored = {name: getattr(found, name) for name in (*StageIn.model_fields, "version")}
        campaign = campaign_of(db, person(), found.campaign_id)
        return _form(db, fill(**stored | suggested), campaign, found.branch_id, found)


@pages.post("/stages/<int:stage_id>/edit")
@allow(Role.COORDINATOR)
def change_stage(stage_id: int) -> ResponseReturnValue:
    """Change a stage; a stale form comes back with both values."""
    try:
        given = read(StageIn, request.form)
        with writing_db() as db:
            saved = update_stage(db, stage_id, given, version_of(request.form), by=person())
            outside = count_outside(db, person(), saved)
    except (Invalid, Conflict) as error:
        return _changed_again(stage_id, error)
    flash(_("“%(name)s” was saved.", name=saved.name))
    if outside:
        flash(outside_words(outside))
    return _go_on(saved)


def _go_on(saved: Stage) -> ResponseReturnValue:
    """Go to the next step if that was the button, else to the stage."""
    to = "coordinator.shortlist" if request.form.get("go") == "next" else "coordinator.stage"
    return redirect(url_for(to, stage_id=saved.id), 303)


def _changed_again(stage_id: int, error: OutreachError) -> ResponseReturnValue:
    with reading_db() as db:
        found = planners_stage(db, stage_id)
        form = filled_again(error, found)
        campaign = campaign_of(db, person(), found.campaign_id)
        return _form(db, form, campaign, found.branch_id, found), error.status


@pages.post("/stages/<int:stage_id>/open")
@allow(Role.COORDINATOR)
def start_stage(stage_id: int) -> ResponseReturnValue:
    """Open a drafted stage; with the button that says so, ask for its plan as well."""
    run = None
    try:
        with writing_db() as db:
            open_stage(db, stage_id, version_of(request.form), by=person())
            if request.form.get("go") == "plan":
                run = ask_for_plan(db, stage_id)
    except Conflict as error:
        return stage_page(stage_id, run_refusal(error)), error.status
    if run is not None:
        return redirect(url_for("coordinator.run", run_id=run.id), 303)
    flash(_("The stage is open. You can plan it now."))
    return redirect(url_for("coordinator.stage", stage_id=stage_id), 303)


def ask_for_plan(db: Session, stage_id: int) -> PlanRun:
    """Ask for a plan of a stage in the person's name, and tell the history so.

    The rows are all it takes: the sweeper sends them to the queue within a second or two.
    """
    # Who presses second is told whose run is on, however long it takes to write the first.
    be_patient(db)
    run = request_run(db, stage_id, by=person(), now=now(), request_id=request_id())
    tell(db, Deed.PLAN_STARTED, run.id)
    return run


@pages.post("/stages/<int:stage_id>/close")
@allow(Role.COORDINATOR)
def end_stage(stage_id: int) -> ResponseReturnValue:
    """Close a stage for good."""
    try:
        with writing_db() as db:
            wind_up(db, stage_id, version_of(request.form), by=person(), now=now())
    except Conflict as error:
        return stage_page(stage_id, Advice(sentence(error))), error.status
    flash(_("The stage is closed."))
    return redirect(url_for("coordinator.stage", stage_id=stage_id), 303)


@pages.post("/stages/<int:stage_id>/delete")
@allow(Role.COORDINATOR)
def remove_stage(stage_id: int) -> ResponseReturnValue:
    """Remove a stage that was never opened."""
    try:
        with writing_db() as db:
            version = version_of(request.form)
            name, campaign_id = delete_stage(db, stage_id, version, by=person())
    except Conflict as error:
        return stage_page(stage_id, Advice(sentence(error))), error.status
    flash(_("“%(name)s” was deleted.", name=name))
    return redirect(url_for("coordinator.campaign", campaign_id=campaign_id), 303)


def _own_branch() -> int:
    branch_id = person().branch_id
    if branch_id is None:
        raise NotFound(kind="Branch")
    return branch_id


def _form(
    db: Session, form: Filled, campaign: Campaign, branch_id: int, found: Stage | None
) -> str:
    facts = form_facts(db, form, campaign, branch_id, found)
    return render_template("coordinator/stage_form.html", **facts)


def form_facts(
    db: Session, form: Filled, campaign: Campaign, branch_id: int, found: Stage | None
) -> dict[str, Any]:
    """Gather what the form of a stage shows; none is stored yet when `found` is None."""
    regions = regions_of_branch(db, person(), branch_id)
    return {
        "form": form,
        "campaign": campaign,
        "stage": found,
        "is_draft": found is None or found.status is Status.DRAFTED,
        "branch": db.get_one(Branch, branch_id),
        "regions": regions,
        "map": area_map(db, regions),
        "kinds": [(kind.value, word(kind)) for kind in VillageKind],
        "orderings": [(one.value, word(one)) for one in Ordering],
    }
