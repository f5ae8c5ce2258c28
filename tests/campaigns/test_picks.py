"""What is decided by hand about villages, and what a stage before has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from outreach.campaigns.choosing import Past, choose, choose_villages, rank_villages
from outreach.campaigns.picks import PickIn, copy_picks, decide
from outreach.campaigns.stages import close_stage, create_stage, delete_stage
from outreach.campaigns.tables import Pick, Stage, StagePick, StageVillage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.visits.world import SERENGAN, TODAY, World, build_world, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.campaigns.choosing import Choice


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine, area_codes=[SERENGAN], quota=3)


def pick_in(code: str, pick: Pick | None, reason: str = "") -> PickIn:
    return PickIn(code=code, pick=pick, reason=reason)


def decided(engine: Engine, world: World, given: PickIn) -> None:
    with unit_of_work(engine) as db:
        decide(db, world.stage_id, given, by=world.coordinator)


def choice(engine: Engine, world: World, past: Past | None = None) -> Choice:
    with reading(engine) as db:
        return choose(db, db.get_one(Stage, world.stage_id), past or Past(), TODAY)


def codes(told: Choice) -> list[str]:
    return [one.code for one in told.chosen]


def test_a_village_put_first_takes_the_place_of_the_last_and_one_left_out_makes_room(
    engine: Engine, world: World
) -> None:
    before = choice(engine, world)
    ranked = [*codes(before), *(one.code for one in before.beyond)]
    assert (len(ranked), len(before.chosen)) == (7, 3)
    decided(engine, world, pick_in(ranked[6], Pick.FIRST))
    assert codes(choice(engine, world)) == [ranked[6], ranked[0], ranked[1]]
    decided(engine, world, pick_in(ranked[0], Pick.LEFT_OUT, "Bupati menolak tahun ini"))
    after = choice(engine, world)
    assert codes(after) == [ranked[6], ranked[1], ranked[2]]
    assert (after.left_out, after.in_area) == (1, 7)
    assert ranked[0] not in {one.code for one in after.beyond}
    # What is planned follows.
    with unit_of_work(engine) as db:
        assert choose_villages(db, db.get_one(Stage, world.stage_id), Past(), TODAY) == 3
        kept = set(db.exec(select(StageVillage.village_code)).all())
    assert kept == set(codes(after))


def test_the_latest_decision_holds_and_can_be_taken_back(engine: Engine, world: World) -> None:
    first = codes(choice(engine, world))
    decided(engine, world, pick_in(first[0], Pick.LEFT_OUT, "Banjir"))
    decided(engine, world, pick_in(first[0], Pick.FIRST))
    assert codes(choice(engine, world)) == first
    with reading(engine) as db:
        (row,) = db.exec(select(StagePick)).all()
    assert (row.pick, row.reason) == (Pick.FIRST, "")
    decided(engine, world, pick_in(first[0], None))
    with reading(engine) as db:
        assert db.exec(select(StagePick)).all() == []
    assert codes(choice(engine, world)) == first


def test_leaving_out_needs_a_reason_without_identity_numbers() -> None:
    for reason in ("", "  ", "Pak Joko 3372041512800001"):
        with pytest.raises(ValidationError):
            pick_in("33.72.02.1003", Pick.LEFT_OUT, reason)
    with pytest.raises(ValidationError):
        PickIn(code="33.72.02.1003", pick=Pick.LEFT_OUT)
    assert pick_in("3372021003", Pick.FIRST).code == "33.72.02.1003"


@pytest.mark.parametrize("code", ["33.72.01.1001", "33.09.01.2001", "33.72.02.1099"])
def test_only_villages_of_the_area_are_picked(engine: Engine, world: World, code: str) -> None:
    with pytest.raises(Invalid):
        decided(engine, world, pick_in(code, Pick.FIRST))
    with reading(engine) as db:
        assert db.exec(select(StagePick)).all() == []


def test_who_does_not_plan_the_stage_decides_nothing(engine: Engine, world: World) -> None:
    given = pick_in("33.72.02.1003", Pick.FIRST)
    for by, error in ((world.foreigner, NotFound), (world.manager, NotAllowed)):
        with pytest.raises(error), unit_of_work(engine) as db:
            decide(db, world.stage_id, given, by=by)
    with unit_of_work(engine) as db:
        close_stage(db, world.stage_id, 2, by=world.coordinator)
    with pytest.raises(Conflict):
        decided(engine, world, given)


def test_what_the_stage_before_chose_and_did_not_reach_comes_first(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        old = db.get_one(Stage, world.stage_id)
        ranked = rank_villages(db, old, Past(), TODAY).ordered
        chosen = [ranked[5].code, ranked[6].code]
        db.add_all(
            StageVillage(stage_id=world.stage_id, village_code=code, rank=1, score=1.0)
            for code in chosen
        )
        given = stage_in("Tahap 2", area_codes=[SERENGAN], quota=3)
        new = create_stage(db, world.campaign_id, given, by=world.coordinator, follows=old)
        assert codes(choose(db, new, Past(), TODAY)) == [*chosen, ranked[0].code]
        reached = Past(taken=frozenset({chosen[0]}))
        assert codes(choose(db, new, reached, TODAY))[:2] == [chosen[1], ranked[0].code]


def test_decisions_are_copied_and_a_draft_goes_with_its_own(engine: Engine, world: World) -> None:
    decided(engine, world, pick_in("33.72.02.1003", Pick.LEFT_OUT, "Sudah oleh dinas"))
    with unit_of_work(engine) as db:
        old = db.get_one(Stage, world.stage_id)
        made = create_stage(
            db, world.campaign_id, stage_in("Tahap 2"), by=world.coordinator, follows=old
        )
        copy_picks(db, old, made)
        last = create_stage(
            db, world.campaign_id, stage_in("Tahap 3"), by=world.coordinator, follows=made
        )
        picks = db.exec(select(StagePick).where(col(StagePick.stage_id) == made.id)).all()
        assert [(one.village_code, one.reason) for one in picks] == [
            ("33.72.02.1003", "Sudah oleh dinas")
        ]
        made_id, last_id = made.id or 0, last.id
    with unit_of_work(engine) as db:
        delete_stage(db, made_id, 1, by=world.coordinator)
    with reading(engine) as db:
        assert db.get_one(Stage, last_id).follows_id is None
        assert {one.stage_id for one in db.exec(select(StagePick))} == {world.stage_id}
