"""Campaigns and stages: what can be written, opened, closed, and by whom."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from sqlmodel import select

from outreach.campaigns.campaigns import (
    CampaignIn,
    campaign_of,
    close_campaign,
    create_campaign,
    list_campaigns,
    open_campaign,
    update_campaign,
)
from outreach.campaigns.stages import (
    StageIn,
    close_stage,
    create_stage,
    list_stages,
    open_stage,
    stage_of,
    update_stage,
)
from outreach.campaigns.tables import Campaign, Stage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import BranchRegency, Role
from outreach.villages.tables import VillageKind
from tests.visits.world import (
    ENDS,
    SERENGAN,
    STARTS,
    World,
    account,
    build_world,
    campaign_in,
    stage_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.people.access import Person


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine)


def _codes(refusal: pytest.ExceptionInfo[ValidationError]) -> set[tuple[Any, ...]]:
    return {(*problem["loc"], problem["type"]) for problem in refusal.value.errors()}


def test_every_problem_of_a_campaign_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        campaign_in(
            "  ", theme="nik 3372011203850001", target_signups=-1, purpose="fun", ends="soon"
        )
    assert _codes(refusal) == {
        ("name", "string_too_short"),
        ("theme", "identity_number"),
        ("target_signups", "greater_than_equal"),
        ("purpose", "enum"),
        ("ends", "date_from_datetime_parsing"),
    }


@pytest.mark.parametrize("make", [campaign_in, stage_in])
def test_nothing_ends_before_it_starts(make: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        make(starts=date(2026, 11, 5), ends=date(2026, 11, 4))
    assert _codes(refusal) == {("ends", "ends_before_it_starts")}
    assert make(starts=date(2026, 11, 5), ends=date(2026, 11, 5))


def test_days_nobody_plans_for_are_refused_by_the_field_they_stand_in() -> None:
    for make in (campaign_in, stage_in):
        with pytest.raises(ValidationError) as refusal:
            make(starts=date(1900, 1, 1), ends=date(2999, 12, 31))
        assert _codes(refusal) == {("starts", "year_out_of_range"), ("ends", "year_out_of_range")}
    with pytest.raises(ValidationError) as refusal:
        campaign_in(starts=date(2026, 1, 1), ends=date(2036, 1, 2))
    assert _codes(refusal) == {("ends", "campaign_too_long")}
    assert campaign_in(starts=date(2026, 1, 1), ends=date(2036, 1, 1))
    with pytest.raises(ValidationError) as refusal:
        stage_in(starts=date(2026, 1, 1), ends=date(2027, 1, 2))
    assert _codes(refusal) == {("ends", "stage_too_long")}
    assert stage_in(starts=date(2026, 1, 1), ends=date(2027, 1, 1))


def test_a_branchs_campaign_is_its_own_and_a_managers_is_for_all(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        half = account(db, "half", Role.MANAGER, SERENGAN)
        for_all = create_campaign(db, campaign_in("Untuk semua"), by=world.manager)
        number = for_all.id or 0
        mine = campaign_of(db, world.coordinator, world.campaign_id)
        assert (mine.branch_id, for_all.branch_id) == (world.branch_id, None)
        for person, names in (
            (world.coordinator, {"Untuk semua", "Desa terlindungi"}),
            (world.manager, {"Untuk semua", "Desa terlindungi"}),
            (world.foreigner, {"Untuk semua"}),
            (half, {"Untuk semua"}),
        ):
            assert {one.name for one in list_campaigns(db, person)} == names
        for person in (world.foreigner, half):
            acts: tuple[Callable[[Person], Campaign], ...] = (
                lambda p: campaign_of(db, p, world.campaign_id),
                lambda p: update_campaign(db, world.campaign_id, campaign_in(), 2, by=p),
                lambda p: open_campaign(db, world.campaign_id, 2, by=p),
                lambda p: close_campaign(db, world.campaign_id, 2, by=p),
            )
            for act in acts:
                with pytest.raises(NotFound):
                    act(person)
        with pytest.raises(NotAllowed):
            open_campaign(db, number, 1, by=world.coordinator)
        open_campaign(db, number, 1, by=half)
        update_campaign(db, world.campaign_id, campaign_in(theme="x"), 2, by=world.manager)


def test_stages_join_the_own_branchs_campaigns_and_those_for_all(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        boyolali = db.scalars(
            select(BranchRegency.branch_id).where(BranchRegency.regency_code == "33.09")
        ).one()
        for_all = create_campaign(db, campaign_in("Untuk semua"), by=world.manager)
        with pytest.raises(NotFound):
            create_stage(
                db, world.campaign_id, stage_in("x"), by=world.foreigner, branch_id=boyolali
            )
        made = create_stage(
            db, for_all.id or 0, stage_in("x"), by=world.foreigner, branch_id=boyolali
        )
        assert made.branch_id == boyolali


def test_a_stage_reads_codes_in_any_writing_and_keeps_them_dotted_once() -> None:
    given = stage_in(
        area_codes=["3372021003", "33.72.01", "337201"],
        kinds=["kelurahan", "desa", "kelurahan"],
        name=" Tahap 2 ",
    )
    assert given.area_codes == ["33.72.01", "33.72.02.1003"]
    assert given.kinds == [VillageKind.DESA, VillageKind.KELURAHAN]
    assert given.name == "Tahap 2"
    with pytest.raises(ValidationError) as refusal:
        stage_in(area_codes=["Solo"], quota=0)
    assert _codes(refusal) == {
        ("area_codes", "not_a_region_code"),
        ("quota", "greater_than"),
    }


def test_a_name_is_taken_once(engine: Engine, world: World) -> None:
    by = world.coordinator
    with pytest.raises(Invalid) as refusal, unit_of_work(engine) as db:
        create_campaign(db, campaign_in(), by=by)
    assert refusal.value.facts["problems"] == {"name": ["taken"]}
    with unit_of_work(engine) as db:
        # A refused insert leaves the rest of the unit of work alone.
        second = create_campaign(db, campaign_in("Kedua"), by=by).id or 0
        with pytest.raises(Invalid):
            update_campaign(db, second, campaign_in(), 1, by=by)
        with pytest.raises(Invalid):
            create_stage(db, world.campaign_id, stage_in(), by=by)
    with reading(engine) as db:
        assert {campaign.name for campaign in list_campaigns(db, by)} == {
            "Desa terlindungi",
            "Kedua",
        }
        assert campaign_of(db, by, second).version == 1


def test_of_two_edits_the_second_sees_both_values(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        version = campaign_of(db, world.coordinator, world.campaign_id).version
        changed = campaign_in(target_signups=700)
        update_campaign(db, world.campaign_id, changed, version, by=world.coordinator)
    mine = campaign_in(target_signups=900, theme="bersama")
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        update_campaign(db, world.campaign_id, mine, version, by=world.coordinator)
    assert refusal.value.facts == {
        "problem": "changed_meanwhile",
        "yours": {"target_signups": 900, "theme": "bersama"},
        "theirs": {"target_signups": 700, "theme": ""},
    }
    with reading(engine) as db:
        assert campaign_of(db, world.coordinator, world.campaign_id).target_signups == 700


def test_of_two_edits_at_the_same_time_one_wins(engine: Engine, world: World) -> None:
    with reading(engine) as db:
        version = stage_of(db, world.coordinator, world.stage_id).version
    answers: list[str] = []

    def edit(quota: int) -> None:
        try:
            with unit_of_work(engine) as db:
                given = stage_in(quota=quota)
                update_stage(db, world.stage_id, given, version, by=world.coordinator)
            answers.append("written")
        except Conflict as refusal:
            answers.append(str(refusal.facts["problem"]))

    threads = [threading.Thread(target=edit, args=(quota,)) for quota in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["changed_meanwhile"] * 4 + ["written"]


def test_a_campaign_goes_from_drafted_to_opened_to_closed(engine: Engine, world: World) -> None:
    by = world.coordinator
    with unit_of_work(engine) as db:
        draft = create_campaign(db, campaign_in("Kedua"), by=by)
        number = draft.id or 0
        with pytest.raises(Conflict):
            close_campaign(db, number, draft.version, by=by)
        stage = create_stage(db, number, stage_in(), by=by)
        with pytest.raises(Conflict) as refusal:
            open_stage(db, stage.id or 0, stage.version, by=by)
        assert refusal.value.facts["problem"] == "campaign_not_open"
        open_campaign(db, number, draft.version, by=by)
        with pytest.raises(Conflict):
            open_campaign(db, number, draft.version, by=by)
        open_stage(db, stage.id or 0, stage.version, by=by)
        with pytest.raises(Conflict):
            open_stage(db, stage.id or 0, stage.version, by=by)
        with pytest.raises(Conflict) as refusal:
            close_campaign(db, number, draft.version, by=by)
        assert refusal.value.facts["problem"] == "stages_open"
        close_stage(db, stage.id or 0, stage.version, by=by)
        close_campaign(db, number, draft.version, by=by)
    with reading(engine) as db:
        assert db.get_one(Campaign, number).status is Status.CLOSED
        assert db.get_one(Stage, stage.id).status is Status.CLOSED


def test_a_campaign_is_not_closed_while_somebody_opens_a_stage(
    engine: Engine, world: World
) -> None:
    by, answers = world.coordinator, []
    with unit_of_work(engine) as db:
        opened = stage_of(db, by, world.stage_id)
        close_stage(db, world.stage_id, opened.version, by=by)
        draft = create_stage(db, world.campaign_id, stage_in("Susulan"), by=by)
        version = campaign_of(db, world.coordinator, world.campaign_id).version

    def close() -> None:
        try:
            with unit_of_work(engine) as other:
                close_campaign(other, world.campaign_id, version, by=by)
        except Conflict as refusal:
            answers.append(refusal.facts["problem"])

    closing = threading.Thread(target=close)
    with unit_of_work(engine) as db:
        open_stage(db, draft.id or 0, draft.version, by=by)
        closing.start()
        closing.join(timeout=1)  # it waits for us; one that did not would be through by now
    closing.join()
    assert answers == ["stages_open"]


def test_what_is_closed_is_not_edited(engine: Engine, world: World) -> None:
    by = world.coordinator
    with unit_of_work(engine) as db:
        stage = stage_of(db, by, world.stage_id)
        close_stage(db, world.stage_id, stage.version, by=by)
        acts: tuple[Callable[[], Stage], ...] = (
            lambda: update_stage(db, world.stage_id, stage_in(), stage.version, by=by),
            lambda: close_stage(db, world.stage_id, stage.version, by=by),
            lambda: open_stage(db, world.stage_id, stage.version, by=by),
        )
        for act in acts:
            with pytest.raises(Conflict) as refusal:
                act()
            assert refusal.value.facts["problem"] == "closed"
        version = campaign_of(db, world.coordinator, world.campaign_id).version
        close_campaign(db, world.campaign_id, version, by=by)
        with pytest.raises(Conflict):
            update_campaign(db, world.campaign_id, campaign_in(), version + 1, by=by)
        with pytest.raises(Conflict):
            create_stage(db, world.campaign_id, stage_in("Lagi"), by=by)


def test_a_stage_lies_within_its_campaign_and_its_branch(engine: Engine, world: World) -> None:
    given = stage_in(
        "Lagi",
        starts=date(2026, 9, 1),
        ends=date(2027, 1, 1),
        area_codes=["33.09.01", SERENGAN],
    )
    with pytest.raises(Invalid) as refusal, unit_of_work(engine) as db:
        create_stage(db, world.campaign_id, given, by=world.coordinator)
    assert refusal.value.facts["problems"] == {
        "starts": ["outside_campaign"],
        "ends": ["outside_campaign"],
        "area_codes": ["outside_branch"],
    }
    # A region that does not exist reads like one outside; a whole province is not the branch's.
    for code in ("33.72.09", "33.72.02.1999", "33", "33.7"):
        with pytest.raises((Invalid, ValidationError)), unit_of_work(engine) as db:
            create_stage(
                db, world.campaign_id, stage_in("Lagi", area_codes=[code]), by=world.coordinator
            )


def test_a_campaigns_dates_hold_all_of_its_stages(engine: Engine, world: World) -> None:
    narrow = campaign_in(starts=STARTS.replace(day=4), ends=ENDS.replace(day=13))
    with pytest.raises(Invalid) as refusal, unit_of_work(engine) as db:
        update_campaign(db, world.campaign_id, narrow, 2, by=world.coordinator)
    assert refusal.value.facts["problems"] == {
        "starts": ["stage_outside"],
        "ends": ["stage_outside"],
    }


def test_who_may_not_see_a_stage_cannot_tell_that_it_exists(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        # Half of the branch is not the branch.
        half = account(db, "half", Role.COORDINATOR, SERENGAN)
        for person in (world.foreigner, world.official, half):
            acts: tuple[Callable[[Person], Stage], ...] = (
                lambda p: stage_of(db, p, world.stage_id),
                lambda p: stage_of(db, p, 999_999),
                lambda p: update_stage(db, world.stage_id, stage_in(), 1, by=p),
                lambda p: close_stage(db, world.stage_id, 1, by=p),
                lambda p: create_stage(
                    db, world.campaign_id, stage_in("x"), by=p, branch_id=world.branch_id
                ),
            )
            for act in acts:
                with pytest.raises(NotFound):
                    act(person)
            assert list_stages(db, person) == []
        assert [stage.id for stage in list_stages(db, world.manager)] == [world.stage_id]
        assert list_stages(db, world.manager, world.campaign_id + 1) == []
        with pytest.raises(NotAllowed):
            update_stage(db, world.stage_id, stage_in(), 1, by=world.manager)
        with pytest.raises(NotAllowed):
            create_campaign(db, campaign_in("x"), by=world.official)
        with pytest.raises(NotFound):
            create_stage(db, 999_999, stage_in("x"), by=world.coordinator)
        with pytest.raises(NotFound):
            campaign_of(db, world.manager, 999_999)


def test_the_forms_models_are_not_tables() -> None:
    assert not hasattr(CampaignIn, "__table__")
    assert not hasattr(StageIn, "__table__")
