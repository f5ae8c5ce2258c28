"""Goes around what keeps the history, as only the owner of the file or a superuser can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlmodel import Session


def unlock_history(db: Session | Connection) -> None:
    """Let rows of the history be changed until the unit of work ends; SQLite's file for good."""
    bind = db.get_bind() if hasattr(db, "get_bind") else db
    if bind.dialect.name == "postgresql":
        db.execute(text("SET LOCAL session_replication_role = replica"))
        return
    triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in db.execute(triggers).all():
        db.execute(text(f"DROP TRIGGER {name}"))
