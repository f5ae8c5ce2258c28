"""Keeps in the log each restore, and how a try of one ended: every machine knows it, for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.history.recording import record
from outreach.history.tables import OF_DRILLS, Deed, Event

if TYPE_CHECKING:
    from sqlmodel import Session

_DRILL = "outreach backup drill"
_RESTORE = "outreach backup restore"


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
    deed = Deed.DRILL_HELD if drill.held else Deed.DRILL_FAILED
    record(db, deed, at=drill.at, page=_called(_DRILL, drill.made_at))


def note_restore(db: Session, at: datetime, made_at: datetime) -> None:
    """Add to the log of a restored database to which moment it went back: later lines are gone."""
    record(db, Deed.RESTORED, at=at, page=_called(_RESTORE, made_at))


def _called(command: str, made_at: datetime | None) -> str:
    return (
        f"{command} {made_at.astimezone(UTC).isoformat(timespec='seconds')}" if made_at else command
    )


def command_of(page: str) -> tuple[str, datetime | None]:
    """Part a command of the log from the moment of the backup behind it, if there is one."""
    command, _, told = page.rpartition(" ")
    try:
        return command, datetime.fromisoformat(told)
    except ValueError:
        return page, None


def last_drill(db: Session) -> Drill | None:
    """Give the newest one; none if nobody ever tried."""
    tried = select(Event).where(col(Event.deed).in_([one.value for one in OF_DRILLS]))
    line = db.exec(tried.order_by(col(Event.id).desc()).limit(1)).first()
    if line is None:
        return None
    _, made_at = command_of(line.page)
    return Drill(line.at, made_at, line.deed == Deed.DRILL_HELD)
