"""The copy of a backup is held against what had been sworn to before it, and nothing after."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from outreach.db import unit_of_work
from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.safekeeping.chain import newest_seal, seal_days
from tests.chaos.checker import Verdict
from tests.chaos.history import History
from tests.chaos.kept import Saved, as_sworn, check_copy
from tests.chaos.phones import make_phones
from tests.chaos.test_checker import NOW, SEED, take_all
from tests.chaos.world import make_world
from tests.rewriting import unlock_history

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.postgres


def test_what_was_told_before_is_looked_for_and_what_was_told_since_is_not(
    postgres_engine: Engine,
) -> None:
    """The database itself stands for a copy that was made between two phones."""
    history = History()
    world = make_world(postgres_engine, branches=1, villages=5, officials=2)
    first, second = make_phones(postgres_engine, world, SEED, history)
    take_all(postgres_engine, first, history)
    saved = Saved(Path("unused"), as_sworn(history))
    (told_since,) = (key for key in history.sent if key[1] == second.envelopes[0][-1]["visit_id"])
    history.note_told(history.sent[told_since], "accepted")
    assert _found(postgres_engine, saved) == {}
    saved.sworn = as_sworn(history)
    saved.sworn.runs[world.asked[0].stage_id].add(77)
    assert _found(postgres_engine, saved) == {"lost": 2}


def test_a_history_that_was_rewritten_in_the_copy_is_found(postgres_engine: Engine) -> None:
    with unit_of_work(postgres_engine) as db:
        record(db, Deed.LOGIN, at=datetime(2026, 1, 2, tzinfo=UTC), by=1)
    assert seal_days(postgres_engine, NOW) > 0
    with unit_of_work(postgres_engine) as db:
        newest = newest_seal(db)
        assert newest is not None
        saved = Saved(Path("unused"), digest=newest.digest)
    assert _found(postgres_engine, saved) == {}
    with unit_of_work(postgres_engine) as db:
        unlock_history(db)
        db.execute(text("UPDATE event SET account_id = 2"))
    assert _found(postgres_engine, saved) == {"audit": 1}
    saved.digest = "of another history"
    assert _found(postgres_engine, saved) == {"audit": 2}


def _found(engine: Engine, saved: Saved) -> dict[str, int]:
    verdict = Verdict()
    check_copy(engine, saved, (), verdict)
    return {kind: number for kind, number in verdict.counts().items() if number}
