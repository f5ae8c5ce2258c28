"""Keeps in the log how backups ended: by it every machine knows when there is none any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.history.recording import record
from outreach.history.tables import OF_BACKUPS, Deed, Event

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlmodel import Session

COMMAND = "outreach backup make"


@dataclass(frozen=True, slots=True)
class Backup:
    """When the last backup ended, and when the last good one did; none if there never was one.

    `why` is empty for a good one, else a code for the words; `file` is its name.
    """

    at: datetime
    good_at: datetime | None
    file: str = ""
    why: str = ""


def note_backup(db: Session, at: datetime, file: str, why: str = "") -> None:
    """Add to the log how one ended, with its file behind the command, and why if it failed."""
    deed = Deed.BACKUP_FAILED if why else Deed.BACKUP_MADE
    record(db, deed, at=at, page=" ".join(filter(None, (COMMAND, why, file))))


def parted(page: str) -> tuple[str, str, str]:
    """Part the line of a failure into the command, the code of why, and the name of the file."""
    words = page.split(" ", 4)
    why, file = (*words[3:], "", "")[:2]
    return " ".join(words[:3]), why, file


def last_backup(db: Session) -> Backup | None:
    """Give the newest one; none if nobody ever made one."""
    line = newest(db, OF_BACKUPS)
    if line is None:
        return None
    if line.deed == Deed.BACKUP_MADE:
        return Backup(line.at, line.at, line.page.removeprefix(COMMAND).strip())
    _, why, file = parted(line.page)
    good = newest(db, (Deed.BACKUP_MADE,))
    return Backup(line.at, good.at if good else None, file, why)


def newest(db: Session, deeds: Iterable[Deed]) -> Event | None:
    """Give the last line of any of these deeds; none if nobody did them."""
    told = select(Event).where(col(Event.deed).in_([one.value for one in deeds]))
    return db.exec(told.order_by(col(Event.id).desc()).limit(1)).first()
