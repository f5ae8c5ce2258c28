"""The ranking as people read it: its pages, its cut line, what each score stands on."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any

import pytest

from outreach.campaigns.choosing import base_point
from outreach.campaigns.picks import PickIn, decide
from outreach.campaigns.tables import Pick, Stage
from outreach.db import reading, unit_of_work
from outreach.planning.model import Point
from outreach.planning.travel import distance_m
from outreach.villages.tables import Village, Zone
from outreach.visits import shortlist
from outreach.visits.preview import as_if
from outreach.visits.shortlist import Shortlist, Standing, shortlist_of
from outreach.visits.tables import Result, Visit, Work
from tests.visits.world import STARTS, TODAY, World

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "PAGE_LENGTH", 20)


def told(engine: Engine, world: World, quota: int | None = None, **asked: Any) -> Shortlist:
    with reading(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        with db.no_autoflush:
            stage.quota = quota
            found = shortlist_of(db, stage, TODAY, **asked)
        db.rollback()
    return found


def test_pages_go_through_the_whole_ranking_once(engine: Engine, world: World) -> None:
    pages = [told(engine, world, page=page) for page in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [20, 20, 14]
    assert {(page.pages, page.found, page.ranked, page.taken) for page in pages} == {
        (3, 54, 54, 54)
    }
    rows = [row for page in pages for row in page.rows]
    assert [row.rank for row in rows] == list(range(1, 55))
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    assert told(engine, world, page=99).rows == pages[2].rows


def test_the_quota_cuts_the_ranking_and_counts_what_stays(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        stays = told(engine, world).rows[5].code
        db.add(
            Visit(
                stage_id=world.stage_id,
                village_code=stays,
                team_id=world.team_ids[0],
                day=STARTS,
                slot=1,
                starts_at=time(9),
                zone=Zone.WIB,
                work=Work.CONFIRMED,
            )
        )
    cut = told(engine, world, quota=10)
    assert (cut.kept, cut.taken, cut.ranked) == (1, 9, 53)
    assert [row.standing for row in cut.rows] == [Standing.IN] * 9 + [Standing.BEYOND] * 11
    assert stays not in {row.code for row in cut.rows}
    assert told(engine, world, quota=500).taken == 53
    assert [told(engine, world, quota=quota).cut_page for quota in (1, 21, 22, 54)] == [1, 1, 2, 3]


def test_every_row_says_what_its_score_stands_on(engine: Engine, world: World) -> None:
    with reading(engine) as db:
        base = base_point(db, world.branch_id)
        row = told(engine, world).rows[0]
        village = db.get_one(Village, row.code)
    there = Point(village.latitude, village.longitude, village.code, village.island)
    assert (row.village, row.regency) == (village.name, "Kota Surakarta")
    assert row.gap == village.informal_workers - village.informal_covered
    assert row.vulnerable == village.vulnerable_workers
    assert row.distance_m == distance_m(base, there)
    assert sum(row.parts.values()) == pytest.approx(row.score)
    assert set(row.parts) == {"gap", "vulnerable", "access", "staleness"}
    assert row.last_held is None


def test_the_last_session_of_whatever_stage_is_told(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        code = told(engine, world).rows[0].code
        visit = Visit(
            stage_id=world.stage_id,
            village_code=code,
            team_id=world.team_ids[0],
            day=STARTS.replace(month=5),
            slot=1,
            starts_at=time(9),
            zone=Zone.WIB,
            work=Work.DONE,
            result=Result.ATTENDED,
        )
        db.add(visit)
        db.flush()
        # Asked by another campaign's stage: there the village is not taken.
        other = as_if(stage, id=None, campaign_id=0)
        rows = [row for page in (1, 2, 3) for row in shortlist_of(db, other, TODAY, page=page).rows]
        (row,) = [one for one in rows if one.code == code]
        assert row.last_held == STARTS.replace(month=5)
        assert row.parts["staleness"] < 15


def test_left_out_villages_stand_at_the_end_with_the_reason(engine: Engine, world: World) -> None:
    first = told(engine, world).rows[0].code
    with unit_of_work(engine) as db:
        out = PickIn(code=first, pick=Pick.LEFT_OUT, reason="Banjir sejak Oktober")
        decide(db, world.stage_id, out, by=world.coordinator)
    listed = told(engine, world, quota=10, page=3)
    row = listed.rows[-1]
    assert (row.code, row.rank, row.standing) == (first, None, Standing.LEFT_OUT)
    assert (row.pick, row.reason) == (Pick.LEFT_OUT, "Banjir sejak Oktober")
    assert (listed.left_out, listed.ranked, listed.taken, listed.found) == (1, 53, 10, 54)


@pytest.mark.parametrize("text", ["serengan", "SERENG", "Kratonan", "kota sura"])
def test_a_text_finds_by_village_district_and_regency_and_keeps_ranks(
    engine: Engine, world: World, text: str
) -> None:
    everything = [row for page in (1, 2, 3) for row in told(engine, world, page=page).rows]
    found = told(engine, world, text=text)
    wanted = [
        row
        for row in everything
        if any(text.lower() in name.lower() for name in (row.village, row.district, row.regency))
    ]
    assert wanted
    assert found.found == len(wanted)
    assert list(found.rows) == wanted[:20]
    assert told(engine, world, text="tidak ada").rows == ()
