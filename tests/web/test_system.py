"""The administrator's page about how the product does: what runs, what waits, in plain words."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask_babel import force_locale
from prometheus_client.core import CounterMetricFamily
from sqlalchemy import update
from sqlmodel import col, select

from outreach.db import unit_of_work
from outreach.history.backups import note_backup
from outreach.history.drills import Drill, note_drill
from outreach.logbook.taking import Outcome
from outreach.maps.artefacts import Store
from outreach.people.tables import Role
from outreach.safekeeping.chain import seal_days
from outreach.visits.tables import Batch, BatchState, PlanRun
from outreach.watch.beating import Process, beat
from outreach.watch.tables import ProcessKind
from outreach.web import system
from outreach.web.map_data import MapData
from outreach.web.words import word
from tests.web.planned import words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


def _beat(app: Flask, *kinds: ProcessKind, ago: timedelta = timedelta()) -> None:
    now = datetime.now(UTC) - ago
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for kind in kinds:
            beat(db, Process(kind, 4711, now), now, errors=3)


def test_all_is_well_in_words_and_shape(app: Flask, english: Callable[[Role], Visitor]) -> None:
    _beat(app, *ProcessKind)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.execute(update(Batch).values(state=BatchState.DONE))
    assert seal_days(app.extensions["outreach"].engine, datetime.now(UTC)) == 1
    shown = english(Role.ADMIN).get("/system").text
    assert "Everything runs, and nothing waits for long." in shown
    assert "●" in shown
    assert "▲" not in shown
    assert shown.count('class="light good"') == 1 + len(ProcessKind)
    assert "9 errors in all" in shown


def test_a_history_that_nobody_closes_is_told(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    _beat(app, *ProcessKind)
    admin, told = english(Role.ADMIN), "The history is not closed any more"
    assert told in admin.get("/system").text  # and never was
    assert seal_days(app.extensions["outreach"].engine, datetime.now(UTC)) == 1
    assert told not in admin.get("/system").text


def test_a_history_that_is_closed_no_more_is_told(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    _beat(app, *ProcessKind)
    assert seal_days(app.extensions["outreach"].engine, datetime.now(UTC) - timedelta(days=5)) == 1
    assert "The history is not closed any more" in english(Role.ADMIN).get("/system").text


def test_what_is_missing_or_silent_is_said_first(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    _beat(app, ProcessKind.WORKER, ago=timedelta(minutes=5))
    shown = english(Role.ADMIN).get("/system").text
    assert (
        shown.index("No sweeper runs") < shown.index("No worker runs") < shown.index("fell silent")
    )
    assert "silent for 5 minutes" in shown
    assert "■" in shown


def test_another_key_is_told_with_who_has_it(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    now = datetime.now(UTC)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for number, key in ((1, "ours"), (2, "ours"), (3, "other")):
            beat(db, Process(ProcessKind.WEB, number, now, key_fingerprint=key), now)
    shown = english(Role.ADMIN).get("/system").text
    assert f"Another SECRET_KEY than the others have: web-3@{socket.gethostname()}." in shown


def test_a_web_without_a_map_is_told(
    app: Flask, english: Callable[[Role], Visitor], tmp_path: Path
) -> None:
    _beat(app, *ProcessKind)
    admin = english(Role.ADMIN)
    told = f"The web server {socket.gethostname()} has no map yet: run “outreach maps build” there."
    assert told not in admin.get("/system").text
    app.extensions["map_data"] = MapData(Store(tmp_path))
    assert told in admin.get("/system").text


def test_work_that_was_left_is_said_to_be_taken_only_once_it_is(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    now, admin = datetime.now(UTC), english(Role.ADMIN)
    left = "1 piece of work was left by its worker within the last hour"
    lease = {"state": BatchState.RUNNING, "lease_until": now - timedelta(minutes=1)}
    with unit_of_work(app.extensions["outreach"].engine) as db:
        batch = db.exec(select(Batch)).first()
        assert batch is not None
        db.execute(update(Batch).where(col(Batch.id) == batch.id).values(**lease))
    shown = admin.get("/system").text
    assert f"{left}, and nobody has taken it up." in shown
    assert "another took it" not in shown
    taken = {"lease_lost_at": lease["lease_until"], "lease_until": now + timedelta(minutes=1)}
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.execute(update(Batch).where(col(Batch.id) == batch.id).values(**taken))
    shown = admin.get("/system").text
    assert f"{left}; another took it." in shown
    assert "nobody has taken it up" not in shown


def test_dead_batches_lead_to_the_branch_that_an_admin_may_open(
    app: Flask, english: Callable[[Role], Visitor], world: World
) -> None:
    branch_id = world.own["branch_id"]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        run = db.exec(select(PlanRun).where(PlanRun.branch_id == branch_id)).first()
        assert run is not None
        newest = db.exec(select(PlanRun).where(PlanRun.stage_id == run.stage_id)).all()[-1]
        told: dict[str, Any] = {"run_id": newest.id, "number": 99, "label": "X", "villages": 1}
        db.add(Batch(state=BatchState.DEAD, finished_at=datetime.now(UTC), **told))
    admin = english(Role.ADMIN)
    shown = admin.get("/system").text
    link = f"/admin/branches/{branch_id}"
    assert f'href="{link}"' in shown
    assert "part 99" in shown
    assert admin.get(link).status_code == 200


def test_the_last_try_of_a_restore_is_told(app: Flask, english: Callable[[Role], Visitor]) -> None:
    _beat(app, *ProcessKind)
    assert seal_days(app.extensions["outreach"].engine, datetime.now(UTC)) == 1
    admin, now = english(Role.ADMIN), datetime.now(UTC)
    made_at = datetime(2026, 11, 20, 4, 5, tzinfo=UTC)
    assert "No restore has been tried yet" in admin.get("/system").text
    expected = {
        Drill(now, made_at, held=True): "and the copy was sound",
        Drill(now - timedelta(days=40), made_at, held=True): "No restore was tried for 40 days",
        Drill(now - timedelta(hours=2), None, held=False): (
            "The last try of a restore failed: look at your backups."
        ),
        Drill(now - timedelta(hours=1), None, False, ("damaged",), "a.outreach"): (
            "The last try of a restore failed: the file is damaged (a.outreach)."
        ),
        Drill(now, made_at, False, ("totals_differ", "history_rewritten")): (
            "failed: figures of the pages that are not the sums of their rows; days whose history"
            " was changed after they were closed."
        ),
    }
    for drill, words in expected.items():
        with unit_of_work(app.extensions["outreach"].engine) as db:
            note_drill(db, drill)
        shown = admin.get("/system").text
        assert words in shown
        assert ("20/11/2026 11:05 WIB" in shown) is bool(drill.made_at)
    shown = admin.get("/system").text
    assert 'class="light wrong"' not in shown  # nothing stands still for it
    assert "Restore tried: it failed" in admin.get("/admin/history").text


def test_how_the_last_backup_ended_is_told(app: Flask, english: Callable[[Role], Visitor]) -> None:
    engine = app.extensions["outreach"].engine
    _beat(app, *ProcessKind)
    assert seal_days(engine, datetime.now(UTC)) == 1
    admin, now = english(Role.ADMIN), datetime.now(UTC)
    shown = admin.get("/system").text
    assert "No backup has been made yet" in shown
    assert "No backup was made for" not in shown
    told = [
        (now - timedelta(days=3), "", "No backup was made for 3 days", "the last backup was made"),
        (now, "no_room", "The last backup failed: no room on the disk (", "The last good one was"),
        (now, "", "", "the last backup was made"),
    ]
    for at, why, found, words in told:
        with unit_of_work(engine) as db:
            note_backup(db, at, "a.outreach", why)
        shown = admin.get("/system").text
        assert found in shown
        assert words in shown
        assert ("The last backup failed" in shown) is bool(why)
        assert ("No backup was made for" in shown) is (now - at > timedelta(days=2))
        assert 'class="light wrong"' not in shown
    assert "Backup failed" in admin.get("/admin/history").text


def test_the_part_that_changes_is_asked_for_again(english: Callable[[Role], Visitor]) -> None:
    admin = english(Role.ADMIN)
    page, part = admin.get("/system").text, admin.get("/system/now")
    assert 'data-address="/system/now"' in page
    assert part.headers["Run-State"] == "running"
    assert part.headers["Cache-Control"] == "no-store"
    assert 'id="run-words"' in part.text
    assert "<html" not in part.text


def test_no_address_and_no_name_stands_on_it(
    english: Callable[[Role], Visitor], client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other tests of this process were answered too, and perhaps more slowly.
    monkeypatch.setattr(system, "MOST_ROUTES", 10_000)
    client.get("/e/081398765432")
    shown = english(Role.ADMIN).get("/system").text
    assert "081398765432" not in shown
    assert "/e/&lt;enrol_code&gt;" in shown


def test_what_phones_were_answered_is_told_by_kind(
    english: Callable[[Role], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = CounterMetricFamily("outreach_sync_answers", "", labels=["kind"])
    for number, kind in enumerate(Outcome, start=1):
        counted.add_metric([kind.value], number * 1000)
    monkeypatch.setattr(system, "measured", lambda: [counted])
    shown = words_of(english(Role.ADMIN).get("/system"))
    with force_locale("en"):
        told = " ".join(f"{word(kind)} {n},000" for n, kind in enumerate(Outcome, start=1))
    assert told in shown


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_menu_leads_there(login_as: Callable[[Role], Visitor], language: str) -> None:
    admin = login_as(Role.ADMIN)
    admin.set_cookie("language", language)
    assert 'href="/system" aria-current="page"' in admin.get("/system").text
