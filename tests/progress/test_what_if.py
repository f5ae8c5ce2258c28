"""What-ifs: who may ask, what is supposed, the answer, and that nothing of the stage changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import Stage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import BranchRegency, Role, Team, TeamLeave
from outreach.planning.feasts import Feast
from outreach.progress.supposing import Supposition, answer_of, read_supposition
from outreach.progress.tables import AskedState, WhatIf
from outreach.progress.what_if import (
    MOST_WAITING,
    WhatIfIn,
    ask,
    cancel,
    claim,
    due_what_ifs,
    fail,
    list_what_ifs,
    renew,
    save,
    try_again,
    what_if_of,
)
from outreach.villages.tables import FeastDate, Village
from outreach.visits.batches import MOST_ATTEMPTS
from outreach.visits.tables import Visit, VisitEvent, Work
from tests.visits.world import (
    LEASE,
    NOW,
    World,
    account,
    add_stage,
    build_world,
    plan,
    stage_in,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

#: Tuesday to Saturday and the week after, until Thursday: today has gone already.
SIX = {1, 2, 3, 4, 5, 6}


@pytest.fixture
def world(engine: Engine) -> World:
    """Plan 54 villages with two teams in eleven working days; more than they can hold."""
    made = build_world(engine)
    plan(engine, made)
    return made


def _ask(engine: Engine, world: World, now: datetime = NOW, **changes: Any) -> int:
    given = WhatIfIn(**changes or {"extra_teams": 2})
    with unit_of_work(engine) as db:
        return ask(db, world.stage_id, given, by=world.manager, now=now).id or 0


def _supposition(engine: Engine, world: World, now: datetime = NOW, **changes: Any) -> Supposition:
    number = _ask(engine, world, now, **changes)
    with unit_of_work(engine) as db:
        held = claim(db, number, now, LEASE)
        assert held is not None
        asked = read_supposition(db, held, now)
        assert save(db, held, {}, now)
    return asked


def _answer(engine: Engine, world: World, **changes: Any) -> dict[str, Any]:
    return answer_of(_supposition(engine, world, **changes), lambda _done: None)


def _visits(db: Session) -> list[dict[str, Any]]:
    return [visit.model_dump() for visit in db.scalars(select(Visit).order_by(col(Visit.id)))]


def _state(engine: Engine, number: int) -> tuple[AskedState, int, str]:
    with reading(engine) as db:
        row = db.get_one(WhatIf, number)
        return row.state, row.attempts, row.error


def test_more_teams_reach_more_villages_and_no_visit_is_touched(
    engine: Engine, world: World
) -> None:
    with reading(engine) as db:
        before = _visits(db)
        events = db.scalar(select(func.count()).select_from(VisitEvent))
    told = _answer(engine, world, extra_teams=2)
    with reading(engine) as db:
        assert before == _visits(db)
        assert events == db.scalar(select(func.count()).select_from(VisitEvent))
    stands, anew, supposed = (told[name] for name in ("as_it_stands", "anew", "supposed"))
    assert told["villages"] == 54
    assert stands["visits"] == len(before)
    assert stands["travel_minutes"] > 0
    assert supposed["visits"] == 54
    assert supposed["signups"] >= anew["signups"] > 0
    assert supposed["last_day"] < anew["last_day"]
    assert sum(supposed["by_week"].values()) == supposed["visits"]
    assert set(supposed["by_week"]) <= {"2026-11-02", "2026-11-09"}
    assert supposed["half_by"] < anew["half_by"], "more teams are sooner half through"
    assert supposed["half_by"] <= supposed["most_by"] <= supposed["last_day"]
    days = sorted(visit["day"].isoformat() for visit in before)
    assert stands["half_by"] == days[54 // 2 - 1]
    assert stands["most_by"] == (days[49 - 1] if len(days) >= 49 else None)


def test_the_same_question_has_the_same_answer(engine: Engine, world: World) -> None:
    assert _answer(engine, world, extra_teams=1) == _answer(engine, world, extra_teams=1)


def test_extra_teams_work_as_the_others_do_from_the_base_that_is_given(
    engine: Engine, world: World
) -> None:
    asked = _supposition(engine, world, extra_teams=3, base_code="33.72.02.1001")
    extra = [one for one in asked.supposed_days if one.team_id < 0]
    assert {one.team_id for one in extra} == {-1, -2, -3}
    assert {one.base.region_code for one in extra} == {"33.72.02.1001"}
    days = {one.day for one in asked.team_days}
    assert {one.day for one in extra} == days
    assert len(extra) == 3 * len(days)
    assert set(asked.team_days) <= set(asked.supposed_days)
    at_base = _supposition(engine, world, extra_teams=1)
    base = {one.base.region_code for one in at_base.supposed_days if one.team_id < 0}
    assert base == {"33.72.05.1001"}


def test_saturdays_are_those_of_teams_that_rest_then(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        rests, works = (db.get_one(Team, number) for number in world.team_ids)
        rests.weekdays = [1, 2, 3, 4, 5]
        db.add(TeamLeave(team_id=works.id or 0, starts=date(2026, 11, 7), ends=date(2026, 11, 7)))
    asked = _supposition(engine, world, saturdays=True)
    more = set(asked.supposed_days) - set(asked.team_days)
    assert {(one.team_id, one.day) for one in more} == {
        (rests.id, date(2026, 11, 7)),
        (rests.id, date(2026, 11, 14)),
    }
    assert not any(one.day == date(2026, 11, 7) for one in asked.team_days)


def test_nobody_works_on_a_saturday_that_an_announcement_has_made_a_holiday(
    engine: Engine, world: World
) -> None:
    saturday = date(2026, 11, 7)
    with unit_of_work(engine) as db:
        db.get_one(Team, world.team_ids[0]).weekdays = [1, 2, 3, 4, 5]
        moved = {"starts": saturday, "ends": saturday}
        db.add(
            FeastDate.model_validate({"feast": Feast.MAULID, "year": 2026, "source": "SKB"} | moved)
        )
    asked = _supposition(engine, world, saturdays=True)
    assert saturday not in {one.day for one in asked.supposed_days}


def test_a_new_team_works_saturdays_too_if_that_is_supposed(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        for number in world.team_ids:
            db.get_one(Team, number).weekdays = [1, 2, 3, 4, 5]
    asked = _supposition(engine, world, extra_teams=1, saturdays=True)
    extra = {one.day.isoweekday() for one in asked.supposed_days if one.team_id < 0}
    assert extra == SIX
    asked = _supposition(engine, world, extra_teams=1)
    assert 6 not in {one.day.isoweekday() for one in asked.supposed_days}


def test_islands_are_left_out_but_for_those_with_a_base(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        for number in (1, 2, 3):
            db.get_one(Village, f"33.72.02.100{number}").island = 7_777
    asked = _supposition(engine, world, skip_islands=True)
    assert asked.on_islands == 3
    assert len(asked.supposed_sites) == 51
    assert len(asked.sites) == 54
    there = _supposition(engine, world, skip_islands=True, extra_teams=1, base_code="33.72.02.1001")
    assert there.on_islands == 0


def test_what_was_held_or_is_due_today_is_not_planned_again(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        visits = db.scalars(select(Visit).order_by(col(Visit.day), col(Visit.id))).all()
        visits[0].work, visits[1].work = Work.DONE, Work.CANCELLED
        first = visits[2].day
        due = sum(visit.day <= first for visit in visits[2:])
        held = {visit.village_code for visit in visits if visit.day <= first} - {
            visits[1].village_code
        }
    on_the_day = datetime(first.year, first.month, first.day, 3, tzinfo=UTC)
    asked = _supposition(engine, world, on_the_day, extra_teams=1)
    assert asked.today == first
    assert asked.held == len(held) == due + 1
    assert not held & {site.code for site in asked.sites}
    assert visits[1].village_code in {site.code for site in asked.sites}
    assert min(one.day for one in asked.supposed_days) > first
    assert asked.as_it_stands.visits == sum(visit.day > first for visit in visits)


def test_days_of_other_stages_are_taken(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        other = add_stage(db, world.campaign_id, world.coordinator, stage_in("Tahap 2"))
        visit = db.scalars(select(Visit).order_by(col(Visit.id)).limit(1)).one()
        visit.stage_id, team, day = other, visit.team_id, visit.day
    asked = _supposition(engine, world, extra_teams=1)
    assert (team, day) not in {(one.team_id, one.day) for one in asked.supposed_days}


def test_expected_signups_follow_what_the_campaign_has_brought(
    engine: Engine, world: World
) -> None:
    asked = _supposition(engine, world, extra_teams=1)
    assert (asked.expectation.rate, asked.expectation.sessions) == (1.0, 0)
    value = sum(site.value for site in asked.sites)
    told = answer_of(asked, lambda _done: None)
    assert told["supposed"]["signups"] == pytest.approx(value, abs=0.1)


def test_progress_rises_from_none_to_all(engine: Engine, world: World) -> None:
    heard: list[float] = []
    answer_of(_supposition(engine, world, extra_teams=1), heard.append)
    assert heard == sorted(heard)
    assert 0 < heard[0] < 0.1
    assert heard[-1] == pytest.approx(1.0)
    assert any(0.4 < one < 0.6 for one in heard)


def test_what_tell_raises_ends_the_planning(engine: Engine, world: World) -> None:
    def stop(done: float) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        answer_of(_supposition(engine, world, extra_teams=1), stop)


def test_whose_area_holds_the_branch_may_ask(engine: Engine, world: World) -> None:
    given = WhatIfIn(extra_teams=3)
    with unit_of_work(engine) as db:
        local = account(db, "solo", Role.MANAGER, "33.72")
        nothing = account(db, "aceh", Role.MANAGER, "11")
        for teams, person in enumerate((world.coordinator, world.manager, local), start=1):
            ask(db, world.stage_id, WhatIfIn(extra_teams=teams), by=person, now=NOW)
        for person in (world.foreigner, nothing):
            with pytest.raises(NotFound):
                ask(db, world.stage_id, given, by=person, now=NOW)
    with reading(engine) as db:
        seen = list_what_ifs(db, local, world.stage_id)
        assert [one.asked_by for one in seen] == ["Solo", "Jateng", "Rini"]
        assert seen[0].changes == given
        for number in (seen[0].id, 999_999):
            with pytest.raises(NotFound):
                what_if_of(db, world.foreigner, number)
    with unit_of_work(engine) as db, pytest.raises(NotFound):
        cancel(db, seen[0].id, by=world.foreigner, now=NOW)


def test_who_sees_a_part_of_the_branch_neither_asks_nor_reads(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        # The branch serves Boyolali as well now.
        db.get_one(BranchRegency, "33.09").branch_id = world.branch_id
        local = account(db, "solo", Role.MANAGER, "33.72")
    number = _ask(engine, world)
    with reading(engine) as db:
        # An answer sums the whole branch up, villages outside their area with it.
        with pytest.raises(NotFound):
            what_if_of(db, local, number)
        assert list_what_ifs(db, local, world.stage_id) == []
    with unit_of_work(engine) as db:
        with pytest.raises(NotAllowed):
            ask(db, world.stage_id, WhatIfIn(extra_teams=1), by=local, now=NOW)
        with pytest.raises(NotFound):
            cancel(db, number, by=local, now=NOW)


def test_the_same_question_asked_twice_waits_once(engine: Engine, world: World) -> None:
    first = _ask(engine, world, extra_teams=2)
    assert _ask(engine, world, extra_teams=2) == first
    assert _ask(engine, world, extra_teams=3) != first
    with unit_of_work(engine) as db:
        cancel(db, first, by=world.manager, now=NOW)
    assert _ask(engine, world, extra_teams=2) != first


def test_what_cannot_be_supposed_is_told(engine: Engine, world: World) -> None:
    for changes in ({}, {"extra_teams": 5}, {"extra_teams": 1, "base_code": "33.72"}):
        with pytest.raises(ValidationError):
            WhatIfIn.model_validate(changes)
    for code, problem in (("33.09.01.2001", "outside_branch"), ("33.72.01.1999", "unknown_region")):
        with pytest.raises(Invalid) as refused:
            _ask(engine, world, extra_teams=1, base_code=code)
        assert refused.value.facts["problems"] == {"base_code": [problem]}


def test_only_an_open_stage_with_days_ahead_is_asked_about(engine: Engine, world: World) -> None:
    last = datetime(2026, 11, 14, 3, tzinfo=UTC)
    with pytest.raises(Conflict) as refused:
        _ask(engine, world, last)
    assert refused.value.facts["problem"] == "stage_has_no_day_left"
    assert _ask(engine, world, last - timedelta(days=1))
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).status = Status.CLOSED
    with pytest.raises(Conflict) as refused:
        _ask(engine, world)
    assert refused.value.facts["problem"] == "stage_not_open"


def test_no_more_than_a_few_questions_wait(engine: Engine, world: World) -> None:
    numbers = [_ask(engine, world, extra_teams=teams) for teams in range(1, MOST_WAITING + 1)]
    with pytest.raises(Conflict) as refused:
        _ask(engine, world, saturdays=True)
    assert refused.value.facts["problem"] == "what_ifs_wait"
    with unit_of_work(engine) as db:
        cancel(db, numbers[0], by=world.manager, now=NOW)
    _ask(engine, world, saturdays=True)


def test_a_question_is_claimed_once_and_again_when_its_lease_has_run_out(
    engine: Engine, world: World
) -> None:
    number = _ask(engine, world)
    with unit_of_work(engine) as db:
        first = claim(db, number, NOW, LEASE)
        assert first is not None
        assert claim(db, number, NOW + LEASE, LEASE) is None
        assert claim(db, 999_999, NOW, LEASE) is None
        second = claim(db, number, NOW + LEASE + timedelta(seconds=1), LEASE)
        assert second is not None
        assert second.fence > first.fence
        # The first one comes too late, whatever it wants.
        assert not renew(db, first, 0.5, NOW, LEASE)
        assert not save(db, first, {"wrong": True}, NOW)
        fail(db, first, ValueError("late"), NOW)
        assert renew(db, second, 0.5, NOW, LEASE)
    with reading(engine) as db:
        assert what_if_of(db, world.manager, number).steps_done == 50
    with unit_of_work(engine) as db:
        assert save(db, second, {"right": True}, NOW)
        assert claim(db, number, NOW + 9 * LEASE, LEASE) is None
    with reading(engine) as db:
        told = what_if_of(db, world.manager, number)
    assert (told.state, told.answer, told.steps_done) == (AskedState.DONE, {"right": True}, 100)


def test_after_five_attempts_it_is_dead_until_somebody_tries_again(
    engine: Engine, world: World
) -> None:
    number = _ask(engine, world)
    with unit_of_work(engine) as db, pytest.raises(Conflict):
        try_again(db, number, by=world.manager, now=NOW)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with unit_of_work(engine) as db:
            held = claim(db, number, NOW, LEASE)
            assert held is not None
            fail(db, held, ValueError("no 3372010101900001"), NOW)
        dead = attempt == MOST_ATTEMPTS
        wanted = AskedState.DEAD if dead else AskedState.READY
        assert _state(engine, number) == (wanted, attempt, "ValueError: no …")
    with unit_of_work(engine) as db:
        assert claim(db, number, NOW, LEASE) is None
        assert due_what_ifs(db, NOW + timedelta(days=1)) == []
        try_again(db, number, by=world.manager, now=NOW)
    assert _state(engine, number) == (AskedState.READY, 0, "")
    with unit_of_work(engine) as db:
        assert due_what_ifs(db, NOW) == [number]


def test_workers_that_vanish_five_times_leave_it_dead(engine: Engine, world: World) -> None:
    number, now = _ask(engine, world), NOW
    for _ in range(MOST_ATTEMPTS):
        with unit_of_work(engine) as db:
            assert claim(db, number, now, LEASE)
        now += 2 * LEASE
    with unit_of_work(engine) as db:
        assert due_what_ifs(db, now) == []
    assert _state(engine, number) == (AskedState.DEAD, MOST_ATTEMPTS, "worker_lost")


def test_what_is_called_off_stays_off(engine: Engine, world: World) -> None:
    number = _ask(engine, world)
    with unit_of_work(engine) as db:
        held = claim(db, number, NOW, LEASE)
        assert held is not None
    with unit_of_work(engine) as db:
        cancel(db, number, by=world.coordinator, now=NOW)
    with unit_of_work(engine) as db:
        assert not renew(db, held, 0.1, NOW, LEASE)
        assert not save(db, held, {"too": "late"}, NOW)
        fail(db, held, ValueError("late"), NOW)
        assert due_what_ifs(db, NOW + timedelta(days=1)) == []
        with pytest.raises(Conflict):
            cancel(db, number, by=world.coordinator, now=NOW)
    assert _state(engine, number)[0] is AskedState.CANCELLED


def test_due_questions_are_sent_again_after_a_while_only(engine: Engine, world: World) -> None:
    numbers = [_ask(engine, world), _ask(engine, world, saturdays=True)]
    with unit_of_work(engine) as db:
        assert due_what_ifs(db, NOW, most=0) == []
        assert due_what_ifs(db, NOW, most=1) == numbers[:1]
        assert due_what_ifs(db, NOW) == numbers[1:]
        assert due_what_ifs(db, NOW) == []
        assert due_what_ifs(db, NOW + timedelta(seconds=6)) == numbers
