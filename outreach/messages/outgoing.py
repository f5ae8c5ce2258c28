"""A message with all that it takes to write it: its words are made when it is sent or shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT
from outreach.messages.facts import Told, told_of, told_then
from outreach.messages.mail import Letter
from outreach.messages.report_pages import report_paths
from outreach.messages.tables import Matter, Message
from outreach.messages.text import Addressee, subject_of, text_of_visit
from outreach.people.tables import Official
from outreach.visits.tables import VisitEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

#: These are about visits for which there is nothing to answer.
_NEED_NO_LINK = (Matter.CALLED_OFF, Matter.SENT_BACK)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message with all that it takes to write and address it.

    `report_path` is where its official reports, if anywhere: see `report_pages`. `reason` is why
    a report was sent back.
    """

    message: Message
    told: Told
    official: Official
    report_path: str = ""
    reason: str = ""

    def text(self, link: str = "", public_url: str = "") -> str:
        """Write the message; without a public address it names no page of ours."""
        matter = self.message.matter
        return text_of_visit(
            self.told,
            matter,
            link="" if matter in _NEED_NO_LINK else link,
            to=Addressee(self.official.name, self.official.position),
            report_page=report_page(public_url, self.report_path),
            reason=self.reason,
        )

    def letter(self, link: str, now: datetime, public_url: str = "") -> Letter:
        """Write the message as an e-mail."""
        subject = subject_of(self.told, self.message.matter)
        key = f"outreach-{self.message.dedupe_key}"
        return Letter(self.official.email, subject, self.text(link, public_url), key, now)


def report_page(public_url: str, path: str) -> str:
    """Write the address of a page; empty where either part is not known."""
    return f"{public_url.rstrip('/')}{path}" if public_url and path else ""


def outgoing(db: Session, message_id: int) -> Outgoing:
    """Read one message with all that it takes to write it; for the product itself."""
    message = db.get_one(Message, message_id, populate_existing=True)
    official = db.get_one(Official, message.official_id)
    (one,) = all_outgoing(db, [(message, official)])
    return one


def all_outgoing(db: Session, rows: Sequence[tuple[Message, Official]]) -> list[Outgoing]:
    """Read what it takes to write messages to their officials; the caller knows who may ask."""
    messages = [message for message, _ in rows]
    told, reasons = _as_told(db, messages), _reasons(db, messages)
    paths = report_paths(db, {official.id or 0 for _, official in rows})
    return [
        Outgoing(
            message,
            then,
            official,
            paths.get(official.id or 0, ""),
            reasons.get(message.event_id or 0, ""),
        )
        for (message, official), then in zip(rows, told, strict=True)
    ]


def _as_told(db: Session, messages: Sequence[Message]) -> list[Told]:
    """Read what messages tell of; what was called off at the day it had then."""
    told = told_of(db, {one.visit_id for one in messages})
    off = [
        (one.visit_id, one.event_id)
        for one in messages
        if one.matter is Matter.CALLED_OFF and one.event_id is not None
    ]
    then = told_then(db, told, off)
    return [then.get((one.visit_id, one.event_id or 0), told[one.visit_id]) for one in messages]


def _reasons(db: Session, messages: Sequence[Message]) -> dict[int, str]:
    """Read why reports were sent back, by the event that the message tells."""
    events = {one.event_id or 0 for one in messages if one.matter is Matter.SENT_BACK}
    found: dict[int, str] = {}
    for part in batched(sorted(events), ROWS_PER_STATEMENT):
        query = select(col(VisitEvent.id), col(VisitEvent.reason))
        rows = db.execute(query.where(col(VisitEvent.id).in_(part)))
        found.update((event_id, reason) for event_id, reason in rows)
    return found
