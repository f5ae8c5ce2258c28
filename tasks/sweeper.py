"""Sends what waits for a worker: the only one who talks to the queue, and may do so twice.

Between times it does what falls due by itself: officials are told, unstarted work is returned.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from kombu.exceptions import OperationalError as QueueError
from sqlalchemy.exc import OperationalError as DatabaseError

from outreach.db import lacks_rights, unit_of_work
from outreach.logbook import forgetting as of_logbook
from outreach.logbook.overdue import force_overdue
from outreach.messages import outbox
from outreach.messages.announce import announce
from outreach.messages.remind import remind
from outreach.messages.sent_back import tell_sent_back
from outreach.progress.digest_sending import due_digests
from outreach.progress.digests import forget_digests
from outreach.progress.what_if import due_what_ifs
from outreach.safekeeping.chain import seal_days
from outreach.safekeeping.retaining import Periods, retain
from outreach.sheets import forgetting as of_sheets
from outreach.visits.batches import due_batches
from outreach.visits.certificates import due_bounds
from outreach.visits.leased_rows import MOST_SENT, RESEND_AFTER, error_text
from outreach.visits.returns import fill_slot_of, run_out_leases
from outreach.visits.tables import Visit
from outreach.watch.beating import (
    BEAT_EVERY,
    beat_carefully,
    forget_beats,
    leave_carefully,
    this_process,
)
from outreach.watch.tables import ProcessKind
from tasks.app import PLANNING, POST, QUESTIONS
from tasks.depth import Depth

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger(__name__)

SECONDS_BETWEEN = 1.0

#: Nobody waits for a message as for a plan, and looking through the history takes longer.
TIDY_EVERY = timedelta(seconds=10)
FORGET_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Queue:
    """What the sweeper needs of the queues: to send a number for a task, to see how full each is.

    Without `post` there is no mail server: officials are told by WhatsApp and by call, and no
    `digest` is sent. `suppose` sends what-ifs, `certify` plans to hold against the best possible.
    """

    plan: Callable[[int], object]
    count_waiting: Callable[[str], int]
    post: Callable[[int], object] | None = None
    suppose: Callable[[int], object] | None = None
    digest: Callable[[int], object] | None = None
    certify: Callable[[int], object] | None = None


def sweep_once(
    engine: Engine,
    now: datetime,
    send: Callable[[int], object],
    resend_after: timedelta = RESEND_AFTER,
    waiting: int = 0,
    most: int = MOST_SENT,
) -> int:
    """Send the batches that are due and return how many; the rows are committed before.

    What `send` raises comes out here; what was not sent is due again after `resend_after`. With
    the `most` messages `waiting` in the queue nothing is sent: while all workers are away, sending
    again and again would fill Redis.
    """
    take_due = partial(due_batches, resend_after=resend_after)
    return _send_due(engine, now, send, take_due, waiting, most)


def _send_due(
    engine: Engine,
    now: datetime,
    send: Callable[[int], object],
    take_due: Callable[..., list[int]],
    waiting: int,
    most: int = MOST_SENT,
) -> int:
    with unit_of_work(engine) as db:
        due = take_due(db, now, most=max(0, most - waiting))
    for number in due:
        send(number)
    return len(due)


def tidy_once(engine: Engine, now: datetime, *, by_email: bool) -> None:
    """Return work whose lease has run out and fill its slots, then make the messages missing."""
    with unit_of_work(engine) as db:
        ended = run_out_leases(db, now)
    for visit_id in ended:
        with unit_of_work(engine) as db:  # for one slot at a time is a branch kept waiting
            fill_slot_of(db, db.get_one(Visit, visit_id), now)
    with unit_of_work(engine) as db:
        announce(db, now, by_email=by_email)
        remind(db, now, by_email=by_email)
        tell_sent_back(db, now, by_email=by_email)


def end_waiting_once(engine: Engine, now: datetime) -> None:
    """Take in the corrections whose report has not come for days; a hundred at a time."""
    with unit_of_work(engine) as db:
        force_overdue(db, now)


def close_days_once(engine: Engine, now: datetime) -> None:
    """Close the days of the history that are over, each with its digest."""
    seal_days(engine, now)


def forget_once(engine: Engine, now: datetime) -> None:
    """Forget sheets that are over, what reports no longer need, unused addresses, old beats."""
    for forget in (of_sheets.forget_old, of_logbook.forget_old, forget_digests, forget_beats):
        with unit_of_work(engine) as db:
            forget(db, now)


def retain_once(engine: Engine, now: datetime, periods: Periods) -> None:
    """Forget people's data past the periods of the settings."""
    gone = {name: rows for name, rows in retain(engine, periods, now).items() if rows}
    if gone:
        log.info("past their time and forgotten: %s", gone)


def post_once(
    engine: Engine, now: datetime, send: Callable[[int], object], waiting: int = 0
) -> int:
    """Send the e-mails that are due, as `sweep_once` sends batches."""
    return _send_due(engine, now, send, outbox.due, waiting)


def suppose_once(
    engine: Engine, now: datetime, send: Callable[[int], object], waiting: int = 0
) -> int:
    """Send the what-ifs that are due, as `sweep_once` sends batches."""
    return _send_due(engine, now, send, due_what_ifs, waiting)


def certify_once(
    engine: Engine, now: datetime, send: Callable[[int], object], waiting: int = 0
) -> int:
    """Send the plans to hold against the best possible, as `sweep_once` sends batches."""
    return _send_due(engine, now, send, due_bounds, waiting)


def digest_once(
    engine: Engine, now: datetime, send: Callable[[int], object], waiting: int = 0
) -> int:
    """Send the weekly digests that are due, as `sweep_once` sends batches."""
    return _send_due(engine, now, send, due_digests, waiting)


#: Who is sent by which queue, and how many places of it stay free for those above: work that
#: nobody waits for never keeps out what somebody watches.
_SENDERS: tuple[tuple[str, str, Callable[..., int], int], ...] = (
    ("plan", PLANNING, sweep_once, 0),
    ("suppose", QUESTIONS, suppose_once, 0),
    ("certify", QUESTIONS, certify_once, MOST_SENT // 2),
    ("post", POST, post_once, 0),
    ("digest", POST, digest_once, MOST_SENT // 2),
)


def run_sweeper(
    engine: Engine,
    queue: Queue,
    *,
    seconds_between: float = SECONDS_BETWEEN,
    periods: Periods,
    secret: str,
) -> None:
    """Sweep until the process is told to stop; a queue or database that is down only delays."""
    stopped = threading.Event()
    for told in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(told, lambda *_: stopped.set())
    process = this_process(ProcessKind.SWEEPER, secret)
    depth = Depth()
    tidied = forgotten = beaten = datetime.min.replace(tzinfo=UTC)
    while not stopped.is_set():
        now = datetime.now(UTC)
        if now - beaten >= BEAT_EVERY:
            beaten = now
            beat_carefully(engine, process)
        if now - tidied >= TIDY_EVERY:
            tidied = now
            _carefully(lambda now: tidy_once(engine, now, by_email=queue.post is not None), now)
            _carefully(lambda now: end_waiting_once(engine, now), now)
            _carefully(lambda now: close_days_once(engine, now), now)
        if now - forgotten >= FORGET_EVERY:
            forgotten = now
            _carefully(lambda now: forget_once(engine, now), now)
            _carefully(lambda now: retain_once(engine, now, periods), now)
        _carefully(lambda now: send_all(engine, queue, now, depth), now)
        stopped.wait(seconds_between)
    leave_carefully(engine, process)


def send_all(engine: Engine, queue: Queue, now: datetime, depth: Depth | None = None) -> None:
    """Send all that is due; neither a full queue nor a fault of one kind keeps another waiting.

    `depth` tells how many plans may wait in their queue, from one sweep to the next.
    """
    # First, for all at once: a server that is away is told of once.
    waiting = {name: queue.count_waiting(name) for name in (PLANNING, QUESTIONS, POST)}
    deep = depth or Depth()
    deep.look(waiting[PLANNING])
    plans = partial(sweep_once, most=deep.most)
    for kind, name, send_once, left_free in _SENDERS:
        send = getattr(queue, kind)
        if send is not None:
            once = plans if kind == "plan" else send_once
            _carefully(partial(_send, engine, send, once, waiting, name, left_free), now)
    deep.left = waiting[PLANNING]


def _send(
    engine: Engine,
    send: Callable[[int], object],
    send_once: Callable[..., int],
    waiting: dict[str, int],
    name: str,
    left_free: int,
    now: datetime,
) -> None:
    waiting[name] += send_once(engine, now, send, waiting=waiting[name] + left_free)


def _carefully(act: Callable[[datetime], None], now: datetime) -> None:
    """Do one thing; were the sweeper to end, everything would stand still."""
    try:
        act(now)
    except Exception as error:
        if isinstance(error, QueueError | DatabaseError) and not lacks_rights(error):
            log.warning("batches and messages wait, nobody answers: %s", error_text(error))
        else:
            log.exception("batches and messages wait")
