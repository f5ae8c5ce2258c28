"""What is stored already about the reports of one request: read in few statements, locked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select
from sqlmodel import col

from outreach.logbook.tables import (
    DisputedReport,
    HeldReport,
    ItemKind,
    SessionReport,
    TakenItem,
)
from outreach.people.access import narrow
from outreach.visits.tables import TO_COME, Happening, Visit, VisitEvent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlmodel import Session

    from outreach.logbook.record import SessionReportIn
    from outreach.people.access import Person


@dataclass(slots=True)
class Known:
    """What bears on the reports of one request.

    `visits` are those the person may report on, locked. `reports` hold every report of theirs
    and every one that is named. `held` are the corrections that may be released, `homes` the
    visits of all of these. `disputed` are the id and fingerprint of what a person has to decide.
    `repeats` are ids of tellings that said what was stored already, each with the id that it is
    stored under. `moved` tells of visits still to come when their day was changed last.
    """

    visits: dict[int, Visit]
    homes: dict[int, Visit]
    reports: dict[str, Stored]
    held: dict[str, HeldReport]
    disputed: dict[tuple[str, str], str]
    repeats: dict[str, Repeat]
    moved: dict[int, datetime]


@dataclass(slots=True)
class Stored:
    """Of a stored report what tells a repeat, a contradiction and a correction apart."""

    visit_id: int
    fingerprint: str
    corrected_by: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A telling that said what was stored already, under another id."""

    fingerprint: str
    stored_as: str


def read_known(
    db: Session, reports: Collection[SessionReportIn], by: Person, now: datetime
) -> Known:
    """Read all of it; whoever else reports on one of these visits waits until we are done."""
    ids = {str(report.id) for report in reports}
    visits = lock_visits(db, {report.visit_id for report in reports}, by)
    return Known(
        visits=visits,
        moved=_moved(db, visits, now),
        **_about(db, ids | {str(r.corrects_id) for r in reports if r.corrects_id}, visits, ids),
    )


def read_of_held(db: Session, held: Collection[HeldReport], now: datetime) -> Known:
    """Read it for corrections that waited in vain, whoever sent them."""
    query = select(Visit).where(col(Visit.id).in_({one.visit_id for one in held}))
    visits = _locked(db, query)
    ids = {one.id for one in held}
    moved = _moved(db, visits, now)
    return Known(visits=visits, moved=moved, **_about(db, ids, visits, ids))


def lock_visits(db: Session, ids: Collection[int], by: Person) -> dict[int, Visit]:
    """Lock the visits within the person's area."""
    if not ids:
        return {}
    return _locked(db, narrow(select(Visit), Visit.village_code, by).where(col(Visit.id).in_(ids)))


def _locked(db: Session, query: Any) -> dict[int, Visit]:
    # In the order of their ids, so that two who send the same visits never wait for each other.
    query = query.order_by(col(Visit.id)).with_for_update(key_share=True)
    found = db.scalars(query.execution_options(populate_existing=True))
    return {visit.id or 0: visit for visit in found}


def _about(db: Session, named: set[str], visits: dict[int, Visit], ids: set[str]) -> dict[str, Any]:
    held = _held(db, ids, visits)
    waiting = {one.id for one in held.values()}
    repeats = _repeats(db, named | waiting)
    named = named | waiting | {one.stored_as for one in repeats.values()}
    return {
        "held": held,
        "homes": visits | _other_visits(db, {h.visit_id for h in held.values()} - set(visits)),
        "reports": _reports(db, named, visits),
        "disputed": _disputed(db, ids | waiting),
        "repeats": repeats,
    }


def _held(db: Session, ids: set[str], visits: Iterable[int]) -> dict[str, HeldReport]:
    """Read what is held under these ids, for these visits, and what waits for any of it."""
    held: dict[str, HeldReport] = {}
    query, asked = _HELD, {"ids": list(ids), "visits": list(visits)}
    while True:
        fresh = {one.id: one for one in db.scalars(query, asked) if one.id not in held}
        held |= fresh
        if not fresh:
            return held
        query, asked = _BEHIND, {"ids": list(fresh)}


def _other_visits(db: Session, ids: set[int]) -> dict[int, Visit]:
    if not ids:
        return {}
    found = db.scalars(select(Visit).where(col(Visit.id).in_(ids)))
    return {visit.id or 0: visit for visit in found}


def _reports(db: Session, ids: set[str], visits: Iterable[int]) -> dict[str, Stored]:
    found = db.execute(_REPORTS, {"ids": list(ids), "visits": list(visits)})
    return {row[0]: Stored(*row[1:]) for row in found}


def _disputed(db: Session, ids: set[str]) -> dict[tuple[str, str], str]:
    return {(row[0], row[1]): row[2] for row in db.execute(_DISPUTED, {"ids": list(ids)})}


def _repeats(db: Session, ids: set[str]) -> dict[str, Repeat]:
    query = select(col(TakenItem.id), col(TakenItem.fingerprint), col(TakenItem.reason)).where(
        col(TakenItem.id).in_(ids), col(TakenItem.kind) == ItemKind.REPORT
    )
    return {row[0]: Repeat(row[1], row[2]) for row in db.execute(query)}


def _moved(db: Session, visits: dict[int, Visit], now: datetime) -> dict[int, datetime]:
    """Tell of the visits on a day still to come when they were given it; others have no say."""
    coming = [visit_id for visit_id, visit in visits.items() if _is_to_come(visit, now)]
    if not coming:
        return {}
    query = (
        select(
            col(VisitEvent.visit_id),
            col(VisitEvent.at),
            col(VisitEvent.before),
            col(VisitEvent.after),
        )
        .where(col(VisitEvent.visit_id).in_(coming), col(VisitEvent.happening) == Happening.MOVED)
        .order_by(col(VisitEvent.id))
    )
    return {
        visit_id: at
        for visit_id, at, before, after in db.execute(query)
        if before.get("day") != after.get("day")
    }


def _is_to_come(visit: Visit, now: datetime) -> bool:
    return visit.work in TO_COME and visit.day > visit.zone.day(now)


# Asked with each request: to make them anew would take longer than to answer them.
_IDS: Any = bindparam("ids", expanding=True)
_VISITS: Any = bindparam("visits", expanding=True)
_BEHIND: Any = (
    select(HeldReport)
    .where(col(HeldReport.waits_for).in_(_IDS))
    .execution_options(populate_existing=True)
)
_HELD: Any = (
    select(HeldReport)
    .where(
        or_(
            col(HeldReport.id).in_(_IDS),
            col(HeldReport.waits_for).in_(_IDS),
            col(HeldReport.visit_id).in_(_VISITS),
        )
    )
    .execution_options(populate_existing=True)
)
_REPORTS: Any = select(
    col(SessionReport.id),
    col(SessionReport.visit_id),
    col(SessionReport.fingerprint),
    col(SessionReport.corrected_by),
).where(or_(col(SessionReport.id).in_(_IDS), col(SessionReport.visit_id).in_(_VISITS)))
_DISPUTED: Any = select(
    col(DisputedReport.report_id), col(DisputedReport.fingerprint), col(DisputedReport.reason)
).where(col(DisputedReport.report_id).in_(_IDS))
