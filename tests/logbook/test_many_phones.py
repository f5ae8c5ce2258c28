"""Many phones at the same moment on one SQLite file: its writers queue, and none is sent away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from outreach.db import unit_of_work
from tests.builders import load_small_registry
from tests.field import make_field, told
from tests.logbook.sending import outcomes, reports, send

if TYPE_CHECKING:
    from sqlalchemy import Engine

PHONES = 40


def test_forty_phones_at_once_are_all_stored(sqlite_engine: Engine) -> None:
    load_small_registry(sqlite_engine)
    with unit_of_work(sqlite_engine) as db:
        at = make_field(db, PHONES)
    gate = threading.Barrier(PHONES)
    answers: list[str] = []

    def phone(visit_id: int) -> None:
        first = told(visit_id)
        second = told(visit_id, men=5, corrects_id=first["id"])
        gate.wait()
        answers.extend(outcomes(send(sqlite_engine, at.coordinator, second, first, first)))

    threads = [threading.Thread(target=phone, args=(one,)) for one in at.visits.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == sorted(["accepted", "accepted", "duplicate"] * PHONES)
    assert len(reports(sqlite_engine)) == 2 * PHONES
