"""The whole registry is in the database, right, and a second load finds nothing to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import case, func, select, text, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.villages.registry import Registry, load_registry, read_registry
from outreach.villages.source import RegistryFault, read_source
from outreach.villages.tables import (
    District,
    EstimateSource,
    Figure,
    Province,
    Regency,
    RegistryLoad,
    Village,
    VillageKind,
    Zone,
)
from tests.builders import LOADED_AT, load_small_registry, national_registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

SURAKARTA = ("33.72",)


def _counts(engine: Engine, column: Any) -> dict[Any, int]:
    with reading(engine) as db:
        rows = db.execute(select(column, func.count()).select_from(Village).group_by(column))
        return {value: count for value, count in rows}  # noqa: C416 - rows are no pairs to mypy


def _number(engine: Engine, query: Any) -> int:
    with reading(engine) as db:
        return int(db.execute(query).scalar_one())


def test_every_region_is_there(nation: Engine) -> None:
    counts = [
        _number(nation, select(func.count()).select_from(table))
        for table in (Province, Regency, District, Village)
    ]
    assert counts == [38, 514, 7_285, 83_762]


def test_kinds_and_zones_are_those_of_the_decree(nation: Engine) -> None:
    assert _counts(nation, Village.kind) == {
        VillageKind.DESA: 75_252,
        VillageKind.KELURAHAN: 8_496,
        VillageKind.DESA_ADAT: 14,
    }
    assert _counts(nation, Village.zone) == {
        Zone.WIB: 54_544,
        Zone.WITA: 19_437,
        Zone.WIT: 9_781,
    }


def test_estimates_add_up_to_their_sources(nation: Engine) -> None:
    with reading(nation) as db:
        told = {row.figure: row for row in db.execute(select(EstimateSource)).scalars()}
        sums = db.execute(select(*(func.sum(getattr(Village, figure)) for figure in Figure))).one()
    assert [int(total) for total in sums] == [told[figure].national_total for figure in Figure]
    assert all(row.source for row in told.values())


def test_a_regencys_villages_have_its_people(nation: Engine) -> None:
    people = func.sum(col(Village.population))
    query = select(func.count()).select_from(
        select(col(Regency.code))
        .join(Village, col(Village.regency_code) == col(Regency.code))
        .group_by(col(Regency.code), col(Regency.population))
        .having(people == col(Regency.population))
        .subquery()
    )
    assert _number(nation, query) == 514


def test_parts_are_parts_in_every_village(nation: Engine) -> None:
    gap = col(Village.informal_workers) - col(Village.informal_covered)
    wrong = select(func.count()).where(
        (gap < 0)
        | (col(Village.vulnerable_workers) > gap)
        | (col(Village.informal_workers) > col(Village.population))
        | (col(Village.informal_covered) < 0)
        | (col(Village.population) <= 0)
    )
    assert _number(nation, wrong.select_from(Village)) == 0


def test_villages_without_a_place_are_marked_and_stand_near_their_district(nation: Engine) -> None:
    far = func.abs(Village.latitude - District.latitude) + func.abs(
        Village.longitude - District.longitude
    )
    query = (
        select(func.count(), func.sum(case((far > 0.7, 1), else_=0)))
        .select_from(Village)
        .join(District, col(District.code) == col(Village.district_code))
        .where(col(Village.place_is_approximate))
    )
    with reading(nation) as db:
        count, stray = db.execute(query).one()
        nua_nea = db.get_one(Village, "81.01.01.2021")
    assert (count, stray) == (383 + 1, 0)
    assert nua_nea.place_is_approximate
    assert (nua_nea.latitude, nua_nea.longitude) == pytest.approx((-3.3, 129.0), abs=0.2)


def test_regencies_stand_among_their_villages(nation: Engine) -> None:
    with reading(nation) as db:
        wakatobi = db.get_one(Regency, "74.07")
        surakarta = db.get_one(Regency, "33.72")
    assert (wakatobi.latitude, wakatobi.longitude) == pytest.approx((-5.51, 123.76), abs=0.01)
    assert (surakarta.latitude, surakarta.longitude) == pytest.approx((-7.56, 110.82), abs=0.02)


def test_islands_part_madura_and_ambon_but_not_java(nation: Engine) -> None:
    codes = ("33.72.01.1001", "31.71.01.1001", "35.28.01.1001", "81.71.01.1001", "81.01.01.2021")
    with reading(nation) as db:
        rows = db.execute(
            select(col(Village.code), col(Village.island)).where(
                func.substr(Village.code, 1, 8).in_([code[:8] for code in codes])
            )
        ).all()
    by_district = {code[:8]: island for code, island in rows}
    java, jakarta, madura, ambon, seram = (by_district[code[:8]] for code in codes)
    assert java == jakarta
    assert len({java, madura, ambon, seram}) == 4


def test_a_second_load_changes_nothing(nation: Engine) -> None:
    def loads() -> int:
        return _number(nation, select(func.count()).select_from(RegistryLoad))

    before = loads()
    with unit_of_work(nation) as db:
        summary = load_registry(db, now=LOADED_AT, registry=national_registry())
    assert (summary.inserted, summary.changed, loads()) == (0, 0, before)
    assert summary.tables["village"].unchanged == summary.tables["village"].rows == 83_762
    assert summary.approximate == 384


def test_the_same_source_gives_the_same_rows() -> None:
    assert read_registry() == national_registry()


def test_only_what_was_changed_is_put_right(engine: Engine) -> None:
    load_small_registry(engine, SURAKARTA)
    with unit_of_work(engine) as db:
        db.execute(update(Village).where(col(Village.name) == "Jebres").values(population=1))
        db.execute(text("DELETE FROM village WHERE code = '33.72.01.1001'"))
    summary = load_small_registry(engine, SURAKARTA)
    village = summary.tables["village"]
    assert (village.inserted, village.changed, village.unchanged) == (1, 1, 52)
    with reading(engine) as db:
        people = db.execute(
            select(func.sum(Village.population), func.max(Regency.population)).join(
                Regency, col(Regency.code) == col(Village.regency_code)
            )
        ).one()
        assert people[0] == people[1]
        assert db.execute(select(func.count()).select_from(RegistryLoad)).scalar_one() == 2


def test_a_village_gone_from_the_source_is_told_and_kept(engine: Engine) -> None:
    load_small_registry(engine, SURAKARTA)
    whole = national_registry()
    villages = [row for row in whole.tables[Village] if row["code"] != "33.72.01.1001"]
    shorter = Registry(whole.source, whole.tables | {Village: villages})
    with unit_of_work(engine) as db:
        summary = load_registry(db, now=LOADED_AT, registry=shorter, areas=SURAKARTA)
    assert summary.tables["village"].vanished == ["33.72.01.1001"]
    assert summary.inserted == summary.changed == 0
    with reading(engine) as db:
        assert db.get(Village, "33.72.01.1001") is not None


def test_a_small_load_brings_an_area_and_what_is_above(sqlite_engine: Engine) -> None:
    summary = load_small_registry(sqlite_engine, ("33.72.01", "51.01.01.2001"))
    assert {name: told.rows for name, told in summary.tables.items()} == {
        "province": 2,
        "regency": 2,
        "district": 2,
        "village": 11 + 1,
        "estimate_source": 4,
    }
    again = load_small_registry(sqlite_engine, ("33.72.01", "51.01.01.2001"))
    assert (again.inserted, again.changed) == (0, 0)
    assert not any(told.vanished for told in again.tables.values())


def test_progress_is_told_to_the_end(sqlite_engine: Engine) -> None:
    told: list[tuple[str, int, int]] = []
    with unit_of_work(sqlite_engine) as db:
        load_registry(
            db,
            now=LOADED_AT,
            registry=national_registry(),
            areas=("33",),
            tell=lambda *line: told.append(line),
        )
    villages = [(done, rows) for table, done, rows in told if table == "village"]
    assert villages == [(8_563, 8_563)]
    assert told[0] == ("province", 1, 1)


def test_a_source_that_contradicts_the_figures_is_refused() -> None:
    source = read_source()
    source.regencies[0]["population"] = "1"
    with pytest.raises(RegistryFault) as caught:
        read_registry(source=source)
    assert caught.value.facts["problem"] == "population_differs"


def test_an_unknown_time_zone_is_refused() -> None:
    source = read_source()
    regencies = [line | {"timezone": "6"} for line in source.regencies]
    with pytest.raises(RegistryFault) as caught:
        read_registry(
            islands=lambda lat, _lon: np.zeros(len(lat), dtype=np.int32),
            source=replace(source, regencies=regencies),
        )
    assert caught.value.facts == {"problem": "unknown_zone", "region": "1101"}
