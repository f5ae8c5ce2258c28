"""Gives PostgreSQL's role of the running product its rights: to the history it may only add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from outreach.safekeeping.chain import CHAINED

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

#: What is only ever added to.
HISTORY = (*sorted(CHAINED), "sealed_day", "erasure")
#: Roles that the server brings along and that get around every table's owner.
_MIGHTY = (
    "pg_write_all_data", "pg_maintain", "pg_database_owner", "pg_create_subscription",
    "pg_execute_server_program", "pg_read_server_files", "pg_write_server_files",
)  # fmt: skip
#: What the role is or may become, by `SET ROLE` or by a right to grant it to itself: named first.
_TAKEN = (
    "SELECT taken.rolname FROM pg_roles taken, pg_namespace here, pg_database base"
    " WHERE here.nspname = current_schema() AND base.datname = current_database()"
    " AND pg_has_role(:role, taken.oid, 'MEMBER') AND ({mighty})"
    " ORDER BY taken.rolname <> :role, starts_with(taken.rolname, 'pg_'), taken.rolname LIMIT 1"
)
_OWNS = text(
    _TAKEN.format(
        mighty="rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls"
        " OR taken.rolname = ANY(:mighty) OR taken.oid IN (base.datdba, here.nspowner)"
        " OR EXISTS (SELECT FROM pg_class WHERE relnamespace = here.oid AND relowner = taken.oid)"
        " OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = here.oid AND proowner = taken.oid)"
    )
)
#: Whoever may set a sequence could use numbers up; whoever makes triggers, swallow lines.
_MAY_MORE = text(
    _TAKEN.format(
        mighty="has_schema_privilege(taken.oid, here.oid, 'CREATE')"
        " OR has_database_privilege(taken.oid, base.oid, 'CREATE')"
        " OR EXISTS (SELECT FROM pg_class WHERE relnamespace = here.oid AND CASE"
        " WHEN relkind = 'S' THEN has_sequence_privilege(taken.oid, pg_class.oid, 'UPDATE')"
        " WHEN relname = ANY(:history) THEN"
        " has_table_privilege(taken.oid, pg_class.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
        " OR has_any_column_privilege(taken.oid, pg_class.oid, 'UPDATE') END)"
    )
)
_IS_THERE = text("SELECT 1 FROM pg_roles WHERE rolname = :role")


class RoleRefused(Exception):
    """A role of the database cannot be the product's own; the command says why in words.

    `through` names the role, itself or another, whose rights are too many.
    """

    def __init__(self, reason: str, through: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.through = through


def set_up_role(engine: Engine, role: str) -> None:
    """Let *role* do what the running product does in the database that this one owns.

    It reads and writes rows; of the history it reads and adds alone, and it owns nothing, so that
    it can neither change the tables nor switch their triggers off. Again and again with the same
    result: after a step that makes tables of the history, and after a restore.

    Raises
    ------
    RoleRefused
        `not_postgresql`, `no_such_role`; `too_mighty` if the role could take the rights anyway,
        `may_more` if rights that others gave are left. Then nothing was changed.
    """
    if engine.dialect.name != "postgresql":
        raise RoleRefused("not_postgresql")
    with engine.begin() as connection:
        if connection.scalar(_IS_THERE, {"role": role}) is None:
            raise RoleRefused("no_such_role")
        told = {"role": role, "mighty": list(_MIGHTY), "history": list(HISTORY)}
        if through := connection.scalar(_OWNS, told):
            raise RoleRefused("too_mighty", through)
        for statement in _statements(connection, role):
            connection.exec_driver_sql(statement)
        if through := connection.scalar(_MAY_MORE, told):
            raise RoleRefused("may_more", through)


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
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {here} FROM PUBLIC, {who}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {here} TO {who}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {here} GRANT {rows} ON TABLES TO {who}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {here} GRANT USAGE ON SEQUENCES TO {who}",
        f"REVOKE UPDATE, DELETE ON {kept} FROM {who}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {who}",
    ]
