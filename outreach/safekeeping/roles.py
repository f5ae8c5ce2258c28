"""Gives PostgreSQL's role of the running product its rights: to the history it may only add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from outreach.safekeeping.chain import CHAINED

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

#: What is only ever added to.
HISTORY = (*sorted(CHAINED), "sealed_day")
_TOLD = text(
    "SELECT rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls"
    " OR pg_has_role(oid, CAST(:owner AS name), 'MEMBER') FROM pg_roles WHERE rolname = :role"
)
_OWNERS = text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = current_schema()")


class RoleRefused(Exception):
    """A role of the database cannot be the product's own; the command says why in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def set_up_role(engine: Engine, role: str) -> None:
    """Let *role* do what the running product does in the database that this one owns.

    It reads and writes rows; of the history it reads and adds alone, and it owns nothing, so that
    it can neither change the tables nor switch their triggers off. Again and again with the same
    result: after a step that makes tables of the history, and after a restore.

    Raises
    ------
    RoleRefused
        `not_postgresql`, `no_such_role`; `too_mighty` if the role could take the rights anyway.
    """
    if engine.dialect.name != "postgresql":
        raise RoleRefused("not_postgresql")
    with engine.begin() as connection:
        _refuse_mighty(connection, role)
        for statement in _statements(connection, role):
            connection.exec_driver_sql(statement)


def _refuse_mighty(connection: Connection, role: str) -> None:
    for owner in connection.scalars(_OWNERS).all():
        mighty = connection.scalar(_TOLD, {"role": role, "owner": owner})
        if mighty is None:
            raise RoleRefused("no_such_role")
        if mighty:
            raise RoleRefused("too_mighty")


def _statements(connection: Connection, role: str) -> list[str]:
    quoted = connection.dialect.identifier_preparer.quote_identifier
    who, here = quoted(role), quoted(str(connection.scalar(text("SELECT current_schema()"))))
    name = quoted(str(connection.scalar(text("SELECT current_database()"))))
    kept = ", ".join(HISTORY)
    rows = "SELECT, INSERT, UPDATE, DELETE"
    return [
        f"GRANT CONNECT ON DATABASE {name} TO {who}",
        f"REVOKE CREATE ON SCHEMA {here} FROM PUBLIC, {who}",
        f"GRANT USAGE ON SCHEMA {here} TO {who}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {here} FROM PUBLIC, {who}",
        f"GRANT {rows} ON ALL TABLES IN SCHEMA {here} TO {who}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {here} TO {who}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {here} GRANT {rows} ON TABLES TO {who}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {here} GRANT USAGE ON SEQUENCES TO {who}",
        f"REVOKE UPDATE, DELETE ON {kept} FROM {who}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {who}",
    ]
