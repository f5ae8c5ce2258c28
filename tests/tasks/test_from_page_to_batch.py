"""One request from the page to the batch, in the logs of real processes, without anybody's data."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from outreach.db import reading, unit_of_work
from outreach.maps.artefacts import Store
from outreach.people.tables import Account
from outreach.visits.tables import PlanRun, RunState
from outreach.watch.beating import read_beats
from tests.builders import CHEAP, PASSWORD
from tests.conftest import free_port
from tests.processes import WEB, running
from tests.tasks.runner import environment, sweeper, until, worker
from tests.visits.world import build_world

if TYPE_CHECKING:
    import subprocess
    from contextlib import AbstractContextManager
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

    from tests.visits.world import World

pytestmark = pytest.mark.redis

REQUEST = "9f86d081-884c-4d65-9a2f-eaa0c55ad015"
MONITOR = "of-the-monitor-" * 3
NAME, PHONE, IDENTITY = "Sri-Wahyuni-Kanari", "081398765432", "3372011504870003"
CANARIES = (NAME, PHONE, IDENTITY)
SETTINGS = {
    "SECRET_KEY": "from-page-to-batch-" * 2,
    "METRICS_TOKEN": MONITOR,
    "TRUSTED_PROXIES": "1",
    "LOG_FORMAT": "json",
}


@dataclass
class Browser:
    """Asks a real server; keeps its cookie, and reads the token out of a page's form."""

    port: int
    cookie: str = ""

    def ask(
        self, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Cookie": self.cookie, **headers}
        if form is None:
            connection.request("GET", path, headers=sent)
        else:
            kind = "application/x-www-form-urlencoded"
            connection.request("POST", path, urlencode(form), {**sent, "Content-Type": kind})
        answer = connection.getresponse()
        told = dict(answer.getheaders())
        self.cookie = told.get("Set-Cookie", self.cookie).split(";")[0]
        body = answer.read().decode()
        connection.close()
        return answer.status, told, body

    def send(
        self, page: str, path: str, form: dict[str, str], **headers: str
    ) -> tuple[int, dict[str, str], str]:
        _, _, shown = self.ask(page)
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown)
        assert token, shown[:500]
        return self.ask(path, {**form, "csrf_token": token[1]}, **headers)


def _web(
    url: str, redis_url: str, folder: Path, port: int
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    Store(folder / "var" / "maps").note(areas="", assets={})  # a web without a map says so
    told = {"PORT": str(port), "WEB_WORKERS": "2", "VAR_DIR": str(folder / "var"), **SETTINGS}
    return running(WEB, environment(url, redis_url, told), folder / "web.log")


def _is_ready(browser: Browser) -> bool:
    try:
        return '"ok"' in browser.ask("/readyz")[2]
    except OSError:
        return False


def _lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """Read each event of a log; Celery prints some lines of its own beside it."""
    lines = (folder / name).read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _give_passwords(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        account = db.get_one(Account, 1)
        account.password_hash, account.password_stamp = CHEAP.hash(PASSWORD), "stamp"


def _kinds(engine: Engine) -> list[str]:
    with reading(engine) as db:
        return [line.kind.value for line in read_beats(db)]


def _metrics(browser: Browser) -> dict[tuple[str, str, str], float]:
    _, _, told = browser.ask("/metrics", Authorization=f"Bearer {MONITOR}")
    assert not [one for one in CANARIES if one in told]
    return {
        (sample.name, sample.labels.get("route", ""), sample.labels.get("status", "")): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def _send_canaries(browser: Browser) -> None:
    """Send what nobody may find again in addresses, fields, headers, and in what is no request."""
    for canary in CANARIES:
        headers: dict[str, Any] = {
            "User-Agent": canary,
            "Referer": f"/{canary}",
            "X-Request-ID": canary,
        }
        for path in (f"/{canary}", f"/e/{canary}", f"/b/{canary}", f"/officials?q={canary}"):
            browser.ask(path, **headers)
        Browser(browser.port).send("/login", "/login", {"login": canary, "password": canary})
        for raw in (f"GET /{canary}", f"{canary} / HTTP/9.9", f"GET / HTTP/1.1\r\n{canary}"):
            with socket.create_connection(("127.0.0.1", browser.port), timeout=30) as line:
                line.sendall(f"{raw}\r\n\r\n".encode())
                line.recv(1000)


def _everything_in(client: redis.Redis) -> str:
    keys: list[Any] = list(client.scan_iter("*"))
    return str(keys) + str([client.dump(key) for key in keys])


def _plan(browser: Browser, stage_id: int) -> int:
    """Log in and ask for a plan, under an id that the proxy has given; answer whose it is."""
    status, _, _ = browser.send("/login", "/login", {"login": "rini", "password": PASSWORD})
    assert status == 303
    asked = {"X-Request-ID": REQUEST}
    page = f"/stages/{stage_id}"
    status, told, _ = browser.send(page, f"{page}/runs", {}, **asked)
    assert (status, told["X-Request-ID"]) == (303, REQUEST)
    return int(told["Location"].rsplit("/", 1)[1])


def _is_planned(engine: Engine, run_id: int) -> bool:
    with reading(engine) as db:
        return db.get_one(PlanRun, run_id).state is RunState.DONE


@pytest.fixture
def world(engine: Engine) -> World:
    made = build_world(engine, starts=_days(2), ends=_days(30))
    _give_passwords(engine)
    return made


def _days(number: int) -> Any:
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC).date() + timedelta(days=number)


def test_one_grep_shows_the_way_from_the_page_to_the_batch(
    engine: Engine, database_url: str, redis_url: str, queue: redis.Redis, tmp_path: Path,
    world: World,
) -> None:  # fmt: skip
    browser = Browser(free_port())
    with (
        _web(database_url, redis_url, tmp_path, browser.port) as web,
        worker(database_url, redis_url, tmp_path, **SETTINGS) as at_work,
        sweeper(database_url, redis_url, tmp_path / "sweeper.log", **SETTINGS),
    ):
        until(lambda: _is_ready(browser))
        until(lambda: sorted(_kinds(engine)) == ["sweeper", "web", "web", "worker"])
        run_id = _plan(browser, world.stage_id)
        until(lambda: _is_planned(engine, run_id))
        _send_canaries(browser)
        told = _everything_in(queue)
        _require_counts_of_all_processes(browser, web.pid, engine)
        at_work.process.terminate()
        at_work.process.wait(timeout=60)
        until(lambda: "worker" not in _kinds(engine))
    # Whoever ended as told has taken its line away; the one that was killed is found silent.
    assert _kinds(engine) == ["web"]
    _require_way(tmp_path, world)
    _require_nobody(tmp_path, told)


def _require_way(folder: Path, world: World) -> None:
    on_page, in_work = (
        [line for line in _lines(folder, name) if line.get("request_id") == REQUEST]
        for name in ("web.log", "worker.log")
    )
    (asked,) = [line for line in on_page if line["status"] == 303]
    assert asked["route"] == "/stages/<int:stage_id>/runs"
    assert asked["account_id"] == world.coordinator.account_id
    assert [line["message"] for line in in_work] == ["batch 1 in attempt 1 is done"]
    assert in_work[0]["seconds"] > 0


def _require_nobody(folder: Path, in_queue: str) -> None:
    logs = "".join((folder / f"{name}.log").read_text() for name in ("web", "worker", "sweeper"))
    kept = b"".join(path.read_bytes() for path in (folder / "var" / "metrics").rglob("*.db"))
    for canary in CANARIES:
        assert canary.lower() not in logs.lower()
        assert canary.encode() not in kept
        assert canary.lower() not in in_queue.lower()
    assert "Invalid request" in logs  # what was no request is told, without what it was


def _require_counts_of_all_processes(browser: Browser, pid: int, engine: Engine) -> None:
    """Both processes count together; what one counted that was killed stays."""
    key = ("outreach_request_seconds_count", "/language/<language>", "3xx")
    before = _metrics(browser).get(key, 0)
    for _ in range(20):
        assert browser.ask("/language/id")[0] == 303
    assert _metrics(browser)[key] == before + 20
    killed = psutil.Process(pid).children()[0].pid
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(_kinds(engine)) == 5)
    assert _metrics(browser)[key] == before + 20
