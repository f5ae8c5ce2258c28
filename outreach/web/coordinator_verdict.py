"""The last step of a stage's making: what the teams can hold, what would cure a shortfall, go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.days import PlannedDay
from outreach.campaigns.stages import update_stage
from outreach.campaigns.tables import Status
from outreach.errors import Conflict, Invalid
from outreach.people.tables import Role
from outreach.visits.preview import Trial, preview
from outreach.visits.question import local_day
from outreach.visits.runs import latest_run
from outreach.web.auth import person
from outreach.web.coordinator_omissions import omission_facts
from outreach.web.coordinator_pages import now, pages, planners_stage, stage_with
from outreach.web.coordinator_words import Advice, days_in_words
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import read, version_of
from outreach.web.routing import allow
from outreach.web.verdict_words import cure_lines, pace_words, trial_words, verdict_words
from outreach.web.words import problems_in_words, sentence

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.errors import OutreachError


class CureIn(BaseModel):
    """A cure that is stored in the stage itself."""

    ends: PlannedDay | None = None
    quota: int | None = Field(default=None, gt=0, le=100_000)


class TrialIn(CureIn):
    """A change that is only tried, as the address of the page says it."""

    more_sessions: int = Field(default=0, ge=0, le=2)
    more_teams: int = Field(default=0, ge=0, le=50)


@pages.get("/stages/<int:stage_id>/verdict")
@allow(Role.COORDINATOR)
def verdict(stage_id: int) -> ResponseReturnValue:
    """Show what planning the stage would do, as it stands and under a change that is tried."""
    try:
        wanted = read(TrialIn, request.args)
        with reading_db() as db:
            stage_with(planners_stage(db, stage_id), wanted.model_dump(exclude_none=True))
    except Invalid as error:
        return _page(stage_id, Trial(), _advice(stage_id, error)), error.status
    return _page(stage_id, Trial(**wanted.model_dump()))


@pages.post("/stages/<int:stage_id>/verdict")
@allow(Role.COORDINATOR)
def cure(stage_id: int) -> ResponseReturnValue:
    """Store a cure in the stage, and show the verdict again."""
    try:
        wanted = read(CureIn, request.form).model_dump(exclude_none=True)
        with writing_db() as db:
            stage = planners_stage(db, stage_id)
            given = stage_with(stage, wanted)
            update_stage(db, stage_id, given, version_of(request.form), by=person())
    except (Invalid, Conflict) as error:
        return _page(stage_id, Trial(), _advice(stage_id, error)), error.status
    flash(_("The stage is changed. This is what it comes to now."))
    return redirect(url_for("coordinator.verdict", stage_id=stage_id), 303)


def _advice(stage_id: int, error: OutreachError) -> Advice:
    """Say why a cure is refused, and where it can be made possible."""
    told = " ".join(words for several in problems_in_words(error).values() for words in several)
    link = url_for("coordinator.edit_stage", stage_id=stage_id)
    return Advice(told or sentence(error), link, _("Edit the stage"))


def _page(stage_id: int, trial: Trial, refusal: Advice | None = None) -> str:
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        campaign = campaign_of(db, person(), stage.campaign_id)
        shown = verdict_facts(db, stage, Trial())
        tried = verdict_facts(db, stage, trial) if trial != Trial() else None
        run = latest_run(db, person(), stage_id)
    return render_template(
        "coordinator/stage_verdict.html",
        stage=stage,
        campaign=campaign,
        refusal=refusal,
        run=run,
        tried=tried,
        tried_words=trial_words(trial),
        tried_values=_storable(trial),
        **shown,
    )


def _storable(trial: Trial) -> dict[str, str]:
    """Those values of a trial that a button can store in the stage."""
    values = {"ends": trial.ends.isoformat() if trial.ends else "", "quota": trial.quota or ""}
    return {name: str(value) for name, value in values.items() if value}


def verdict_facts(db: Session, stage: Stage, trial: Trial) -> dict[str, Any]:
    """Gather what the part of a page about the verdict shows; empty for a closed stage."""
    if stage.status is Status.CLOSED:
        return {"preview": None, "left_out": (), "unexplained": 0}
    today = local_day(db, stage.branch_id, now())
    told = preview(db, stage.id or 0, person(), today, trial)
    return {
        "preview": told,
        "verdict_words": verdict_words(told),
        "pace_words": pace_words(told),
        "cures": cure_lines(told, stage),
        "days_left_out": days_in_words(told.days_left_out),
        **omission_facts(db, stage),
    }
