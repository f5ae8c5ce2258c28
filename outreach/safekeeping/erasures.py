"""The ledger of erasures: who is to be erased again when a backup from before comes back.

A row each in the database, for every machine alike; a line of JSON each in every backup, in a file
beside it and in one of the machine that erased, should the database be gone. A line holds the
numbers of rows and when, nothing of the person; `installation` tells other people's rows of the
same number apart.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import func, inspect, select
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.history.tables import ErasedRow
from outreach.safekeeping.erasing import erase
from outreach.safekeeping.refused import BackupRefused, writing
from outreach.safekeeping.subject import Subject
from outreach.villages.tables import RegistryLoad

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlmodel import Session

LEDGER = "erasures.jsonl"
#: A backup may have been begun before an erasure and told a later time; clocks differ, too.
_OVERLAP = timedelta(hours=1)


class Erasure(BaseModel):
    """One person erased: the rows, when, and of which installation."""

    model_config = ConfigDict(frozen=True, from_attributes=True)
    at: datetime
    installation: str
    official_id: int | None = None
    account_id: int | None = None


def erasure_of(db: Session, whom: Subject, now: datetime) -> Erasure:
    """Write down an erasure, without the person."""
    return Erasure(
        at=now,
        installation=installation_of(db),
        official_id=whom.official_id,
        account_id=whom.account_id,
    )


def installation_of(db: Session) -> str:
    """Tell an installation by the moment its registry was loaded first; all its backups hold it."""
    first = db.scalar(select(func.min(col(RegistryLoad.loaded_at))))
    return first.isoformat() if first else ""


def keep(db: Session, entries: Iterable[Erasure]) -> None:
    """Add to the database what does not stand there yet: in the unit of work that erases."""
    known = set(kept(db.connection()))
    new = (one for one in dict.fromkeys(entries) if one not in known)
    db.add_all(ErasedRow(**one.model_dump()) for one in new)
    db.flush()


def kept(connection: Connection) -> list[Erasure]:
    """Read what a database keeps; nothing where its tables are older."""
    if not inspect(connection).has_table("erasure"):
        return []
    query = select(*(col(getattr(ErasedRow, name)) for name in Erasure.model_fields))
    return [
        Erasure.model_validate(row) for row in connection.execute(query.order_by(col(ErasedRow.id)))
    ]


def note(folder: Path, entries: Iterable[Erasure]) -> None:
    """Add to the ledger of a folder what does not stand there yet; on the disk when this returns.

    Raises
    ------
    BackupRefused
        If the ledger cannot be written, or what stands there cannot be read.
    """
    known = set(read(folder))
    new = [one for one in dict.fromkeys(entries) if one not in known]
    if not new:
        return
    path = folder / LEDGER
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(written(new))
            file.flush()
            os.fsync(file.fileno())


def read(folder: Path) -> list[Erasure]:
    """Read the ledger of a folder; empty where there is none.

    Raises
    ------
    BackupRefused
        `ledger_closed` where it stands there and may not be read, else as `parse`.
    """
    path = folder / LEDGER
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        detail = error.strerror or str(error)
        raise BackupRefused("ledger_closed", file=path, detail=detail) from error
    return parse(content, path)


def written(entries: Iterable[Erasure]) -> bytes:
    """Write the lines of a ledger."""
    return "".join(f"{one.model_dump_json()}\n" for one in entries).encode()


def parse(content: bytes, place: object) -> list[Erasure]:
    """Read the lines of a ledger.

    Raises
    ------
    BackupRefused
        `ledger_unreadable`: whoever left a line out could bring a person back.
    """
    try:
        return [Erasure.model_validate_json(line) for line in content.splitlines() if line.strip()]
    except ValidationError as error:
        raise BackupRefused("ledger_unreadable", file=place) from error


def due(db: Session, entries: Iterable[Erasure], made_at: datetime) -> list[Erasure]:
    """Choose who of this installation may stand in a backup that was begun at *made_at*."""
    here = installation_of(db)
    return [one for one in entries if one.installation == here and one.at > made_at - _OVERLAP]


def erase_again(engine: Engine, entries: Sequence[Erasure], made_at: datetime) -> int:
    """Erase in a database as old as *made_at* who was erased since, and keep all lines there.

    Returns how many people stood there still: of some who are due nothing had come back.
    """
    with unit_of_work(engine) as db:
        here = installation_of(db)
        keep(db, (one for one in entries if one.installation == here))
        done = [
            erase(db, Subject(one.official_id, one.account_id), one.at)
            for one in due(db, entries, made_at)
        ]
    return sum(any(rows.values()) for rows in done)
