"""Writes the plan of a batch: every village ends with a visit or with its reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import col

from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.db import ROWS_PER_STATEMENT, insert_into
from outreach.people.rota import team_days
from outreach.planning.blocks import days_at_home
from outreach.planning.check import team_days_of, violations
from outreach.planning.daytrip import visits_of_day
from outreach.planning.expeditions import way_minutes
from outreach.planning.model import Reason, Remedy, Unplaced
from outreach.villages.tables import Village
from outreach.visits.batches import UnsoundPlan, lock_held
from outreach.visits.elsewhere import taken_elsewhere
from outreach.visits.runs import finish_if_settled, lock_run
from outreach.visits.stays import away_beside, save_stays, stays_of_teams
from outreach.visits.tables import (
    ACTIVE,
    BatchState,
    Happening,
    RunState,
    Visit,
    VisitEvent,
    Work,
)
from outreach.visits.teamday import clock_time, lock_teams
from outreach.visits.told_changes import changes_as_kept

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.planning.fairness import Shares
    from outreach.planning.model import (
        Plan,
        PlannedVisit,
        Problem,
        Site,
        Stay,
        TeamDay,
        TravelTable,
    )
    from outreach.visits.batches import Claim
    from outreach.visits.tables import Batch, PlanRun
    from outreach.visits.teamday import TeamAndDay


def save_plan(db: Session, held: Claim, asked: Problem, plan: Plan, now: datetime) -> bool:
    """Write the plan of a claimed batch and mark it done.

    Returns False, and writes nothing, when the batch was claimed by somebody else since, or its
    run or its stage is not on any more. A visit that the tables refuse, because its team's day
    was given away meanwhile, leaves its village with a reason.

    Raises
    ------
    UnsoundPlan
        The plan breaks a rule under the question that it answers; nothing is written.
    """
    if broken := violations(asked, plan):
        raise UnsoundPlan(broken)
    run = lock_run(db, held.run_id)
    batch = lock_held(db, held)
    if batch is None or run.state is not RunState.RUNNING:
        return False
    stage = db.get_one(Stage, run.stage_id)
    if stage.status is not Status.OPENED:
        return False
    planned, stays = _on_free_days(db, run.branch_id, plan)
    # Another stage of the campaign may have got one of the villages since the plan was asked for.
    gone = taken_elsewhere(db, stage, [one.code for one in planned])
    planned, stays = _without(gone, asked, plan, planned, stays)
    visits = _insert_visits(db, run, batch, planned, save_stays(db, run.stage_id, batch, stays))
    _write_history(db, run, visits, now)
    placed = {visit["village_code"] for visit in visits}
    _write_reasons(db, run.stage_id, placed, _left(plan, placed | gone))
    _mark_done(batch, plan, visits, stays, now)
    db.flush()  # before the count of open batches
    finish_if_settled(db, run, now)
    return True


def _on_free_days(db: Session, branch_id: int, plan: Plan) -> tuple[list[PlannedVisit], list[Stay]]:
    """Leave out the day-trips of team-days that somebody has given a visit, or a leave, since.

    A stay that has lost a day is left out as a whole: nobody would be at the hub. So is one that
    would leave its team no days at home beside a stay that stands by now.
    """
    # Whoever moves a visit by hand takes the teams too, so nothing slips in before the commit.
    lock_teams(db, branch_id)
    taken = _taken_since(db, branch_id, plan)
    closed = taken | _at_home(db, plan)
    stays = [one for one in plan.stays if closed.isdisjoint(_days_of(one))]
    lost = {key for one in plan.stays if one not in stays for key in _days_of(one)}
    kept = [one for one in plan.visits if (one.team_id, one.day) not in taken | lost]
    return kept, stays


def _without(
    gone: Collection[str],
    asked: Problem,
    plan: Plan,
    planned: Sequence[PlannedVisit],
    stays: Sequence[Stay],
) -> tuple[list[PlannedVisit], list[Stay]]:
    """Leave villages out, time the rest of their days, and drop stays of which no visit is left."""
    hit = {(one.team_id, one.day) for one in planned if one.code in gone}
    kept = [one for one in planned if (one.team_id, one.day) not in hit]
    sites, team_days = {site.code: site for site in asked.sites}, team_days_of(asked, plan)
    rest: dict[TeamAndDay, list[Site]] = defaultdict(list)
    for one in sorted(planned, key=lambda one: one.slot):
        if (one.team_id, one.day) in hit and one.code not in gone:
            rest[one.team_id, one.day].append(sites[one.code])
    for key, left in rest.items():
        kept += _as_far_as_fits(team_days[key], left, asked.travel)
    held = {(one.team_id, one.day) for one in kept}
    return kept, [one for one in stays if not held.isdisjoint(_days_of(one))]


def _as_far_as_fits(
    team_day: TeamDay, sites: Sequence[Site], measured: TravelTable | None
) -> tuple[PlannedVisit, ...]:
    """Time a day; the last of it wait where the road without a village in between is longer.

    Measured ways, and boats, know no triangle inequality.
    """
    for count in range(len(sites), 0, -1):
        if timed := visits_of_day(team_day, sites[:count], measured=measured):
            return timed
    return ()


def _taken_since(db: Session, branch_id: int, plan: Plan) -> set[TeamAndDay]:
    """Team-days of the plan that hold a visit by now, lie in a stay, or are worked no more."""
    keys = {(one.team_id, one.day) for one in plan.visits}
    keys.update(key for stay in plan.stays for key in _days_of(stay))
    if not keys:
        return set()
    teams, days = {team_id for team_id, _ in keys}, {day for _, day in keys}
    query = select(col(Visit.team_id), col(Visit.day)).where(
        col(Visit.team_id).in_(teams), col(Visit.day).in_(days), col(Visit.work).in_(ACTIVE)
    )
    visited = {(row.team_id, row.day) for row in db.execute(query)}
    worked = {(one.team_id, one.day) for one in team_days(db, branch_id, min(days), max(days))}
    return visited | stays_of_teams(db, teams, min(days), max(days)).keys() | (keys - worked)


def _at_home(db: Session, plan: Plan) -> set[TeamAndDay]:
    """Days that the teams of the plan's stays spend at home beside those that stand by now."""
    away = away_beside(db, [key for stay in plan.stays for key in _days_of(stay)])
    return {(team_id, day) for team_id in away for day in days_at_home(away[team_id])}


def _days_of(stay: Stay) -> Iterator[TeamAndDay]:
    return ((stay.team_id, day) for day in (*stay.travel_days, *stay.session_days))


def _insert_visits(
    db: Session,
    run: PlanRun,
    batch: Batch,
    planned: Sequence[PlannedVisit],
    stays: Mapping[TeamAndDay, int],
) -> list[dict[str, Any]]:
    """Insert what the tables take; return those rows, with their ids."""
    zones = _zones(db, [visit.code for visit in planned])
    ordered = sorted(planned, key=lambda visit: (visit.day, visit.team_id, visit.slot))
    rows = [
        {
            **_row(run, batch, visit, zones[visit.code]),
            "stay_id": stays.get((visit.team_id, visit.day)),
        }
        for visit in ordered
    ]
    ids: dict[str, int] = {}
    for part in batched(rows, ROWS_PER_STATEMENT):
        taken = insert_into(db, Visit).values(list(part)).on_conflict_do_nothing()
        inserted = db.execute(taken.returning(col(Visit.village_code), col(Visit.id)))
        ids.update({row.village_code: row.id for row in inserted})
    return [{**row, "id": ids[code]} for row in rows if (code := row["village_code"]) in ids]


def _row(run: PlanRun, batch: Batch, visit: PlannedVisit, zone: object) -> dict[str, Any]:
    return {
        "stage_id": run.stage_id,
        "run_id": run.id,
        "batch_id": batch.id,
        "village_code": visit.code,
        "team_id": visit.team_id,
        "day": visit.day,
        "slot": visit.slot,
        "starts_at": clock_time(visit.starts_minute),
        "zone": zone,
        "session_minutes": 120,
        "travel_minutes": visit.travel_minutes,
        "return_minutes": visit.return_minutes,
        "work": Work.PROPOSED,
        "version": 1,
    }


def _zones(db: Session, codes: Sequence[str]) -> dict[str, object]:
    query = select(col(Village.code), col(Village.zone))
    return {
        row.code: row.zone
        for part in batched(sorted(codes), 5000)
        for row in db.execute(query.where(col(Village.code).in_(part)))
    }


def _write_history(
    db: Session, run: PlanRun, visits: Sequence[dict[str, Any]], now: datetime
) -> None:
    events = [
        {
            "visit_id": visit["id"],
            "village_code": visit["village_code"],
            "happening": Happening.PLANNED,
            "at": now,
            "account_id": run.requested_by,
            "before": {},
            "after": told_place(visit),
            "reason": "",
        }
        for visit in visits
    ]
    if events:
        db.execute(insert(VisitEvent), events)


def told_place(visit: Mapping[str, Any]) -> dict[str, Any]:
    """Team, day, slot and start of a visit as its history keeps them."""
    return {
        "team_id": visit["team_id"],
        "day": visit["day"].isoformat(),
        "slot": visit["slot"],
        "starts_at": visit["starts_at"].isoformat("minutes"),
    }


def _left(plan: Plan, settled: Collection[str]) -> list[Unplaced]:
    """Every village that waits; those whose visit could not be saved lack a free team-day.

    Nothing is said of those that are *settled*: they have their visit here or in another stage.
    """
    refused = [
        Unplaced(visit.code, Reason.NO_CAPACITY, Remedy.LONGER_STAGE)
        for visit in plan.visits
        if visit.code not in settled
    ]
    return [*plan.unplaced, *refused]


def _write_reasons(
    db: Session, stage_id: int, placed: Iterable[str], left: Iterable[Unplaced]
) -> None:
    rows: list[dict[str, Any]] = [
        {"code": code, "why": None, "cure": None, "amount": 0} for code in sorted(placed)
    ]
    rows += [
        {"code": one.code, "why": one.reason, "cure": one.remedy, "amount": one.amount}
        for one in left
    ]
    if not rows:
        return
    table = StageVillage.__table__  # type: ignore[attr-defined]
    statement = (
        update(table)
        .where(table.c.stage_id == stage_id, table.c.village_code == bindparam("code"))
        .values(
            reason=bindparam("why"), remedy=bindparam("cure"), remedy_amount=bindparam("amount")
        )
    )
    db.connection().execute(statement, rows)


def _mark_done(
    batch: Batch,
    plan: Plan,
    visits: Sequence[Mapping[str, Any]],
    stays: Sequence[Stay],
    now: datetime,
) -> None:
    batch.state, batch.finished_at, batch.lease_until, batch.error = BatchState.DONE, now, None, ""
    batch.placed = len(visits)
    days = {(visit["team_id"], visit["day"]) for visit in visits}
    batch.team_days = len(days.union(*map(_days_of, stays)))
    batch.travel_minutes = way_minutes(stays) + sum(
        visit["travel_minutes"] + visit["return_minutes"] for visit in visits
    )
    batch.rounds, batch.solver = sum(plan.rounds), plan.solver
    told = {**_told_shares(plan.shares), **changes_as_kept(plan)}
    batch.figures = {**batch.figures, "rounds": list(plan.rounds), **told}


def _told_shares(shares: Shares | None) -> dict[str, Any]:
    """Tell the loads of the teams as `shared_work` reads them."""
    return {} if shares is None else {"shares": asdict(shares)}
