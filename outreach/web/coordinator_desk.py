"""The desk: what is going on in the branch today, this week, and what needs somebody."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from flask import render_template

from outreach.campaigns.tables import Status
from outreach.people.tables import Role
from outreach.visits.agenda import runs_to_watch, stages_with_unplaced
from outreach.visits.listing import visits_between
from outreach.visits.question import local_day
from outreach.visits.tables import RunState, Work
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, pages, today
from outreach.web.coordinator_views import campaign_cards
from outreach.web.database import reading_db
from outreach.web.routing import allow

if TYPE_CHECKING:
    from datetime import date

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.visits.rows import VisitRow

#: Reports older than this have slipped too far to be found on the desk by chance.
LOOK_BACK = timedelta(days=60)


@pages.get("/desk")
@allow(Role.COORDINATOR)
def desk() -> ResponseReturnValue:
    """Show the home of a coordinator."""
    with reading_db() as db:
        day = _today(db)
        week_ends = day + timedelta(days=6 - day.weekday())
        visits = visits_between(db, person(), day - LOOK_BACK, week_ends)
        runs = runs_to_watch(db, person())
        cards = [c for c in campaign_cards(db, person()) if c.campaign.status is not Status.CLOSED]
        left = stages_with_unplaced(db, person())
    return render_template(
        "coordinator/desk.html",
        day=day,
        week_ends=week_ends,
        cards=cards,
        today_visits=[visit for visit in visits if visit.day == day],
        week=by_day([visit for visit in visits if visit.day > day]),
        overdue=[v for v in visits if v.day < day and v.work in (Work.AWAITING, Work.CONFIRMED)],
        unconfirmed=[visit for visit in visits if visit.day >= day and _is_open(visit)],
        to_review=[visit for visit in visits if visit.work is Work.DONE],
        running=[run for run in runs if run.state is RunState.RUNNING],
        failed=[run for run in runs if run.dead],
        unplaced=left,
    )


def by_day(visits: list[VisitRow]) -> list[tuple[date, list[VisitRow]]]:
    """Group visits that are in order of their days."""
    return [(day, list(some)) for day, some in groupby(visits, key=lambda visit: visit.day)]


def _is_open(visit: VisitRow) -> bool:
    return visit.work in (Work.PROPOSED, Work.AWAITING)


def _today(db: Session) -> date:
    branch_id = person().branch_id
    return today() if branch_id is None else local_day(db, branch_id, now())
