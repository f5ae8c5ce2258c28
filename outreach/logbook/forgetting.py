"""Forgets what was kept to judge a report or to hear a phone again, once nobody needs it.

What was counted stays for good: a report keeps its numbers, its receipt and who sent it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, delete, func, or_, select, update
from sqlmodel import col

from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    HeldReport,
    SessionReport,
    TakenItem,
    WaitingPicture,
)
from outreach.people.tables import Device, Enrolment

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

#: Pictures show people and a name in handwriting. A year holds the campaign, its review and the
#: year-end audit; after that the numbers stand by themselves.
PICTURES = timedelta(days=365)
#: Where a phone was is compared with the village and the session before when a report comes, and
#: looked at by whoever reviews it.
PLACES = timedelta(days=90)
#: Whoever disagrees with a ruling does so within the quarter.
RULED = timedelta(days=90)
#: A correction whose report did not come for a season never finds it.
HELD = timedelta(days=90)
#: A phone asks again until it is answered; one that was off for a season knows another plan.
ITEMS = timedelta(days=90)
#: Codes live for days; who gave one to whom is asked about for a season at most.
CODES = timedelta(days=90)
#: The name of a phone that was taken back: reports still point to it, by its number.
LABELS = timedelta(days=90)


def forget_old(db: Session, now: datetime) -> int:
    """Erase what is past its time; return how many rows that was about."""
    done: list[Any] = [db.execute(statement) for statement in _over(now)]
    erased: int = sum(one.rowcount for one in done)
    return erased + _forget_disputed_places(db, now)


def _forget_disputed_places(db: Session, now: datetime) -> int:
    """Erase where phones were from what waits for a ruling; whoever rules loses no edit by it.

    Corrections that wait for their report are deleted as old as this, with all they hold.
    """
    latitude, longitude = (
        col(DisputedReport.content)[name].as_float() for name in ("latitude", "longitude")
    )
    query = select(col(DisputedReport.id), col(DisputedReport.content)).where(
        col(DisputedReport.received_at) <= now - PLACES,
        or_(latitude.is_not(None), longitude.is_not(None)),
    )
    places = {"latitude": None, "longitude": None}
    rows = [{"id": row.id, "content": {**row.content, **places}} for row in db.execute(query)]
    if rows:
        db.execute(update(DisputedReport), rows)
    return len(rows)


def _over(now: datetime) -> list[Any]:
    return [
        update(Evidence)
        .where(col(Evidence.received_at) <= now - PICTURES, func.length(col(Evidence.content)) > 0)
        .values(content=b""),
        update(SessionReport)
        .where(
            col(SessionReport.received_at) <= now - PLACES,
            or_(
                col(SessionReport.latitude).is_not(None), col(SessionReport.longitude).is_not(None)
            ),
        )
        .values(latitude=None, longitude=None),
        update(DisputedReport)
        .where(
            col(DisputedReport.ruled_at) <= now - RULED,
            cast(col(DisputedReport.content), Text) != "{}",
        )
        .values(content={}, version=DisputedReport.version + 1),
        delete(HeldReport).where(col(HeldReport.received_at) <= now - HELD),
        delete(TakenItem).where(col(TakenItem.received_at) <= now - ITEMS),
        delete(WaitingPicture).where(_picture_over(now)),
        delete(Enrolment).where(_enrolment_over(now)),
        update(Device)
        .where(col(Device.revoked_at) <= now - LABELS, col(Device.label) != "")
        .values(label=""),
    ]


def _picture_over(now: datetime) -> Any:
    """Hold for pictures of a year, and for those that go with what was set aside or never came.

    Asked once what waited in vain has been deleted.
    """
    report_id, came_with = col(WaitingPicture.report_id), col(WaitingPicture.fingerprint)
    held = select(col(HeldReport.id)).where(
        col(HeldReport.id) == report_id, col(HeldReport.fingerprint) == came_with
    )
    disputed = select(col(DisputedReport.id)).where(
        col(DisputedReport.report_id) == report_id,
        col(DisputedReport.fingerprint) == came_with,
        or_(col(DisputedReport.ruling).is_(None), col(DisputedReport.ruled_at) > now - RULED),
    )
    too_old = col(WaitingPicture.received_at) <= now - PICTURES
    return or_(too_old, ~(held.exists() | disputed.exists()))


def _enrolment_over(now: datetime) -> Any:
    """Hold for codes that opened nothing for a season: used, taken back or run out."""
    times = (Enrolment.used_at, Enrolment.withdrawn_at, Enrolment.expires_at)
    return or_(*(col(at) <= now - CODES for at in times))
