"""The status of a visit: every allowed move, every forbidden one, and who may."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import Person
from outreach.people.tables import Role
from outreach.visits import lifecycle
from outreach.visits.lifecycle import MOVES, Author, allowed_moves, settle, turn
from outreach.visits.listing import history
from outreach.visits.tables import Channel, Happening, Result, Visit, VisitEvent, Work
from tests.visits.world import NOW, World, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

#: The official of the world has the first village of Laweyan.
VILLAGE = "33.72.01.1001"
NO_TURNS = (
    Happening.PLANNED,
    Happening.MOVED,
    Happening.LINK_RENEWED,
    Happening.LINK_WITHDRAWN,
)
TURNS = [one for one in Happening if one not in NO_TURNS]

# Written out by hand, so that a change of the table in the code is noticed here.
EXPECTED = {
    Happening.ASKED: {Work.PROPOSED: Work.AWAITING},
    Happening.CONFIRMED: {Work.PROPOSED: Work.CONFIRMED, Work.AWAITING: Work.CONFIRMED},
    Happening.POSTPONED: dict.fromkeys(
        (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED), Work.POSTPONED
    ),
    Happening.CANCELLED: dict.fromkeys(
        (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED), Work.CANCELLED
    ),
    Happening.UNREACHABLE: dict.fromkeys(
        (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED), Work.UNREACHABLE
    ),
    Happening.RETURNED: dict.fromkeys(
        (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED), Work.RETURNED
    ),
    Happening.CALLED: {Work.AWAITING: Work.AWAITING},
    Happening.WISHED: {Work.AWAITING: Work.AWAITING},
    Happening.REPORTED: dict.fromkeys(
        (
            Work.PROPOSED,
            Work.AWAITING,
            Work.CONFIRMED,
            Work.RETURNED,
            Work.POSTPONED,
            Work.CANCELLED,
            Work.UNREACHABLE,
        ),
        Work.DONE,
    ),
    Happening.CORRECTED: dict.fromkeys((Work.DONE, Work.SENT_BACK, Work.APPROVED), Work.DONE),
    Happening.APPROVED: {Work.DONE: Work.APPROVED},
    Happening.SENT_BACK: {Work.DONE: Work.SENT_BACK, Work.APPROVED: Work.SENT_BACK},
}
OFFICIALS_MOVES = {
    (Work.AWAITING, Happening.CONFIRMED),
    (Work.AWAITING, Happening.WISHED),
    (Work.AWAITING, Happening.POSTPONED),
    (Work.CONFIRMED, Happening.POSTPONED),
    (Work.AWAITING, Happening.RETURNED),
    (Work.CONFIRMED, Happening.RETURNED),
    (Work.AWAITING, Happening.REPORTED),
    (Work.CONFIRMED, Happening.REPORTED),
    (Work.RETURNED, Happening.REPORTED),
    (Work.DONE, Happening.CORRECTED),
    (Work.SENT_BACK, Happening.CORRECTED),
    (Work.APPROVED, Happening.CORRECTED),
}


@pytest.fixture
def visit_id(engine: Engine, world: World) -> int:
    plan(engine, world)
    with reading(engine) as db:
        query = select(col(Visit.id)).where(col(Visit.village_code) == VILLAGE)
        return db.execute(query).scalar_one() or 0


def _report(
    db: Session,
    visit_id: int,
    result: Result,
    happening: Happening = Happening.REPORTED,
    *,
    by: Person,
) -> Visit:
    return turn(db, visit_id, happening, by=by, now=NOW, result=result)


def _set(engine: Engine, visit_id: int, work: Work) -> int:
    with unit_of_work(engine) as db:
        visit = db.get_one(Visit, visit_id)
        visit.work = work
        return visit.version


def test_every_move_is_allowed_or_refused_as_written(
    engine: Engine, world: World, visit_id: int
) -> None:
    for work, happening in product(Work, TURNS):
        version = _set(engine, visit_id, work)
        after = EXPECTED[happening].get(work)
        if after is None:
            with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
                turn(db, visit_id, happening, by=world.coordinator, now=NOW, reason="x")
            assert refusal.value.facts["problem"] == "wrong_status", (work, happening)
            continue
        with unit_of_work(engine) as db:
            visit = turn(
                db,
                visit_id,
                happening,
                version=version,
                by=world.coordinator,
                now=NOW,
                reason="x",
            )
            assert (visit.work, visit.version) == (after, version + 1), (work, happening)


def test_an_official_does_only_what_an_official_may(
    engine: Engine, world: World, visit_id: int
) -> None:
    for work, happening in MOVES:
        _set(engine, visit_id, work)
        with unit_of_work(engine) as db:
            if (work, happening) in OFFICIALS_MOVES:
                turn(db, visit_id, happening, by=world.official, now=NOW, reason="x")
            else:
                with pytest.raises(NotAllowed):
                    turn(db, visit_id, happening, by=world.official, now=NOW, reason="x")
        with pytest.raises((NotAllowed, Conflict)), unit_of_work(engine) as db:
            turn(db, visit_id, happening, by=world.manager, now=NOW, reason="x")


def test_the_product_itself_only_takes_back_what_nobody_began(
    engine: Engine, world: World, visit_id: int
) -> None:
    may = {(Work.PROPOSED, Happening.RETURNED), (Work.AWAITING, Happening.RETURNED)}
    may.add((Work.CONFIRMED, Happening.RETURNED))
    author = Author(None, NOW, "lease_over", Channel.PRODUCT)
    for work, happening in MOVES:
        _set(engine, visit_id, work)
        with unit_of_work(engine) as db:
            if (work, happening) in may:
                settle(db, visit_id, happening, author)
            else:
                with pytest.raises(NotAllowed):
                    settle(db, visit_id, happening, author)


def _return_and_put(engine: Engine, world: World, visit_id: int, works: dict[int, Work]) -> None:
    """Return the visit, and give its slot and its village's place to others."""
    with unit_of_work(engine) as db:
        settle(db, visit_id, Happening.RETURNED, Author(world.coordinator, NOW, "banjir"))
    with unit_of_work(engine) as db:
        whole = db.get_one(Visit, visit_id)
        kept = ("stage_id", "team_id", "day", "starts_at", "zone")
        others = select(Visit).where(
            col(Visit.team_id) == whole.team_id,
            col(Visit.day) == whole.day,
            col(Visit.id) != visit_id,
        )
        for other in db.scalars(others):
            other.work = Work.CANCELLED
        db.flush()
        for slot, work in works.items():
            code = f"33.72.02.100{slot}"
            for other in db.scalars(select(Visit).where(col(Visit.village_code) == code)):
                other.work = Work.CANCELLED
            db.flush()
            place = {name: getattr(whole, name) for name in kept}
            db.add(Visit(village_code=code, slot=slot, work=work, **place))


def test_a_late_report_of_a_returned_visit_takes_a_free_slot_of_its_day(
    engine: Engine, world: World, visit_id: int
) -> None:
    with reading(engine) as db:
        own = db.get_one(Visit, visit_id).slot
    _return_and_put(engine, world, visit_id, {own: Work.PROPOSED})
    with unit_of_work(engine) as db:
        visit = _report(db, visit_id, Result.ATTENDED, by=world.official)
        assert (visit.work, visit.result) == (Work.DONE, Result.ATTENDED)
        assert visit.slot != own
    with reading(engine) as db:
        last = history(db, world.coordinator, visit_id)[-1]
    assert last.before == {"work": "returned", "result": None}
    assert last.after == {"work": "done", "result": "attended"}


@pytest.mark.parametrize("problem", ["slot_taken", "village_has_visit"])
def test_a_late_report_without_any_place_is_refused_and_changes_nothing(
    engine: Engine, world: World, visit_id: int, problem: str
) -> None:
    if problem == "slot_taken":
        _return_and_put(engine, world, visit_id, dict.fromkeys((1, 2, 3), Work.CONFIRMED))
    else:
        _return_and_put(engine, world, visit_id, {})
        with unit_of_work(engine) as db:
            old = db.get_one(Visit, visit_id).model_dump(exclude={"id", "work", "day"})
            db.add(Visit(**old, day=date(2026, 12, 1), work=Work.CONFIRMED))
    with unit_of_work(engine) as db, pytest.raises(Conflict) as refusal:
        _report(db, visit_id, Result.ATTENDED, by=world.official)
    assert refusal.value.facts["problem"] == problem
    with reading(engine) as db:
        visit = db.get_one(Visit, visit_id)
        assert (visit.work, visit.result) == (Work.RETURNED, None)


def test_the_buttons_shown_are_the_moves_allowed() -> None:
    assert {
        (work, happening) for work in Work for happening in allowed_moves(work, Role.OFFICIAL)
    } == OFFICIALS_MOVES
    assert allowed_moves(Work.DONE, Role.COORDINATOR) == (
        Happening.CORRECTED,
        Happening.APPROVED,
        Happening.SENT_BACK,
    )
    assert allowed_moves(Work.PROPOSED, Role.MANAGER) == ()


def test_history_tells_who_when_from_to_and_why(
    engine: Engine, world: World, visit_id: int
) -> None:
    coordinator, official = world.coordinator, world.official
    with unit_of_work(engine) as db:
        version = db.get_one(Visit, visit_id).version
        lifecycle.ask(db, visit_id, version=version, by=coordinator, now=NOW)
        lifecycle.confirm(db, visit_id, version=version + 1, by=official, now=NOW, reason="siap")
        _report(db, visit_id, Result.SIGNED_UP, by=official)
        doubt: dict[str, Any] = {"by": coordinator, "now": NOW, "reason": " laki-laki? "}
        turn(db, visit_id, Happening.SENT_BACK, version=version + 3, **doubt)
        _report(db, visit_id, Result.ATTENDED, Happening.CORRECTED, by=official)
        lifecycle.approve(db, visit_id, version=version + 5, by=coordinator, now=NOW)
    with reading(engine) as db:
        lines = history(db, coordinator, visit_id)[1:]
        visit = db.get_one(Visit, visit_id)
    assert (visit.work, visit.result, visit.version) == (Work.APPROVED, Result.ATTENDED, 7)
    assert [(line.happening, line.who, line.reason) for line in lines] == [
        (Happening.ASKED, "Rini", ""),
        (Happening.CONFIRMED, "Kades", "siap"),
        (Happening.REPORTED, "Kades", ""),
        (Happening.SENT_BACK, "Rini", "laki-laki?"),
        (Happening.CORRECTED, "Kades", ""),
        (Happening.APPROVED, "Rini", ""),
    ]
    assert lines[2].before == {"work": "confirmed", "result": None}
    assert lines[2].after == {"work": "done", "result": "signed_up"}
    assert lines[4].after == {"work": "done", "result": "attended"}
    assert all(line.at == NOW for line in lines)


def test_a_stale_edit_is_a_conflict_that_shows_both(
    engine: Engine, world: World, visit_id: int
) -> None:
    with unit_of_work(engine) as db:
        lifecycle.ask(db, visit_id, version=1, by=world.coordinator, now=NOW)
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        lifecycle.cancel(db, visit_id, version=1, by=world.coordinator, now=NOW, reason="terlambat")
    assert refusal.value.facts == {
        "problem": "changed_meanwhile",
        "yours": {"work": Work.CANCELLED},
        "theirs": {"work": Work.AWAITING},
    }
    with reading(engine) as db:
        assert db.get_one(Visit, visit_id).work is Work.AWAITING
        count = len(
            db.scalars(select(VisitEvent).where(col(VisitEvent.visit_id) == visit_id)).all()
        )
    assert count == 2


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("nik 3372011203850001", "identity_number"),
        ("x" * 1001, "too_long"),
    ],
)
def test_a_reason_is_needed_and_read(
    engine: Engine, world: World, visit_id: int, reason: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refusal, unit_of_work(engine) as db:
        lifecycle.cancel(db, visit_id, version=1, by=world.coordinator, now=NOW, reason=reason)
    assert refusal.value.facts["problems"] == {"reason": [problem]}


def test_a_stranger_and_a_missing_visit_look_alike(
    engine: Engine, world: World, visit_id: int
) -> None:
    acts: list[Callable[..., object]] = [
        lifecycle.ask,
        lifecycle.confirm,
        lifecycle.postpone,
        lifecycle.cancel,
        lambda db, visit_id, **told: lifecycle.turn(db, visit_id, Happening.UNREACHABLE, **told),
        lifecycle.approve,
        lambda db, visit_id, **told: lifecycle.turn(db, visit_id, Happening.SENT_BACK, **told),
    ]
    other_official = Person(99, "lain", Role.OFFICIAL, ("33.72.01.1002",))
    for act, person, number in product(
        acts, (world.foreigner, other_official, world.coordinator), (visit_id, 999_999)
    ):
        if (person, number) == (world.coordinator, visit_id):
            continue
        with pytest.raises(NotFound) as refusal, unit_of_work(engine) as db:
            act(db, number, version=1, by=person, now=NOW, reason="x")
        assert refusal.value.facts == {"kind": "Visit", "id": number}
