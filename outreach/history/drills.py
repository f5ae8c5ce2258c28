"""Keeps in the log each restore, and how a try of one ended: every machine knows it, for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.history.backups import newest, parted
from outreach.history.recording import record
from outreach.history.tables import OF_DRILLS, Deed, Event

if TYPE_CHECKING:
    from sqlmodel import Session

_DRILL = "outreach backup drill"
_RESTORE = "outreach backup restore"


@dataclass(frozen=True, slots=True)
class Drill:
    """When a backup was restored beside the database and checked, and whether it held.

    `made_at` is the moment that the backup holds; none where it could not even be opened. `found`
    are codes of what spoke against it, `file` is the name of the backup's file, if it was kept.
    """

    at: datetime
    made_at: datetime | None
    held: bool
    found: tuple[str, ...] = ()
    file: str = ""


def note_drill(db: Session, drill: Drill) -> None:
    """Add it to the log, with the backup's moment in UTC behind the command.

    What was found stands in lines of its own: the version before reads a moment alone.
    """
    for one in drill.found:
        record(db, Deed.DRILL_FOUND, at=drill.at, page=f"{_DRILL} {one} {drill.file}".strip())
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
    """Part a command of the log from the moment of the backup behind it, if there is one.

    Behind other commands stand names of files, and some of those are dates.
    """
    command, _, told = page.rpartition(" ")
    if command not in (_DRILL, _RESTORE):
        return page, None
    try:
        made_at = datetime.fromisoformat(told)
    except ValueError:
        return page, None
    return (command, made_at) if made_at.tzinfo else (page, None)


def last_drill(db: Session) -> Drill | None:
    """Give the newest one; none if nobody ever tried."""
    line = newest(db, OF_DRILLS)
    if line is None:
        return None
    _, made_at = command_of(line.page)
    found = _found(db, line) if line.deed == Deed.DRILL_FAILED else []
    codes, file = tuple(code for code, _ in found), found[0][1] if found else ""
    return Drill(line.at, made_at, line.deed == Deed.DRILL_HELD, codes, file)


def _found(db: Session, line: Event) -> list[tuple[str, str]]:
    """Read what spoke against it: a code and the file each."""
    of_it = (col(Event.deed) == Deed.DRILL_FOUND.value, col(Event.at) == line.at)
    pages = db.exec(select(Event.page).where(*of_it).order_by(col(Event.id))).all()
    return [parted(page)[1:] for page in pages]
