"""The whole registry, loaded once per test run on each database, to be read only."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from outreach.db import make_engine, unit_of_work
from outreach.villages.registry import load_registry
from tests.builders import LOADED_AT, national_registry
from tests.conftest import _on_server, _url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def national_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("nation") / "outreach.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def national_postgres(postgres_server: str, postgres_template: str) -> Iterator[str]:
    name = f"outreach_nation_{os.getpid()}"
    _on_server(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _url(postgres_server, name)
    _on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def nation(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = make_engine(request.getfixturevalue(f"national_{request.param}"))
    with unit_of_work(engine) as db:
        load_registry(db, now=LOADED_AT, registry=national_registry())
    yield engine
    engine.dispose()
