"""What pages read of the registry is right, and kept to the person's area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from outreach.db import reading
from outreach.errors import NotFound
from outreach.villages.codes import Level
from outreach.villages.reading import (
    approximate_villages,
    count_villages,
    estimate_sources,
    name_of,
    names_of,
    regions_below,
    village_card,
)
from outreach.villages.tables import Village, VillageKind, Zone
from tests.builders import Sees, load_small_registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

NATION = Sees(("",))
SOLO = Sees(("33.11", "33.72"))


def test_a_card_says_all_of_a_village(nation: Engine) -> None:
    with reading(nation) as db:
        card = village_card(db, SOLO, "33.72.01.1001")
        row = db.get_one(Village, "33.72.01.1001")
    assert (card.name, card.kind, card.zone) == ("Pajang", VillageKind.KELURAHAN, Zone.WIB)
    assert (card.district, card.regency, card.province) == (
        "Laweyan",
        "Kota Surakarta",
        "Jawa Tengah",
    )
    assert (card.district_code, card.regency_code, card.province_code) == (
        "33.72.01",
        "33.72",
        "33",
    )
    assert card.gap == row.informal_workers - row.informal_covered > 0
    assert (card.population, card.vulnerable_workers) == (row.population, row.vulnerable_workers)
    assert not card.place_is_approximate


@pytest.mark.parametrize("code", ["33.13.01.2001", "33.72.01.1999", "33.72", "", "x"])
def test_foreign_and_missing_villages_look_the_same(nation: Engine, code: str) -> None:
    with reading(nation) as db, pytest.raises(NotFound):
        village_card(db, SOLO, code)


def test_regions_below_add_up_to_the_nation(nation: Engine) -> None:
    with reading(nation) as db:
        provinces = regions_below(db, NATION)
        regencies = regions_below(db, NATION, "33")
        total = estimate_sources(db)["informal_workers"].total
    assert len(provinces) == 38
    assert sum(one.villages for one in provinces) == 83_762
    assert sum(one.informal_workers for one in provinces) == total
    java = next(one for one in provinces if one.code == "33")
    assert len(regencies) == 35
    assert (java.villages, java.gap, java.vulnerable_workers) == (
        sum(one.villages for one in regencies),
        sum(one.gap for one in regencies),
        sum(one.vulnerable_workers for one in regencies),
    )


def test_each_level_lists_the_next(nation: Engine) -> None:
    with reading(nation) as db:
        districts = regions_below(db, SOLO, "33.72")
        villages = regions_below(db, SOLO, "33.72.01")
        assert regions_below(db, SOLO, "33.72.01.1001") == []
    assert [one.name for one in districts][:2] == ["Laweyan", "Serengan"]
    assert {one.level for one in districts} == {Level.DISTRICT}
    assert sum(one.villages for one in districts) == 54
    assert (len(villages), {one.villages for one in villages}) == (11, {1})


def test_above_ones_area_only_ones_own_part_counts(nation: Engine) -> None:
    with reading(nation) as db:
        assert [one.code for one in regions_below(db, SOLO)] == ["33"]
        regencies = regions_below(db, SOLO, "33")
        assert regions_below(db, SOLO)[0].villages == 54 + 167
    assert [(one.code, one.name) for one in regencies] == [
        ("33.11", "Kabupaten Sukoharjo"),
        ("33.72", "Kota Surakarta"),
    ]


@pytest.mark.parametrize("code", ["33.13", "34", "99", "33.72.99", "33.72.01.1001.1"])
def test_foreign_and_missing_regions_look_the_same(nation: Engine, code: str) -> None:
    with reading(nation) as db:
        with pytest.raises(NotFound):
            regions_below(db, SOLO, code)
        with pytest.raises(NotFound):
            name_of(db, SOLO, code)


def test_who_sees_nothing_sees_nothing(nation: Engine) -> None:
    with reading(nation) as db, pytest.raises(NotFound):
        regions_below(db, Sees(()))


def test_approximate_villages_are_listed_within_the_area(nation: Engine) -> None:
    with reading(nation) as db:
        whole = approximate_villages(db, NATION)
        pasaman = approximate_villages(db, Sees(("13.12",)))
        count = db.execute(
            select(func.count()).select_from(Village).where(col(Village.place_is_approximate))
        ).scalar_one()
    assert len(whole) == count == 384
    assert len(pasaman) == 71
    assert {one.regency for one in pasaman} == {"Kabupaten Pasaman Barat"}
    assert [one.code for one in whole] == sorted(one.code for one in whole)


def test_names_of_any_level_come_at_once(nation: Engine) -> None:
    asked = ["33", "33.72", "33.72.04", "33.72.04.1010", "99.99", "", "33.72"]
    with reading(nation) as db:
        assert names_of(db, iter(asked)) == {
            "33": "Jawa Tengah",
            "33.72": "Kota Surakarta",
            "33.72.04": "Jebres",
            "33.72.04.1010": "Jebres",
        }


def test_names_of_every_village_can_be_asked(nation: Engine) -> None:
    with reading(nation) as db:
        codes = list(db.execute(select(col(Village.code))).scalars())
        assert len(names_of(db, codes)) == count_villages(db) == 83_762


def test_sources_stand_beside_the_estimates(sqlite_engine: Engine) -> None:
    load_small_registry(sqlite_engine)
    with reading(sqlite_engine) as db:
        sources = estimate_sources(db)
    assert set(sources) == {
        "population",
        "informal_workers",
        "informal_covered",
        "vulnerable_workers",
    }
    assert sources["informal_covered"].total == 9_900_000
    assert "2025" in sources["informal_covered"].source
