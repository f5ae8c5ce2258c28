"""Heartbeats: one line per process, taken away by who ends well, never in anybody's way."""

from __future__ import annotations

import logging
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from outreach.config import fingerprint
from outreach.db import make_engine, reading, unit_of_work
from outreach.watch import beating
from outreach.watch.beating import (
    FORGOTTEN_AFTER,
    LATE_AFTER,
    PATIENCE_SECONDS,
    Process,
    beat,
    beat_carefully,
    forget_beats,
    hosts_with_another_key,
    impatient_engine,
    is_late,
    leave,
    leave_carefully,
    living,
    note_errors,
    read_beats,
    this_process,
)
from outreach.watch.logs import set_up, take_errors
from outreach.watch.tables import ProcessKind
from tests.conftest import free_port, fresh_postgres
from tests.visits.world import NOW

if TYPE_CHECKING:
    from sqlalchemy import Engine

WORKER = Process(ProcessKind.WORKER, 17, NOW)
SWEEPER = Process(ProcessKind.SWEEPER, 18, NOW)


def _told(engine: Engine) -> list[tuple[str, object, int]]:
    with reading(engine) as db:
        return [(line.kind.value, line.seen_at, line.errors) for line in read_beats(db)]


def test_a_process_has_one_line_that_tells_when_it_was_seen_last(engine: Engine) -> None:
    later = NOW + timedelta(seconds=15)
    for process, now, errors in ((WORKER, NOW, 1), (SWEEPER, NOW, 0), (WORKER, later, 2)):
        with unit_of_work(engine) as db:
            beat(db, process, now, errors)
    assert _told(engine) == [("sweeper", NOW, 0), ("worker", later, 3)]
    with unit_of_work(engine) as db:
        note_errors(db, WORKER.name, 4)
        note_errors(db, "nobody", 1)
    assert _told(engine)[1] == ("worker", later, 7)


def test_the_same_number_after_a_restart_is_another_process(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        beat(db, WORKER, NOW, errors=5)
    anew = Process(ProcessKind.WORKER, 17, NOW + timedelta(hours=1))
    with unit_of_work(engine) as db:
        beat(db, anew, anew.started_at)
    with reading(engine) as db:
        (line,) = read_beats(db)
    assert (line.started_at, line.errors) == (anew.started_at, 0)


def test_who_is_silent_is_late_and_forgotten_after_a_day(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        beat(db, WORKER, NOW)
        beat(db, SWEEPER, NOW)
    for passed, alive in ((LATE_AFTER, 1), (LATE_AFTER + timedelta(seconds=1), 0)):
        with reading(engine) as db:
            assert living(db, NOW + passed)[ProcessKind.WORKER] == alive
            assert is_late(read_beats(db)[0], NOW + passed) == (alive == 0)
            assert living(db, NOW + passed)[ProcessKind.WEB] == 0
    with unit_of_work(engine) as db:
        forget_beats(db, NOW + FORGOTTEN_AFTER)
        leave(db, SWEEPER)
    assert [kind for kind, *_ in _told(engine)] == ["worker"]
    with unit_of_work(engine) as db:
        forget_beats(db, NOW + FORGOTTEN_AFTER + timedelta(seconds=1))
    assert _told(engine) == []


def test_errors_that_were_logged_come_with_the_next_line(engine: Engine) -> None:
    set_up("json")
    take_errors()
    logging.getLogger("outreach.somewhere").error("what went wrong")
    logging.getLogger("outreach.somewhere").warning("no error")
    for _ in range(2):
        beat_carefully(engine, WORKER)
    assert [errors for _, _, errors in _told(engine)] == [1]
    leave_carefully(engine, WORKER)
    assert _told(engine) == []


def test_who_has_another_key_than_others_is_told_once(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beating, "_warned", set())
    here, there = (
        Process(ProcessKind.WEB, number, NOW, key_fingerprint=fingerprint(key * 40))
        for number, key in ((17, "a"), (18, "b"))
    )
    older = Process(ProcessKind.SWEEPER, 19, NOW)  # tells none
    for process in (here, older, there, older, here, there, here):
        beat_carefully(engine, process)
    warned = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    host = socket.gethostname()
    assert len(warned) == 2
    assert {one.split(":")[0] for one in warned} == {f"SECRET_KEY is another here than on {host}"}
    assert not [one for one in warned if here.key_fingerprint in one]


def test_one_key_everywhere_and_another_of_long_ago_are_no_matter(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    late = now - LATE_AFTER - timedelta(seconds=1)
    with unit_of_work(engine) as db:
        beat(db, Process(ProcessKind.WEB, 1, late, key_fingerprint="other"), late)
        beat(db, Process(ProcessKind.WEB, 2, now, key_fingerprint="ours"), now)
        ours = Process(ProcessKind.WEB, 3, now, key_fingerprint="ours")
        assert hosts_with_another_key(db, ours, now) == []
        assert hosts_with_another_key(db, ours, late) == [socket.gethostname()]
    beat_carefully(engine, ours)
    assert not caplog.records


def test_a_process_keeps_of_its_key_only_what_tells_it_apart() -> None:
    told = this_process(ProcessKind.WEB, "k" * 40)
    assert told.key_fingerprint == this_process(ProcessKind.SWEEPER, "k" * 40).key_fingerprint
    assert len(told.key_fingerprint) == 8
    assert "kkk" not in repr(told)


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:{port}/x", "sqlite:////no/where"])
def test_a_database_that_is_away_harms_nobody(url: str) -> None:
    away = impatient_engine(url.format(port=free_port()))
    beat_carefully(away, WORKER)
    leave_carefully(away, WORKER)
    with pytest.raises(OperationalError), unit_of_work(away) as db:
        beat(db, WORKER, NOW)


def test_a_beat_does_not_wait_for_a_long_writer(sqlite_engine: Engine) -> None:
    """Ten seconds is how long the work waits: a worker's main process has none of them."""
    impatient = impatient_engine(sqlite_engine.url.render_as_string(hide_password=False))
    with impatient.connect() as connection:
        told = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert told == PATIENCE_SECONDS * 1000
    impatient.dispose()


@pytest.mark.postgres
def test_a_beat_gives_up_on_a_row_that_another_holds(
    postgres_server: str, postgres_template: str
) -> None:
    with fresh_postgres(postgres_server, postgres_template) as url:
        holder, impatient = make_engine(url), impatient_engine(url)
        with unit_of_work(holder) as db:
            beat(db, WORKER, NOW)
        with unit_of_work(holder) as db:
            beat(db, WORKER, NOW)
            with pytest.raises(OperationalError) as refused, unit_of_work(impatient) as other:
                beat(other, WORKER, NOW)
        assert getattr(refused.value.orig, "sqlstate", "") in ("55P03", "57014")
        for engine in (holder, impatient):
            engine.dispose()
