"""Every step of the migrations keeps the rows and ends at the tables that the code describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from outreach import migrations
from outreach.db import make_engine, unit_of_work
from outreach.schema import metadata
from tests.visits.world import build_world, plan

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


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
