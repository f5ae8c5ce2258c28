"""Work under a claim: its lease is extended while it goes on; once lost, the work is let go."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outreach.db import written
from outreach.watch.logs import about

if TYPE_CHECKING:
    from collections.abc import Callable
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


def telling(
    bind: Engine, every: timedelta, renew: Callable[[Session, float, datetime], bool]
) -> Callable[[float], None]:
    """Make what the work calls with how far it is, from 0 to 1; now and then it renews the claim.

    Raises
    ------
    LostClaim
        From there, once the claim cannot be renewed.
    """
    tell_at = moment() + every

    def tell(done: float) -> None:
        nonlocal tell_at
        now = moment()
        if now < tell_at:
            return
        if not written(bind, lambda db: renew(db, done, now)):
            raise LostClaim
        tell_at = now + every

    return tell


def moment() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)
