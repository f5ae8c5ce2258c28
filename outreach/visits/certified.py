"""The plan of a batch as it stands, beside the question it answers: what a certificate is of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.people.tables import Team
from outreach.planning.certificate import certify, told
from outreach.planning.daytrip import legs_of_day
from outreach.planning.model import Plan, PlannedVisit, Reason, Remedy, Stay, Unplaced
from outreach.visits.batches import problem_of_batch
from outreach.visits.stays import stays_between
from outreach.visits.tables import ACTIVE, AskedBound, Batch, PlanRun, Visit
from outreach.visits.teamday import day_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlmodel import Session

    from outreach.planning.model import Problem, Site, TeamDay, TravelTable
    from outreach.visits.leased_rows import Claim
    from outreach.visits.teamday import TeamAndDay


@dataclass(frozen=True, slots=True)
class Standing:
    """A question as it was kept and the plan that stands for it now.

    Attributes
    ----------
    elsewhere
        Villages left out of both: their visit stands on a day that is not of this part, or that
        it shares with a village of another.
    ended
        Villages left out of both: they had a visit of the plan and have none now.
    """

    problem: Problem
    plan: Plan
    elsewhere: int
    ended: int


def read_standing(db: Session, held: Claim) -> Standing:
    """Read the question of a batch again, and the visits of its villages that stand."""
    batch = db.get_one(Batch, db.get_one(AskedBound, held.row_id).batch_id)
    run = db.get_one(PlanRun, batch.run_id)
    problem = problem_of_batch(db, batch.id or 0)
    codes = {site.code for site in problem.sites}
    stays = _stays(db, run.branch_id, problem.team_days)
    days = _own_days(db, problem, codes)
    days -= {(stay.team_id, day) for stay in stays for day in stay.travel_days}
    own = [row for row in _of_stage(db, run.stage_id) if row.village_code in codes]
    placed = [row for row in own if (row.team_id, row.day) in days]
    standing = {row.village_code for row in own}
    away = standing - {row.village_code for row in placed}
    ended = (_planned(db, batch.id or 0) & codes) - standing
    days |= {(stay.team_id, day) for stay in stays for day in stay.travel_days}
    rest = replace(
        problem,
        sites=tuple(one for one in problem.sites if one.code not in away | ended),
        team_days=tuple(one for one in problem.team_days if (one.team_id, one.day) in days),
    )
    return Standing(rest, _plan(rest, placed, stays), len(away), len(ended))


def certificate_of(
    standing: Standing,
    tell: Callable[[float], None],
    is_over: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Work the certificate out and give what is kept of it.

    `tell` hears how far it is; once `is_over` says so, what is proved by then is told.
    """
    certificate = certify(standing.problem, standing.plan, is_over=is_over, on_progress=tell)
    return {**told(certificate), "elsewhere": standing.elsewhere, "ended": standing.ended}


def _of_stage(db: Session, stage_id: int) -> list[Any]:
    """Read where the visits of a stage stand, in the order of the days."""
    query = select(
        col(Visit.village_code), col(Visit.team_id), col(Visit.day), col(Visit.starts_at)
    ).where(col(Visit.stage_id) == stage_id, col(Visit.work).in_(ACTIVE))
    return list(db.execute(query.order_by(col(Visit.day), col(Visit.starts_at))))


def _own_days(db: Session, problem: Problem, codes: set[str]) -> set[TeamAndDay]:
    """Name the team-days of the problem on which no other village is visited."""
    keys = {(one.team_id, one.day) for one in problem.team_days}
    query = select(col(Visit.village_code), col(Visit.team_id), col(Visit.day)).where(
        col(Visit.work).in_(ACTIVE),
        col(Visit.team_id).in_({team_id for team_id, _ in keys}),
        col(Visit.day).in_({day for _, day in keys}),
    )
    return keys - {(row.team_id, row.day) for row in db.execute(query) if row[0] not in codes}


def _planned(db: Session, batch_id: int) -> set[str]:
    """Name the villages that had a visit of the batch's plan."""
    query = select(col(Visit.village_code)).where(col(Visit.batch_id) == batch_id)
    return set(db.scalars(query))


def _stays(db: Session, branch_id: int, team_days: Sequence[TeamDay]) -> tuple[Stay, ...]:
    """Read the stays on days of the problem; certified they are not."""
    if not team_days:
        return ()
    days = [one.day for one in team_days]
    found = stays_between(db, min(days), max(days), col(Team.branch_id) == branch_id)
    return tuple(
        Stay(
            team_id=one.team_id,
            hub_code=one.hub_code,
            hub=one.hub,
            travel_days=one.travel_days,
            session_days=one.session_days,
            access_minutes=one.access_minutes,
        )
        for one in found
    )


def _plan(problem: Problem, placed: Sequence[Any], stays: tuple[Stay, ...]) -> Plan:
    """Put the visits that stand together as a plan, their ways measured as the problem has them."""
    sites = {site.code: site for site in problem.sites}
    team_days = {(one.team_id, one.day): one for one in problem.team_days}
    trips: dict[TeamAndDay, list[Any]] = defaultdict(list)
    for row in placed:
        trips[row.team_id, row.day].append(row)
    visits = [
        visit
        for key, rows in trips.items()
        for visit in _trip(team_days[key], rows, sites, problem.travel)
    ]
    left = set(sites) - {visit.code for visit in visits}
    return Plan(
        visits=tuple(visits),
        unplaced=tuple(
            Unplaced(code, Reason.NO_CAPACITY, Remedy.NEXT_STAGE) for code in sorted(left)
        ),
        travel_minutes=sum(one.travel_minutes + one.return_minutes for one in visits),
        team_days_used=len(trips),
        rounds=(0, 0),
        seed=problem.seed,
        solver="",
        stays=stays,
    )


def _trip(
    team_day: TeamDay, rows: Sequence[Any], sites: Mapping[str, Site], travel: TravelTable | None
) -> Iterator[PlannedVisit]:
    legs = legs_of_day(team_day, [sites[row.village_code] for row in rows], travel)
    for number, (row, leg) in enumerate(zip(rows, legs, strict=False), start=1):
        back = legs[-1] if number == len(rows) else 0
        starts = day_minute(row.starts_at)
        yield PlannedVisit(
            row.village_code, team_day.team_id, team_day.day, number, starts, leg, back
        )
