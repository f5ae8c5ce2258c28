"""Storage of the outbox: what is to be told to whom; the words are made when it is sent."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

import outreach.visits.tables  # noqa: F401 - its keys point there, whoever imports it first
from outreach.db import words


class Medium(StrEnum):
    """How a message travels; WhatsApp is sent by a person who taps the prepared text."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"


class Matter(StrEnum):
    """What a message is about."""

    ASKED = "asked"
    MOVED = "moved"
    CALLED_OFF = "called_off"
    REMINDER = "reminder"
    SENT_BACK = "sent_back"


class MessageState(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Message(SQLModel, table=True):
    """One thing to be told to one official by one medium; `dedupe_key` makes it go out once.

    The text is not kept: it is made from the visit as it stands when it is sent or shown.
    A reminder speaks of the visit on `for_day`, so many days before: `lead_days`. `attempts` rises
    with every try to send it, so that whoever was too slow cannot settle what another has taken
    over; until `lease_until` nobody else tries.
    """

    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_message_due", "state", "next_try_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    dedupe_key: str = Field(unique=True)
    visit_id: int = Field(foreign_key="visit.id", index=True)
    event_id: int | None = Field(default=None, foreign_key="visit_event.id", index=True)
    official_id: int | None = Field(default=None, foreign_key="official.id")
    medium: Medium = Field(sa_type=words(Medium))
    matter: Matter = Field(sa_type=words(Matter))
    for_day: date | None = None
    lead_days: int | None = None
    state: MessageState = Field(default=MessageState.WAITING, sa_type=words(MessageState))
    attempts: int = 0
    next_try_at: datetime
    lease_until: datetime | None = None
    created_at: datetime
    settled_at: datetime | None = None
    error: str = ""
