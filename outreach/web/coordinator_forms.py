"""Report forms on paper for many visits at once: a stage, a month, a team, a day."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.campaigns.campaigns import campaign_of
from outreach.papers.choosing import Wanted
from outreach.papers.reading import MOST_IN_A_FILE
from outreach.papers.session_forms import HAS_FORM, TITLE, forms_of
from outreach.papers.typesetting import typeset_told
from outreach.people.tables import Role
from outreach.visits.listing import visits_of_stage
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import pages, planners_stage, today
from outreach.web.coordinator_plan import PlanDay
from outreach.web.database import reading_db
from outreach.web.forms import read
from outreach.web.i18n import long_date
from outreach.web.paper_files import pdf_answer, plain_name
from outreach.web.paper_reports import form_key
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.visits.rows import VisitRow


class FormsIn(BaseModel):
    """Which forms; what is blank does not narrow. A file holds so many, `part` says which."""

    month: PlanDay | None = None
    team_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    day: PlanDay | None = None
    part: int | None = Field(default=None, ge=1, le=10_000)


@pages.get("/stages/<int:stage_id>/forms")
@allow(Role.COORDINATOR)
def report_forms(stage_id: int) -> ResponseReturnValue:
    """Give the forms of the visits asked for in one PDF, or the list of their files."""
    given = read(FormsIn, request.args)
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        rows = _rows(db, stage_id, given)
        parts = list(batched(rows, MOST_IN_A_FILE))
        if not rows or (given.part or 1) > len(parts):
            return render_template("error.html", status=404, words=_no_form()), 404
        if given.part is None and len(parts) > 1:
            campaign = campaign_of(db, person(), stage.campaign_id)
            return _list(stage, campaign, given, parts)
        wanted = parts[(given.part or 1) - 1]
        told = forms_of(db, wanted, key=form_key(), public_url=public_url(), today=today())
    # Setting takes its time: nothing is held open meanwhile.
    name = plain_name(f"{TITLE} {stage.name} {wanted[0].day} sd {wanted[-1].day}")
    return pdf_answer(typeset_told(told), f"{name}.pdf")


def _rows(db: Session, stage_id: int, given: FormsIn) -> list[VisitRow]:
    wanted = Wanted(month=given.month, team_id=given.team_id, day=given.day)
    rows = visits_of_stage(db, person(), stage_id)
    return [row for row in rows if row.work in HAS_FORM and wanted.takes(row)]


def _list(
    stage: Any, campaign: Any, given: FormsIn, parts: Sequence[Sequence[VisitRow]]
) -> ResponseReturnValue:
    asked = given.model_dump(mode="json", exclude_none=True)
    files = [
        {
            "url": url_for("coordinator.report_forms", stage_id=stage.id, part=number, **asked),
            "papers": len(part),
            "parts": [f"{long_date(part[0].day)} – {long_date(part[-1].day)}"],
        }
        for number, part in enumerate(parts, start=1)
    ]
    return render_template(
        "coordinator/form_files.html", stage=stage, campaign=campaign, files=files
    )


def _no_form() -> str:
    return str(_("None of these visits needs a report form: only those that await a report do."))
