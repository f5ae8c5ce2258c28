"""Answers, moves and each other at the same moment: one counts, none is lost, nobody waits."""

from __future__ import annotations

import threading
from datetime import date, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.people.tables import Team
from outreach.visits import moving
from outreach.visits.lifecycle import Author, settle
from outreach.visits.listing import history
from outreach.visits.moving import MoveIn, relocate
from outreach.visits.tables import (
    Happening,
    Visit,
    Work,
)
from outreach.visits.teamday import stops_of
from tests.visits.test_answers import CAN, NO, WISH, answer, chosen, link_of
from tests.visits.world import NOW, World

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

    from outreach.visits.answers import AnswerIn
    from outreach.visits.teamday import Stop


def test_of_answers_at_the_same_time_one_counts(
    engine: Engine, world: World, asked: list[int]
) -> None:
    link = link_of(engine, asked[0])
    places = [chosen(engine, asked[0], number) for number in range(3)]
    given = [CAN, NO, *places, WISH]
    together = threading.Barrier(len(given))
    outcomes: list[str] = []

    def send(one: AnswerIn) -> None:
        together.wait()
        try:
            outcomes.append(answer(engine, link, one).work.value)
        except Conflict as error:
            outcomes.append(str(error.facts["problem"]))

    threads = [threading.Thread(target=send, args=(one,)) for one in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("link_answered") == len(given) - 1
    with reading(engine) as db:
        lines = history(db, world.coordinator, asked[0])
        answers = {Happening.CONFIRMED, Happening.POSTPONED, Happening.WISHED}
        assert sum(line.happening in answers for line in lines) == 1


def test_a_village_and_the_coordinator_at_the_same_time_never_wait_for_each_other(
    engine: Engine, world: World, asked: list[int]
) -> None:
    """A day chosen, a no whose slot is filled, and moves take teams, visits, links in one order."""
    links = {one: link_of(engine, one) for one in asked[:6]}
    given = {one: NO if one % 2 else chosen(engine, one) for one in asked[:6]}
    faults: list[BaseException] = []

    def village(visit_id: int) -> None:
        try:
            answer(engine, links[visit_id], given[visit_id])
        except Conflict:
            pass
        except BaseException as error:  # noqa: BLE001 - what a thread raises is lost else
            faults.append(error)

    def coordinator(visit_id: int) -> None:
        to = MoveIn(team_id=world.team_ids[1], day=date(2026, 11, 14), slot=visit_id % 3 + 1)
        try:
            with unit_of_work(engine) as db:
                relocate(db, visit_id, to, Author(world.coordinator, NOW))
        except Conflict:
            pass
        except BaseException as error:  # noqa: BLE001 - as above
            faults.append(error)

    threads = [
        threading.Thread(target=act, args=(one,)) for one in links for act in (village, coordinator)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def _two_of_a_day(engine: Engine, ids: list[int]) -> tuple[Visit, Visit]:
    with reading(engine) as db:
        order = select(Visit).where(col(Visit.id).in_(ids))
        visits = db.exec(order.order_by(col(Visit.team_id), col(Visit.day), col(Visit.slot))).all()
    return next(
        (one, other)
        for one, other in pairwise(visits)
        if (one.team_id, one.day) == (other.team_id, other.day)
    )


def test_a_yes_during_a_move_beside_it_is_not_lost(
    engine: Engine, world: World, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The neighbour says yes when the day has been read and its times are not yet written."""
    back, kept = _two_of_a_day(engine, asked)
    by = Author(world.coordinator, NOW, "banjir")
    with unit_of_work(engine) as db:
        settle(db, back.id or 0, Happening.POSTPONED, by)
        db.get_one(Visit, kept.id).starts_at = back.starts_at
    link = link_of(engine, kept.id or 0)
    was_read, outcomes = threading.Event(), []

    def slow(*given: Any) -> list[Stop]:
        stops = stops_of(*given)
        if not was_read.is_set():
            was_read.set()
            village.join(1)  # time enough for an answer that nothing holds back
        return stops

    def say_yes() -> None:
        assert was_read.wait(30)
        try:
            outcomes.append(answer(engine, link, CAN).work.value)
        except Conflict as error:
            outcomes.append(str(error.facts["problem"]))

    monkeypatch.setattr(moving, "stops_of", slow)
    village = threading.Thread(target=say_yes)
    village.start()
    with unit_of_work(engine) as db:
        # Before it again, so it has to begin later and is asked anew: the yes was for another hour.
        relocate(db, back.id or 0, MoveIn(team_id=back.team_id, day=back.day, slot=back.slot), by)
    village.join()
    with reading(engine) as db:
        stands = db.get_one(Visit, kept.id)
    assert outcomes == ["link_withdrawn"]
    assert (stands.starts_at, stands.work) == (kept.starts_at, Work.AWAITING)


def test_a_villages_choice_changes_no_start_on_the_day_it_leaves(
    engine: Engine, world: World, asked: list[int]
) -> None:
    kept, gone = _two_of_a_day(engine, asked)
    with unit_of_work(engine) as db:
        settle(db, kept.id or 0, Happening.CONFIRMED, Author(world.coordinator, NOW))
        db.get_one(Team, kept.team_id).day_starts = time(9, 30)
    given = chosen(engine, gone.id or 0)
    assert answer(engine, link_of(engine, gone.id or 0), given).work is Work.CONFIRMED
    with reading(engine) as db:
        stands = db.get_one(Visit, kept.id)
    assert (stands.starts_at, stands.work) == (kept.starts_at, Work.CONFIRMED)
