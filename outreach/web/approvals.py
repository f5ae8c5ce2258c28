"""Approval: a coordinator hands a plan in, a manager sees what it changes and decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.stages import require_planner, stage_of
from outreach.errors import Conflict, Invalid, OutreachError
from outreach.history.tables import Deed
from outreach.people.free_text import Remark
from outreach.people.tables import Role
from outreach.progress.expected import expectation_of
from outreach.villages.reading import estimate_sources
from outreach.villages.tables import Figure
from outreach.visits.approval import (
    approve_plan,
    approved_of,
    difference_since_approval,
    require_approver,
    send_back_plan,
    sent_back_before,
    submission_of,
    submit_plan,
    withdraw_plan,
)
from outreach.visits.fairness import fairness
from outreach.visits.question import local_day
from outreach.visits.snapshot import ChangeKind, compare, places_of_stage, read_places
from outreach.visits.standing import (
    has_changed,
    lately_decided,
    line_of,
    standing_of_stage,
    waiting_for,
)
from outreach.visits.stays import stays_of_stage
from outreach.visits.tables import SubmissionState
from outreach.web.approval_views import KINDS, change_lines, week_chart
from outreach.web.auth import person
from outreach.web.coordinator_fairness import hours_words
from outreach.web.coordinator_omissions import omission_facts
from outreach.web.coordinator_pages import READERS, now, pages
from outreach.web.coordinator_unreached import unreached
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, read, refill
from outreach.web.history import tell
from outreach.web.i18n import number
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.visits.snapshot import Difference, PlannedPlace
    from outreach.visits.tables import PlanSubmission

LINES_A_PAGE = 50
LATELY_DECIDED = 20


class DifferenceIn(BaseModel):
    """Which part of a difference is shown."""

    kind: ChangeKind | None = None
    since: Literal["approved", "sent_back"] = "approved"
    page: int = Field(default=1, ge=1, le=100_000)


class NoteIn(BaseModel):
    """What a coordinator says to the manager; may be nothing."""

    note: Remark = ""


class ReasonIn(BaseModel):
    """Why a plan is sent back."""

    reason: Remark = ""


@pages.get("/approvals")
@allow(Role.MANAGER)
def approvals() -> ResponseReturnValue:
    """List the plans that wait for the manager, and what was decided lately."""
    with reading_db() as db:
        waiting = waiting_for(db, person())
        differences = {
            line.id: difference_since_approval(db, submission_of(db, person(), line.id))
            for line in waiting
        }
        decided = lately_decided(db, person(), LATELY_DECIDED)
    return render_template(
        "manager/approvals.html",
        waiting=waiting,
        differences=differences,
        decided=decided,
        kinds=KINDS,
    )


@pages.get("/approvals/<int:submission_id>")
@allow(*READERS)
def approval(submission_id: int) -> ResponseReturnValue:
    """Show what a plan that was handed in changes against the one approved before."""
    return _approval_page(submission_id, Filled())


@pages.post("/approvals/<int:submission_id>/approve")
@allow(Role.MANAGER)
def approve(submission_id: int) -> ResponseReturnValue:
    """Approve a plan, whereby the officials of its villages are asked."""
    try:
        with writing_db() as db:
            asked = approve_plan(db, submission_id, by=person(), now=now())
            tell(db, Deed.PLAN_APPROVED, submission_id)
    except Conflict as error:
        return _approval_page(submission_id, refill(request.form, error)), error.status
    words = ngettext(
        "The plan is approved. %(shown)s official is asked to confirm.",
        "The plan is approved. %(shown)s officials are asked to confirm.",
        len(asked),
        shown=number(len(asked)),
    )
    flash(words if asked else _("The plan is approved."))
    return redirect(url_for("coordinator.approvals"), 303)


@pages.post("/approvals/<int:submission_id>/send-back")
@allow(Role.MANAGER)
def send_plan_back(submission_id: int) -> ResponseReturnValue:
    """Give a plan back to its coordinator with a reason."""
    try:
        with reading_db() as db:
            require_approver(db, submission_id, person())
        given = read(ReasonIn, request.form)
        with writing_db() as db:
            send_back_plan(db, submission_id, by=person(), now=now(), reason=given.reason)
            tell(db, Deed.PLAN_SENT_BACK, submission_id)
    except (Invalid, Conflict) as error:
        return _approval_page(submission_id, refill(request.form, error)), error.status
    flash(_("The plan is sent back to its coordinator."))
    return redirect(url_for("coordinator.approvals"), 303)


@pages.post("/approvals/<int:submission_id>/withdraw")
@allow(Role.COORDINATOR)
def take_back(submission_id: int) -> ResponseReturnValue:
    """Take a plan back that nobody has decided on."""
    try:
        with writing_db() as db:
            taken = withdraw_plan(db, submission_id, by=person(), now=now())
            tell(db, Deed.PLAN_TAKEN_BACK, submission_id)
    except Conflict as error:
        return _approval_page(submission_id, refill(request.form, error)), error.status
    flash(_("The plan is taken back. It is a draft again."))
    return redirect(url_for("coordinator.stage", stage_id=taken.stage_id), 303)


@pages.get("/stages/<int:stage_id>/hand-in")
@allow(Role.COORDINATOR)
def before_handing_in(stage_id: int) -> ResponseReturnValue:
    """Show the plan as the manager will see it, before it is handed in."""
    return _hand_in_page(stage_id, Filled())


@pages.post("/stages/<int:stage_id>/hand-in")
@allow(Role.COORDINATOR)
def hand_in(stage_id: int) -> ResponseReturnValue:
    """Hand the plan of a stage in for approval."""
    try:
        with reading_db() as db:
            _planners_stage(db, stage_id)
        given = read(NoteIn, request.form)
        with writing_db() as db:
            made = submit_plan(db, stage_id, by=person(), now=now(), note=given.note)
            tell(db, Deed.PLAN_HANDED_IN, made.id)
    except (Invalid, Conflict) as error:
        return _hand_in_page(stage_id, refill(request.form, error)), error.status
    flash(_("The plan is handed in. You see here when it is approved."))
    return redirect(url_for("coordinator.stage", stage_id=stage_id), 303)


def _approval_page(submission_id: int, form: Filled) -> str:
    with reading_db() as db:
        submission = submission_of(db, person(), submission_id)
        stage = stage_of(db, person(), submission.stage_id)
        line = line_of(db, submission_id)
        waits = line.state is SubmissionState.SUBMITTED
        shown = _handed_in(db, stage, submission)
        load = fairness(db, stage.branch_id, stage.starts, stage.ends, stage_id=stage.id)
        today = local_day(db, stage.branch_id, now())
        is_overtaken = waits and has_changed(db, submission_id, today)
        cut_off = unreached(db, stage.id or 0) if waits else ()
        shown |= omission_facts(db, stage)
    may_decide = waits and person().role is Role.MANAGER
    return render_template(
        "manager/approval.html",
        line=line,
        form=form,
        is_overtaken=is_overtaken,
        may_decide=may_decide,
        may_approve=may_decide and not is_overtaken,
        may_withdraw=waits and person().role is Role.COORDINATOR,
        unreached=len(cut_off),
        hours_words=hours_words(load.hours),
        **shown,
    )


def _handed_in(db: Session, stage: Stage, submission: PlanSubmission) -> dict[str, Any]:
    """Gather what a submission changes against the approved plan, or the one sent back before."""
    places = read_places(submission.places)
    back = sent_back_before(db, submission)
    since_back = compare(read_places(back.places), places) if back else None
    asks_for_back = since_back is not None and _asked_for().since == "sent_back"
    shown = _difference(
        db,
        stage,
        since_back if since_back and asks_for_back else difference_since_approval(db, submission),
        places,
        is_first=not asks_for_back and approved_of(db, stage.id or 0, submission.id) is None,
    )
    return {
        **shown,
        "since": "sent_back" if asks_for_back else "approved",
        "since_back": since_back,
        "back": line_of(db, back.id or 0) if back else None,
    }


def _hand_in_page(stage_id: int, form: Filled) -> str:
    with reading_db() as db:
        stage = _planners_stage(db, stage_id)
        approved = approved_of(db, stage_id)
        places = places_of_stage(db, stage_id)
        difference = compare(read_places(approved.places) if approved else [], places)
        shown = _difference(db, stage, difference, places, is_first=approved is None)
        standing = standing_of_stage(db, person(), stage_id, local_day(db, stage.branch_id, now()))
        campaign = campaign_of(db, person(), stage.campaign_id)
        shown["unreached"] = len(unreached(db, stage_id))
        shown |= omission_facts(db, stage)
    return render_template(
        "coordinator/hand_in.html", form=form, standing=standing, campaign=campaign, **shown
    )


def _planners_stage(db: Session, stage_id: int) -> Stage:
    stage = stage_of(db, person(), stage_id)
    require_planner(db, stage.branch_id, person())
    return stage


def _difference(
    db: Session,
    stage: Stage,
    difference: Difference,
    places: Sequence[PlannedPlace],
    *,
    is_first: bool,
) -> dict[str, Any]:
    """Gather what both pages show of a difference: figures, weeks, one page of one kind."""
    given = _asked_for()
    some = [kind for kind in KINDS if difference.of_kind(kind)]
    kind = given.kind or next(iter(some), ChangeKind.ADDED)
    changes = difference.of_kind(kind)
    last = max(1, -(-len(changes) // LINES_A_PAGE))
    page = min(given.page, last)
    start = (page - 1) * LINES_A_PAGE
    part = changes[start : start + LINES_A_PAGE]
    return {
        "stage": stage,
        "difference": difference,
        "expectation": expectation_of(db, stage),
        "reckoned_on": local_day(db, stage.branch_id, now()),
        "covered_source": estimate_sources(db).get(Figure.COVERED),
        "is_first": is_first,
        "kinds": KINDS,
        "kind": kind,
        "lines": change_lines(db, stage.id or 0, stage.branch_id, part),
        "first_line": start + 1,
        "page": page,
        "last_page": last,
        "chart": week_chart(difference, places),
        "stays": stays_of_stage(db, person(), stage.id or 0),
    }


def _asked_for() -> DifferenceIn:
    try:
        return read(DifferenceIn, request.args)
    except OutreachError:
        return DifferenceIn()
