"""Work under a claim: its lease is extended while it goes on; once lost, the work is let go."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outreach.db import unit_of_work

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
) -> bool:
    """Do claimed work once; False when it failed, which is noted, or its answer came too late."""
    try:
        return work()
    except LostClaim:
        log.info("%s was taken away", what)
    except Exception as error:
        log.exception("%s failed", what)
        with unit_of_work(bind) as db:
            fail(db, error, moment())
    return False


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
        with unit_of_work(bind) as db:
            if not renew(db, done, now):
                raise LostClaim
        tell_at = now + every

    return tell


def moment() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)
