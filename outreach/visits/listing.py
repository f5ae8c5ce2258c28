"""Lists visits for pages: one query each, narrowed to the person's area."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import timedelta
from itertools import batched, groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Campaign, Stage, StageVillage
from outreach.people.access import narrow, within
from outreach.people.tables import Account, Team
from outreach.planning.model import Point
from outreach.villages.tables import District, Regency, Village
from outreach.visits.elsewhere import is_elsewhere, of_other_stages
from outreach.visits.lifecycle import visit_of
from outreach.visits.outside import lies_outside
from outreach.visits.question import ANSWER_MISSING, REPORT_MISSING, WISH_UNMET, was_released
from outreach.visits.rows import (
    DayTrip,
    HistoryLine,
    StageSummary,
    UnplacedRow,
    VisitFilters,
    VisitRow,
)
from outreach.visits.stays import stays_of_stage, stays_of_teams, way_minutes
from outreach.visits.tables import ACTIVE, Happening, Visit, VisitEvent, Work
from outreach.visits.waiting import ended_villages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.stays import StayRow

#: What an official has to do something about: answer, hold and report, correct.
OFFICIALS_OWN = (Work.AWAITING, Work.CONFIRMED, Work.SENT_BACK)

#: How long an official still finds a visit whose report never came.
LATE_REPORTS = timedelta(days=60)

# SQLite takes 32,766 values in one statement.
_AT_ONCE = 5000

_NAMED = {
    "stage": Stage.name,
    "campaign": Campaign.name,
    "village": Village.name,
    "village_kind": Village.kind,
    "district": District.name,
    "regency": Regency.name,
    "latitude": Village.latitude,
    "longitude": Village.longitude,
    "island": Village.island,
    "place_is_approximate": Village.place_is_approximate,
    "team": Team.name,
}


def visits_of_stage(
    db: Session, person: Person, stage_id: int, filters: VisitFilters | None = None
) -> list[VisitRow]:
    """List the visits of a stage by day, team and slot.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    stage = stage_of(db, person, stage_id)
    query = _rows(person).where(col(Visit.stage_id) == stage_id)
    if filters and filters.outside:
        query = query.where(lies_outside(db, stage))
    return _read(db, query.where(*_conditions(filters or VisitFilters())))


def next_visits(db: Session, person: Person, today: date) -> list[VisitRow]:
    """List what an official has to answer, hold, report or correct, the most urgent first.

    Asked or confirmed visits of the past are among them: their report is missing. So are, for
    some weeks, those that were given back because of that. A proposal is not: nobody has been
    asked yet.
    """
    other = aliased(Visit)
    again = exists().where(
        col(other.stage_id) == col(Visit.stage_id),
        col(other.village_code) == col(Visit.village_code),
        col(other.work).in_(ACTIVE),
    )
    by_itself = exists().where(
        col(VisitEvent.visit_id) == col(Visit.id),
        col(VisitEvent.happening) == Happening.RETURNED,
        col(VisitEvent.reason).in_((ANSWER_MISSING, WISH_UNMET, REPORT_MISSING)),
    )
    late = and_(
        col(Visit.work) == Work.RETURNED,
        col(Visit.day).between(today - LATE_REPORTS, today),
        by_itself,
        ~again,
    )
    return _read(db, _rows(person).where(or_(col(Visit.work).in_(OFFICIALS_OWN), late)))


def visits_between(
    db: Session, person: Person, first: date, last: date, *, team_id: int | None = None
) -> list[VisitRow]:
    """List the visits that stand from one day to another, both included, by day and team.

    `team_id` None is every team.
    """
    query = _rows(person).where(col(Visit.day).between(first, last), col(Visit.work).in_(ACTIVE))
    return _read(db, query if team_id is None else query.where(col(Visit.team_id) == team_id))


def awaiting(db: Session, person: Person) -> list[VisitRow]:
    """List the visits that await the village's answer, the soonest first."""
    return _read(db, _rows(person).where(col(Visit.work) == Work.AWAITING))


def to_review(db: Session, person: Person) -> list[VisitRow]:
    """List the visits whose report nobody has looked at yet, the oldest first."""
    return _read(db, _rows(person).where(col(Visit.work) == Work.DONE))


def visit_row(db: Session, person: Person, visit_id: int) -> VisitRow:
    """Read one visit with its names.

    Raises
    ------
    NotFound
        If it is missing or outside the person's area.
    """
    visit_of(db, person, visit_id)
    return _read(db, _rows(person).where(col(Visit.id) == visit_id))[0]


def visits_by_id(db: Session, person: Person, visit_ids: Collection[int]) -> dict[int, VisitRow]:
    """Read visits with their names, by their numbers; those outside the area are left out."""
    parts = batched(visit_ids, _AT_ONCE)
    rows = (_read(db, _rows(person).where(col(Visit.id).in_(part))) for part in parts)
    return {row.id: row for some in rows for row in some}


def visits_of_village(db: Session, person: Person, code: str) -> list[VisitRow]:
    """List every visit of a village within the person's area, ended ones too, the latest first.

    Proposals that gave way to a new plan are left out: nobody had been told of them.
    """
    rows = _read(db, _rows(person).where(col(Visit.village_code) == code, ~was_released()))
    return rows[::-1]


def day_trips(db: Session, person: Person, stage_id: int) -> list[DayTrip]:
    """List the day-trips of a stage by day and team, each with its stops in order.

    A stop of a shared day that lies in another stage or outside the area is not shown.
    """
    rows = visits_of_stage(db, person, stage_id)
    teams = _teams(db, {row.team_id for row in rows})
    stays = stays_of_teams(db, teams, rows[0].day, rows[-1].day) if rows else {}
    trips = groupby(rows, key=lambda row: (row.team_id, row.day))
    return [_day_trip(list(stops), *teams[key[0]], stays.get(key)) for key, stops in trips]


def history(db: Session, person: Person, visit_id: int) -> list[HistoryLine]:
    """List what happened to a visit, the oldest first.

    Raises
    ------
    NotFound
        If the visit is missing or outside the person's area.
    """
    visit_of(db, person, visit_id)
    query = (
        select(
            col(VisitEvent.at),
            col(VisitEvent.happening),
            col(Account.name),
            col(VisitEvent.before),
            col(VisitEvent.after),
            col(VisitEvent.reason),
            col(VisitEvent.channel),
        )
        .outerjoin(Account, col(Account.id) == col(VisitEvent.account_id))
        .where(col(VisitEvent.visit_id) == visit_id)
        .order_by(col(VisitEvent.id))
    )
    return [HistoryLine(*row) for row in db.execute(query)]


def unplaced(db: Session, person: Person, stage_id: int) -> list[UnplacedRow]:
    """List the villages of a stage without a visit, by rank, each with its reason and remedy.

    Those that another stage of the campaign has stand in `visited_elsewhere`.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    stage_of(db, person, stage_id)
    active = and_(
        col(Visit.stage_id) == stage_id,
        col(Visit.village_code) == col(StageVillage.village_code),
        col(Visit.work).in_(ACTIVE),
    )
    query: Any = (
        select(
            col(StageVillage.village_code),
            col(Village.name),
            col(District.name),
            col(Regency.name),
            col(StageVillage.rank),
            col(StageVillage.score),
            col(StageVillage.reason),
            col(StageVillage.remedy),
            col(StageVillage.remedy_amount),
        )
        .join(Village, col(Village.code) == col(StageVillage.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .where(
            col(StageVillage.stage_id) == stage_id,
            ~exists().where(active),
            ~is_elsewhere(stage_id, col(StageVillage.village_code)),
        )
        .order_by(col(StageVillage.rank), col(StageVillage.village_code))
    )
    ended = {code: one.work for code, one in ended_villages(db, stage_id).items()}
    rows: Any = db.execute(narrow(query, StageVillage.village_code, person))
    return [UnplacedRow(*(*row, ended.get(row.village_code))) for row in rows]


def visited_elsewhere(db: Session, person: Person, stage_id: int) -> list[VisitRow]:
    """List the visits by which other stages of the campaign have villages that this one chose.

    Those of villages that the stage itself visits are left out.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    stage = stage_of(db, person, stage_id)
    chosen = select(col(StageVillage.village_code)).where(col(StageVillage.stage_id) == stage_id)
    own = select(col(Visit.village_code)).where(
        col(Visit.stage_id) == stage_id, col(Visit.work).in_(ACTIVE)
    )
    codes = col(Visit.village_code)
    return _read(db, _rows(person).where(of_other_stages(stage), codes.in_(chosen.except_(own))))


def summary_of_stage(db: Session, person: Person, stage_id: int) -> StageSummary:
    """Sum a stage up, as far as the person may see it.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    rows = visits_of_stage(db, person, stage_id)
    left = unplaced(db, person, stage_id)
    stays = stays_of_stage(db, person, stage_id)
    days = [row.day for row in rows]
    worked = {(row.team_id, row.day) for row in rows}
    worked |= {(stay.team_id, day) for stay in stays for day in stay.travel_days}
    return StageSummary(
        villages=len(rows) + len(left),
        by_work=Counter(row.work for row in rows),
        unplaced=len(left),
        by_reason=Counter(row.reason for row in left if row.reason is not None),
        team_days=len(worked),
        travel_minutes=sum(row.travel_minutes + row.return_minutes for row in rows)
        + way_minutes(stays),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
    )


def _rows(person: Person) -> Any:
    columns: list[Any] = [
        col(_NAMED.get(field.name) or getattr(Visit, field.name)).label(field.name)
        for field in fields(VisitRow)
    ]
    query = (
        select(*columns)
        .select_from(Visit)
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .join(Campaign, col(Campaign.id) == col(Stage.campaign_id))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .order_by(col(Visit.day), col(Visit.team_id), col(Visit.slot), col(Visit.id))
    )
    return narrow(query, Visit.village_code, person)


def _read(db: Session, query: Any) -> list[VisitRow]:
    return [VisitRow(*row) for row in db.execute(query)]


def _conditions(filters: VisitFilters) -> list[Any]:
    works = ACTIVE if filters.work is None else (filters.work,)
    conditions: list[Any] = [col(Visit.work).in_(works)]
    if filters.work is Work.CANCELLED:
        conditions.append(~was_released())
    if filters.team_id is not None:
        conditions.append(col(Visit.team_id) == filters.team_id)
    if filters.day_from is not None:
        conditions.append(col(Visit.day) >= filters.day_from)
    if filters.day_to is not None:
        conditions.append(col(Visit.day) <= filters.day_to)
    if filters.area_code is not None:
        conditions.append(within(Visit.village_code, [filters.area_code]))
    return conditions


def _teams(db: Session, team_ids: Iterable[int]) -> dict[int, tuple[Point, str, int]]:
    """Read each team's base, the name of the base and the sessions a day."""
    query = (
        select(
            col(Team.id),
            col(Village.latitude),
            col(Village.longitude),
            col(Village.code),
            col(Village.island),
            col(Village.name),
            col(Team.sessions_per_day),
        )
        .join(Village, col(Village.code) == col(Team.base_village_code))
        .where(col(Team.id).in_(team_ids))
    )
    return {row[0]: (Point(*row[1:5]), row[5], row[6]) for row in db.execute(query)}


def _day_trip(
    stops: list[VisitRow], base: Point, base_name: str, sessions: int, stay: StayRow | None
) -> DayTrip:
    return DayTrip(
        team_id=stops[0].team_id,
        team=stops[0].team,
        day=stops[0].day,
        base=base if stay is None else stay.hub,
        base_name=base_name if stay is None else stay.hub_name,
        sessions_per_day=sessions,
        travel_minutes=sum(stop.travel_minutes + stop.return_minutes for stop in stops),
        stops=tuple(stops),
        is_stay=stay is not None,
    )
