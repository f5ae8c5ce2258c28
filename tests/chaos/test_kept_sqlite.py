"""A backup of a SQLite file made by command while a web takes reports and others write as well."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from outreach.db import reading, unit_of_work
from outreach.history.recording import record
from outreach.history.tables import Deed, Event
from outreach.safekeeping.chain import seal_days
from tests.acceptance.conftest import wait_until_up
from tests.chaos import phones as how_phones_send
from tests.chaos.checker import check
from tests.chaos.history import History
from tests.chaos.kept import Place, Saved, bring_back, opened, save
from tests.chaos.phones import Network, make_phones, send_everything
from tests.chaos.world import make_world
from tests.conftest import free_port
from tests.processes import WEB, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

SEED = 3
#: Phones of which the first and the seventh go on sending what was taken, until the end.
PHONES = 7


@dataclass
class Until:
    """Stands where faults would come: here the work goes on until the backup is made."""

    share: float = 1.0
    is_through: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def place(sqlite_engine: Engine, tmp_path: Path) -> Iterator[tuple[Place, int]]:
    """A web upon the file; where commands are called, and the port of the web."""
    port = free_port()
    told = {"PATH": os.environ["PATH"], "DEMO": "0"}
    here = Place(
        tmp_path,
        sqlite_engine.url.render_as_string(),
        f"sqlite:///{tmp_path / 'restored.sqlite'}",
        told,
    )
    settings = here.settings(here.database) | {"PORT": str(port), "WEB_WORKERS": "1"}
    log = tmp_path / "web.log"
    with running(WEB, settings, log) as process:
        wait_until_up(f"http://127.0.0.1:{port}", process, log)
        yield here, port


def test_what_was_told_before_a_backup_comes_back_from_it(
    sqlite_engine: Engine, place: tuple[Place, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(how_phones_send, "AGAIN_SECONDS", 0.2)
    (here, port), history, until = place, History(), Until()
    world = make_world(sqlite_engine, branches=1, villages=5, officials=PHONES)
    people = make_phones(sqlite_engine, world, SEED, history)
    assert seal_days(sqlite_engine, datetime.now(UTC)) > 0
    nemesis: Any = until
    with ThreadPoolExecutor(2) as others:
        saving = others.submit(_save_when_some_are_through, here, history, until)
        writing = others.submit(_write_until, sqlite_engine, until)
        try:
            gave_up = send_everything(people, Network([port], history, nemesis, 0.1))
        except BaseException:
            until.is_through.set()  # or the others would wait for ever
            raise
    saved, lines = saving.result(), writing.result()
    verdict = check(sqlite_engine, history, ())
    kept = bring_back(saved, here, (), verdict)
    assert verdict.is_clean, [*verdict.lines(), saved.wrong, gave_up]
    assert (gave_up, saved.tries, saved.digest != "") == ([], 1, True)
    assert sum("accepted" in said for said in saved.sworn.told.values()) > 0
    with opened(here.copy) as copy:
        assert 0 < _events(copy) < lines == _events(sqlite_engine), kept


def _save_when_some_are_through(here: Place, history: History, until: Until) -> Saved:
    saved = Saved(here.folder / "meanwhile.outreach")
    try:
        while not any("accepted" in said for said in dict(history.told).values()):
            if until.is_through.wait(0.02):
                return saved
        save(here, saved, history)
        return saved
    finally:
        until.is_through.set()


def _write_until(engine: Engine, until: Until) -> int:
    """Write beside the web, a line at a time; answer how many."""
    lines = 0
    while not until.is_through.wait(0.01):
        with unit_of_work(engine) as db:
            record(db, Deed.FILE_TAKEN, at=datetime.now(UTC), page="/of/a/test")
        lines += 1
    return lines


def _events(engine: Engine) -> int:
    with reading(engine) as db:
        query = select(func.count()).where(Event.deed == Deed.FILE_TAKEN.value)  # type: ignore[arg-type]
        return int(db.execute(query).scalar_one())
