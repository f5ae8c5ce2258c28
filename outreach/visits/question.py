"""What a stage has to plan with: earlier visits, free team-days, days left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.access import branch_regencies
from outreach.campaigns.choosing import Past
from outreach.campaigns.stages import area_of
from outreach.people.access import within
from outreach.people.rota import rest_of_branch, team_days
from outreach.people.tables import Branch, Team, TeamLeave
from outreach.planning.more_days import days_to_try
from outreach.planning.workdays import (
    Closed,
    ClosedKind,
    days_between,
    why_closed,
)
from outreach.villages.calendar import closed_days, for_planner
from outreach.villages.tables import Village
from outreach.visits.elsewhere import taken_elsewhere, was_held
from outreach.visits.kept_calendar import calendar_as_kept
from outreach.visits.stays import away_beside, by_day, stays_between
from outreach.visits.tables import (
    ACTIVE,
    Batch,
    BatchState,
    Happening,
    PlanRun,
    RunState,
    Visit,
    VisitEvent,
    Work,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.planning.model import TeamDay
    from outreach.planning.packages import Package
    from outreach.villages.calendar import Mark

#: A re-plan may replace these; whatever an official knows of stays.
REPLACEABLE = (Work.PROPOSED,)

#: Why a proposal ended that nobody had been told of; no person cancelled it.
PLANNED_ANEW, STAGE_CLOSED, SHEET_UNDONE = "planned_anew", "stage_closed", "sheet_undone"
CALLED_OFF = "run_called_off"

#: Why the product gave work back.
NEVER_ASKED, ANSWER_MISSING, REPORT_MISSING = "never_asked", "answer_missing", "report_missing"
GAVE_WAY = "gave_way"
WISH_UNMET = "wish_unmet"


@dataclass(frozen=True, slots=True)
class DayLeftOut:
    """A day of the stage on which nobody, or one team, goes out, and why.

    `team` is None when the day is closed for all; `marks` tell what closes the villages.
    """

    day: date
    closed: Closed
    team: str | None = None
    marks: tuple[Mark, ...] = ()


def local_day(db: Session, branch_id: int, now: datetime) -> date:
    """Date where the branch is."""
    base = db.get_one(Village, db.get_one(Branch, branch_id).base_village_code)
    return base.zone.day(now)


def past_of(db: Session, stage: Stage) -> Past:
    """Read what earlier visits mean for the choice of villages of a stage.

    What another stage of the campaign takes is told by `elsewhere`. A visit at which nobody was
    met held no session.
    """
    of_stage = select(col(Visit.village_code), col(Visit.work)).where(
        col(Visit.stage_id) == stage.id
    )
    active = of_stage.where(col(Visit.work).in_(ACTIVE))
    # Looked for by their villages: no index knows the visits of a stage that have ended.
    unreported = of_stage.where(
        within(Visit.village_code, branch_regencies(db, stage.branch_id)), lacks_report()
    )
    last_held = (
        select(col(Visit.village_code), func.max(col(Visit.day)).label("day"))
        .where(was_held(), within(Visit.village_code, area_of(db, stage)))
        .group_by(col(Visit.village_code))
    )
    visits = [*db.execute(active), *db.execute(unreported)]
    return Past(
        kept=frozenset(row.village_code for row in visits if row.work not in REPLACEABLE),
        taken=taken_elsewhere(db, stage),
        last_held={row.village_code: row.day for row in db.execute(last_held)},
        fell_away=_fell_away(db, stage),
        planned=None if _is_being_planned(db, stage) else frozenset(c for c, _ in visits),
        unplanned=_unplanned(db, stage),
    )


def _unplanned(db: Session, stage: Stage) -> frozenset[str]:
    """Villages of the parts of the stage's latest plan that failed or were called off."""
    latest = select(func.max(col(PlanRun.id))).where(col(PlanRun.stage_id) == stage.id)
    questions = select(col(Batch.question)).where(
        col(Batch.run_id) == latest.scalar_subquery(),
        col(Batch.state).in_((BatchState.DEAD, BatchState.CANCELLED)),
    )
    return frozenset(code for asked in db.scalars(questions) for code in asked["villages"])


def _fell_away(db: Session, stage: Stage) -> frozenset[str]:
    """Villages of the stage's area whose latest visit was confirmed and then fell away.

    One that only its missing report has ended may have been held.
    """
    later = aliased(Visit)
    has_later = exists().where(
        col(later.village_code) == col(Visit.village_code), col(later.id) > col(Visit.id)
    )
    confirmed = exists().where(
        col(VisitEvent.visit_id) == col(Visit.id),
        col(VisitEvent.happening) == Happening.CONFIRMED,
    )
    query = select(col(Visit.village_code)).where(
        within(Visit.village_code, area_of(db, stage)),
        col(Visit.work).in_((Work.POSTPONED, Work.RETURNED)),
        confirmed,
        ~has_later,
        ~lacks_report(),
    )
    return frozenset(db.scalars(query))


def _is_being_planned(db: Session, stage: Stage) -> bool:
    running = select(col(PlanRun.id)).where(
        col(PlanRun.stage_id) == stage.id, col(PlanRun.state) == RunState.RUNNING
    )
    return db.scalar(running.limit(1)) is not None


def was_released() -> ColumnElement[bool]:
    """Hold for a visit (table `visit` in the query) that was a proposal and gave way to a plan."""
    return exists().where(
        col(VisitEvent.visit_id) == col(Visit.id),
        col(VisitEvent.happening) == Happening.CANCELLED,
        col(VisitEvent.reason).in_((PLANNED_ANEW, STAGE_CLOSED, SHEET_UNDONE, CALLED_OFF)),
    )


def lacks_report() -> ColumnElement[bool]:
    """Hold for a visit (table `visit` in the query) that only its missing report has ended.

    Its session may have been held, so the report still has to find the visit as it was. Who moves
    it by hand has looked.
    """
    later = aliased(VisitEvent)
    last = select(func.max(col(later.id))).where(col(later.visit_id) == col(Visit.id))
    by_itself = exists().where(
        col(VisitEvent.id) == last.correlate(Visit).scalar_subquery(),
        col(VisitEvent.reason) == REPORT_MISSING,
    )
    return and_(col(Visit.work) == Work.RETURNED, by_itself)


def free_team_days(db: Session, stage: Stage, today: date) -> tuple[TeamDay, ...]:
    """Team-days of the stage from tomorrow on that a new plan may fill.

    Proposals of this stage count as gone: a new plan replaces them. A day with any other visit
    is left to that visit alone: what is asked or confirmed must not get a neighbour that changes
    its times. Nobody can be asked for today any more.
    """
    return free_and_taken(db, stage, today)[0]


def free_and_taken(db: Session, stage: Stage, today: date) -> tuple[tuple[TeamDay, ...], int]:
    """Free team-days as `free_team_days` has them, and how many more other visits take."""
    starts = max(stage.starts, today + timedelta(days=1))
    if starts > stage.ends:
        return (), 0
    occupied = _occupied(db, stage, starts) | _on_stays(db, stage, starts)
    all_days = team_days(db, stage.branch_id, starts, stage.ends)
    free = tuple(one for one in all_days if (one.team_id, one.day) not in occupied)
    return free, len(all_days) - len(free)


def _occupied(db: Session, stage: Stage, starts: date) -> set[tuple[int, date]]:
    """Team-days that hold a visit of whatever stage, save the proposals of this one."""
    query = (
        select(col(Visit.team_id), col(Visit.day))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .where(
            col(Team.branch_id) == stage.branch_id,
            col(Visit.day).between(starts, stage.ends),
            col(Visit.work).in_(ACTIVE),
            ~_to_replace(stage),
        )
    )
    return {(row.team_id, row.day) for row in db.execute(query)}


def _on_stays(db: Session, stage: Stage, starts: date) -> set[tuple[int, date]]:
    """Team-days of stays, save those of which only proposals of this stage are left."""
    of_branch, kept_by = col(Team.branch_id) == stage.branch_id, ~_to_replace(stage)
    return set(by_day(stays_between(db, starts, stage.ends, of_branch, kept_by=kept_by)))


def _to_replace(stage: Stage) -> ColumnElement[bool]:
    return and_(col(Visit.stage_id) == stage.id, col(Visit.work).in_(REPLACEABLE))


def question_of(db: Session, package: Package) -> dict[str, Any]:
    """Put what a batch is asked as its row keeps it.

    What the calendar says of the villages, and the stays that stand beside these days, are kept
    with it, so that the same plan can be made again after a harvest has been noted. So are the days
    on which other batches of the run may have its teams on a stay: nobody knows yet.
    """
    asked = [[one.team_id, one.day.isoformat()] for one in package.team_days]
    question = {"villages": [site.code for site in package.sites], "team_days": asked}
    return known_now(db, {**question, "elsewhere": _as_kept(package.elsewhere)})


def known_now(db: Session, question: dict[str, Any]) -> dict[str, Any]:
    """Put a question again, with what the calendar says of its villages and days by now.

    So with the stays that its teams are on by now, in this stage or another.
    """
    asked = [(team_id, date.fromisoformat(day)) for team_id, day in question["team_days"]]
    away = _as_kept(away_beside(db, asked))
    # An earlier version did not ask so.
    for team_id, told in question.get("elsewhere", {}).items():
        away[team_id] = sorted({*away.get(team_id, ()), *told})
    days = {day for _, day in asked}
    # Cures are tried on other days too: a village that is closed there is not promised one.
    days |= days_to_try(days)
    told = for_planner(db, question["villages"], min(days), max(days)) if days else {}
    return {**question, "calendar": calendar_as_kept(told, days), "away": away}


def _as_kept(days: Mapping[int, Collection[date]]) -> dict[str, list[str]]:
    """Write days by team as the row of a batch keeps them."""
    return {str(team_id): [one.isoformat() for one in sorted(days[team_id])] for team_id in days}


def days_left_out(db: Session, stage: Stage, chosen: Sequence[str]) -> list[DayLeftOut]:
    """Every day of the stage on which not all teams work, with the reason people know it by.

    So are the days on which all *chosen* villages are closed.
    """
    closed = days_closed_to_all(db, stage, stage.starts, stage.ends, chosen)
    return closed + list(_leave(db, stage))


def days_closed_to_all(
    db: Session, stage: Stage, first: date, last: date, chosen: Sequence[str] = ()
) -> list[DayLeftOut]:
    """Days between two, both included, on which no team works or no village is open.

    The villages are those *chosen*, or without any all of the stage's area. Leave does not count:
    another team may go.
    """
    rest = rest_of_branch(db, stage.branch_id, first, last)
    weekdays = working_weekdays(db, stage.branch_id)
    # A feast that is a public holiday is told once, as what keeps the teams at home.
    shut = {
        day: marks
        for day, marks in _shut_days(db, chosen or area_of(db, stage), first, last).items()
        if day not in rest.holidays
    }
    return [
        DayLeftOut(day, closed, marks=shut[day] if closed.kind is ClosedKind.EXTRA else ())
        for day in days_between(first, last)
        for closed in why_closed(
            day,
            weekdays=weekdays,
            holidays=rest.holidays,
            extra_closed=dict.fromkeys(shut, ""),
            sundays_too=rest.works_sundays,
        )
    ]


def working_weekdays(db: Session, branch_id: int) -> set[int]:
    """Weekdays on which some active team of a branch works, Monday is 0."""
    teams = select(col(Team.weekdays)).where(col(Team.branch_id) == branch_id, col(Team.is_active))
    days = {day - 1 for weekdays in db.scalars(teams) for day in weekdays}
    return days or set(range(6))


def _shut_days(
    db: Session, codes: Sequence[str], first: date, last: date
) -> dict[date, tuple[Mark, ...]]:
    """Days on which all these regions are closed, with everything that closes one of them."""
    closed = closed_days(db, codes, first, last)
    if not codes or len(closed) < len(codes):
        return {}
    common = set.intersection(*(set(days) for days in closed.values()))
    return {
        day: tuple(dict.fromkeys(mark for days in closed.values() for mark in days[day]))
        for day in common
    }


def _leave(db: Session, stage: Stage) -> Iterator[DayLeftOut]:
    query = (
        select(col(Team.name), col(TeamLeave.starts), col(TeamLeave.ends), col(TeamLeave.reason))
        .join(Team, col(Team.id) == col(TeamLeave.team_id))
        .where(
            col(Team.branch_id) == stage.branch_id,
            col(TeamLeave.starts) <= stage.ends,
            col(TeamLeave.ends) >= stage.starts,
        )
        .order_by(col(TeamLeave.starts), col(Team.name))
    )
    for row in db.execute(query):
        for day in days_between(max(row.starts, stage.starts), min(row.ends, stage.ends)):
            yield DayLeftOut(day, Closed(ClosedKind.LEAVE, row.reason), row.name)
