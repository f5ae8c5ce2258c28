"""Keeps in the log how the last try of a restore ended: by it every machine knows, for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.history.recording import record
from outreach.history.tables import OF_DRILLS, Deed, Event

if TYPE_CHECKING:
    from sqlmodel import Session

COMMAND = "outreach backup drill"


@dataclass(frozen=True, slots=True)
class Drill:
    """When a backup was restored beside the database and checked, and whether it held.

    `made_at` is the moment that the backup holds; none where it could not even be opened.
    """

    at: datetime
    made_at: datetime | None
    held: bool


def note_drill(db: Session, drill: Drill) -> None:
    """Add it to the log, with the backup's moment in UTC behind the command."""
    made_at = drill.made_at.astimezone(UTC).isoformat(timespec="seconds") if drill.made_at else ""
    deed = Deed.DRILL_HELD if drill.held else Deed.DRILL_FAILED
    record(db, deed, at=drill.at, page=f"{COMMAND} {made_at}".strip())


def last_drill(db: Session) -> Drill | None:
    """Give the newest one; none if nobody ever tried."""
    tried = select(Event).where(col(Event.deed).in_([one.value for one in OF_DRILLS]))
    line = db.exec(tried.order_by(col(Event.id).desc()).limit(1)).first()
    if line is None:
        return None
    told = line.page.removeprefix(COMMAND).strip()
    made_at = datetime.fromisoformat(told) if told else None
    return Drill(line.at, made_at, line.deed == Deed.DRILL_HELD)
