"""Answers one what-if: take it, think with no transaction held, write the answer."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from outreach.config import read_settings
from outreach.db import reading, unit_of_work
from outreach.progress.supposing import answer_of, read_supposition
from outreach.progress.what_if import claim, fail, renew, save
from tasks.app import app, engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.progress.what_if import Claim

log = logging.getLogger(__name__)

#: People watch the answer being made, so how far it is gets told more often than a lease needs.
TELL_EVERY = timedelta(seconds=1)


class LostClaim(Exception):
    """The question was called off, or given to another worker: no answer is wanted."""


@app.task(name="outreach.answer_what_if")  # type: ignore[untyped-decorator]
def answer_what_if(what_if_id: int) -> None:
    """Answer one question, as the queue asks for it."""
    answer_one(engine(), what_if_id, timedelta(seconds=read_settings().lease_seconds))


def answer_one(bind: Engine, what_if_id: int, lease: timedelta) -> bool:
    """Answer one question; False when there was nothing to do or the answer came too late."""
    with unit_of_work(bind) as db:
        held = claim(db, what_if_id, _now(), lease)
    if held is None:
        return False
    try:
        return _answer(bind, held, lease)
    except LostClaim:
        log.info("what-if %s was taken away", what_if_id)
    except Exception as error:
        log.exception("what-if %s failed in attempt %s", what_if_id, held.attempts)
        with unit_of_work(bind) as db:
            fail(db, held, error, _now())
    return False


def _answer(bind: Engine, held: Claim, lease: timedelta) -> bool:
    with reading(bind) as db:
        asked = read_supposition(db, held, _now())
    answer = answer_of(asked, _telling(bind, held, lease))
    with unit_of_work(bind) as db:
        return save(db, held, answer, _now())


def _telling(bind: Engine, held: Claim, lease: timedelta) -> Callable[[float], None]:
    """Extend the lease and tell how far the answer is, well before the lease runs out."""
    every = min(TELL_EVERY, lease / 3)
    tell_at = _now() + every

    def tell(done: float) -> None:
        nonlocal tell_at
        now = _now()
        if now < tell_at:
            return
        with unit_of_work(bind) as db:
            if not renew(db, held, done, now, lease):
                raise LostClaim
        tell_at = now + every

    return tell


def _now() -> datetime:
    return datetime.now(UTC)
