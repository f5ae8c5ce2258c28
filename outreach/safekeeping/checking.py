"""Checks the data itself: what must never be, counted afresh, whatever constraints say.

Each rule answers what breaks it; an empty answer is as it should be. They go by the rows alone, so
that a copy that lost an index or a key is told as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, text
from sqlmodel import col

from outreach.db import reading
from outreach.logbook.tables import SessionReport, SignUp
from outreach.safekeeping.chain import first_broken_day
from outreach.safekeeping.recounting import totals_wrong
from outreach.schema import metadata
from outreach.visits.tables import ACTIVE, REPORTED, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine, ForeignKeyConstraint, Table
    from sqlmodel import Session

_ACTIVE = col(Visit.work).in_(ACTIVE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule, and where it is broken: each one line to look it up by."""

    rule: str
    broken: tuple[str, ...]


def check_database(engine: Engine) -> list[Finding]:
    """Hold all rows against all rules as they are at one moment, while others go on writing."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine) as db:
        return check_data(db)


def check_data(db: Session) -> list[Finding]:
    """Hold all rows that a session sees against all rules; nothing is changed."""
    return [Finding(name, tuple(rule(db))) for name, rule in RULES.items()]


def _double_booked(db: Session) -> Iterator[str]:
    """Tell teams with two visits that stand on one day and slot."""
    slot = (col(Visit.team_id), col(Visit.day), col(Visit.slot))
    query = select(*slot).where(_ACTIVE).group_by(*slot).having(func.count() > 1)
    for team, day, number in db.execute(query):
        yield f"team {team}, {day}, slot {number}"


def _doubled(db: Session) -> Iterator[str]:
    """Tell villages with two visits of one stage that stand."""
    place = (col(Visit.stage_id), col(Visit.village_code))
    query = select(*place).where(_ACTIVE).group_by(*place).having(func.count() > 1)
    for stage, village in db.execute(query):
        yield f"stage {stage}, {village}"


def _reports_astray(db: Session) -> Iterator[str]:
    """Tell reports without their visit, or of another village than their visit."""
    query = (
        select(col(SessionReport.id))
        .join(Visit, col(Visit.id) == SessionReport.visit_id, isouter=True)
        .where(
            or_(
                col(Visit.id).is_(None),
                col(Visit.village_code) != col(SessionReport.village_code),
            )
        )
    )
    yield from _each("report", db.scalars(query))


def _corrections(db: Session) -> Iterator[str]:
    """Tell reports that stand outside their visit's one chain of corrections."""
    rows = db.execute(
        select(
            col(SessionReport.id),
            col(SessionReport.visit_id),
            col(SessionReport.corrects_id),
            col(SessionReport.corrected_by),
        )
    ).all()
    visit_of = {row.id: row.visit_id for row in rows}
    following = {row.corrects_id: row.id for row in rows if row.corrects_id}
    firsts: set[int] = set()
    for row in rows:
        is_second_first = not row.corrects_id and row.visit_id in firsts
        is_elsewhere = row.corrects_id and visit_of.get(row.corrects_id) != row.visit_id
        if is_second_first or is_elsewhere or following.get(row.id) != row.corrected_by:
            yield f"report {row.id}"
        if not row.corrects_id:
            firsts.add(row.visit_id)


def _statuses(db: Session) -> Iterator[str]:
    """Tell visits whose status or result is not what their report says.

    A visit that was reported has one report that counts, and no other has one.
    """
    held = and_(
        col(SessionReport.visit_id) == col(Visit.id), col(SessionReport.corrected_by).is_(None)
    )
    is_reported = col(Visit.work).in_(REPORTED)
    is_wrong = or_(
        and_(is_reported, col(SessionReport.id).is_(None)),
        and_(~is_reported, col(SessionReport.id).is_not(None)),
        col(Visit.result) != col(SessionReport.result),
        and_(col(Visit.result).is_(None), col(SessionReport.id).is_not(None)),
    )
    query = select(col(Visit.id)).join(SessionReport, held, isouter=True).where(is_wrong)
    yield from _each("visit", db.scalars(query))


def _details(db: Session) -> Iterator[str]:
    """Tell reports whose sign-ups by work, package and payer do not add up to their sign-ups."""
    query = (
        select(col(SessionReport.id))
        .join(SignUp, col(SignUp.report_id) == SessionReport.id)
        .group_by(col(SessionReport.id), col(SessionReport.signups))
        .having(func.sum(SignUp.workers) != col(SessionReport.signups))
    )
    yield from _each("report", db.scalars(query))


def _without_history(db: Session) -> Iterator[str]:
    """Tell visits of which no line tells how they came about."""
    told = select(col(VisitEvent.id)).where(col(VisitEvent.visit_id) == col(Visit.id))
    yield from _each("visit", db.scalars(select(col(Visit.id)).where(~told.exists())))


def _other_history(db: Session) -> Iterator[str]:
    """Tell visits that stand otherwise than the last line of their history says."""
    said: dict[int, str] = {}
    lines = select(col(VisitEvent.visit_id), col(VisitEvent.after)).order_by(col(VisitEvent.id))
    for visit_id, after in db.execute(lines):
        said[visit_id] = after.get("work", said.get(visit_id, Work.PROPOSED.value))
    for visit_id, work in db.execute(select(col(Visit.id), col(Visit.work))):
        if said.get(visit_id, work.value) != work.value:
            yield f"visit {visit_id}"


def _rewritten(db: Session) -> Iterator[str]:
    """Tell the first closed day whose history is not what it was when it was closed."""
    day = first_broken_day(db)
    if day:
        yield f"day {day}"


def _dangling(db: Session) -> Iterator[str]:
    """Tell rows that point to a row that is not there."""
    for name, table in sorted(metadata.tables.items()):
        for key in sorted(table.foreign_key_constraints, key=lambda one: str(one.column_keys)):
            count = db.execute(_orphans(table, key)).scalar_one()
            if count:
                yield f"{name}.{', '.join(key.column_keys)}: {count}"


def _orphans(table: Table, key: ForeignKeyConstraint) -> Any:
    parent = key.referred_table.alias("parent")
    pairs = [(one.parent, parent.c[one.column.name]) for one in key.elements]
    joined = table.outerjoin(parent, and_(*(ours == theirs for ours, theirs in pairs)))
    told = [ours.is_not(None) for ours, _ in pairs]
    missing = [theirs.is_(None) for _, theirs in pairs]
    return select(func.count()).select_from(joined).where(*told, *missing)


def _damaged(db: Session) -> Iterator[str]:
    """Tell what is damaged in a SQLite file; PostgreSQL looks after its own."""
    if db.get_bind().dialect.name != "sqlite":
        return
    for (told,) in db.execute(text("PRAGMA integrity_check")):
        if told != "ok":
            yield str(told)


def _each(kind: str, ids: Any) -> Iterator[str]:
    return (f"{kind} {one}" for one in sorted(ids))


RULES: dict[str, Callable[[Session], Iterator[str]]] = {
    "double_booked_teams": _double_booked,
    "doubled_visits": _doubled,
    "reports_without_visit": _reports_astray,
    "broken_corrections": _corrections,
    "status_against_report": _statuses,
    "details_do_not_add_up": _details,
    "totals_differ": totals_wrong,
    "visits_without_history": _without_history,
    "status_against_history": _other_history,
    "history_rewritten": _rewritten,
    "dangling_keys": _dangling,
    "damaged_file": _damaged,
}
