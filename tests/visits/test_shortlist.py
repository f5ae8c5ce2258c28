"""The ranking as people read it: its pages, its cut line, what each score stands on."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from outreach.campaigns.campaigns import CampaignIn, create_campaign, update_campaign
from outreach.campaigns.choosing import base_point
from outreach.campaigns.picks import PickIn, decide
from outreach.campaigns.sponsors import SPONSORSHIP
from outreach.campaigns.tables import Campaign, Pick, Stage
from outreach.db import reading, unit_of_work
from outreach.logbook.tables import Package, Payer, Sector
from outreach.planning.model import Access, Point
from outreach.planning.priority import Promise, Weights
from outreach.planning.travel import distance_m, travel_minutes
from outreach.progress.tables import Sponsorship
from outreach.villages.tables import Village, VillageAccess, Zone
from outreach.visits import shortlist
from outreach.visits.preview import as_if
from outreach.visits.shortlist import Listed, Shortlist, Standing, shortlist_of, village_in_stage
from outreach.visits.tables import Happening, Result, Visit, VisitEvent, Work
from tests.visits.world import NOW, SERENGAN, STARTS, TODAY, World, campaign_in

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session


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
    assert list(row.parts) == list(Weights().named())
    assert row.travel_minutes == travel_minutes(base, there)
    assert (row.way, row.promise, row.days_to_sponsor_end) == (Access.ROAD, None, None)
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
        another = create_campaign(db, campaign_in(name="Lain"), by=world.coordinator)
        other = as_if(stage, id=None, campaign_id=another.id)
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


def _visit(db: Session, world: World, code: str, work: Work, *happened: Happening) -> None:
    visit = Visit(
        stage_id=world.stage_id,
        village_code=code,
        team_id=world.team_ids[0],
        day=STARTS,
        slot=1,
        starts_at=time(9),
        zone=Zone.WIB,
        work=work,
    )
    db.add(visit)
    db.flush()
    for one in happened:
        db.add(
            VisitEvent(
                visit_id=visit.id or 0,
                village_code=code,
                happening=one,
                at=NOW,
                account_id=world.coordinator.account_id,
                reason="Jalan putus",
            )
        )


def _row(engine: Engine, world: World, code: str) -> Listed:
    with reading(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        found = village_in_stage(db, stage, code, TODAY)
    assert found is not None
    return found[0]


def test_a_village_whose_confirmed_visit_fell_away_was_promised_one(
    engine: Engine, world: World
) -> None:
    confirmed, never, again = (one.code for one in told(engine, world).rows[:3])
    with unit_of_work(engine) as db:
        _visit(db, world, confirmed, Work.POSTPONED, Happening.CONFIRMED, Happening.POSTPONED)
        _visit(db, world, never, Work.RETURNED, Happening.ASKED, Happening.RETURNED)
        _visit(db, world, again, Work.POSTPONED, Happening.CONFIRMED, Happening.POSTPONED)
        _visit(db, world, again, Work.CANCELLED)
    assert _row(engine, world, confirmed).promise is Promise.FELL_AWAY
    assert _row(engine, world, confirmed).parts["promise"] == told(engine, world).points["promise"]
    assert _row(engine, world, never).promise is None
    assert _row(engine, world, again).promise is None


def test_a_sponsorship_that_ends_counts_for_every_village_of_its_region(
    engine: Engine, world: World
) -> None:
    inside = told(engine, world, text="serengan").rows[0]
    outside = next(one for one in told(engine, world).rows if not one.code.startswith(SERENGAN))
    with unit_of_work(engine) as db:
        for region, days in ((SERENGAN, 20), (inside.code, 90), (outside.code, -1)):
            db.add(_sponsorship(world, region, TODAY + timedelta(days=days)))
    assert _row(engine, world, inside.code).days_to_sponsor_end == 20
    assert _row(engine, world, outside.code).days_to_sponsor_end is None
    points = told(engine, world).points["sponsor_end"]
    assert _row(engine, world, inside.code).parts["sponsor_end"] == pytest.approx(
        points * (1 - 20 / 182)
    )


def test_the_columns_read_of_sponsorships_are_those_of_their_table() -> None:
    stored = Sponsorship.__table__.columns  # type: ignore[attr-defined]
    assert SPONSORSHIP.name == Sponsorship.__tablename__
    for column in SPONSORSHIP.columns:
        assert str(stored[column.name].type) == str(column.type)


def _weigh(engine: Engine, world: World, **weights: float) -> None:
    with unit_of_work(engine) as db:
        campaign = db.get_one(Campaign, world.campaign_id)
        facts = {name: getattr(campaign, name, None) for name in CampaignIn.model_fields}
        told = {f"weight_{part}": weights.get(part, 0) for part in Weights().named()}
        given = CampaignIn.model_validate(facts | told)
        update_campaign(db, world.campaign_id, given, campaign.version, by=world.coordinator)


def test_weights_of_the_campaign_rank_its_villages(engine: Engine, world: World) -> None:
    _weigh(engine, world, access=10)
    by_way = told(engine, world)
    assert by_way.points == {part: 10 * (part == "access") for part in Weights().named()}
    assert all(row.score == row.parts["access"] <= 10 for row in by_way.rows)
    minutes = [row.travel_minutes or 0 for row in by_way.rows]
    assert minutes == sorted(minutes)
    # Nobody was ever visited: all are equal, and the code decides.
    _weigh(engine, world, staleness=7)
    by_age = told(engine, world)
    assert {row.score for row in by_age.rows} == {7}
    codes = [row.code for row in by_age.rows]
    assert codes == sorted(codes) != [row.code for row in by_way.rows]


def test_a_village_that_a_boat_serves_is_farther(engine: Engine, world: World) -> None:
    code = told(engine, world).rows[0].code
    by_road = _row(engine, world, code)
    with unit_of_work(engine) as db:
        db.add(VillageAccess(village_code=code, access=Access.BOAT, wait_minutes=120))
    by_boat = _row(engine, world, code)
    assert by_boat.way is Access.BOAT
    assert (by_boat.travel_minutes or 0) > (by_road.travel_minutes or 0) + 60
    assert by_boat.parts["access"] < by_road.parts["access"]


def test_a_village_that_the_stage_does_not_choose_has_no_score(
    engine: Engine, world: World
) -> None:
    with reading(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        assert village_in_stage(db, stage, "33.11.06.1001", TODAY) is None


def _sponsorship(world: World, region: str, ends: date) -> Sponsorship:
    return Sponsorship(
        branch_id=world.branch_id,
        region_code=region,
        payer=next(iter(Payer)),
        sponsor="Baznas",
        sector=next(iter(Sector)),
        package=next(iter(Package)),
        quota=10,
        starts=ends - timedelta(days=200),
        ends=ends,
    )
