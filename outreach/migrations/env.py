"""How Alembic reaches the database and what it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from alembic import context

from outreach.schema import metadata

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy import Connection


def _render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    if kind == "type" and type(item).__module__.startswith("sqlmodel"):
        autogen.imports.add("import sqlmodel.sql.sqltypes")
    return False


def _run() -> None:
    engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        # SQLite makes a changed table anew: what points to it must not mind for a moment, and
        # outside a transaction is the only place to say so.
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite:
            _check_keys(connection, on=False)
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=_render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if is_sqlite:
            _check_keys(connection, on=True)


def _check_keys(connection: Connection, *, on: bool) -> None:
    raw: Any = connection.connection.driver_connection
    raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


_run()
