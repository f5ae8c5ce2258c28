"""Districts and islands that a stage leaves out: listed with their reasons, given for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import ngettext

from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.omissions import OmissionIn, explain, grounds_in, omitted
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Status
from outreach.errors import Conflict, Invalid
from outreach.people.tables import Role
from outreach.visits.question import local_day, past_of
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, now, pages, planners_stage
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, read, refill
from outreach.web.i18n import number
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.omissions import Ground
    from outreach.campaigns.tables import Stage


@pages.get("/stages/<int:stage_id>/omissions")
@allow(*READERS)
def omissions(stage_id: int) -> ResponseReturnValue:
    """List what the stage leaves out and why."""
    return _page(stage_id, Filled())


@pages.post("/stages/<int:stage_id>/omissions")
@allow(Role.COORDINATOR)
def give_reason(stage_id: int) -> ResponseReturnValue:
    """Give one reason for all that is ticked."""
    try:
        with reading_db() as db:
            planners_stage(db, stage_id)
        given = read(OmissionIn, request.form)
        with writing_db() as db:
            stage = planners_stage(db, stage_id)
            day, past = local_day(db, stage.branch_id, now()), past_of(db, stage)
            count = explain(db, stage_id, given, past, by=person(), now=now(), today=day)
    except (Invalid, Conflict) as error:
        return _page(stage_id, refill(request.form, error)), error.status
    flash(
        ngettext(
            "The reason is noted for %(shown)s of them.",
            "The reason is noted for %(shown)s of them.",
            count,
            shown=number(count),
        )
    )
    return redirect(url_for("coordinator.omissions", stage_id=stage_id), 303)


def omissions_of(db: Session, stage: Stage) -> tuple[Ground, ...]:
    """List what a stage leaves out of the person's area; nothing of a closed one."""
    if stage.status is Status.CLOSED:
        return ()
    left = omitted(db, stage, past_of(db, stage), local_day(db, stage.branch_id, now()))
    return grounds_in(db, stage, left, person().areas)


def omission_facts(db: Session, stage: Stage) -> dict[str, Any]:
    """Count what a stage leaves out, for the pages that lead to the list of it."""
    left = omissions_of(db, stage)
    return {"left_out": left, "unexplained": sum(one.is_neglected for one in left)}


def _page(stage_id: int, form: Filled) -> str:
    with reading_db() as db:
        stage = stage_of(db, person(), stage_id)
        shown = omission_facts(db, stage)
        campaign = campaign_of(db, person(), stage.campaign_id)
    may_plan = person().role is Role.COORDINATOR and stage.status is not Status.CLOSED
    return render_template(
        "coordinator/omissions.html",
        stage=stage,
        campaign=campaign,
        form=form,
        may_plan=may_plan,
        **shown,
    )
