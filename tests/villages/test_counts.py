"""Counted figures replace estimates, survive loads and go back to exactly what was."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.errors import Invalid
from outreach.villages.counts import Count, counts_of, forget_counts, note_counts, shares
from outreach.villages.reading import village_card
from outreach.villages.registry import Registry, load_registry
from outreach.villages.tables import Figure, RegistryLoad, Village, VillageCount
from tests.builders import LOADED_AT, Sees, load_small_registry, national_registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

PAJANG, LAWEYAN = "33.72.01.1001", "33.72.01.1002"
SURAKARTA = "33.72"
JUNE = date(2026, 6, 30)


def _count(code: str, counted: int, figure: Figure = Figure.VULNERABLE) -> Count:
    return Count(code, figure, counted, JUNE, "DTSEN")


def _vulnerable(engine: Engine, code: str = PAJANG) -> int:
    with reading(engine) as db:
        return db.get_one(Village, code).vulnerable_workers


def test_a_count_stands_in_place_of_the_estimate(engine: Engine) -> None:
    load_small_registry(engine)
    estimate, other = _vulnerable(engine), _vulnerable(engine, LAWEYAN)
    with unit_of_work(engine) as db:
        note_counts(db, [_count(PAJANG, 777)])
    with reading(engine) as db:
        (told,) = counts_of(db, [PAJANG, LAWEYAN]).values()
    assert (_vulnerable(engine), _vulnerable(engine, LAWEYAN)) == (777, other)
    assert (told.counted, told.estimated, told.as_of, told.source) == (777, estimate, JUNE, "DTSEN")


def test_a_second_count_replaces_the_first_and_forgetting_brings_the_estimate(
    engine: Engine,
) -> None:
    load_small_registry(engine)
    estimate = _vulnerable(engine)
    for number in (777, 778):
        with unit_of_work(engine) as db:
            note_counts(db, [_count(PAJANG, number), _count(PAJANG, 5, Figure.COVERED)])
    assert _vulnerable(engine) == 778
    with unit_of_work(engine) as db:
        forget_counts(db, [(PAJANG, Figure.VULNERABLE), (LAWEYAN, Figure.VULNERABLE)])
    with reading(engine) as db:
        left = db.scalars(select(VillageCount)).all()
        covered = db.get_one(Village, PAJANG).informal_covered
    assert _vulnerable(engine) == estimate
    assert [one.figure for one in left] == [Figure.COVERED]
    assert covered == 5


def test_a_load_leaves_the_count_and_learns_the_new_estimate(engine: Engine) -> None:
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        note_counts(db, [_count(PAJANG, 777)])
    again = load_small_registry(engine)
    assert (again.inserted, again.changed) == (0, 0)
    whole = national_registry()
    newer = [
        row | {"vulnerable_workers": 11, "population": 12} if row["code"] == PAJANG else row
        for row in whole.tables[Village]
    ]
    with unit_of_work(engine) as db:
        registry = Registry(whole.source, whole.tables | {Village: newer})
        summary = load_registry(db, now=LOADED_AT, registry=registry, areas=(SURAKARTA,))
    assert summary.tables["village"].changed == 1
    with reading(engine) as db:
        village = db.get_one(Village, PAJANG)
        told = db.get_one(VillageCount, (PAJANG, Figure.VULNERABLE))
        assert (village.vulnerable_workers, village.population) == (777, 12)
        assert (told.counted, told.estimated) == (777, 11)
        assert len(db.scalars(select(RegistryLoad)).all()) == 2
    with unit_of_work(engine) as db:
        forget_counts(db, [(PAJANG, Figure.VULNERABLE)])
    assert _vulnerable(engine) == 11


def test_a_regencys_count_is_spread_to_the_last_member(engine: Engine) -> None:
    load_small_registry(engine)
    with reading(engine) as db:
        parts = shares(db, SURAKARTA, 100_003, {})
        rows = db.execute(select(col(Village.code), col(Village.informal_workers)))
        workers = {row.code: row.informal_workers for row in rows}
    assert sum(parts.values()) == 100_003
    assert len(parts) == 54
    exact = {code: 100_003 * workers[code] / sum(workers.values()) for code in parts}
    assert all(abs(parts[code] - exact[code]) < 1 for code in parts)


def test_villages_counted_themselves_keep_their_count_in_the_spread(engine: Engine) -> None:
    load_small_registry(engine)
    with reading(engine) as db:
        parts = shares(db, SURAKARTA, 5_000, {PAJANG: 1_200, LAWEYAN: 0})
        assert not {PAJANG, LAWEYAN} & parts.keys()
        assert sum(parts.values()) == 3_800
        with pytest.raises(Invalid) as caught:
            shares(db, SURAKARTA, 1_000, {PAJANG: 1_200})
    assert caught.value.facts["problems"] == {"counted": ["less_than_counted"]}


def test_members_beyond_the_estimate_leave_no_gap_below_zero(engine: Engine) -> None:
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        note_counts(db, [_count(PAJANG, 10_000_000, Figure.COVERED)])
    with reading(engine) as db:
        assert village_card(db, Sees(), PAJANG).gap == 0
