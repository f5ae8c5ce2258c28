"""Starting the product: what is wrong is told in one sentence, before anything is changed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.cli.redis_server import own_redis_url
from tests.conftest import free_port

OUTREACH = Path(sys.executable).parent / "outreach"


def _up(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "LOCALE": "en",
        "VAR_DIR": str(folder / "var"),
        "PORT": str(free_port()),
        **settings,
    }
    return subprocess.run(
        [str(OUTREACH), "up"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("PORT", "eighty", "PORT"),
        ("PORT", "70000", "PORT"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL is not a database address"),
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL"),
        ("REDIS_URL", "nonsense", "REDIS_URL is not a Redis address"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "does not answer"),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
    ],
)
def test_a_wrong_setting_is_one_clear_sentence(
    tmp_path: Path, setting: str, value: str, told: str
) -> None:
    outcome = _up(tmp_path, **{setting: value})
    assert outcome.returncode == 1
    assert told in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "var" / "outreach.sqlite").exists()


def test_a_database_that_does_not_answer_is_one_clear_sentence(tmp_path: Path) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nowhere"
    outcome = _up(tmp_path, DATABASE_URL=url, SECRET_KEY="x" * 40)
    assert outcome.returncode == 1
    assert "does not answer" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_an_outside_database_needs_a_shared_key(tmp_path: Path) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nowhere"
    outcome = _up(tmp_path, DATABASE_URL=url)
    assert outcome.returncode == 1
    assert "SECRET_KEY is not set" in outcome.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        outcome = _up(tmp_path, PORT=str(port))
    assert outcome.returncode == 1
    assert f"Port {port} is taken" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_every_start_of_our_own_redis_has_a_new_password() -> None:
    assert own_redis_url() != own_redis_url()
