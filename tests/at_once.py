"""What the tests of things that happen at the same moment do."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


def at_once(*works: Callable[[], object]) -> None:
    failed: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by whoever waits for it
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failed:
        raise BaseExceptionGroup("at the same moment", failed)


def somebody_waits(engine: Engine) -> bool:
    """Whether a unit of work waits for a row of another; on SQLite all wait for all."""
    if engine.dialect.name == "sqlite":
        return True
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with engine.connect() as db:
        return bool(db.scalar(text(f"{asked} AND datname = current_database()")))


def wait_for_the_other(engine: Engine, is_through: threading.Event) -> None:
    """Leave a unit of work open until another waits for it, or is through without waiting."""
    for _ in range(500):
        if is_through.is_set() or somebody_waits(engine):
            return
        time.sleep(0.02)
