"""Walls of the product that are taken away on purpose, to see the checker find each out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


def drop_constraints(engine: Engine) -> None:
    """Let the tables take reports of one id twice."""
    with engine.begin() as connection:
        connection.execute(
            text("ALTER TABLE session_report DROP CONSTRAINT pk_session_report CASCADE")
        )


def _without_fence() -> None:
    """Let whoever has planned a part write it, though another has claimed it since."""
    from outreach.visits.leased_rows import LeasedRows

    def is_held(self: LeasedRows, held: Any) -> Any:
        return self.table.id == held.row_id

    LeasedRows.is_held = is_held  # type: ignore[method-assign]


def _without_scope() -> None:
    """Let everybody report on every visit."""
    from outreach.logbook import known

    def whole(query: Any, column: Any, person: Any) -> Any:
        return query

    known.narrow = whole  # type: ignore[attr-defined]


def _without_second_statement() -> None:
    """Believe that a report is stored because no error came, whoever was there first."""
    from outreach.logbook import store

    def insert_all(db: Any, table: Any, rows: Any) -> None:
        if rows:
            db.execute(store._insert_new(db, table), rows)

    store._insert_all = insert_all


#: What is taken away of the tables, before anything starts.
OF_TABLES: dict[str, Callable[[Engine], None]] = {"constraint": drop_constraints}
#: What is taken away of the code, in each process.
OF_CODE: dict[str, Callable[[], None]] = {
    "fence": _without_fence,
    "scope": _without_scope,
    "second-statement": _without_second_statement,
}
WALLS = (*OF_TABLES, *OF_CODE)
