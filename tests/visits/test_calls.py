"""Whom to call, and what becomes of a wish that nobody can meet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.tables import Official
from outreach.visits.answers import (
    AnswerIn,
    called_in_vain,
)
from outreach.visits.asking import new_link, take_link_back
from outreach.visits.calls import CallWhy, call_tasks
from outreach.visits.lifecycle import Author
from outreach.visits.links import LinkState, state_of
from outreach.visits.listing import history
from outreach.visits.offers import offers
from outreach.visits.openings import place_visit
from outreach.visits.question import ANSWER_MISSING, WISH_UNMET
from outreach.visits.returns import run_out_leases
from outreach.visits.tables import (
    Channel,
    ConfirmationLink,
    Happening,
    Visit,
    VisitEvent,
)
from tests.visits.test_answers import CAN, WISH, answer, last_line, link_of
from tests.visits.world import NOW, TODAY, World

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine


def line_of(visit: Visit, happening: Happening, at: datetime = NOW) -> VisitEvent:
    return VisitEvent(
        visit_id=visit.id or 0, village_code=visit.village_code, happening=happening, at=at
    )


def _tasks(engine: Engine, world: World, days: int = 0) -> dict[int, CallWhy]:
    with reading(engine) as db:
        tasks = call_tasks(db, world.coordinator, NOW + timedelta(days=days))
    assert [one.visit.day for one in tasks] == sorted(one.visit.day for one in tasks)
    return {one.visit.id: one.why for one in tasks}


def _reachable(engine: Engine, world: World, **told: object) -> None:
    with unit_of_work(engine) as db:
        codes = db.exec(select(Visit.village_code).where(Visit.stage_id == world.stage_id))
        facts = {"name": "Sri", "position": "Lurah", "phone": "+62812345678", **told}
        db.add_all(Official.model_validate({"village_code": c, **facts}) for c in set(codes))


def test_after_three_days_without_an_answer_somebody_calls(
    engine: Engine, world: World, asked: list[int]
) -> None:
    _reachable(engine, world)
    with reading(engine) as db:
        days = {one: db.get_one(Visit, one).day for one in asked}
    for after in (1, 2):
        tasks = _tasks(engine, world, after)
        today = TODAY + timedelta(days=after)
        assert tasks == {one: CallWhy.LINK_OVER for one, day in days.items() if day == today}
    third = TODAY + timedelta(days=3)
    assert _tasks(engine, world, 3) == {
        one: CallWhy.LINK_OVER if day == third else CallWhy.UNANSWERED
        for one, day in days.items()
        if day >= third
    }


def test_a_call_in_vain_comes_back_the_day_after(
    engine: Engine, world: World, asked: list[int]
) -> None:
    _reachable(engine, world)
    late = max(asked)
    with unit_of_work(engine) as db:
        visit = db.exec(select(Visit).order_by(col(Visit.day).desc())).first()
        assert visit is not None
        late, version = visit.id or 0, visit.version
        called_in_vain(
            db,
            late,
            Channel.PHONE,
            by=world.coordinator,
            now=NOW + timedelta(days=3),
            version=version,
            remark="tidak diangkat",
        )
    assert late not in _tasks(engine, world, 3)
    assert _tasks(engine, world, 4)[late] is CallWhy.CALLED_BEFORE
    assert last_line(engine, world, late).channel is Channel.PHONE


def test_villages_nobody_can_write_to_are_called_at_once(
    engine: Engine, world: World, asked: list[int]
) -> None:
    assert set(_tasks(engine, world).values()) == {CallWhy.NO_CONTACT}
    assert len(_tasks(engine, world)) == len(asked)
    _reachable(engine, world, phone="", email="")
    assert set(_tasks(engine, world).values()) == {CallWhy.NO_CONTACT}
    _reachable(engine, world, term_ends=TODAY - timedelta(days=1))
    assert set(_tasks(engine, world).values()) == {CallWhy.NO_CONTACT}
    _reachable(engine, world, phone="", email="lurah@example.id")
    assert _tasks(engine, world) == {}


def test_a_move_starts_the_waiting_anew_unless_only_the_order_changed(
    engine: Engine, world: World, asked: list[int]
) -> None:
    _reachable(engine, world)
    with unit_of_work(engine) as db:
        last = db.exec(select(Visit).order_by(col(Visit.day).desc())).all()
        moved, renumbered = (one for one in last[:2])
        place = offers(db, moved.id or 0, today=TODAY)[-1]
        then = NOW + timedelta(days=2)
        place_visit(db, moved.id or 0, place, Author(world.coordinator, then))
        same = {"team_id": 1, "day": "2026-11-12", "starts_at": "09:00", "work": "x"}
        line = line_of(renumbered, Happening.MOVED, then)
        line.before, line.after = {**same, "slot": 2}, {**same, "slot": 1}
        db.add(line)
    tasks = _tasks(engine, world, 3)
    assert moved.id not in tasks
    assert renumbered.id in tasks


def test_nobody_else_sees_the_calls(engine: Engine, world: World, asked: list[int]) -> None:
    with reading(engine) as db:
        assert call_tasks(db, world.foreigner, NOW + timedelta(days=3)) == []


def _call(engine: Engine, world: World, visit_id: int, now: datetime) -> None:
    with unit_of_work(engine) as db:
        version = db.get_one(Visit, visit_id).version
        by = world.coordinator
        called_in_vain(db, visit_id, Channel.PHONE, by=by, now=now, version=version)


def test_a_wish_stays_through_calls_in_vain_until_the_village_is_asked_anew(
    engine: Engine, world: World, asked: list[int]
) -> None:
    _reachable(engine, world)
    answer(engine, link_of(engine, asked[-1]), WISH)
    _call(engine, world, asked[-1], NOW)
    then = NOW + timedelta(days=1)
    with unit_of_work(engine) as db:
        (task,) = (one for one in call_tasks(db, world.coordinator, then) if one.wish)
        assert (task.visit.id, task.wish) == (asked[-1], WISH.reason)
        new_link(db, asked[-1], by=world.coordinator, now=then)
    assert asked[-1] not in _tasks(engine, world, 1)
    assert last_line(engine, world, asked[-1]).happening is Happening.LINK_RENEWED


def test_a_wish_that_nobody_met_is_not_told_as_no_answer(
    engine: Engine, world: World, asked: list[int]
) -> None:
    answer(engine, link_of(engine, asked[-1]), WISH)
    _call(engine, world, asked[-1], NOW)
    with unit_of_work(engine) as db:
        run_out_leases(db, NOW + timedelta(days=40))
    assert last_line(engine, world, asked[-1]).reason == WISH_UNMET
    assert last_line(engine, world, asked[0]).reason == ANSWER_MISSING


@pytest.mark.parametrize("said", [None, CAN], ids=["open", "answered"])
def test_a_link_is_taken_back_for_good_and_the_history_tells_it(
    engine: Engine, world: World, asked: list[int], said: AnswerIn | None
) -> None:
    _reachable(engine, world)
    link = link_of(engine, asked[-1])
    if said:
        answer(engine, link, said)
    for _ in range(2):
        with unit_of_work(engine) as db:
            take_link_back(db, asked[-1], by=world.coordinator, now=NOW)
    with reading(engine) as db:
        assert state_of(db.get_one(ConfirmationLink, link), NOW) is LinkState.WITHDRAWN
        lines = [one.happening for one in history(db, world.coordinator, asked[-1])]
    assert lines.count(Happening.LINK_WITHDRAWN) == 1
    wanted = {} if said else {asked[-1]: CallWhy.LINK_OVER}
    assert _tasks(engine, world) == wanted
