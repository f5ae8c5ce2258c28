"""Plan runs: started from a stage, watched live, called off, failed batches taken up again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from outreach.campaigns.stages import stage_of
from outreach.errors import Conflict, NotFound
from outreach.history.tables import Deed
from outreach.people.tables import Role
from outreach.visits.measured_ways import told_ways
from outreach.visits.runs import cancel_run, retry_batch, run_progress
from outreach.visits.tables import BatchState, RunState
from outreach.watch.beating import read_beats
from outreach.watch.judging import nobody_plans
from outreach.web.auth import person
from outreach.web.coordinator_certificate import certificate_of
from outreach.web.coordinator_pages import READERS, now, pages
from outreach.web.coordinator_stages import ask_for_plan, stage_page
from outreach.web.coordinator_words import run_refusal
from outreach.web.database import reading_db, writing_db
from outreach.web.history import tell
from outreach.web.request_ids import request_id
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from outreach.visits.runs import RunProgress


@pages.post("/stages/<int:stage_id>/runs")
@allow(Role.COORDINATOR)
def start_run(stage_id: int) -> ResponseReturnValue:
    """Plan a stage in the background and go to the page that shows how far it is."""
    try:
        with writing_db() as db:
            run = ask_for_plan(db, stage_id)
    except Conflict as error:
        return stage_page(stage_id, run_refusal(error)), error.status
    return redirect(url_for("coordinator.run", run_id=run.id), 303)


@pages.get("/runs/<int:run_id>")
@allow(*READERS)
def run(run_id: int) -> ResponseReturnValue:
    """Show how far a plan run has come."""
    return render_template("coordinator/run.html", **_read(run_id))


@pages.get("/runs/<int:run_id>/progress")
@allow(*READERS)
def run_fragment(run_id: int) -> ResponseReturnValue:
    """Give the part of the page that changes; its header says whether to ask again."""
    shown = _read(run_id)
    state = RunState.RUNNING if shown["is_watched"] else shown["run"].state
    answer = render_template("coordinator/_run.html", **shown)
    return answer, {"Run-State": state.value, "Cache-Control": "no-store"}


@pages.post("/runs/<int:run_id>/cancel")
@allow(Role.COORDINATOR)
def stop_run(run_id: int) -> ResponseReturnValue:
    """Call a run off."""
    with writing_db() as db:
        stands = cancel_run(db, run_id, by=person(), now=now())
        tell(db, Deed.PLAN_CANCELLED, run_id)
    if stands:
        flash(_("The part is not tried again. The plan of the other parts stays."))
    else:
        flash(_("The run is called off. Visits that an official knows of stay."))
    return redirect(url_for("coordinator.run", run_id=run_id), 303)


@pages.post("/runs/<int:run_id>/batches/<int:batch_id>/retry")
@allow(Role.COORDINATOR)
def try_batch_again(run_id: int, batch_id: int) -> ResponseReturnValue:
    """Give a failed batch new attempts."""
    with writing_db() as db:
        batch = retry_batch(db, batch_id, by=person(), now=now(), request_id=request_id())
        if batch.run_id != run_id:
            raise NotFound(kind="Batch", id=batch_id)
    flash(_("The failed part is being planned again."))
    return redirect(url_for("coordinator.run", run_id=run_id), 303)


def _read(run_id: int) -> dict[str, Any]:
    with reading_db() as db:
        progress = run_progress(db, run_id, person())
        shown = {
            "stage": stage_of(db, person(), progress.stage_id),
            "travel_told": told_ways(db, run_id),
            **certificate_of(db, progress),
            "stands_still": progress.state is RunState.RUNNING
            and nobody_plans(read_beats(db), datetime.now(UTC)),
        }
    is_open = shown["bound"] is not None and shown["bound"].is_open
    is_watched = is_open or progress.state is RunState.RUNNING
    return {**shown, **_counted(progress), "is_watched": is_watched}


def _counted(progress: RunProgress) -> dict[str, object]:
    return {
        "run": progress,
        "seconds": _seconds(progress),
        "is_running": progress.state is RunState.RUNNING,
        "done": progress.by_state[BatchState.DONE],
        "dead": progress.by_state[BatchState.DEAD],
        "may_plan": person().role is Role.COORDINATOR,
    }


def _seconds(progress: RunProgress) -> int:
    # A run of which a part is tried again had ended before, and is on again.
    ended = None if progress.state is RunState.RUNNING else progress.finished_at
    return round(((ended or now()) - progress.requested_at).total_seconds())
