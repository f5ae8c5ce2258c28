"""Villages of a plan that nobody can write to: counted wherever they are asked, listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from outreach.campaigns.stages import stage_of
from outreach.messages.reach import unreachable_villages
from outreach.visits.listing import visits_of_stage
from outreach.visits.rows import VisitFilters
from outreach.visits.tables import TO_COME
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, pages, today
from outreach.web.database import reading_db
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.visits.rows import VisitRow


def unreached(db: Session, stage_id: int) -> list[VisitRow]:
    """List the visits to come of a stage whose villages can neither be written to nor phoned."""
    rows = [
        row
        for row in visits_of_stage(db, person(), stage_id, VisitFilters(day_from=today()))
        if row.work in TO_COME
    ]
    codes = unreachable_villages(db, {row.village_code for row in rows}, today())
    return [row for row in rows if row.village_code in codes]


@pages.get("/stages/<int:stage_id>/unreached")
@allow(*READERS)
def unreached_villages(stage_id: int) -> ResponseReturnValue:
    """List the villages that cannot be written to, each with the way to note a number."""
    with reading_db() as db:
        stage = stage_of(db, person(), stage_id)
        visits = unreached(db, stage_id)
    return render_template("coordinator/unreached.html", stage=stage, visits=visits)
