"""What the days of a stage left behind: villages that answered or called off, and reports."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from outreach.demonstration.plans import at
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import ReportSource
from outreach.visits.lifecycle import Author, confirm, settle
from outreach.visits.reviewing import approve_many
from outreach.visits.tables import Channel, Happening

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.demonstration.sessions import Ending
    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: Reports younger than this wait for the coordinator.
REVIEWED_AFTER = timedelta(7)


def day_before(visit: VisitRow, by: Person) -> datetime:
    """Tell when a village spoke of its visit: two days ahead; plans are made three ahead."""
    return at(visit.day - timedelta(2), 10, by.zone)


def promise(db: Session, visit: VisitRow, by: Person) -> None:
    """Note that a village has said yes shortly before its day."""
    then = day_before(visit, by)
    confirm(db, visit.id, version=visit.version, by=by, now=then, reason="Lewat telepon")


def hear(db: Session, visit: VisitRow, chance: float, by: Person, today: date) -> None:
    """Note which villages have answered: most of those whose day is near."""
    if chance < (0.92 if visit.day <= today + timedelta(7) else 0.75):
        answered = at(min(visit.day - timedelta(9), today - timedelta(1)), 9, by.zone)
        told = "Setuju lewat WhatsApp"
        confirm(db, visit.id, version=visit.version, by=by, now=answered, reason=told)


def put_off(db: Session, visit_id: int, by: Person, now: datetime, reason: str) -> None:
    """Note that a village has called and cannot host on its day."""
    settle(db, visit_id, Happening.POSTPONED, Author(by, now, reason, Channel.PHONE))


def report(db: Session, told: Sequence[tuple[VisitRow, Ending]], by: Person, today: date) -> None:
    """Send what was told of promised visits on the evening of their day, and approve the older."""
    days: dict[date, list[tuple[VisitRow, Ending]]] = defaultdict(list)
    for visit, ending in told:
        days[visit.day].append((visit, ending))
    phone = Sending(source=ReportSource.PHONE)
    for day, ended in sorted(days.items()):
        take_in(db, [ending.report for _, ending in ended], by, at(day, 18, by.zone))
        if others := [ending.contradicted for _, ending in ended if ending.contradicted]:
            take_in(db, others, by, at(day, 20, by.zone), sending=phone)
        if day < today - REVIEWED_AFTER:
            # Each was promised and reported since it was read.
            seen = {visit.id: visit.version + 2 for visit, _ in ended}
            approve_many(db, seen, by=by, now=at(day + timedelta(2), 9, by.zone))
