"""Work under a claim: its lease is extended while it goes on; once lost, the work is let go."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from outreach.db import written
from outreach.watch.logs import about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from sqlalchemy import Engine
    from sqlmodel import Session

log = logging.getLogger(__name__)


class LostClaim(Exception):
    """The work was called off, or given to another worker: no answer is wanted."""


def attempt(
    bind: Engine,
    what: str,
    work: Callable[[], bool],
    fail: Callable[[Session, BaseException, datetime], None],
    request_id: str = "",
) -> bool:
    """Do claimed work once; False when it failed, which is noted, or its answer came too late.

    What is logged meanwhile names the request that asked for the work.
    """
    with about(request_id=request_id):
        try:
            return _timed(what, work)
        except LostClaim:
            log.info("%s was taken away", what)
        except Exception as error:
            log.exception("%s failed", what)
            _note(bind, fail, error)
        return False


def _note(
    bind: Engine, fail: Callable[[Session, BaseException, datetime], None], error: BaseException
) -> None:
    written(bind, lambda db: fail(db, error, moment()))


def _timed(what: str, work: Callable[[], bool]) -> bool:
    began = time.perf_counter()
    is_done = work()
    told = {"seconds": round(time.perf_counter() - began, 3)}
    log.info("%s is done" if is_done else "%s came too late", what, extra=told)
    return is_done


@contextmanager
def keeping(
    bind: Engine, every: timedelta, renew: Callable[[Session, float, datetime], bool]
) -> Iterator[Callable[[float], None]]:
    """Renew a claim while the block works; the block gets what it calls with how far it is, 0 to 1.

    A thread of its own does so: the work may think for minutes without a word, and on a busy
    machine for much longer. It ends with its process, and so does what it keeps.

    Raises
    ------
    LostClaim
        From what the block calls, once the claim could not be renewed.
    """
    told, is_over, is_lost = [0.0], Event(), Event()

    def keep() -> None:
        while not is_over.wait(every.total_seconds()):
            if not _renewed(bind, lambda db: renew(db, told[0], moment())):
                is_lost.set()
                return

    def tell(done: float) -> None:
        told[0] = done
        if is_lost.is_set():
            raise LostClaim

    keeper = Thread(target=keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield tell
    finally:
        is_over.set()
        keeper.join()


def _renewed(bind: Engine, renew: Callable[[Session], bool]) -> bool:
    """Renew once; who cannot reach the database has not lost the claim yet.

    Whatever else goes wrong would go wrong again: the work is let go, or it would go on unrenewed
    to an end that nobody takes.
    """
    try:
        return written(bind, renew)
    except SQLAlchemyError as error:
        log.warning("a lease is not renewed: %s", type(error).__name__)
        return True
    except Exception:
        log.exception("a lease cannot be renewed")
        return False


def moment() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)
