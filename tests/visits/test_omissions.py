"""No stage leaves a district or an island at zero without a reason."""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update
from sqlmodel import col

from outreach.campaigns.campaigns import create_campaign, open_campaign
from outreach.campaigns.omissions import (
    AutomaticReason,
    OmissionIn,
    explain,
)
from outreach.campaigns.picks import PickIn, decide
from outreach.campaigns.tables import GroundKind, Omission, Pick, Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.villages.tables import ClosedPeriod, Closure, Village, VillageKind, Zone
from outreach.visits.approval import approve_plan, waiting_of
from outreach.visits.question import past_of
from outreach.visits.tables import Result, Visit, Work
from tests.visits.left_out import OTHERS, REASON, give_reason, grounds_left, short, submit
from tests.visits.world import (
    ENDS,
    NOW,
    SERENGAN,
    STARTS,
    TODAY,
    World,
    add_stage,
    build_world,
    campaign_in,
    plan,
    stage_in,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

__all__ = ["short"]


def test_districts_left_at_zero_are_named_and_hold_the_plan_back(
    engine: Engine, short: World
) -> None:
    left = grounds_left(engine, short.stage_id)
    assert sorted(left) == [f"district:{code}" for code in OTHERS]
    assert not any(one.is_explained for one in left.values())
    with reading(engine) as db:
        counts = {
            code: len(db.scalars(select(Village).where(col(Village.district_code) == code)).all())
            for code in OTHERS
        }
    assert {one.key: one.villages for one in left.values()} == counts
    assert {one.key: one.open for one in left.values()} == counts
    with pytest.raises(Conflict) as caught:
        submit(engine, short)
    assert caught.value.facts == {"problem": "omitted_without_reason", "count": 4}
    with reading(engine) as db:
        assert waiting_of(db, short.stage_id) is None


def test_one_reason_for_many_lets_the_plan_go_to_the_manager(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        assert give_reason(db, short, [f"district:{code}" for code in OTHERS[:3]]) == 3
    with pytest.raises(Conflict) as caught:
        submit(engine, short)
    assert caught.value.facts["count"] == 1
    with unit_of_work(engine) as db:
        give_reason(db, short, [f"district:{OTHERS[3]}"])
    left = grounds_left(engine, short.stage_id)
    assert {one.reason for one in left.values()} == {REASON}
    assert {one.noted_at for one in left.values()} == {NOW}
    submission = submit(engine, short)
    with unit_of_work(engine) as db:
        assert len(approve_plan(db, submission, by=short.manager, now=NOW)) == 3


def test_the_latest_reason_holds_and_one_for_a_visited_district_is_refused(
    engine: Engine, short: World
) -> None:
    with unit_of_work(engine) as db:
        give_reason(db, short, [f"district:{OTHERS[0]}"])
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, short.stage_id)
        given = OmissionIn(grounds=[f"district:{OTHERS[0]}"], reason="Bupati menolak")
        explain(
            db,
            short.stage_id,
            given,
            past_of(db, stage),
            by=short.coordinator,
            now=NOW,
            today=TODAY,
        )
        assert [row.reason for row in db.scalars(select(Omission))] == ["Bupati menolak"]
    for wrong in (f"district:{SERENGAN}", "district:33.09.01", "island:77"):
        with pytest.raises(Invalid) as caught, unit_of_work(engine) as db:
            give_reason(db, short, [f"district:{OTHERS[1]}", wrong])
        assert caught.value.facts["problems"] == {"grounds": ["not_left_out"]}
    assert not grounds_left(engine, short.stage_id)[f"district:{OTHERS[1]}"].reason


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"grounds": ["district:33.72.01"], "reason": "  "}, "missing"),
        ({"grounds": [], "reason": "x"}, "too_short"),
        ({"grounds": ["33.72.01"], "reason": "x"}, "unknown_ground"),
        ({"grounds": ["village:33.72.01"], "reason": "x"}, "unknown_ground"),
        ({"grounds": ["district:1"], "reason": "NIK 3372011503900001"}, "identity_number"),
    ],
)
def test_a_reason_is_a_reason(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OmissionIn.model_validate(given)
    assert [one["type"] for one in caught.value.errors()] == [problem]


def test_others_may_not_give_reasons(engine: Engine, short: World) -> None:
    for who, error in ((short.manager, NotAllowed), (short.foreigner, NotFound)):
        with pytest.raises(error), unit_of_work(engine) as db:
            give_reason(db, short, [f"district:{OTHERS[0]}"], by=who)


def test_what_explains_itself_needs_nobodys_word(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, short.stage_id)
        _close(db, OTHERS[0])
        _reach(db, short, OTHERS[1])
        db.execute(
            update(Village)
            .where(col(Village.district_code) == OTHERS[2])
            .values(kind=VillageKind.DESA)
        )
        for code in db.scalars(
            select(col(Village.code)).where(col(Village.district_code) == OTHERS[3])
        ):
            pick = PickIn(code=code, pick=Pick.LEFT_OUT, reason="Banjir")
            decide(db, short.stage_id, pick, by=short.coordinator)
        stage.kinds = [VillageKind.KELURAHAN]
    left = grounds_left(engine, short.stage_id)
    assert {one.key: one.automatic for one in left.values()} == {
        OTHERS[0]: AutomaticReason.CLOSED,
        OTHERS[1]: AutomaticReason.ALL_REACHED,
        OTHERS[2]: AutomaticReason.NO_SUCH_KIND,
        OTHERS[3]: AutomaticReason.LEFT_OUT,
    }
    assert submit(engine, short)


def _close(db: Session, district: str, ends_early: int = 0) -> None:
    db.add(
        ClosedPeriod(
            region_code=district,
            starts=STARTS,
            ends=ENDS - timedelta(ends_early),
            closure=Closure.FLOOD,
        )
    )


def _reach(db: Session, world: World, district: str) -> None:
    """Have every village of a district met by a campaign of long ago."""
    other = _stage_of_long_ago(db, world)
    for number, code in enumerate(
        db.scalars(select(col(Village.code)).where(col(Village.district_code) == district))
    ):
        db.add(_held(other, world.team_ids[0], code, number))


def _stage_of_long_ago(db: Session, world: World) -> int:
    campaign = create_campaign(db, campaign_in("Dahulu"), by=world.coordinator)
    open_campaign(db, campaign.id or 0, campaign.version, by=world.coordinator)
    return add_stage(db, campaign.id or 0, world.coordinator, stage_in("Dahulu"))


def _held(stage_id: int, team_id: int, code: str, number: int) -> Visit:
    return Visit(
        stage_id=stage_id,
        village_code=code,
        team_id=team_id,
        day=STARTS - timedelta(30 + number // 3),
        slot=number % 3 + 1,
        starts_at=time(9),
        zone=Zone.WIB,
        work=Work.APPROVED,
        result=Result.SIGNED_UP,
    )


def test_a_district_closed_for_most_days_still_needs_a_reason(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        _close(db, OTHERS[0], ends_early=1)
    assert grounds_left(engine, short.stage_id)[f"district:{OTHERS[0]}"].automatic is None


def test_a_district_of_which_one_village_is_open_still_needs_a_reason(
    engine: Engine, short: World
) -> None:
    with unit_of_work(engine) as db:
        every = select(col(Village.code)).where(col(Village.district_code) == OTHERS[0])
        for code in db.scalars(every.order_by(col(Village.code))).all()[1:]:
            _close(db, code)
            pick = PickIn(code=code, pick=Pick.LEFT_OUT, reason="Banjir")
            decide(db, short.stage_id, pick, by=short.coordinator)
    assert grounds_left(engine, short.stage_id)[f"district:{OTHERS[0]}"].automatic is None


def test_a_visit_of_the_campaign_elsewhere_counts(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        area = stage_in("Tahap 2", area_codes=[OTHERS[0]], quota=1)
        second = add_stage(db, short.campaign_id, short.coordinator, area)
    plan(engine, short, stage_id=second, approved=False)
    assert f"district:{OTHERS[0]}" not in grounds_left(engine, short.stage_id)
    assert f"district:{OTHERS[1]}" in grounds_left(engine, short.stage_id)


def test_islands_are_looked_at_only_where_there_are_several(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        ferry = update(Village).where(col(Village.code) == "33.72.02.1007").values(island=909)
        db.execute(ferry)
    left = grounds_left(engine, short.stage_id)
    assert {one.kind for one in left.values()} == {GroundKind.DISTRICT, GroundKind.ISLAND}
    island = left["island:909"]
    assert (island.villages, island.open, island.is_explained) == (1, 1, False)
    with reading(engine) as db:
        assert island.name == db.get_one(Village, "33.72.02.1007").name
    # Serengan itself has its visits; the village beyond the water is at zero all the same.
    assert f"district:{SERENGAN}" not in left


def test_the_only_island_of_an_area_is_no_ground_of_its_own(engine: Engine) -> None:
    world = build_world(engine, area_codes=[SERENGAN], kinds=[VillageKind.DESA])
    assert list(grounds_left(engine, world.stage_id)) == [f"district:{SERENGAN}"]
