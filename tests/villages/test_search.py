"""A region is found by code or name, also misspelt, and never outside what a person may see."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.villages.codes import Level
from outreach.villages.registry import Registry, load_registry
from outreach.villages.search import search
from outreach.villages.tables import Village, VillageKind
from tests.builders import LOADED_AT, Sees, load_small_registry, national_registry

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Engine

    from outreach.villages.search import Found

SOLO = ("33.72", "33.11")
#: Villages of the nation with a name few others are like.
KNOWN = ("Mangkubumen", "Kestalan", "Gilingan", "Sumberlawang", "Tawangmangu")


def find(
    engine: Engine,
    words: str,
    *,
    areas: tuple[str, ...] = ("",),
    within: str = "",
    levels: Collection[Level] = tuple(Level),
    limit: int = 20,
) -> list[Found]:
    with reading(engine) as db:
        return search(db, Sees(areas), words, within=within, levels=levels, limit=limit)


def codes(found: list[Found]) -> list[str]:
    return [one.code for one in found]


@pytest.mark.parametrize("told", ["33.72.04.1010", "3372041010", " 33 72 04 1010 "])
def test_a_code_finds_the_one_region(nation: Engine, told: str) -> None:
    (found,) = find(nation, told)
    assert (found.code, found.name, found.level) == ("33.72.04.1010", "Jebres", Level.VILLAGE)
    assert (found.district, found.regency, found.province) == (
        "Jebres",
        "Kota Surakarta",
        "Jawa Tengah",
    )
    assert (found.kind, found.score) == (VillageKind.KELURAHAN, 100.0)


def test_an_unfinished_code_finds_what_begins_with_it(nation: Engine) -> None:
    assert codes(find(nation, "33.72", limit=4)) == ["33.72", "33.72.01", "33.72.02", "33.72.03"]
    assert codes(find(nation, "337204101")) == ["33.72.04.1010", "33.72.04.1011"]
    assert find(nation, "99.99") == []


@pytest.mark.parametrize("told", ["Sumber Rejo", "sumberrejo", "SUMBER-REJO", "  sumber  rejo "])
def test_spelling_apart_and_together_is_one_name(nation: Engine, told: str) -> None:
    found = find(nation, told, levels=[Level.VILLAGE], limit=1000)
    exact = {one.name for one in found if one.score == 100}
    assert {"Sumber Rejo", "Sumberrejo"} <= exact


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("jebers", "33.72.04.1010"),
        ("Mangkubumn", "33.72.05.1010"),
        ("mangkubbumen", "33.72.05.1010"),
        ("Kestalam", "33.72.05.1005"),
        ("surakrata", "33.72"),
        ("kotta surakarta", "33.72"),
        ("sukohrajo", "33.11"),
        ("Regapu'u", "53.07.01.2021"),
    ],
)
def test_small_errors_are_forgiven(nation: Engine, told: str, meant: str) -> None:
    assert meant in codes(find(nation, told, limit=3))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(KNOWN), at=st.integers(0, 7), act=st.sampled_from("sdit"))
def test_any_one_error_in_a_name_is_forgiven(nation: Engine, name: str, at: int, act: str) -> None:
    swapped = name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :]
    tail = {"s": "x" + name[at + 1 :], "d": name[at + 1 :], "i": "x" + name[at:], "t": swapped}
    found = find(nation, name[:at] + tail[act], areas=("33",), limit=10)
    assert name in [one.name for one in found]


def test_the_beginning_of_a_name_is_enough(nation: Engine) -> None:
    found = find(nation, "mangkub", areas=("33.72",))
    assert codes(found) == ["33.72.05.1010"]


@pytest.mark.parametrize(
    "told",
    [
        "Jebres, Surakarta",
        "jebres surakarta",
        "jebres kota surakarta",
        "Kelurahan Jebres, Kec. Jebres",
        "kel. jebres surakrta",
        "jebers, surakarta",
    ],
)
def test_a_place_behind_the_name_narrows(nation: Engine, told: str) -> None:
    assert codes(find(nation, told, levels=[Level.VILLAGE], limit=1)) == ["33.72.04.1010"]


def test_a_regency_is_found_without_its_designation(nation: Engine) -> None:
    for told in ("sragen", "kab sragen", "Kabupaten Sragen", "Kab. Sragen"):
        assert find(nation, told, limit=1)[0].code == "33.14", told


def test_villages_of_one_name_are_told_apart(nation: Engine) -> None:
    found = find(nation, "Karanganyar", levels=[Level.VILLAGE], limit=1000)
    same = [one for one in found if one.score == 100]
    assert len(same) > 50
    assert len({one.code for one in same}) == len(same)
    assert all(one.district and one.regency and one.province for one in same)


def test_only_the_persons_area_is_searched(nation: Engine) -> None:
    found = find(nation, "Karanganyar", areas=SOLO, limit=1000)
    assert found
    assert all(one.code.startswith(SOLO) for one in found)
    assert find(nation, "33.13", areas=SOLO) == []
    assert find(nation, "Denpasar", areas=SOLO, limit=1000) == [
        one for one in find(nation, "Denpasar", limit=1000) if one.code.startswith(SOLO)
    ]
    assert find(nation, "Jebres", areas=()) == []


def test_a_search_can_be_kept_to_a_region_one_may_see(nation: Engine) -> None:
    assert {one.code[:5] for one in find(nation, "sari", areas=SOLO, within="33.11")} == {"33.11"}
    assert {one.code[:5] for one in find(nation, "ban", areas=SOLO, within="33")} == set(SOLO)
    with pytest.raises(NotFound):
        find(nation, "sari", areas=SOLO, within="33.13")


def test_the_best_come_first_and_no_more_than_asked(nation: Engine) -> None:
    found = find(nation, "sari", limit=50)
    assert len(found) == 50
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert {one.name for one in found if one.score == 100} == {"Sari"}


@pytest.mark.parametrize(
    "told",
    [
        "",
        " ",
        "a",
        ".",
        "...",
        ",",
        ", ,",
        "%",
        "_",
        "\x00",
        "'; DROP TABLE village; --",
        "🙂",
        "£" * 50,
    ],
)
def test_nothing_to_look_for_finds_nothing(nation: Engine, told: str) -> None:
    assert find(nation, told) == []


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=200) | st.text("0123456789.,- sarikb", max_size=60))
def test_whatever_is_typed_answers_within_the_area(nation: Engine, told: str) -> None:
    found = find(nation, told, areas=SOLO, limit=5)
    assert len(found) <= 5
    assert all(one.code.startswith(SOLO) and 0 < one.score <= 100 for one in found)


def test_a_load_that_changes_a_name_is_found_at_once(engine: Engine) -> None:
    load_small_registry(engine)
    assert codes(find(engine, "Jebres", levels=[Level.VILLAGE])) == ["33.72.04.1010"]
    rows = [
        row | {"name": "Nusantara"} if row["code"] == "33.72.04.1010" else row
        for row in national_registry().tables[Village]
    ]
    renamed = Registry("test", national_registry().tables | {Village: rows})
    with unit_of_work(engine) as db:
        load_registry(db, now=LOADED_AT + timedelta(1), registry=renamed, areas=("33.72",))
    assert find(engine, "Jebres", levels=[Level.VILLAGE]) == []
    assert codes(find(engine, "Nusantara")) == ["33.72.04.1010"]


def test_two_databases_are_never_mixed_up(sqlite_engine: Engine, nation: Engine) -> None:
    load_small_registry(sqlite_engine, ("51.71",))
    assert find(sqlite_engine, "Jebres") == []
    assert find(nation, "Jebres")


def test_an_index_is_kept_while_the_registry_stays(sqlite_engine: Engine) -> None:
    load_small_registry(sqlite_engine)
    assert find(sqlite_engine, "Jebres")
    with unit_of_work(sqlite_engine) as db:
        db.execute(update(Village).where(col(Village.code) == "33.72.04.1010").values(name="X Y"))
    assert find(sqlite_engine, "Jebres")
