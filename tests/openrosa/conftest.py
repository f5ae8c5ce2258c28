"""Our running server, an official's key for it, and ODK's engine that uses them."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from outreach.db import make_engine, unit_of_work
from outreach.people.devices import digest_of, new_token
from outreach.people.tables import Device, DeviceKind
from outreach.visits.tables import Visit
from outreach.web.coordinator_odk import settings_code
from tests.builders import load_small_registry
from tests.conftest import free_port
from tests.field import NOW, Field, make_field
from tests.openrosa.engine import FOLDER, find_node, is_installed
from tests.processes import WEB
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sqlalchemy import Engine

CLIENT = Path(__file__).with_name("client.mjs")


@dataclass(frozen=True)
class Phone:
    """A phone whose program is ODK's own engine, with the key of the field's official."""

    engine: Engine
    at: Field
    today: date
    server: str
    code: str
    log: Path

    @property
    def visit_id(self) -> int:
        return self.at.visits[self.at.codes[0]]

    def fill_in(self, **told: Any) -> dict[str, Any]:
        """Fetch the form, fill it in, and send it if the engine finds nothing wrong."""
        done = subprocess.run(
            [find_node() or "node", str(CLIENT)],
            input=json.dumps({"server": self.server, **told}),
            env={**os.environ, "OPENROSA_ENGINE": str(FOLDER)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        out: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return out


@pytest.fixture(scope="session")
def kept_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for the web's files, so that they are compressed once and not for each server."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture
def phone(database_url: str, tmp_path: Path, kept_files: Path) -> Iterator[Phone]:
    """The real server on each database, and a visit of today that has been confirmed."""
    with _started(database_url, tmp_path, kept_files) as started:
        yield started


@pytest.fixture
def sqlite_phone(sqlite_engine: Engine, tmp_path: Path, kept_files: Path) -> Iterator[Phone]:
    """For tests of the form itself: SQLite alone, for speed."""
    url = sqlite_engine.url.render_as_string(hide_password=False)
    with _started(url, tmp_path, kept_files) as started:
        yield started


@contextmanager
def _started(database_url: str, tmp_path: Path, kept_files: Path) -> Iterator[Phone]:
    _require_engine()
    key, port = new_token(), free_port()
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()  # the server goes by the real clock
    engine = make_engine(database_url)
    at = _field(engine, key, today)
    address, log = f"http://127.0.0.1:{port}/key/{key}", tmp_path / "server.log"
    process = _serve(port, database_url, kept_files, log)
    try:
        _wait_for(f"{address}/formList", process)
        yield Phone(engine, at, today, address, settings_code(address), log)
    finally:
        process.terminate()
        process.wait(timeout=20)
        engine.dispose()


def _field(engine: Engine, key: str, today: date) -> Field:
    """Have an official with a key, and a visit of today."""
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        at = make_field(db)
        db.get_one(Visit, at.visits[at.codes[0]]).day = today
        db.add(
            Device(
                account_id=at.official.account_id,
                kind=DeviceKind.ODK,
                token_hash=digest_of(key),
                enrolled_at=NOW,
            )
        )
    return at


def _serve(port: int, database_url: str, var: Path, log: Path) -> subprocess.Popen[bytes]:
    settings = {
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "WEB_WORKERS": "1",
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET,
        "VAR_DIR": str(var),
        "PUBLIC_URL": "",
    }
    with log.open("wb") as out:
        return subprocess.Popen(WEB, env={**os.environ, **settings}, stdout=out, stderr=out)


def _require_engine() -> None:
    if find_node() and is_installed():
        return
    if os.environ.get("OUTREACH_SKIP_NOTHING"):
        pytest.fail("no engine of forms, and OUTREACH_SKIP_NOTHING is set")
    pytest.skip("no engine of forms: python -m tests.openrosa.engine")


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=20):
                return
        except urllib.error.URLError:
            assert process.poll() is None, "the server did not start"
            time.sleep(0.1)
    pytest.fail("the server did not answer")
