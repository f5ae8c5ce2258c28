"""Links by which a village answers without an account: short, signed, never stored.

A link is alive while its visit awaits an answer for the day it was made for. Whoever changes a
visit's status or place calls `renew_link`; many at once are issued by `issue_links`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT, insert_into
from outreach.people.signs import code_of, derived_key, is_same, number_in
from outreach.visits.tables import ConfirmationLink, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlmodel import Session

    from outreach.villages.tables import Zone

#: Ten bytes: 80 bits, sixteen signs.
_SIGNATURE_BYTES = 10
#: Signs what is no link of ours, so that a wrong guess costs the same work whatever it names.
_NOBODY = ConfirmationLink(
    id=0,
    visit_id=0,
    issued_at=datetime(2000, 1, 1, tzinfo=UTC),
    expires_at=datetime(2000, 1, 1, tzinfo=UTC),
)


class LinkState(StrEnum):
    """What a link is good for."""

    LIVE = "live"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Found:
    """What a token leads to; only a wrong one leads to no link."""

    state: LinkState
    link: ConfirmationLink | None = None


def key_of(secret: str) -> bytes:
    """Derive the key of the links, so that what signs cookies signs nothing else."""
    return derived_key(secret, b"outreach: links of confirmation")


def token_of(link: ConfirmationLink, key: bytes) -> str:
    """Write a link's token: its number, and the signature over what it is for."""
    # The visit and the moment too: after a backup is restored, numbers are given out again, and
    # an old address must not open another village's page.
    told = f"{link.id}.{link.visit_id}.{int(link.issued_at.timestamp())}"
    return code_of(link.id or 0, told, key, _SIGNATURE_BYTES)


def address_of(link: ConfirmationLink, key: bytes, public_url: str) -> str:
    """Write the whole address that a village gets; `public_url` is where the product stands."""
    return f"{public_url.rstrip('/')}/k/{token_of(link, key)}"


def find(db: Session, token: str, key: bytes, now: datetime) -> Found:
    """Tell what a token leads to; a wrong one tells nothing, not even by its time."""
    link = db.get(ConfirmationLink, number_in(token, _SIGNATURE_BYTES))
    is_ours = is_same(token_of(link or _NOBODY, key), token)
    if link is None or not is_ours:
        return Found(LinkState.WRONG)
    return Found(state_of(link, now), link)


def state_of(link: ConfirmationLink, now: datetime) -> LinkState:
    """Tell what a link is good for."""
    if link.withdrawn_at is not None:
        return LinkState.WITHDRAWN
    if link.answered_at is not None:
        return LinkState.ANSWERED
    return LinkState.EXPIRED if link.expires_at <= now else LinkState.LIVE


def live_links(
    db: Session, visit_ids: Collection[int], now: datetime
) -> dict[int, ConfirmationLink]:
    """Read the link of each visit that can still be answered by one."""
    found: dict[int, ConfirmationLink] = {}
    for part in batched(sorted(set(visit_ids)), ROWS_PER_STATEMENT):
        query = select(ConfirmationLink).where(
            col(ConfirmationLink.visit_id).in_(part), *is_open(), _lives(now)
        )
        found.update({link.visit_id: link for link in db.scalars(query)})
    return found


def issue_links(db: Session, visit_ids: Collection[int], now: datetime) -> int:
    """Give every visit that awaits an answer a link, unless it has one; count the new ones.

    For many visits at once: after visits were published without `lifecycle.settle`.
    """
    db.flush()  # the statements below go past the objects
    query = select(col(Visit.id), col(Visit.day), col(Visit.zone))
    waiting = col(Visit.work) == Work.AWAITING
    return sum(
        _insert(db, db.execute(query.where(waiting, col(Visit.id).in_(part))).all(), now)
        for part in batched(sorted(set(visit_ids)), ROWS_PER_STATEMENT)
    )


def withdraw_links(
    db: Session, visit_ids: Collection[int], now: datetime, *, answered: bool = False
) -> int:
    """Take the open links of these visits back; count them.

    With `answered` those too that show nothing but what became of their answer.
    """
    ends = [col(ConfirmationLink.withdrawn_at).is_(None)] if answered else is_open()
    db.flush()
    gone = 0
    for part in batched(sorted(set(visit_ids)), ROWS_PER_STATEMENT):
        statement = update(ConfirmationLink).where(col(ConfirmationLink.visit_id).in_(part), *ends)
        done: Any = db.execute(statement.values(withdrawn_at=now))
        gone += done.rowcount
    return gone


def renew_link(db: Session, visit: Visit, now: datetime) -> None:
    """Take the visit's link back, for it was for another day; give a new one if it waits again.

    Every path that changes a visit's status or place comes by here.
    """
    ids = (visit.id or 0,)
    withdraw_links(db, ids, now)
    if visit.work is Work.AWAITING:
        issue_links(db, ids, now)


def expiry(day: date, zone: Zone) -> datetime:
    """When a link for a day ends: as that day begins in the village.

    On the day itself the team is on its way before anybody at the branch reads an answer, so an
    answer then has to be told by phone; the page of an old link says so.
    """
    return zone.moment(day, time.min).astimezone(UTC)


def _insert(db: Session, rows: Any, now: datetime) -> int:
    links = [
        {"visit_id": row.id, "issued_at": now, "expires_at": expires}
        for row in rows
        if (expires := expiry(row.day, row.zone)) > now
    ]
    if not links:
        return 0
    statement = insert_into(db, ConfirmationLink).values(links).on_conflict_do_nothing()
    return len(db.execute(statement.returning(col(ConfirmationLink.id))).all())


def is_open() -> tuple[Any, Any]:
    """Hold for the rows of the unique index: neither answered nor withdrawn."""
    return (
        col(ConfirmationLink.withdrawn_at).is_(None),
        col(ConfirmationLink.answered_at).is_(None),
    )


def _lives(now: datetime) -> Any:
    return col(ConfirmationLink.expires_at) > now
