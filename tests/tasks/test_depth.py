"""The queue of plans holds what the workers take: few for one machine, hundreds for hundreds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.db import unit_of_work
from outreach.visits.leased_rows import RESEND_AFTER
from outreach.visits.runs import request_run
from outreach.visits.tables import Batch
from tasks.app import PLANNING, POST, QUESTIONS
from tasks.depth import FEWEST_SENT, MOST_PLANS_SENT, Depth
from tasks.sweeper import Queue, send_all
from tests.visits.world import NOW, build_world

if TYPE_CHECKING:
    from sqlalchemy import Engine


def _depths(taken_a_sweep: int, sweeps: int) -> list[int]:
    """How deep the queue gets from sweep to sweep while there is always more to send."""
    depth, waiting, found = Depth(), 0, []
    for _ in range(sweeps):
        depth.look(waiting)
        found.append(depth.most)
        depth.left = max(waiting, depth.most)
        waiting = max(0, depth.left - taken_a_sweep)
    return found


def test_it_follows_what_the_workers_take() -> None:
    assert _depths(0, 5) == [FEWEST_SENT] * 5
    assert _depths(1, 20)[-1] == FEWEST_SENT
    assert _depths(200, 5) == [8, 32, 128, 512, 400]
    assert _depths(200, 20)[-1] == 400
    # However many there are, Redis is not filled.
    assert max(_depths(100_000, 20)) == MOST_PLANS_SENT


def test_when_the_workers_stop_no_more_is_sent() -> None:
    depth = Depth(most=400, left=400)
    depth.look(400)
    assert depth.most == FEWEST_SENT


def test_the_sweeper_sends_as_many_plans_as_the_queue_may_hold(sqlite_engine: Engine) -> None:
    world = build_world(sqlite_engine)
    with unit_of_work(sqlite_engine) as db:
        run = request_run(db, world.stage_id, by=world.coordinator, now=NOW)
        for number in range(2, 60):
            db.add(Batch(run_id=run.id or 0, number=number, label="", question={}, villages=1))
    sent: list[int] = []
    empty = Queue(sent.append, {PLANNING: 0, QUESTIONS: 0, POST: 0}.__getitem__)
    depth, counts = Depth(), []
    for _ in range(3):  # all that was sent is taken before the next sweep
        before = len(sent)
        send_all(sqlite_engine, empty, NOW, depth)
        counts.append(len(sent) - before)
    assert counts == [FEWEST_SENT, 4 * FEWEST_SENT, 59 - 5 * FEWEST_SENT]
    # Others fill the queue: what waits there counts.
    full = Queue(sent.append, {PLANNING: 30, QUESTIONS: 0, POST: 0}.__getitem__)
    send_all(sqlite_engine, full, NOW + RESEND_AFTER, Depth())
    assert len(sent) == 59
