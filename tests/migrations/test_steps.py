"""Every step of the migrations keeps the rows and ends at the tables that the code describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from outreach import migrations
from outreach.campaigns.tables import Campaign
from outreach.db import make_engine, reading, unit_of_work
from outreach.planning.feasts import Feast
from outreach.planning.model import Access
from outreach.schema import metadata
from outreach.villages.tables import CalendarLayer, CalendarRule, Effect, FeastDate, VillageAccess
from outreach.visits.certificates import ask
from outreach.visits.tables import Batch
from outreach.watch.beating import beat, this_process
from outreach.watch.tables import ProcessKind
from tests.visits.away import AROUND, build_away
from tests.visits.world import NOW, ask_for_plan, build_world, plan

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlmodel import Session


def checks(engine: Engine) -> dict[str, set[str]]:
    """Names of all checks by table; those of an enum hold its words."""
    inspector = inspect(engine)
    return {
        table: {str(one["name"]) for one in inspector.get_check_constraints(table)}
        for table in metadata.tables
    }


def indexes(engine: Engine) -> dict[str, set[Any]]:
    inspector = inspect(engine)
    return {
        table: {
            (one["name"], tuple(one["column_names"]), bool(one["dialect_options"]))
            for one in inspector.get_indexes(table)
        }
        for table in metadata.tables
    }


def test_the_steps_end_where_the_tables_are_created(engine: Engine, tmp_path: Path) -> None:
    """`engine` is made by the migrations; the other by the tables themselves."""
    made = make_engine(f"sqlite:///{tmp_path / 'made.sqlite'}")
    metadata.create_all(made)
    wanted = checks(made), indexes(made)
    made.dispose()
    assert checks(engine) == wanted[0]
    if engine.dialect.name == "sqlite":
        assert indexes(engine) == wanted[1]


def test_a_full_database_goes_down_and_up_again(engine: Engine) -> None:
    plan(engine, build_world(engine))
    with unit_of_work(engine) as db:
        before = db.execute(text("SELECT count(*) FROM visit")).scalar_one()
        first = db.execute(text("SELECT min(id) FROM visit")).scalar_one()
        db.execute(text(f"UPDATE visit SET work = 'returned' WHERE id = {first}"))
    migrations.downgrade(engine, "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM visit")).scalar_one() == before > 0
        told = text(f"SELECT work FROM visit WHERE id = {first}")
        assert connection.execute(told).scalar_one() == "postponed"
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM visit")).scalar_one() == before
        said = text("SELECT DISTINCT channel FROM visit_event")
        assert connection.execute(said).scalars().all() == ["page"]
        if engine.dialect.name == "sqlite":
            assert not connection.execute(text("PRAGMA foreign_key_check")).all()
    with pytest.raises(IntegrityError), unit_of_work(engine) as db:
        db.execute(text(f"UPDATE visit SET work = 'nonsense' WHERE id = {first}"))


def test_a_plan_with_stays_bounds_and_new_cures_goes_down_and_up_again(engine: Engine) -> None:
    world = build_away(engine)
    with unit_of_work(engine) as db:
        ask(db, db.scalars(select(col(Batch.run_id))).first() or 0, by=world.coordinator, now=NOW)
        db.execute(text("UPDATE stage_village SET reason = 'too_far', remedy = 'boat'"))
        db.execute(text("""UPDATE campaign SET weights = '{"gap": 3}'"""))
        _notes(db)
    migrations.downgrade(engine, "0005")
    assert _counted(engine, "SELECT count(*) FROM visit") == 2
    assert _counted(engine, "SELECT count(*) FROM stage_village WHERE remedy = 'next_stage'") > 0
    assert "stay" not in inspect(engine).get_table_names()
    migrations.upgrade(engine)
    assert _counted(engine, "SELECT count(*) FROM visit WHERE stay_id IS NULL") == 2
    assert _counted(engine, "SELECT count(*) FROM stay") == 0
    with reading(engine) as db:
        assert [one.weights for one in db.scalars(select(Campaign))] == [{}]
        assert {str(one.figures) for one in db.scalars(select(Batch))} == {"{}"}


def test_what_asked_for_work_goes_down_and_up_again(engine: Engine) -> None:
    world = build_world(engine)
    ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        db.execute(text("UPDATE plan_run SET request_id = 'a-request'"))
        db.execute(text("UPDATE batch SET retried_at = started_at, lease_lost_at = sent_at"))
        beat(db, this_process(ProcessKind.WEB, "k" * 40), NOW, errors=2)
    migrations.downgrade(engine, "0006")
    assert "heartbeat" not in inspect(engine).get_table_names()
    assert _counted(engine, "SELECT count(*) FROM plan_run") == 1
    migrations.upgrade(engine)
    assert _counted(engine, "SELECT count(*) FROM plan_run WHERE request_id = ''") == 1
    assert _counted(engine, "SELECT count(*) FROM batch WHERE lease_lost_at IS NULL") > 0
    with pytest.raises(IntegrityError), unit_of_work(engine) as db:
        # Of one stage only one run may be on: the index came back with the table.
        db.execute(
            text(
                "INSERT INTO plan_run (stage_id, branch_id, state, seed, parameters, requested_by,"
                " requested_at, request_id) SELECT stage_id, branch_id, state, seed, parameters,"
                " requested_by, requested_at, '' FROM plan_run"
            )
        )


def _notes(db: Session) -> None:
    db.add(
        CalendarRule(
            region_code="33.72",
            layer=CalendarLayer.HARVEST,
            effect=Effect.SOFT,
            weight_minutes=9,
            source="Rapat",
        )
    )
    day = NOW.date()
    db.add(FeastDate(feast=Feast.IDUL_FITRI, year=2027, nth=1, starts=day, ends=day, source="SKB"))
    db.add(VillageAccess(village_code=AROUND[0], access=Access.BOAT, source="Kades"))


def _counted(engine: Engine, asked: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(asked)).scalar_one())
