"""Many reported visits decided at once: each as it was seen, and what changed is left out."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.errors import Invalid
from outreach.visits.lifecycle import approve, turn
from outreach.visits.listing import history
from outreach.visits.reviewing import (
    MOST_AT_ONCE,
    Reviewed,
    approve_many,
    review_reasons,
    send_back_many,
)
from outreach.visits.tables import Happening, Result, Visit, VisitEvent, Work
from tests.visits.world import NOW, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow


@pytest.fixture
def seen(engine: Engine, rows: list[VisitRow]) -> dict[int, int]:
    """Reported visits with the versions a page would show."""
    with unit_of_work(engine) as db:
        for row in rows:
            visit = db.get_one(Visit, row.id)
            visit.work, visit.result = Work.DONE, Result.SIGNED_UP
    return {row.id: row.version for row in rows}


def approved(engine: Engine, by: Person, picks: dict[int, int], reason: str = "") -> Reviewed:
    with unit_of_work(engine) as db:
        return approve_many(db, picks, by=by, now=NOW, reason=reason)


def works(engine: Engine, ids: list[int]) -> Counter[Work]:
    with reading(engine) as db:
        return Counter(v.work for v in db.exec(select(Visit).where(col(Visit.id).in_(ids))))


def test_all_are_approved_and_each_has_its_line_of_history(
    engine: Engine, world: World, seen: dict[int, int]
) -> None:
    done = approved(engine, world.coordinator, seen)
    assert done == Reviewed(done=tuple(sorted(seen)))
    assert works(engine, list(seen)) == {Work.APPROVED: len(seen)}
    with reading(engine) as db:
        for visit_id, version in seen.items():
            assert db.get_one(Visit, visit_id).version == version + 1
            line = history(db, world.coordinator, visit_id)[-1]
            assert (line.happening, line.who) == (Happening.APPROVED, "Rini")
            assert (line.before["work"], line.after["work"]) == ("done", "approved")
            assert line.after["result"] == "signed_up"


def test_what_is_done_to_many_is_what_is_done_to_one(
    engine: Engine, world: World, seen: dict[int, int]
) -> None:
    """The same line of history and the same visit, whichever page was used."""
    (alone, a_version), (among, b_version), *_rest = seen.items()
    why = " Mohon dihitung ulang. "
    with unit_of_work(engine) as db:
        asked: dict[str, Any] = {"by": world.coordinator, "now": NOW, "reason": why}
        turn(db, alone, Happening.SENT_BACK, version=a_version, **asked)
        send_back_many(db, {among: b_version}, by=world.coordinator, now=NOW, reason=why)
    with reading(engine) as db:
        lines = [history(db, world.coordinator, one)[-1] for one in (alone, among)]
        one, other = (db.get_one(Visit, visit_id) for visit_id in (alone, among))
        assert lines[0] == lines[1]
        told = [(v.work, v.result, v.version) for v in (one, other)]
        assert told == [(Work.SENT_BACK, Result.SIGNED_UP, version) for version in (2, 2)]


def test_what_changed_meanwhile_is_left_out_and_the_rest_is_done(
    engine: Engine, world: World, seen: dict[int, int]
) -> None:
    first, second, third, *rest = sorted(seen)
    with unit_of_work(engine) as db:
        approve(db, first, version=seen[first], by=world.coordinator, now=NOW)
        db.get_one(Visit, second).version += 1
        db.get_one(Visit, third).work = Work.CONFIRMED
    done = approved(engine, world.coordinator, {**seen, 999_999: 1})
    assert done == Reviewed(tuple(rest), (first, second, third), (999_999,))
    assert works(engine, rest) == {Work.APPROVED: len(rest)}
    assert works(engine, [second]) == {Work.DONE: 1}
    assert works(engine, [third]) == {Work.CONFIRMED: 1}


def test_what_was_approved_can_be_sent_back(
    engine: Engine, world: World, seen: dict[int, int]
) -> None:
    picks = dict(list(seen.items())[:3])
    approved(engine, world.coordinator, picks)
    again = {visit_id: version + 1 for visit_id, version in picks.items()}
    with unit_of_work(engine) as db:
        done = send_back_many(db, again, by=world.coordinator, now=NOW, reason="Foto belum ada")
        assert len(done.done) == 3
    with reading(engine) as db:
        assert review_reasons(db, seen) == dict.fromkeys(picks, "Foto belum ada")


def test_the_last_reason_is_told(engine: Engine, world: World, seen: dict[int, int]) -> None:
    visit_id, version = next(iter(seen.items()))
    with unit_of_work(engine) as db:
        for number, why in enumerate(("Satu", "Dua")):
            db.get_one(Visit, visit_id).work = Work.DONE
            db.flush()
            picks = {visit_id: version + number}
            send_back_many(db, picks, by=world.coordinator, now=NOW, reason=why)
        assert review_reasons(db, [visit_id]) == {visit_id: "Dua"}
        assert review_reasons(db, []) == {}


@pytest.mark.parametrize(
    ("reason", "problem"),
    [("", "missing"), ("  ", "missing"), ("NIK 3372011234560001", "identity_number")],
)
def test_nothing_is_sent_back_without_a_reason_that_may_be_kept(
    engine: Engine, world: World, seen: dict[int, int], reason: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refused, unit_of_work(engine) as db:
        send_back_many(db, seen, by=world.coordinator, now=NOW, reason=reason)
    assert refused.value.facts["problems"] == {"reason": [problem]}
    assert works(engine, list(seen)) == {Work.DONE: len(seen)}


def test_more_than_can_be_read_are_not_decided_at_once(engine: Engine, world: World) -> None:
    with pytest.raises(Invalid, match="too_many"):
        approved(engine, world.coordinator, dict.fromkeys(range(1, MOST_AT_ONCE + 2), 1))
    picks = dict.fromkeys(range(1_000_000, 1_000_000 + MOST_AT_ONCE), 1)
    assert len(approved(engine, world.coordinator, picks).lost) == MOST_AT_ONCE


def test_a_foreign_visit_looks_like_a_missing_one_and_nobody_else_decides(
    engine: Engine, world: World, seen: dict[int, int]
) -> None:
    assert approved(engine, world.foreigner, seen) == Reviewed(lost=tuple(sorted(seen)))
    for person in (world.official, world.manager):
        assert approved(engine, person, seen).done == ()
    assert works(engine, list(seen)) == {Work.DONE: len(seen)}


def test_two_coordinators_who_review_the_same_list_decide_each_visit_once(
    engine: Engine, world: World, seen: dict[int, int]
) -> None:
    """One approves, one sends back, at the same moment: nobody waits forever, nothing is half."""
    together = threading.Barrier(4)
    found: list[Reviewed] = []
    faults: list[BaseException] = []

    def decide(act: Any, picks: dict[int, int]) -> None:
        together.wait()
        try:
            with unit_of_work(engine) as db:
                found.append(
                    act(db, picks, by=world.coordinator, now=NOW, reason="Mohon diperiksa")
                )
        except BaseException as error:  # noqa: BLE001 - what a thread raises is lost else
            faults.append(error)

    half = dict(list(seen.items())[: len(seen) // 2])
    turned = dict(reversed(list(seen.items())))
    acts: list[tuple[Any, dict[int, int]]]
    acts = [(approve_many, seen), (send_back_many, turned), (approve_many, half)]
    threads = [threading.Thread(target=decide, args=one) for one in [*acts, acts[0]]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    decided = Counter(visit_id for one in found for visit_id in one.done)
    assert set(decided) == set(seen)
    assert set(decided.values()) == {1}
    with reading(engine) as db:
        lines = db.exec(
            select(VisitEvent.visit_id).where(
                col(VisitEvent.happening).in_((Happening.APPROVED, Happening.SENT_BACK))
            )
        ).all()
    assert Counter(lines) == decided
