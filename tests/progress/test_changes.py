"""The live map asks what has changed; nothing is missed, even what commits out of order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlmodel import Session

from outreach.db import reading, unit_of_work
from outreach.progress import changes
from outreach.progress.changes import Change, changes_since, latest_change
from outreach.progress.scope import Scope
from outreach.visits.tables import Happening, VisitEvent
from tests.builders import load_small_registry
from tests.field import NOW, Field, make_field

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

NATION = Scope(("",))
#: Where lines show out of order: SQLite lets nobody write beside another.
LATE_LINES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
SOON = NOW + timedelta(seconds=5)


@pytest.fixture
def at(engine: Engine) -> Field:
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        return make_field(db)


def happen(engine: Engine, at: Field, number: int, village: int, when: datetime = NOW) -> None:
    code = at.codes[village]
    with unit_of_work(engine) as db:
        if engine.dialect.name == "postgresql":
            # Drawn by all whose lines show later: no line has a number that nobody has drawn.
            db.execute(text("SELECT setval('visit_event_id_seq', 9)"))
        db.add(
            VisitEvent(
                id=number,
                visit_id=at.visits[code],
                village_code=code,
                happening=Happening.CONFIRMED,
                at=when,
            )
        )


def ask(engine: Engine, since: int, when: datetime = SOON) -> tuple[int, list[str] | None]:
    with reading(engine) as db:
        return changes_since(db, NATION, since, when)


def test_nothing_has_changed_in_an_empty_history(engine: Engine, at: Field) -> None:
    assert ask(engine, 0) == (0, [])


def test_changes_are_told_once_and_in_scope(engine: Engine, at: Field) -> None:
    happen(engine, at, 1, 0)
    happen(engine, at, 2, 1)
    happen(engine, at, 3, 1)
    assert ask(engine, 0) == (3, [at.codes[0], at.codes[1]])
    assert ask(engine, 2) == (3, [at.codes[1]])
    assert ask(engine, 3) == (3, [])
    with reading(engine) as db:
        own = Scope((at.codes[0],))
        assert changes_since(db, own, 0, SOON) == (3, [at.codes[0]])


@LATE_LINES
def test_a_line_that_shows_late_is_not_missed(engine: Engine, at: Field) -> None:
    happen(engine, at, 1, 0)
    happen(engine, at, 3, 2)
    latest, told = ask(engine, 1)
    assert (latest, told) == (1, [at.codes[2]])
    happen(engine, at, 2, 1)
    assert ask(engine, latest) == (3, [at.codes[1], at.codes[2]])


@LATE_LINES
def test_what_commits_out_of_order_is_told(engine: Engine, at: Field) -> None:
    """Two write at once; who took the smaller number commits last."""

    def event(village: int) -> VisitEvent:
        code = at.codes[village]
        return VisitEvent(
            visit_id=at.visits[code],
            village_code=code,
            happening=Happening.CONFIRMED,
            at=NOW,
        )

    with Session(engine) as slow, Session(engine) as quick:
        slow.add(event(0))
        slow.flush()
        quick.add(event(1))
        quick.commit()
        latest, told = ask(engine, 0)
        assert told == [at.codes[1]]
        slow.commit()
    newest, told = ask(engine, latest)
    assert told is not None
    assert at.codes[0] in told
    assert ask(engine, newest) == (newest, [])


@LATE_LINES
def test_a_number_that_never_comes_is_given_up_after_a_while(engine: Engine, at: Field) -> None:
    happen(engine, at, 1, 0)
    happen(engine, at, 3, 2)
    assert ask(engine, 3, SOON)[0] == 1
    assert ask(engine, 3, SOON + changes.LATE) == (3, [])


@LATE_LINES
def test_two_histories_that_differ_have_other_versions(engine: Engine, at: Field) -> None:
    seen: list[Change] = []
    for number in (1, 5, 3, 4, 2):
        happen(engine, at, number, number)
        with reading(engine) as db:
            seen.append(latest_change(db, SOON))
    assert len(set(seen)) == len(seen)
    assert [change.settled for change in seen] == [1, 1, 1, 1, 5]


def test_with_too_many_changes_a_map_starts_afresh(
    engine: Engine, at: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_CHANGES", 2)
    for number in (1, 2, 3):
        happen(engine, at, number, number)
    assert ask(engine, 0) == (3, None)
    assert ask(engine, 1) == (3, [at.codes[2], at.codes[3]])
