"""The metrics: for whoever shows the token, of routes and kinds, of all processes together."""

from __future__ import annotations

import re
import subprocess
import sys
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from outreach.config import Settings, read_settings
from outreach.errors import UnsafeSettings
from outreach.logbook.sync import Answer, Outcome
from outreach.people.tables import Role
from outreach.web.app import create_app
from outreach.web.metric_files import add_to_gone, begin_anew, setting_of
from outreach.web.metrics import note_answers, slowest
from tests.web.conftest import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

TOKEN = "of-the-monitor-" * 3


@pytest.fixture
def monitored(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings.model_copy(update={"metrics_token": SecretStr(TOKEN)}))
    app.test_client_class = Visitor
    yield app
    app.extensions["outreach"].engine.dispose()


def _told(app: Flask, token: str = TOKEN) -> dict[tuple[Any, ...], float]:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.status_code
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Cache-Control"] == "no-store"
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "shown", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}]
)
def test_only_the_token_opens_them(monitored: Flask, shown: dict[str, str]) -> None:
    answer = monitored.test_client().get("/metrics", headers=shown)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert "outreach_" not in answer.text


def test_a_login_opens_them_to_nobody(monitored: Flask, login_as: Callable[[Role], Any]) -> None:
    client = monitored.test_client()
    assert isinstance(client, Visitor)
    with login_as(Role.ADMIN).session_transaction() as session:
        account = tuple(str(session["_user_id"]).split(":"))
    assert client.log_in((int(account[0]), account[1])).get("/metrics").status_code == 401


def test_without_the_setting_there_is_no_such_page(client: Visitor) -> None:
    answer = client.get("/metrics", headers={"Authorization": "Bearer "})
    assert answer.status_code == 404


def test_a_token_that_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "short")
    with pytest.raises(UnsafeSettings) as refused:
        read_settings()
    assert refused.value.facts == {"setting": "METRICS_TOKEN", "problem": "too_short", "least": 32}


def test_requests_are_measured_by_rule_and_class_of_status(monitored: Flask) -> None:
    count = ("outreach_request_seconds_count",)
    before, client = _told(monitored), monitored.test_client()
    for path in ("/e/081398765432", "/e/3372011504870003", "/no/such/Sri-Wahyuni", "/login"):
        client.get(path)
    after = _told(monitored)
    grown = {key for key in after if key[:1] == count and after[key] != before.get(key, 0)}
    assert {key[1:] for key in grown} == {
        ("/e/<enrol_code>", "4xx"),
        ("none", "4xx"),
        ("/login", "2xx"),
        ("/metrics", "2xx"),
    }
    assert not re.search("0813|3372011|Sri", str(after.keys())), "their values are seconds"


def test_answers_to_phones_are_counted_by_kind(monitored: Flask) -> None:
    before = _told(monitored)
    note_answers(
        [Answer("a", Outcome.HELD), Answer("b", Outcome.HELD), Answer("c", Outcome.ACCEPTED)]
    )
    after = _told(monitored)
    grown = {
        kind.value: after["outreach_sync_answers_total", kind.value]
        - before["outreach_sync_answers_total", kind.value]
        for kind in Outcome
    }
    assert grown == {"accepted": 1, "duplicate": 0, "conflict": 0, "rejected": 0, "held": 2}


def test_what_a_phone_sends_is_counted(app: Flask, login_as: Callable[[Role], Visitor]) -> None:
    from outreach.web.metrics import measured

    def rejected() -> float:
        samples = [sample for metric in measured() for sample in metric.samples]
        return sum(
            s.value for s in samples if s.labels == {"kind": "rejected"} and "total" in s.name
        )

    before = rejected()
    sent = login_as(Role.OFFICIAL).post(
        "/api/v1/reports", json={"reports": [{"id": "x"}]}, headers={"X-Requested-With": "outreach"}
    )
    assert sent.get_json()["answers"][0]["outcome"] == "rejected"
    assert rejected() == before + 1


def test_what_waits_is_asked_for_anew(monitored: Flask) -> None:
    told = _told(monitored)
    assert told["outreach_database_up",] == 1
    assert told["outreach_oldest_waiting_batch_seconds",] >= 0
    assert told["outreach_leases_lost_last_hour",] == 0
    assert {key[1] for key in told if key[0] == "outreach_batches"} >= {"ready", "dead"}
    assert {key[1] for key in told if key[0] == "outreach_processes"} == {
        "web", "worker", "sweeper",
    }  # fmt: skip
    assert {key[1] for key in told if key[0] == "outreach_messages_waiting"} == {
        "email", "whatsapp",
    }  # fmt: skip


def test_without_a_database_the_counters_are_told_all_the_same(settings: Settings) -> None:
    away = {"database_url": "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"}
    app = create_app(settings.model_copy(update={**away, "metrics_token": SecretStr(TOKEN)}))
    told = _told(app)
    assert told["outreach_database_up",] == 0
    assert ("outreach_oldest_waiting_batch_seconds",) not in told
    assert ("outreach_sync_answers_total", "held") in told


_COUNTS = """
import os, sys
from outreach.logbook.sync import Answer, Outcome
from outreach.web.metrics import measured, note_answers, note_request
if sys.argv[1] == "count":
    note_answers([Answer("x", Outcome.HELD)] * 3)
    note_request("/x", 200, 0.2)
    print(os.getpid())
else:
    every = [s for m in measured() for s in m.samples]
    samples = {s.name: s.value for s in every if s.labels.get("kind", "held") == "held"}
    print(samples["outreach_sync_answers_total"], samples["outreach_request_seconds_count"])
"""


def _in_a_process(folder: Path, act: str) -> str:
    done = subprocess.run(
        ["env", setting_of(folder), sys.executable, "-c", _COUNTS, act],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_what_ended_processes_counted_stays_and_their_files_go(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    begin_anew(folder)
    pids = [int(_in_a_process(folder, "count")) for _ in range(2)]
    assert _in_a_process(folder, "read") == "6.0 2.0"
    for pid in pids:
        add_to_gone(folder, pid)
        assert _in_a_process(folder, "read") == "6.0 2.0"
        assert not list(folder.glob(f"*_{pid}.db"))
    begin_anew(folder)
    assert list(folder.iterdir()) == []


def test_the_server_leaves_the_counting_to_its_children() -> None:
    # Once imported in gunicorn's own process, before the folder is named, the library of the
    # metrics would count in no file, in all of them: what they count would be seen by none.
    told = "import sys; import outreach.web.server; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def _classes(**counts: int) -> list[Metric]:
    metric = Metric("outreach_request_seconds", "", "histogram")
    for le, count in {"0.1": 0, "1.0": 0, "+Inf": 0, **counts}.items():
        for status, value in (("2xx", count), ("5xx", 0)):
            labels = {"route": "/x", "status": status, "le": le}
            metric.add_sample("outreach_request_seconds_bucket", labels, value)
    return [metric]


@pytest.mark.parametrize(
    ("counts", "p95"),
    [
        ({"0.1": 100, "1.0": 100, "+Inf": 100}, 0.1),
        ({"0.1": 90, "1.0": 100, "+Inf": 100}, 1.0),
        ({"0.1": 90, "1.0": 94, "+Inf": 100}, inf),
    ],
)
def test_the_slowest_are_told_by_their_95th_percentile(counts: dict[str, int], p95: float) -> None:
    (told,) = slowest(_classes(**counts), most=5)
    assert (told.route, told.requests) == ("/x", 100)
    assert told.p95_seconds == pytest.approx(p95)
    assert slowest(_classes(**counts), most=0) == []
