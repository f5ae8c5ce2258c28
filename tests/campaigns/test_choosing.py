"""Which villages a stage takes, and in which order."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import Past, choose, choose_villages, sites_of
from outreach.campaigns.tables import Ordering, Stage, StageVillage
from outreach.db import reading, unit_of_work
from outreach.villages.tables import Village, VillageKind
from tests.visits.world import SERENGAN, TODAY, World, build_world

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine)


def _chosen(engine: Engine, world: World, past: Past | None = None, **changes: object) -> list[str]:
    with reading(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        for name, value in changes.items():
            setattr(stage, name, value)
        with db.no_autoflush:
            choice = choose(db, stage, past or Past(), TODAY)
        db.rollback()
    return [one.code for one in choice.chosen]


def test_area_kinds_and_quota_bound_the_choice(engine: Engine, world: World) -> None:
    assert len(_chosen(engine, world)) == 54
    assert len(_chosen(engine, world, area_codes=[SERENGAN])) == 7
    assert _chosen(engine, world, area_codes=["33.72.02.1003"]) == ["33.72.02.1003"]
    assert _chosen(engine, world, kinds=[VillageKind.DESA]) == []
    assert len(_chosen(engine, world, kinds=[VillageKind.KELURAHAN, VillageKind.DESA])) == 54
    assert len(_chosen(engine, world, quota=5)) == 5


def test_each_order_puts_its_own_first(engine: Engine, world: World) -> None:
    with reading(engine) as db:
        rows = db.scalars(select(Village).where(col(Village.regency_code) == "33.72")).all()
    gaps = {row.code: row.informal_workers - row.informal_covered for row in rows}
    by_gap = _chosen(engine, world, ordering=Ordering.GAP)
    assert [gaps[code] for code in by_gap] == sorted(gaps.values(), reverse=True)
    assert _chosen(engine, world, ordering=Ordering.CODE) == sorted(gaps)
    # The base of the branch stands in Kadipiro.
    assert _chosen(engine, world, ordering=Ordering.NEAREST)[0] == "33.72.05.1001"
    assert _chosen(engine, world, ordering=Ordering.SCORE) != by_gap


def test_who_was_visited_lately_comes_later(engine: Engine, world: World) -> None:
    first = _chosen(engine, world)[0]
    lately = Past(last_held={first: date(2026, 10, 30)})
    assert _chosen(engine, world, lately)[0] != first
    long_ago = Past(last_held={first: date(2020, 1, 1)})
    assert _chosen(engine, world, long_ago)[0] == first


def test_what_is_written_is_replaced_but_for_what_stays(engine: Engine, world: World) -> None:
    def rows() -> dict[str, tuple[int, float]]:
        with reading(engine) as db:
            found = db.scalars(select(StageVillage)).all()
        return {row.village_code: (row.rank, row.score) for row in found}

    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        assert choose_villages(db, stage, Past(), TODAY) == 54
    before = rows()
    assert sorted(rank for rank, _ in before.values()) == list(range(1, 55))
    kept, taken = sorted(before, key=lambda code: before[code])[:2]
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        stage.quota = 10
        past = Past(kept=frozenset({kept}), taken=frozenset({taken}))
        assert choose_villages(db, stage, past, TODAY) == 9
    after = rows()
    assert len(after) == 10
    assert after[kept] == before[kept]
    assert taken not in after
    assert sorted(rank for rank, _ in after.values()) == list(range(1, 11))
    with reading(engine) as db:
        parts = db.scalars(select(StageVillage)).all()
    assert all(abs(sum(row.parts.values()) - row.score) < 1e-9 for row in parts)


def test_sites_come_once_in_the_order_of_codes_with_their_worth(
    engine: Engine, world: World
) -> None:
    codes = ["33.72.02.1003", "33.72.01.1001", "33.72.02.1003"]
    with reading(engine) as db:
        sites = sites_of(db, codes)
        village = db.get_one(Village, "33.72.01.1001")
    assert [site.code for site in sites] == ["33.72.01.1001", "33.72.02.1003"]
    gap = village.informal_workers - village.informal_covered
    assert sites[0].value == gap * 5 / 100 > 0
    assert (sites[0].point.latitude, sites[0].point.island) == (village.latitude, village.island)
