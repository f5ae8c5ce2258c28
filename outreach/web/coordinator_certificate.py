"""How far the plan of a run is from the best possible: asked for, and told on the run's page."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from flask import redirect, url_for

from outreach.people.tables import Role
from outreach.visits.certificates import ask, bound_of
from outreach.visits.runs import latest_run
from outreach.visits.tables import BatchState, RunState
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, pages
from outreach.web.database import writing_db
from outreach.web.i18n import percent
from outreach.web.request_ids import request_id
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.visits.certificates import RunBound
    from outreach.visits.runs import RunProgress


@pages.post("/runs/<int:run_id>/certificate")
@allow(Role.COORDINATOR)
def certify_run(run_id: int) -> ResponseReturnValue:
    """Ask how far the plan is from the best possible; the page then shows how far the answer is.

    The rows are all it takes: the sweeper sends them to the queue within a second or two.
    """
    with writing_db() as db:
        ask(db, run_id, by=person(), now=now(), request_id=request_id())
    return redirect(url_for("coordinator.run", run_id=run_id, _anchor="certificate"), 303)


def certificate_of(db: Session, run: RunProgress) -> dict[str, Any]:
    """Read what the page of a run says of the best possible plan, and whether it may be asked."""
    bound = bound_of(db, person(), run.run_id)
    newest = latest_run(db, person(), run.stage_id)
    is_ready = run.state is not RunState.RUNNING and run.by_state[BatchState.DONE] > 0
    is_newest = newest is not None and newest.id == run.run_id
    return {
        "bound": bound,
        "bound_share": _share_above(bound),
        "may_certify": person().role is Role.COORDINATOR and is_ready and is_newest,
    }


def _share_above(bound: RunBound | None) -> str:
    """Say how far above the best a plan is at most, rounded up: less would not be proved."""
    if bound is None or bound.gap is None:
        return ""
    return percent(max(1, ceil(bound.gap * 1000 - 1e-9)) / 1000)
