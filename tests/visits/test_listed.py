"""A stage that takes only named villages: chosen, planned, copied, made of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlmodel import col

from outreach.campaigns.choosing import Past, choose, rank_villages
from outreach.campaigns.picks import PickIn, decide, put_first
from outreach.campaigns.stages import create_stage, open_stage, update_stage
from outreach.campaigns.tables import (
    Pick,
    Purpose,
    Stage,
    StagePick,
    StageVillage,
    Status,
)
from outreach.db import reading, unit_of_work
from outreach.errors import Invalid, NotAllowed
from outreach.villages.tables import Village
from outreach.visits.forward import copy_forward
from outreach.visits.listed import (
    draft_listed_stage,
    follow_up_campaigns,
    new_follow_up_campaign,
)
from outreach.visits.outside import count_outside
from outreach.visits.preview import as_if, preview
from outreach.visits.shortlist import shortlist_of
from outreach.visits.tables import Visit, Work
from tests.visits.world import TODAY, World, plan, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

CODES = ["33.72.01.1001", "33.72.02.1003", "33.72.05.1001"]


def _listed(db: Session, world: World, codes: list[str], **changes: object) -> Stage:
    """A listed stage of the world's campaign, open to be planned."""
    stage = create_stage(
        db,
        world.campaign_id,
        stage_in("Tindak lanjut", **changes),
        by=world.coordinator,
        is_listed=True,
    )
    put_first(db, stage, codes, "Sponsor berakhir")
    return open_stage(db, stage.id or 0, stage.version, by=world.coordinator)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_listed_stage_never_takes_what_was_not_put_in_it_by_name(
    engine: Engine, world: World, data: st.DataObject
) -> None:
    with unit_of_work(engine) as db:
        every = sorted(
            db.scalars(select(col(Village.code)).where(col(Village.regency_code) == "33.72"))
        )
        picks = data.draw(st.dictionaries(st.sampled_from(every), st.sampled_from(Pick)))
        kept = data.draw(st.frozensets(st.sampled_from(every), max_size=4))
        taken = data.draw(st.frozensets(st.sampled_from(every), max_size=10))
        quota = data.draw(st.none() | st.integers(1, 30))
        stage = db.get_one(Stage, world.stage_id)
        stage.is_listed, stage.quota = True, quota
        rows = [
            {"stage_id": stage.id, "village_code": code, "pick": pick, "reason": "Daftar"}
            for code, pick in picks.items()
        ]
        if rows:
            db.execute(insert(StagePick), rows)
        past = Past(kept=kept, taken=taken)
        choice, ranking = choose(db, stage, past, TODAY), rank_villages(db, stage, past, TODAY)
        db.rollback()
    named = {code for code, pick in picks.items() if pick is Pick.FIRST}
    free = named - kept - taken
    chosen = [one.code for one in choice.chosen]
    room = None if quota is None else max(0, quota - len(kept))
    assert len(chosen) == len(set(chosen)) == min(len(free), len(free) if room is None else room)
    assert set(chosen) | {one.code for one in choice.beyond} == free
    assert choice.in_area == len(picks)
    assert {one.code for one in ranking.ordered} == free


def test_planning_shortlist_and_verdict_take_the_list_alone(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        stage_id = _listed(db, world, CODES).id or 0
    with reading(engine) as db:
        stage = db.get_one(Stage, stage_id)
        shown = shortlist_of(db, stage, TODAY)
        told = preview(db, stage_id, world.coordinator, TODAY)
        everything = preview(db, world.stage_id, world.coordinator, TODAY)
    assert sorted(row.code for row in shown.rows) == CODES
    assert {row.reason for row in shown.rows} == {"Sponsor berakhir"}
    assert (told.villages, told.villages_in_area) == (3, 3)
    assert everything.villages == 54
    plan(engine, world, stage_id=stage_id)
    with reading(engine) as db:
        visited = db.scalars(
            select(col(Visit.village_code)).where(col(Visit.stage_id) == stage_id)
        ).all()
        chosen = db.scalars(
            select(col(StageVillage.village_code)).where(col(StageVillage.stage_id) == stage_id)
        ).all()
        assert count_outside(db, world.coordinator, db.get_one(Stage, stage_id)) == 0
    assert sorted(visited) == sorted(chosen) == CODES
    with unit_of_work(engine) as db:
        decide(db, stage_id, PickIn(code=CODES[0]), by=world.coordinator)
    with reading(engine) as db:
        assert count_outside(db, world.coordinator, db.get_one(Stage, stage_id)) == 1


def test_the_quota_holds_and_one_taken_off_the_list_is_gone(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        stage = _listed(db, world, CODES, quota=2)
        assert len(choose(db, stage, Past(), TODAY).chosen) == 2
        decide(db, stage.id or 0, PickIn(code=CODES[0]), by=world.coordinator)
        decide(
            db,
            stage.id or 0,
            PickIn(code=CODES[1], pick=Pick.LEFT_OUT, reason="Banjir"),
            by=world.coordinator,
        )
        choice = choose(db, stage, Past(), TODAY)
    assert [one.code for one in choice.chosen] == [CODES[2]]
    assert (choice.left_out, choice.in_area) == (1, 2)


def test_editing_and_copying_forward_keep_a_stage_listed(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        stage = _listed(db, world, CODES)
        given = stage_in("Tindak lanjut A")
        update_stage(db, stage.id or 0, given, stage.version, by=world.coordinator)
        assert stage.is_listed
        assert as_if(stage, quota=1).is_listed
        made = copy_forward(db, stage.id or 0, stage_in("Tindak lanjut B"), by=world.coordinator)
        assert made.is_listed
        assert {one.code for one in choose(db, made, Past(), TODAY).chosen} == set(CODES)
        plain = copy_forward(db, world.stage_id, stage_in("Tahap 2"), by=world.coordinator)
        assert not plain.is_listed
        assert len(choose(db, plain, Past(), TODAY).chosen) == 54


def test_a_list_becomes_a_drafted_stage_with_the_rule_as_reason(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        assert list(follow_up_campaigns(db, world.coordinator)) == []
        given = stage_in("Sponsor berakhir")
        campaign = new_follow_up_campaign(
            db, "Tindak lanjut 2026", Purpose.KEEP, given, by=world.coordinator
        )
        assert [one.id for one in follow_up_campaigns(db, world.coordinator)] == [campaign.id]
        made = draft_listed_stage(
            db, campaign.id or 0, given, CODES, "Aturan", by=world.coordinator
        )
        assert (made.listed, made.elsewhere) == (3, 0)
        assert (made.stage.is_listed, made.stage.status) == (True, Status.DRAFTED)
        picks = db.scalars(select(StagePick).where(col(StagePick.stage_id) == made.stage.id)).all()
    assert {(one.village_code, one.pick, one.reason) for one in picks} == {
        (code, Pick.FIRST, "Aturan") for code in CODES
    }
    assert (campaign.purpose, campaign.status) == (Purpose.KEEP, Status.OPENED)
    assert campaign.ends > given.ends


def test_what_the_campaign_has_already_is_left_out_and_told(engine: Engine, world: World) -> None:
    plan(engine, world)  # all 54 villages of the world have a visit of its campaign to come
    with pytest.raises(Invalid) as caught, unit_of_work(engine) as db:
        draft_listed_stage(
            db, world.campaign_id, stage_in("Lagi"), CODES, "Aturan", by=world.coordinator
        )
    assert caught.value.facts["problems"] == {"campaign_id": ["all_elsewhere"]}
    with unit_of_work(engine) as db:
        visit = db.scalars(
            select(Visit).where(
                col(Visit.stage_id) == world.stage_id, col(Visit.village_code) == CODES[0]
            )
        ).one()
        visit.work = Work.CANCELLED
        db.flush()
        made = draft_listed_stage(
            db, world.campaign_id, stage_in("Lagi"), CODES, "Aturan", by=world.coordinator
        )
        assert (made.listed, made.elsewhere) == (1, 2)


def test_only_the_branchs_planner_makes_one_and_only_of_its_own_villages(
    engine: Engine, world: World
) -> None:
    given = stage_in("Lagi")
    with pytest.raises(NotAllowed), unit_of_work(engine) as db:
        create_stage(
            db,
            world.campaign_id,
            given,
            by=world.manager,
            branch_id=world.branch_id,
            is_listed=True,
        )
    for code, problem in (("33.09.01.2001", "outside_stage"), ("33.72.01.1999", "unknown_village")):
        with pytest.raises(Invalid) as caught, unit_of_work(engine) as db:
            draft_listed_stage(
                db, world.campaign_id, given, [*CODES, code], "x", by=world.coordinator
            )
        assert caught.value.facts["problems"] == {"code": [problem]}
