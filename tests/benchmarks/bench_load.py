"""The national load against a raw `executemany` insert of the same village rows, in one run.

Raw: the database's own driver, no checks, no keys, no upsert, into a bare table.
"""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from outreach.db import unit_of_work
from outreach.villages.registry import load_registry, read_registry
from outreach.villages.tables import Village
from tests.benchmarks.databases import available_databases

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.villages.registry import Registry

NOW = datetime(2026, 1, 5, tzinfo=UTC)
RAW_ROUNDS = 3


def main() -> None:
    registry, reading = _timed(read_registry)
    rows = len(registry.tables[Village])
    print(f"read, check, correct, place, estimate {rows} villages: {reading:.2f} s")
    for kind, engine in available_databases():
        raw = statistics.median(_raw(engine, registry) for _ in range(RAW_ROUNDS))
        _, first = _timed(partial(_load, engine, registry))
        _, again = _timed(partial(_load, engine, registry))
        print(
            f"{kind}: raw executemany {raw:.2f} s; load {first:.2f} s ({first / raw:.1f} x raw); "
            f"second load {again:.2f} s"
        )


def _timed[T](act: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    result = act()
    return result, time.perf_counter() - started


def _load(engine: Engine, registry: Registry) -> None:
    with unit_of_work(engine) as db:
        load_registry(db, now=NOW, registry=registry)


def _raw(engine: Engine, registry: Registry) -> float:
    names = list(registry.tables[Village][0])
    rows: list[tuple[Any, ...]] = [
        tuple(str(row[name]) if name in ("kind", "zone") else row[name] for name in names)
        for row in registry.tables[Village]
    ]
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO raw ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS raw")
        connection.exec_driver_sql("CREATE TABLE raw AS SELECT * FROM village")
        cursor: Any = connection.connection.cursor()
        started = time.perf_counter()
        cursor.executemany(statement, rows)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
