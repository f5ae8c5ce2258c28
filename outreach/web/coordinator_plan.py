"""The plan of a stage: as table, calendar and map, and the villages without a visit."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from flask import render_template, request, url_for
from pydantic import BaseModel, Field

from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Status
from outreach.errors import Invalid
from outreach.people.tables import Role
from outreach.people.teams import list_teams
from outreach.planning.model import Reason
from outreach.visits.closures import closed_villages, on_closed_days
from outreach.visits.leave import without_team
from outreach.visits.listing import (
    summary_of_stage,
    unplaced,
    visited_elsewhere,
    visits_of_stage,
)
from outreach.visits.moving import AFTER_A_MOVE
from outreach.visits.other_stages import engaged_elsewhere
from outreach.visits.outside import count_outside
from outreach.visits.replan_draft import with_room
from outreach.visits.rows import VisitFilters
from outreach.visits.runs import latest_run
from outreach.visits.standing import standing_of_stage
from outreach.visits.stays import stays_of_stage
from outreach.visits.tables import RunState, Work
from outreach.visits.told_changes import told_changes
from outreach.web.auth import person
from outreach.web.change_words import brings_words, change_link, change_of, change_words
from outreach.web.closure_words import marks_in_words
from outreach.web.coordinator_calendar import (
    lay_out_month,
    lay_out_week,
    monday_of,
    next_month,
)
from outreach.web.coordinator_pages import READERS, days_asked, pages, today
from outreach.web.database import reading_db
from outreach.web.forms import read
from outreach.web.remedy_words import remedy_link, remedy_words
from outreach.web.routing import allow
from outreach.web.words import problems_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.visits.rows import UnplacedRow, VisitRow
    from outreach.visits.tables import PlanRun
    from outreach.visits.told_changes import ToldChanges

PAGE_LENGTH = 50
# Who has to choose sees these changes first.
MOST_CHANGES = 2
#: No change of the plan does away with these reasons.
LASTING = (Reason.NO_PLACE, Reason.TOO_FAR)
#: The colours of a calendar.
LEGEND = (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED, Work.DONE, Work.SENT_BACK)


#: Days that a calendar can be asked for; nobody plans beyond them.
PlanDay = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


class TableIn(BaseModel):
    """How the table is filtered, and which page of it is shown."""

    team: int | None = None
    week: PlanDay | None = None
    district: str | None = Field(default=None, max_length=8, pattern=r"^\d\d\.\d\d(\.\d\d)?$")
    status: Work | None = None
    text: str = Field(default="", max_length=100)
    outside: bool = False
    page: int = Field(default=1, ge=1, le=100_000)


class CalendarIn(BaseModel):
    """Which week (any day of it) or month (its first day) a calendar shows."""

    week: PlanDay | None = None
    month: PlanDay | None = None


@pages.get("/stages/<int:stage_id>/plan")
@allow(*READERS)
def plan(stage_id: int) -> ResponseReturnValue:
    """Show the visits of a stage as a table."""
    try:
        given, problems = read(TableIn, request.args), {}
    except Invalid as error:
        given, problems = TableIn(), problems_in_words(error)
    with reading_db() as db:
        found = stage_of(db, person(), stage_id)
        everything = visits_of_stage(db, person(), stage_id)
        rows = visits_of_stage(db, person(), stage_id, _filters(given))
        outside = count_outside(db, person(), found)
        shown = around(db, found, "table")
    rows = _with_text(rows, given.text)
    answer = render_template(
        "coordinator/plan_table.html",
        filters=given,
        choices=_choices(everything),
        problems=problems,
        outside=outside,
        **_paged(rows, given.page),
        **shown,
    )
    return answer, 422 if problems else 200


def _filters(given: TableIn) -> VisitFilters:
    monday = monday_of(given.week) if given.week else None
    sunday = monday + timedelta(days=6) if monday else None
    return VisitFilters(given.team, monday, sunday, given.status, given.district, given.outside)


def _with_text(rows: list[VisitRow], text: str) -> list[VisitRow]:
    """Keep the visits whose village, district or code holds every word typed."""
    wanted = text.casefold().split()
    return [
        row
        for row in rows
        if all(
            part in f"{row.village_code} {row.village} {row.district} {row.regency}".casefold()
            for part in wanted
        )
    ]


def _choices(rows: Sequence[VisitRow]) -> dict[str, Any]:
    """List what the filters offer: what the stage holds, in order."""
    return {
        "teams": sorted({(row.team, row.team_id) for row in rows}),
        "weeks": sorted({monday_of(row.day) for row in rows}),
        "districts": sorted({(row.village_code[:8], row.district, row.regency) for row in rows}),
        "statuses": list(Work),
    }


def _paged(rows: list[VisitRow], page: int) -> dict[str, Any]:
    last = max(1, -(-len(rows) // PAGE_LENGTH))
    page = min(page, last)
    start = (page - 1) * PAGE_LENGTH
    found = {"found": len(rows), "travel_minutes": sum(r.travel_minutes for r in rows)}
    links = {number: _page_link(number) for number in (page - 1, page + 1) if 1 <= number <= last}
    return {
        "rows": rows[start : start + PAGE_LENGTH],
        "first_row": start + 1 if rows else 0,
        "page": page,
        "last_page": last,
        "before": links.get(page - 1),
        "after": links.get(page + 1),
        **found,
    }


def _page_link(number: int) -> str:
    asked = {name: value for name, value in request.args.items() if name in TableIn.model_fields}
    asked["page"] = str(number)
    return url_for("coordinator.plan", **{**(request.view_args or {}), **asked})


@pages.get("/stages/<int:stage_id>/plan/calendar")
@allow(*READERS)
def calendar(stage_id: int) -> ResponseReturnValue:
    """Show the visits of a stage by week and team, or by month."""
    given = days_asked(CalendarIn)
    with reading_db() as db:
        found = stage_of(db, person(), stage_id)
        rows = visits_of_stage(db, person(), stage_id)
        away = without_team(db, found.branch_id, rows)
        why = on_closed_days(db, rows)
        closed = {visit_id: marks_in_words(marks) for visit_id, marks in why.items()}
        monday = monday_of(given.week or _likely_day(found, rows))
        shut = closed_villages(db, stage_id, monday, monday + timedelta(days=6))
        busy = engaged_elsewhere(db, person(), found, monday, monday + timedelta(days=6))
        shown = around(db, found, "calendar")
        teams = {row.team: row.team_id for row in rows} | _at_work(db, found)
    day = given.week or _likely_day(found, rows)
    laid_out = _month(found, rows, given.month) if given.month else _week(found, rows, day, teams)
    return render_template(
        "coordinator/plan_calendar.html",
        legend=LEGEND,
        without_team=away,
        closed=closed,
        shut=shut,
        busy=busy,
        team_ids=teams,
        movable=AFTER_A_MOVE if shown["may_plan"] and found.status is not Status.CLOSED else (),
        **laid_out,
        **shown,
    )


def _likely_day(found: Stage, rows: list[VisitRow]) -> date:
    """Today while the stage is on, else its first visit."""
    first = min((row.day for row in rows), default=found.starts)
    last = max((row.day for row in rows), default=found.starts)
    return today() if first <= today() <= last else first


def _at_work(db: Session, found: Stage) -> dict[str, int]:
    """Read the teams of the branch that work: one without a visit can be given one."""
    return {one.name: one.id or 0 for one in list_teams(db, found.branch_id) if one.is_active}


def _week(found: Stage, rows: list[VisitRow], day: date, teams: Iterable[str]) -> dict[str, Any]:
    monday = monday_of(day)
    week = lay_out_week(rows, sorted(teams) if rows else (), monday, found.starts, found.ends)
    step = timedelta(days=7)
    return {
        "week": week,
        "earlier": monday - step if monday > found.starts else None,
        "later": monday + step if week.sunday < found.ends else None,
        "month_link": week.days[3].day.replace(day=1),
    }


def _month(found: Stage, rows: list[VisitRow], month: date) -> dict[str, Any]:
    start = month.replace(day=1)
    after = next_month(start)
    return {
        "month": start,
        "weeks": lay_out_month(rows, start, found.starts, found.ends),
        "earlier": (start - timedelta(days=1)).replace(day=1) if start > found.starts else None,
        "later": after if after <= found.ends else None,
    }


@pages.get("/stages/<int:stage_id>/plan/unplaced")
@allow(*READERS)
def villages_without_visit(stage_id: int) -> ResponseReturnValue:
    """List the villages of a stage without a visit: why, and what would help."""
    with reading_db() as db:
        found = stage_of(db, person(), stage_id)
        rows = unplaced(db, person(), stage_id)
        elsewhere = visited_elsewhere(db, person(), stage_id)
        told = told_changes(db, stage_id)
        shown = around(db, found, "unplaced")
        room = _room(db, found, rows, shown["run"])
    changes = {row.village_code: change for row in rows if (change := change_of(row, told))}
    # A manager reads what would help; those who can do it get the way there.
    links = {
        row.village_code: remedy_link(row.remedy, row.village_code, stage_id, found.campaign_id)
        for row in rows
        if shown["may_plan"]
    }
    remedies = {row.village_code: remedy_words(row.remedy, row.remedy_amount) for row in rows}
    remedies |= {code: change_words(change, told) for code, change in changes.items()}
    if shown["may_plan"]:
        links |= {
            code: change_link(change, code, stage_id, found.campaign_id)
            for code, change in changes.items()
        }
    reasons = Counter(row.reason for row in rows if row.reason and row.village_code not in room)
    return render_template(
        "coordinator/plan_unplaced.html",
        rows=rows,
        elsewhere=elsewhere,
        links=links,
        remedies=remedies,
        most=_most_words(told, stage_id, found.campaign_id),
        reasons=reasons.most_common(),
        room=room,
        **shown,
    )


def _room(
    db: Session, found: Stage, rows: Iterable[UnplacedRow], run: PlanRun | None
) -> frozenset[str]:
    """Try again which villages fit: why they were left is of the time of planning.

    Those never planned wait for the plan.
    """
    if found.status is not Status.OPENED or (run and run.state is RunState.RUNNING):
        return frozenset()
    planned = (row for row in rows if row.reason or row.ended)
    codes = {row.village_code for row in planned if row.reason not in LASTING}
    return with_room(db, found, codes, today()) if codes else frozenset()


def _most_words(told: ToldChanges, stage_id: int, campaign_id: int) -> list[tuple[str, str, str]]:
    """Say which changes bring most villages, what each brings and where it is made."""
    return [
        (
            change_words(one, told),
            brings_words(one, told.waiting),
            change_link(one, "", stage_id, campaign_id),
        )
        for one in told.most[:MOST_CHANGES]
    ]


def around(db: Session, found: Stage, view: str) -> dict[str, Any]:
    """Gather what every view of a plan shows above it."""
    return {
        "stage": found,
        "campaign": campaign_of(db, person(), found.campaign_id),
        "summary": summary_of_stage(db, person(), found.id or 0),
        "run": latest_run(db, person(), found.id or 0),
        "standing": standing_of_stage(db, person(), found.id or 0, today()),
        "stays": stays_of_stage(db, person(), found.id or 0),
        "view": view,
        "may_plan": person().role is Role.COORDINATOR,
    }
