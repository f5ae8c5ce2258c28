"""Goes around what keeps the history, as only the owner of the file or a superuser can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
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


def let_days_be_over(engine: Engine) -> None:
    """Let days of a test's own time be closed, which by the database's clock are to come."""
    on_table = " ON sealed_day" if engine.dialect.name == "postgresql" else ""
    name = "is_over" if on_table else "sealed_day_is_over"
    with engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {name}{on_table}"))
