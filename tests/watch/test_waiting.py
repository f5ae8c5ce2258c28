"""What waits, how long, and what is judged of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.messages.tables import Matter, Medium, Message
from outreach.progress.tables import WhatIf
from outreach.progress.what_if import WhatIfIn, ask, due_what_ifs
from outreach.progress.what_if import claim as claim_what_if
from outreach.visits.batches import claim, due_batches, fail
from outreach.visits.runs import cancel_run, retry_batch
from outreach.visits.tables import Batch, BatchState, Visit
from outreach.watch.beating import LATE_AFTER, our_version
from outreach.watch.judging import (
    FAR_TOO_LONG,
    LONG_WAIT,
    Finding,
    Light,
    judge,
    light_of,
    with_another_key,
    worst,
)
from outreach.watch.queue import redis_answers
from outreach.watch.tables import Heartbeat, ProcessKind
from outreach.watch.waiting import LATELY, Waiting, count_dead, dead_batches, read_waiting
from tests.conftest import free_port
from tests.visits.world import LEASE, NOW, World, ask_for_plan, build_world, plan

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine)


def _waiting(engine: Engine, now: datetime) -> Waiting:
    with reading(engine) as db:
        return read_waiting(db, now)


def _left(engine: Engine, now: datetime) -> tuple[int, int]:
    waiting = _waiting(engine, now)
    return waiting.leases_lost, waiting.leases_untaken


def _batch(engine: Engine) -> int:
    with reading(engine) as db:
        return db.scalars(select(col(Batch.id))).first() or 0


def _let_die(engine: Engine, batch_id: int) -> None:
    for _ in range(5):
        with unit_of_work(engine) as db:
            held = claim(db, batch_id, NOW, LEASE)
            assert held is not None
            fail(db, held, ValueError("no"), NOW)


def test_a_batch_waits_from_its_asking_until_it_is_taken(engine: Engine, world: World) -> None:
    assert _waiting(engine, NOW).oldest_seconds == 0
    run_id = ask_for_plan(engine, world)
    waiting = _waiting(engine, NOW + MINUTE)
    assert waiting.oldest_seconds == 60
    assert waiting.batches[BatchState.READY] == 1
    with unit_of_work(engine) as db:
        assert claim(db, _batch(engine), NOW + MINUTE, LEASE)
    waiting = _waiting(engine, NOW + MINUTE)
    assert (waiting.oldest_seconds, waiting.batches[BatchState.RUNNING]) == (0, 1)
    # Its worker is silent: it waits again, and has all the time.
    silent = NOW + MINUTE + LEASE + timedelta(seconds=1)
    assert _waiting(engine, silent).oldest_seconds == 91
    with unit_of_work(engine) as db:
        cancel_run(db, run_id, by=world.coordinator, now=silent)
    assert _waiting(engine, silent).oldest_seconds == 0


def test_who_is_retried_waits_from_then_on(engine: Engine, world: World) -> None:
    ask_for_plan(engine, world)
    batch_id, tomorrow = _batch(engine), NOW + timedelta(days=1)
    _let_die(engine, batch_id)
    with reading(engine) as db:
        (dead,) = dead_batches(db)
        assert (dead.branch, dead.stage, dead.number, count_dead(db)) == (
            "Surakarta", "Tahap 1", 1, 1,
        )  # fmt: skip
    with unit_of_work(engine) as db:
        retry_batch(db, batch_id, by=world.coordinator, now=tomorrow, request_id="second")
    assert _waiting(engine, tomorrow + MINUTE).oldest_seconds == 60
    with reading(engine) as db:
        assert dead_batches(db) == []


def test_dead_batches_of_a_stage_planned_anew_need_nobody(engine: Engine, world: World) -> None:
    ask_for_plan(engine, world)
    _let_die(engine, _batch(engine))
    plan(engine, world)
    with reading(engine) as db:
        assert (dead_batches(db), count_dead(db)) == ([], 0)


def test_a_lease_that_ran_out_is_counted_for_an_hour(engine: Engine, world: World) -> None:
    ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        claim(db, _batch(engine), NOW, LEASE)
    out = NOW + LEASE
    assert _waiting(engine, out).leases_lost == 0
    assert _left(engine, out + MINUTE) == (1, 1)  # nobody has taken it up
    with unit_of_work(engine) as db:
        assert claim(db, _batch(engine), out + MINUTE, LATELY)
    assert _left(engine, out + LATELY) == (1, 0)
    assert _waiting(engine, out + LATELY + timedelta(seconds=1)).leases_lost == 0


def test_a_batch_buried_after_its_last_lease_counts_too(engine: Engine, world: World) -> None:
    ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        claim(db, _batch(engine), NOW, LEASE)
        db.get_one(Batch, _batch(engine)).attempts = 5
    with unit_of_work(engine) as db:
        assert due_batches(db, NOW + LEASE + MINUTE) == []
    waiting = _waiting(engine, NOW + LEASE + MINUTE)
    assert (waiting.leases_lost, waiting.batches[BatchState.DEAD]) == (1, 1)
    assert waiting.leases_untaken == 1


def test_questions_are_counted_beside_plans(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        ask(db, world.stage_id, WhatIfIn(saturdays=True), by=world.manager, now=NOW)
    with unit_of_work(engine) as db:
        (asked,) = due_what_ifs(db, NOW)
        assert claim_what_if(db, asked, NOW, LEASE)
    waiting = _waiting(engine, NOW + LEASE + MINUTE)
    assert waiting.questions[BatchState.RUNNING] == waiting.leases_lost == 1
    with unit_of_work(engine) as db:
        assert claim_what_if(db, asked, NOW + LEASE + MINUTE, LEASE)
        assert db.get_one(WhatIf, asked).lease_lost_at == NOW + LEASE
    assert _waiting(engine, NOW + LEASE + MINUTE).leases_lost == 1


def test_messages_that_wait_are_counted_by_medium(engine: Engine, world: World) -> None:
    plan(engine, world)
    with unit_of_work(engine) as db:
        visit_id = db.scalars(select(col(Visit.id))).first() or 0
        for number, medium in enumerate((Medium.EMAIL, Medium.WHATSAPP, Medium.WHATSAPP)):
            told: dict[str, Any] = {"visit_id": visit_id, "matter": Matter.ASKED, "created_at": NOW}
            db.add(Message(dedupe_key=str(number), medium=medium, next_try_at=NOW, **told))
    assert _waiting(engine, NOW).messages == {Medium.EMAIL: 1, Medium.WHATSAPP: 2}


def _line(kind: ProcessKind, **changes: object) -> Heartbeat:
    told: dict[str, Any] = {
        "name": f"{kind.value}-1@x", "kind": kind, "host": "x", "version": our_version(),
        "started_at": NOW, "seen_at": NOW, "errors": 0, "queues": "", "key_fingerprint": "",
    }  # fmt: skip
    return Heartbeat.model_construct(**{**told, **changes})


IDLE = Waiting(
    0, dict.fromkeys(BatchState, 0), dict.fromkeys(BatchState, 0), 0, 0, dict.fromkeys(Medium, 0)
)
ALL = [_line(kind) for kind in ProcessKind]


def _codes(lines: list[Heartbeat], waiting: Waiting = IDLE, dead: int = 0) -> list[str]:
    return [one.code for one in judge(lines, waiting, dead, NOW)]


def test_all_is_well_where_everybody_is_there_and_nothing_waits() -> None:
    assert judge(ALL, IDLE, 0, NOW) == []
    assert worst([]) is Light.GOOD


def test_who_is_missing_silent_or_of_another_version_is_named() -> None:
    late = NOW - LATE_AFTER - timedelta(seconds=1)
    assert _codes([]) == ["no_sweeper", "no_worker"]
    gone = [*ALL[:1], _line(ProcessKind.WORKER, seen_at=late), ALL[2]]
    assert _codes(gone) == ["no_worker", "silent"]
    assert worst(judge(gone, IDLE, 0, NOW)) is Light.WRONG
    assert [light_of(line, NOW) for line in gone] == [Light.GOOD, Light.LOOK, Light.GOOD]
    assert _codes([*ALL, _line(ProcessKind.WEB, version="0.0.1")]) == ["versions_differ"]
    assert _codes([*ALL, _line(ProcessKind.WEB, version="0.0.1", seen_at=late)]) == ["silent"]


def _web(name: str, key: str, **changes: object) -> Heartbeat:
    return _line(ProcessKind.WEB, name=name, key_fingerprint=key, **changes)


def test_who_has_another_key_is_named_and_older_versions_count_with_neither() -> None:
    ours = [_web("web-1@one", "aa"), _web("web-2@one", "aa"), _web("web-1@two", "bb")]
    (found,) = judge([*ALL, *ours], IDLE, 0, NOW)
    assert found == Finding(Light.WRONG, "keys_differ", {"who": "web-1@two"})
    late = NOW - LATE_AFTER - timedelta(seconds=1)
    gone = [*ours[:2], _web("web-1@two", "bb", seen_at=late)]
    assert _codes([*ALL, *gone]) == ["silent"]


def test_of_two_keys_that_as_many_have_one_is_named_all_the_same() -> None:
    later = _web("web-1@two", "bb", started_at=NOW + MINUTE)
    assert with_another_key([later, _web("web-1@one", "aa")], NOW) == ["web-1@two"]
    many = [_web(f"web-{n}@two", "bb") for n in range(12)]
    more = [_web(f"web-{n}@one", "aa") for n in range(13)]
    (found,) = judge([*ALL, *many, *more], IDLE, 0, NOW)
    assert str(found.facts["who"]).endswith(", web-9@two …")


@pytest.mark.parametrize(
    ("waited", "light"),
    [(LONG_WAIT, Light.GOOD), (FAR_TOO_LONG, Light.LOOK), (FAR_TOO_LONG * 2, Light.WRONG)],
)
def test_waiting_long_is_told_and_waiting_too_long_is_wrong(
    waited: timedelta, light: Light
) -> None:
    waiting = replace(IDLE, oldest_seconds=waited.total_seconds())
    assert worst(judge(ALL, waiting, 0, NOW)) is light


def test_a_kind_of_work_that_nobody_does_is_named() -> None:
    web, _, sweeper = ALL
    some = _line(ProcessKind.WORKER, queues="celery,planning")
    others = _line(ProcessKind.WORKER, name="other", queues="questions")
    assert _codes([web, some, sweeper]) == ["nobody_serves_questions", "nobody_serves_post"]
    assert _codes([web, some, others, sweeper]) == ["nobody_serves_post"]
    late = NOW - LATE_AFTER - timedelta(seconds=1)
    gone = _line(ProcessKind.WORKER, name="gone", queues="post", seen_at=late)
    assert _codes([web, some, others, gone, sweeper]) == ["nobody_serves_post", "silent"]


def test_redis_that_does_not_answer_is_named(redis_url: str) -> None:
    (found,) = judge(ALL, IDLE, 0, NOW, redis_answers=False)
    assert (found.code, found.light) == ("redis_away", Light.WRONG)
    assert redis_answers(redis_url)
    assert redis_answers("")
    assert not redis_answers(f"redis://127.0.0.1:{free_port()}/0")


def test_what_was_given_up_or_left_needs_a_look() -> None:
    left = replace(IDLE, leases_lost=2)
    assert judge(ALL, left, 3, NOW) == [
        Finding(Light.LOOK, "dead_batches", {"count": 3}),
        Finding(Light.LOOK, "leases_taken", {"count": 2}),
    ]


def test_what_was_left_is_not_said_to_be_taken_before_it_is() -> None:
    assert _codes(ALL, replace(IDLE, leases_lost=1, leases_untaken=1)) == ["leases_untaken"]
    assert judge(ALL, replace(IDLE, leases_lost=3, leases_untaken=1), 0, NOW) == [
        Finding(Light.LOOK, "leases_taken", {"count": 2}),
        Finding(Light.LOOK, "leases_untaken", {"count": 1}),
    ]
