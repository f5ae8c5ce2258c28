"""Rows for programs that read all there is, part by part: each part begins after a key.

Keys never change and rows are ordered by them, so that what is added or moved meanwhile neither
hides a row nor shows one twice. Every function answers one row more than asked for, if there is
one: it tells that another part follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.access import seen_by, visible_branches
from outreach.campaigns.tables import Campaign, Stage
from outreach.logbook.tables import SessionReport, SignUp
from outreach.people.tables import Branch, Team
from outreach.progress.scope import Scope, villages_in, visits_in
from outreach.villages.tables import District, Province, Regency, Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from sqlalchemy import Row
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.villages.codes import Level
    from outreach.visits.tables import Work

    type Rows = Sequence[Row[Any]]


def region_rows(db: Session, scope: Scope, level: Level, after: str, limit: int) -> Rows:
    """Add up the registry by the regions of *level* that hold a village in scope."""
    part = func.substr(Village.code, 1, int(level)).label("region")
    query = (
        select(
            part,
            func.count().label("villages"),
            func.sum(Village.population).label("population"),
            func.sum(Village.informal_workers).label("informal_workers"),
            func.sum(Village.informal_covered).label("informal_covered"),
            func.sum(Village.vulnerable_workers).label("vulnerable_workers"),
        )
        # In ASCII the slash follows the dot: all villages of the region *after* come before it.
        .where(villages_in(scope, Village.code), col(Village.code) >= f"{after}/")
        .group_by("region")
        .order_by("region")
    )
    return db.execute(query.limit(limit + 1)).all()


def village_rows(db: Session, scope: Scope, after: str, limit: int) -> Rows:
    """List the villages that count, with the names of the regions around them, by code."""
    query: Any = (
        select(
            *Village.__table__.columns,  # type: ignore[attr-defined]
            col(District.name).label("district"),
            col(Regency.name).label("regency"),
            col(Regency.province_code),
            col(Province.name).label("province"),
        )
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .join(Province, col(Province.code) == col(Regency.province_code))
        .where(villages_in(scope, Village.code), col(Village.code) > after)
        .order_by(col(Village.code))
    )
    return db.execute(query.limit(limit + 1)).all()


def visit_rows(
    db: Session,
    scope: Scope,
    days: tuple[date | None, date | None],
    work: Work | None,
    after: int,
    limit: int,
) -> Rows:
    """List the visits of villages that count, by number; *days* are the first and the last."""
    query: Any = (
        select(
            *(getattr(Visit, name) for name in ("id", "stage_id", "village_code", "team_id")),
            *(getattr(Visit, name) for name in ("day", "slot", "starts_at", "zone")),
            *(getattr(Visit, name) for name in ("session_minutes", "work", "result")),
            col(Stage.campaign_id),
            col(Village.name).label("village"),
            col(Team.name).label("team"),
        )
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .where(visits_in(scope), col(Visit.id) > after, *_between(Visit.day, days))
        .order_by(col(Visit.id))
    )
    if work is not None:
        query = query.where(col(Visit.work) == work)
    return db.execute(query.limit(limit + 1)).all()


def session_rows(
    db: Session, scope: Scope, days: tuple[date | None, date | None], after: str, limit: int
) -> Rows:
    """List the current reports of visits that count, by id: counts and days, no text."""
    names = ("id", "visit_id", "village_code", "held_on", "held_at", "zone", "men", "women")
    more = ("signups", "paid", "minutes", "result", "received_at", "source")
    query: Any = (
        select(
            *(getattr(SessionReport, name) for name in (*names, *more)),
            col(Visit.work),
            col(Visit.stage_id),
        )
        .select_from(Visit)
        .join(SessionReport, col(SessionReport.visit_id) == col(Visit.id))
        .where(
            visits_in(scope),
            col(SessionReport.corrected_by).is_(None),
            col(SessionReport.id) > after,
            *_between(SessionReport.held_on, days),
        )
        .order_by(col(SessionReport.id))
    )
    return db.execute(query.limit(limit + 1)).all()


def signups_of(db: Session, report_ids: Iterable[str]) -> dict[str, list[SignUp]]:
    """Read the sign-ups of reports by work, package and payer; it answers whoever asks."""
    ids = list(report_ids)
    query = select(SignUp).where(col(SignUp.report_id).in_(ids))
    found: dict[str, list[SignUp]] = {one: [] for one in ids}
    for line in db.scalars(query.order_by(SignUp.sector, SignUp.package, SignUp.payer)):
        found[line.report_id].append(line)
    return found


def campaign_rows(db: Session, person: Person, after: int, limit: int) -> Rows:
    """List the campaigns that the person sees, by number."""
    query: Any = (
        select(*Campaign.__table__.columns, col(Branch.name).label("branch"))  # type: ignore[attr-defined]
        .outerjoin(Branch, col(Branch.id) == col(Campaign.branch_id))
        .where(seen_by(db, person), col(Campaign.id) > after)
        .order_by(col(Campaign.id))
    )
    return db.execute(query.limit(limit + 1)).all()


def stage_rows(
    db: Session, person: Person, campaign_id: int | None, after: int, limit: int
) -> Rows:
    """List the stages that the person sees, of one campaign or of all, by number."""
    query: Any = (
        select(*Stage.__table__.columns, col(Branch.name).label("branch"))  # type: ignore[attr-defined]
        .join(Branch, col(Branch.id) == col(Stage.branch_id))
        .where(col(Stage.branch_id).in_(visible_branches(db, person)), col(Stage.id) > after)
        .order_by(col(Stage.id))
    )
    if campaign_id is not None:
        query = query.where(col(Stage.campaign_id) == campaign_id)
    return db.execute(query.limit(limit + 1)).all()


def _between(column: Any, days: tuple[date | None, date | None]) -> list[Any]:
    first, last = days
    begun = [] if first is None else [col(column) >= first]
    return begun if last is None else [*begun, col(column) <= last]
