"""The checker is silent on a sound season and names every fault that is planted in it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from outreach.db import make_engine, reading, unit_of_work
from outreach.logbook.sync import Outcome, take_in
from outreach.progress import totals
from outreach.safekeeping import checking, recounting
from outreach.safekeeping.checking import RULES, check_data, check_database
from outreach.visits.lifecycle import confirm, postpone
from outreach.visits.tables import Visit, Work
from tests.field import NOW as SOON
from tests.field import told
from tests.rewriting import unlock_history
from tests.visits.world import NOW, active_visits, build_world, plan, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from tests.field import Field

    Sound = tuple[Engine, list[int]]

#: A planted fault, the rule that must name it, and a part of what it says. `{0}` and the like are
#: visits in the order of their villages: 0 to 2 have reports, 1 a corrected one, 3 to 7 none.
FAULTS = {
    "a team twice at once": (
        "UPDATE visit SET day = '2026-11-25', slot = 1 WHERE id IN ({3}, {4})",
        "double_booked_teams",
        "slot 1",
    ),
    "a village twice": (
        "UPDATE visit SET village_code = '33.72.01.1001' WHERE id = {3}",
        "doubled_visits",
        "33.72.01.1001",
    ),
    "a visit gone": ("DELETE FROM visit WHERE id = {0}", "reports_without_visit", "report"),
    "a report of another village": (
        "UPDATE session_report SET village_code = '33.72.05.1001' WHERE visit_id = {0}",
        "reports_without_visit",
        "report",
    ),
    "two reports that count": (
        "UPDATE session_report SET corrected_by = NULL",
        "broken_corrections",
        "report",
    ),
    "two first reports": (
        "UPDATE session_report SET corrects_id = NULL, corrected_by = NULL",
        "broken_corrections",
        "report",
    ),
    "done without a report": (
        "UPDATE visit SET work = 'done' WHERE id = {3}",
        "status_against_report",
        "visit {3}",
    ),
    "a report of a visit to come": (
        "UPDATE visit SET work = 'confirmed' WHERE id = {0}",
        "status_against_report",
        "visit {0}",
    ),
    "another result": (
        "UPDATE visit SET result = 'refused' WHERE id = {0}",
        "status_against_report",
        "visit {0}",
    ),
    "a result forgotten": (
        "UPDATE visit SET result = NULL WHERE id = {0}",
        "status_against_report",
        "visit {0}",
    ),
    "a detail lost": (
        "DELETE FROM signup WHERE sector = 'trader'",
        "details_do_not_add_up",
        "report",
    ),
    "no history": (
        "DELETE FROM visit_event WHERE visit_id = {3}",
        "visits_without_history",
        "visit {3}",
    ),
    "another history": (
        "UPDATE visit SET work = 'cancelled' WHERE id = {3}",
        "status_against_history",
        "visit {3}",
    ),
    "a team gone": ("DELETE FROM team", "dangling_keys", "visit.team_id: 8"),
    "a correction of nothing": (
        "DELETE FROM session_report WHERE corrects_id IS NULL",
        "dangling_keys",
        "session_report.corrects_id: 1",
    ),
}


@pytest.fixture
def sound(season: tuple[str, Field]) -> Iterator[Sound]:
    """A season in which nothing is wrong, and its visits in the order of their villages."""
    url, field = season
    engine = make_engine(url)
    yield engine, list(field.visits.values())
    engine.dispose()


def broken(engine: Engine) -> dict[str, tuple[str, ...]]:
    return {one.rule: one.broken for one in check_database(engine) if one.broken}


def found_in(db: Session) -> dict[str, tuple[str, ...]]:
    return {one.rule: one.broken for one in check_data(db) if one.broken}


@contextmanager
def unhinged(engine: Engine) -> Iterator[Connection]:
    """A connection on which no constraint holds."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SET session_replication_role = replica"))
        for index in ("team_day_slot", "stage_village"):
            connection.execute(text(f"DROP INDEX uq_visit_{index}"))
        connection.execute(text("DROP INDEX uq_session_report_first"))
        unlock_history(connection)
        yield connection


def test_every_planted_fault_is_named(sound: Sound) -> None:
    engine, visits = sound
    assert broken(engine) == {}
    with unhinged(engine) as connection:
        for name, (fault, rule, said) in FAULTS.items():
            with connection.begin_nested() as planted:
                connection.execute(text(fault.format(*visits)))
                with Session(connection, join_transaction_mode="create_savepoint") as db:
                    found = found_in(db)
                planted.rollback()
            assert rule in found, name
            assert any(said.format(*visits) in one for one in found[rule]), (name, found)
        connection.rollback()
    assert broken(engine) == {}


def test_every_rule_has_a_fault_that_shows_it() -> None:
    elsewhere = {"totals_differ", "damaged_file", "history_rewritten"}
    assert {rule for _, rule, _ in FAULTS.values()} | elsewhere == set(RULES)


def test_a_page_that_counts_wrongly_is_told(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = sound
    assert broken(engine) == {}
    right = totals._brought

    def too_many(*asked: object) -> object:
        return {key: one._replace(men=one.men + 1) for key, one in right(*asked).items()}  # type: ignore[arg-type]

    monkeypatch.setattr(totals, "_brought", too_many)
    assert broken(engine) == {
        "totals_differ": ("map 33.72 men: 66 / 65", "map men: 66 / 65"),
    }


def test_a_board_that_counts_wrongly_is_told(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = sound
    monkeypatch.setattr(recounting, "brought_by", lambda *_: {})
    assert {line.split()[2] for line in broken(engine)["totals_differ"]} == {
        f"{name}:" for name in recounting.OF_BOARD
    }


def test_what_comes_in_meanwhile_is_no_fault(
    season: tuple[str, Field], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, field = season
    engine, other = make_engine(url), make_engine(url)
    right = recounting.recount

    def slow(db: Session) -> recounting.Sums:
        sums = right(db)
        with unit_of_work(other) as elsewhere:
            report = told(field.visits[field.codes[5]])
            (done,) = take_in(elsewhere, [report], field.coordinator, SOON)
            assert done.outcome is Outcome.ACCEPTED
        return sums

    monkeypatch.setattr(recounting, "recount", slow)
    assert broken(engine) == {}
    monkeypatch.undo()
    assert broken(engine) == {}
    engine.dispose()
    other.dispose()


def test_a_damaged_file_is_told(sqlite_season: tuple[Path, Field], sqlite_engine: Engine) -> None:
    path, _ = sqlite_season
    shutil.copy(path, str(sqlite_engine.url.database))
    with sqlite_engine.connect() as connection:
        asked = "SELECT rootpage FROM sqlite_schema WHERE name = 'ix_visit_day'"
        page = connection.execute(text(asked)).scalar_one()
        size = connection.execute(text("PRAGMA page_size")).scalar_one()
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    sqlite_engine.dispose()
    with open(str(sqlite_engine.url.database), "r+b") as file:  # noqa: PTH123 - at a byte
        file.seek((page - 1) * size)
        # A leaf of an index that holds nothing.
        file.write(bytes([10, 0, 0, 0, 0, size >> 8, size & 255, 0]))
    with reading(sqlite_engine) as db:
        assert list(checking.RULES["damaged_file"](db)) != []


def test_a_stage_that_was_planned_and_published_is_sound(engine: Engine) -> None:
    world = build_world(engine)
    plan(engine, world, approved=False)
    publish(engine, world)
    with unit_of_work(engine) as db:
        first, second, *_ = db.exec(select(Visit).order_by(col(Visit.village_code)))
        confirm(db, first.id or 0, version=first.version, by=world.coordinator, now=NOW)
        postpone(
            db,
            second.id or 0,
            version=second.version,
            by=world.coordinator,
            now=NOW,
            reason="banjir",
        )
    assert len(active_visits(engine, world.stage_id)) > 20
    assert broken(engine) == {}
    with unit_of_work(engine) as db:
        assert db.get_one(Visit, first.id).work is Work.CONFIRMED
