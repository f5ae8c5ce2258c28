"""Sends batches that wait: the only one who talks to the queue, and may do so twice."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kombu.exceptions import OperationalError as QueueError
from sqlalchemy.exc import OperationalError as DatabaseError

from outreach.db import unit_of_work
from outreach.visits.batches import MOST_SENT, RESEND_AFTER, due_batches, error_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from sqlalchemy import Engine

log = logging.getLogger(__name__)

SECONDS_BETWEEN = 1.0


def sweep_once(
    engine: Engine,
    now: datetime,
    send: Callable[[int], object],
    resend_after: timedelta = RESEND_AFTER,
    waiting: int = 0,
) -> int:
    """Send the batches that are due and return how many; the rows are committed before.

    What `send` raises comes out here; what was not sent is due again after `resend_after`. With
    `MOST_SENT` messages `waiting` in the queue nothing is sent: while all workers are away, sending
    again and again would fill Redis.
    """
    with unit_of_work(engine) as db:
        due = due_batches(db, now, resend_after, most=max(0, MOST_SENT - waiting))
    for batch_id in due:
        send(batch_id)
    return len(due)


def run_sweeper(
    engine: Engine,
    send: Callable[[int], object],
    count_waiting: Callable[[], int],
    *,
    seconds_between: float = SECONDS_BETWEEN,
) -> None:
    """Sweep until the process is told to stop; a queue or database that is down only delays."""
    stopped = threading.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: stopped.set())
    while not stopped.is_set():
        try:
            sweep_once(engine, datetime.now(UTC), send, waiting=count_waiting())
        except (QueueError, DatabaseError) as error:
            log.warning("batches wait, nobody answers: %s", error_text(error))
        except Exception:
            # Were the sweeper to end, every plan would stand still.
            log.exception("batches wait")
        stopped.wait(seconds_between)
