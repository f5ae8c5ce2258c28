"""What-ifs: who may ask, which questions wait, and how each is answered once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from outreach.campaigns.tables import Stage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import BranchRegency, Role, Team
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
from outreach.visits.leased_rows import MOST_ATTEMPTS
from tests.progress.asking import ask_about, world
from tests.visits.world import LEASE, NOW, World, account

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["world"]


def _state(engine: Engine, number: int) -> tuple[AskedState, int, str]:
    with reading(engine) as db:
        row = db.get_one(WhatIf, number)
        return row.state, row.attempts, row.error


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
    number = ask_about(engine, world)
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
    first = ask_about(engine, world, extra_teams=2)
    assert ask_about(engine, world, extra_teams=2) == first
    assert ask_about(engine, world, extra_teams=3) != first
    with unit_of_work(engine) as db:
        cancel(db, first, by=world.manager, now=NOW)
    assert ask_about(engine, world, extra_teams=2) != first


def test_what_cannot_be_supposed_is_told(engine: Engine, world: World) -> None:
    for changes in ({}, {"extra_teams": 5}, {"extra_teams": 1, "base_code": "33.72"}):
        with pytest.raises(ValidationError):
            WhatIfIn.model_validate(changes)
    for code, problem in (("33.09.01.2001", "outside_branch"), ("33.72.01.1999", "unknown_region")):
        with pytest.raises(Invalid) as refused:
            ask_about(engine, world, extra_teams=1, base_code=code)
        assert refused.value.facts["problems"] == {"base_code": [problem]}


def test_only_an_open_stage_with_days_ahead_is_asked_about(engine: Engine, world: World) -> None:
    last = datetime(2026, 11, 14, 3, tzinfo=UTC)
    with pytest.raises(Conflict) as refused:
        ask_about(engine, world, last)
    assert refused.value.facts["problem"] == "stage_has_no_day_left"
    assert ask_about(engine, world, last - timedelta(days=1))
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).status = Status.CLOSED
    with pytest.raises(Conflict) as refused:
        ask_about(engine, world)
    assert refused.value.facts["problem"] == "stage_not_open"


def test_no_more_than_a_few_questions_wait(engine: Engine, world: World) -> None:
    numbers = [ask_about(engine, world, extra_teams=teams) for teams in range(1, MOST_WAITING + 1)]
    with pytest.raises(Conflict) as refused:
        ask_about(engine, world, saturdays=True)
    assert refused.value.facts["problem"] == "what_ifs_wait"
    with unit_of_work(engine) as db:
        cancel(db, numbers[0], by=world.manager, now=NOW)
    ask_about(engine, world, saturdays=True)


def test_a_question_is_claimed_once_and_again_when_its_lease_has_run_out(
    engine: Engine, world: World
) -> None:
    number = ask_about(engine, world)
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
    number = ask_about(engine, world)
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


def test_what_cannot_be_supposed_any_more_is_not_tried_again(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        # The branch serves Boyolali as well, for now.
        boyolali = db.get_one(BranchRegency, "33.09").branch_id
        db.get_one(BranchRegency, "33.09").branch_id = world.branch_id
    asked: dict[str, dict[str, Any]] = {
        "no_team_left": {"extra_teams": -1},
        "no_week_left": {"more_weeks": -1},
        "outside_branch": {"extra_teams": 1, "base_code": "33.09.01.2001"},
    }
    numbers = {problem: ask_about(engine, world, **changes) for problem, changes in asked.items()}
    with unit_of_work(engine) as db:
        for number in numbers.values():
            db.get_one(WhatIf, number).state = AskedState.DEAD
            try_again(db, number, by=world.manager, now=NOW)
    with unit_of_work(engine) as db:
        for number in numbers.values():
            db.get_one(WhatIf, number).state = AskedState.DEAD
        db.get_one(Team, world.team_ids[0]).is_active = False
        db.get_one(BranchRegency, "33.09").branch_id = boyolali
    for problem, number in numbers.items():
        with unit_of_work(engine) as db, pytest.raises(Invalid) as refused:
            try_again(db, number, by=world.manager, now=NOW + timedelta(days=4))
        assert f"['{problem}']" in str(refused.value.facts["problems"])
        assert _state(engine, number)[0] is AskedState.DEAD


def test_workers_that_vanish_five_times_leave_it_dead(engine: Engine, world: World) -> None:
    number, now = ask_about(engine, world), NOW
    for _ in range(MOST_ATTEMPTS):
        with unit_of_work(engine) as db:
            assert claim(db, number, now, LEASE)
        now += 2 * LEASE
    with unit_of_work(engine) as db:
        assert due_what_ifs(db, now) == []
    assert _state(engine, number) == (AskedState.DEAD, MOST_ATTEMPTS, "worker_lost")


def test_what_is_called_off_stays_off(engine: Engine, world: World) -> None:
    number = ask_about(engine, world)
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
    numbers = [ask_about(engine, world), ask_about(engine, world, saturdays=True)]
    with unit_of_work(engine) as db:
        assert due_what_ifs(db, NOW, most=0) == []
        assert due_what_ifs(db, NOW, most=1) == numbers[:1]
        assert due_what_ifs(db, NOW) == numbers[1:]
        assert due_what_ifs(db, NOW) == []
        assert due_what_ifs(db, NOW + timedelta(seconds=6)) == numbers
