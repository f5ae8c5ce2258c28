"""What the database room promises: nothing half-done, nothing lost, nothing dangling."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import func, select

from outreach.db import make_engine, reading, unit_of_work
from outreach.errors import UnsafeSettings
from outreach.migrations import downgrade, is_complete, upgrade
from outreach.villages.tables import EstimateSource, Figure, Province, Regency, Zone

if TYPE_CHECKING:
    from sqlalchemy import Engine


def _province(code: str = "33") -> Province:
    return Province(code=code, name="Jawa Tengah", latitude=-7.0, longitude=110.0)


def _count(engine: Engine) -> int:
    with reading(engine) as db:
        return db.exec(select(func.count()).select_from(Province)).one()


def test_a_unit_of_work_commits_whole(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        db.add(_province())
        db.flush()
        assert _count(engine) == 0
    assert _count(engine) == 1


def test_a_failed_unit_of_work_leaves_nothing(engine: Engine) -> None:
    def fail() -> None:
        with unit_of_work(engine) as db:
            db.add(_province())
            db.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert _count(engine) == 0


def test_dangling_keys_are_refused(engine: Engine) -> None:
    orphan = Regency(
        code="33.72",
        province_code="33",
        name="Kota Surakarta",
        zone=Zone.WIB,
        latitude=-7.5,
        longitude=110.8,
        population=1,
    )
    with pytest.raises(IntegrityError), unit_of_work(engine) as db:
        db.add(orphan)


def test_an_unknown_word_is_refused_by_the_table(engine: Engine) -> None:
    insert = text(
        "INSERT INTO estimate_source (figure, national_total, as_of, source)"
        " VALUES ('nonsense', 1, '2025-03-01', '')"
    )
    with pytest.raises(IntegrityError), unit_of_work(engine) as db:
        db.execute(insert)


def test_no_update_is_lost_between_writers(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        for figure in Figure:
            db.execute(
                text(
                    "INSERT INTO estimate_source VALUES (:figure, 0, '2025-03-01', '')"
                ).bindparams(figure=figure.value)
            )

    def add_fifty() -> None:
        for _ in range(50):
            with unit_of_work(engine) as db:
                row = db.exec(
                    select(EstimateSource)
                    .where(EstimateSource.figure == Figure.COVERED)
                    .with_for_update()
                ).one()
                row.national_total += 1

    writers = [threading.Thread(target=add_fifty) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with reading(engine) as db:
        assert db.get_one(EstimateSource, Figure.COVERED).national_total == 200


def test_the_migrations_make_exactly_the_tables_and_can_be_taken_back(engine: Engine) -> None:
    assert is_complete(engine)
    downgrade(engine)
    assert "village" not in inspect(engine).get_table_names()
    upgrade(engine)
    assert is_complete(engine)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "sqlite"])
def test_a_wrong_url_is_refused_with_the_settings_name(url: str) -> None:
    with pytest.raises(UnsafeSettings) as refusal:
        make_engine(url)
    assert refusal.value.facts["setting"] == "DATABASE_URL"
