"""Starting the product: what is wrong is told in one sentence, before anything is changed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from outreach.cli.redis_server import own_redis_url
from tests.conftest import free_port, wait_for_redis

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
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL is not a database address"),
        ("DATABASE_URL", "mysql://u:p@db.example/x", "DATABASE_URL is not a database address"),
        ("REDIS_URL", "nonsense", "REDIS_URL is not a Redis address"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "does not answer"),
        ("REDIS_URL", "redis://10.0.0.5:6379/0", "REDIS_URL names a server of another machine"),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
        ("LOCALE", "fr", "LOCALE"),
        ("VAR_DIR", "/proc", "VAR_DIR names a folder that cannot be used"),
        ("VAR_DIR", "/proc/nowhere", "VAR_DIR names a folder that cannot be used"),
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


def test_the_first_command_makes_the_folder_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"
    done = subprocess.run(
        [str(OUTREACH), "migrations", "upgrade"],
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1  # that the tables are up to date
    assert (folder / "outreach.sqlite").exists()
    assert folder.stat().st_mode & 0o777 == 0o700


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


def test_an_address_of_another_machine_is_not_called_taken(tmp_path: Path) -> None:
    outcome = _up(tmp_path, HOST="192.0.2.1")
    assert outcome.returncode == 1
    assert "Nothing can listen at HOST 192.0.2.1" in outcome.stderr
    assert "taken" not in outcome.stderr


@pytest.mark.parametrize(
    ("language", "told"), [("en", "REDIS_URL is not set"), ("id", "REDIS_URL belum diisi")]
)
def test_commands_speak_the_language_of_the_settings_file(
    tmp_path: Path, language: str, told: str
) -> None:
    (tmp_path / ".env").write_text(f"LOCALE={language}\n")
    outcome = subprocess.run(
        [str(OUTREACH), "redis"],
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in outcome.stderr


def test_every_start_of_our_own_redis_has_a_new_password() -> None:
    assert own_redis_url() != own_redis_url()


def _refuses(url: str) -> None:
    with redis.Redis.from_url(url) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


@pytest.mark.parametrize("password", ["", "plain", 'sp ace"quote#%'])
def test_our_own_redis_answers_at_its_address_and_to_its_password(
    tmp_path: Path, password: str
) -> None:
    url = f"redis://{':' + quote(password, safe='') + '@' if password else ''}127.0.0.1:"
    url += f"{free_port()}/0"
    environment = {"PATH": os.environ["PATH"], "REDIS_URL": url, "VAR_DIR": str(tmp_path / "var")}
    server = subprocess.Popen(
        [str(OUTREACH), "redis"], env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    try:
        with redis.Redis.from_url(url) as client:
            wait_for_redis(url)
            assert client.ping()
        if password:
            _refuses(url.replace(quote(password, safe=""), "wrong"))
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.mark.parametrize(
    ("url", "told"),
    [("", "REDIS_URL is not set"), ("http://127.0.0.1:6379", "REDIS_URL is not a Redis address")],
)
def test_our_own_redis_needs_an_address(tmp_path: Path, url: str, told: str) -> None:
    outcome = subprocess.run(
        [str(OUTREACH), "redis"],
        env={"PATH": os.environ["PATH"], "REDIS_URL": url, "LOCALE": "en"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert told in outcome.stderr
