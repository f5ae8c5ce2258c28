"""A role of PostgreSQL that lacks rights is told so, and what gives them, wherever it asks."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from outreach import migrations
from outreach.cli import main
from outreach.safekeeping.roles import set_up_role
from outreach.watch import rights
from tests.roles import role_beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

pytestmark = pytest.mark.postgres


@pytest.fixture
def beside(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """The name of a role without rights, by which the settings lead to the database."""
    with role_beside(postgres_engine) as (role, address):
        told = {"DATABASE_URL": address, "VAR_DIR": str(tmp_path), "LOCALE": "en"}
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        yield role
        postgres_engine.dispose()


def _told(*words: str) -> str:
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1, done.output
    assert "Error: The database answers, but its role" in done.output
    assert "does not answer" not in done.output
    return done.output


def _shut_out(owner: Engine) -> None:
    """Take from everybody but the owner what anybody may by default: to open the database."""
    with owner.begin() as db:
        db.execute(text(f'REVOKE CONNECT ON DATABASE "{owner.url.database}" FROM PUBLIC'))


def test_commands_name_the_role_and_what_gives_it_its_rights(beside: str) -> None:
    remedy = (
        f"With the owner's address in DATABASE_URL this gives them: outreach database role {beside}"
    )
    for words in (
        ("villages", "count"),
        ("villages", "load"),
        ("migrations", "upgrade"),
        ("database", "check"),
        ("database", "role", beside),
    ):
        told = _told(*words)
        assert f"{beside} lacks rights: permission denied for table " in told
        assert told.rstrip().endswith(remedy)


def test_who_is_not_let_in_is_told_the_same(beside: str, postgres_engine: Engine) -> None:
    _shut_out(postgres_engine)
    told = _told("villages", "count")
    assert f"{beside} lacks rights: " in told
    assert 'permission denied for database "' in told
    assert told.rstrip().endswith(f"this gives them: outreach database role {beside}")


def test_what_the_owner_alone_does_is_told_apart(beside: str, postgres_engine: Engine) -> None:
    set_up_role(postgres_engine, beside)
    remedy = f"with the owner's address in DATABASE_URL, and then: outreach database role {beside}"
    told = _told("database", "role", beside)
    assert f"{beside} may not do this: permission denied for " in told
    assert told.rstrip().endswith(remedy)
    migrations.downgrade(postgres_engine, "base")
    with postgres_engine.begin() as db:
        db.exec_driver_sql("DROP TABLE alembic_version")
    told = _told("migrations", "upgrade")
    assert f"{beside} may not do this: permission denied for schema public" in told
    assert told.rstrip().endswith(remedy)


@pytest.mark.redis
@pytest.mark.parametrize("is_let_in", [True, False])
def test_a_sweeper_says_it_in_one_sentence(
    beside: str, postgres_engine: Engine, redis_url: str, *, is_let_in: bool
) -> None:
    if not is_let_in:
        _shut_out(postgres_engine)
    of_ours = {"REDIS_URL": redis_url, "LOG_FORMAT": "json", "SECRET_KEY": "of-the-tests-" * 3}
    called = [sys.executable, "-c", "from outreach.cli import main; main()", "sweep"]
    with subprocess.Popen(
        called, env={**os.environ, **of_ours}, stderr=subprocess.PIPE, text=True
    ) as sweeper:
        assert sweeper.stderr is not None
        lines = [sweeper.stderr.readline()]
        time.sleep(3)
        sweeper.send_signal(signal.SIGTERM)
        lines += sweeper.stderr.readlines()
    told = [line for line in lines if "no heartbeat" not in line and "stays" not in line]
    assert len(told) == 1, told
    assert "the database answers, but its role lacks rights (" in told[0]
    assert "permission denied for " in told[0]
    assert "outreach database role" in told[0]
    assert "came_through" not in "".join(lines)


def test_each_process_says_it_again_in_a_minute_and_keeps_other_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class _Refusal(Exception):
        sqlstate = "42501"

    def logged(error: Exception) -> logging.LogRecord:
        wrapped = RuntimeError("told by SQLAlchemy")
        wrapped.orig = error  # type: ignore[attr-defined]
        exc_info = (RuntimeError, wrapped, None)
        return logging.LogRecord("x", logging.ERROR, "x", 1, "%s failed", ("it",), exc_info)

    once, refused = rights.RightsOnce(), logged(_Refusal("permission denied for table team"))
    first = once.filter(refused)
    assert isinstance(first, logging.LogRecord)
    assert "permission denied for table team" in first.getMessage()
    assert (first.exc_info, refused.getMessage()) == (None, "it failed")
    assert once.filter(refused) is False
    assert once.filter(logged(Exception("another"))) is True
    monkeypatch.setattr(rights, "EVERY_SECONDS", 0)
    assert once.filter(refused)
