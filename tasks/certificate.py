"""Works out how far one part of a plan is from the best: take it, prove, write what was found."""

from __future__ import annotations

from datetime import timedelta
from time import process_time
from typing import TYPE_CHECKING

from outreach.config import read_settings
from outreach.db import reading, unit_of_work, written
from outreach.visits.certificates import claim, fail, renew, save
from outreach.visits.certified import certificate_of, read_standing
from outreach.visits.tables import AskedBound
from tasks.app import app, engine
from tasks.leased import attempt, keeping, moment

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.leased_rows import Claim

#: People watch it being worked out, so how far it is gets told more often than a lease needs.
TELL_EVERY = timedelta(seconds=1)

#: Then what is proved is told. Not by the clock: a busy machine proves as much, and later.
CPU_SECONDS = 50.0


@app.task(name="outreach.certify_batch")  # type: ignore[untyped-decorator]
def certify_batch(bound_id: int) -> None:
    """Work one part out, as the queue asks for it."""
    certify_one(engine(), bound_id, timedelta(seconds=read_settings().lease_seconds))


def certify_one(bind: Engine, bound_id: int, lease: timedelta) -> bool:
    """Work one part out; False when there was nothing to do or the answer came too late."""
    with unit_of_work(bind) as db:
        held = claim(db, bound_id, moment(), lease)
        asked_by = db.get_one(AskedBound, bound_id).request_id if held else ""
    if held is None:
        return False
    return attempt(
        bind,
        f"bound {bound_id} in attempt {held.attempts}",
        lambda: _answer(bind, held, lease),
        lambda db, error, now: fail(db, held, error, now),
        request_id=asked_by,
    )


def _answer(bind: Engine, held: Claim, lease: timedelta) -> bool:
    with reading(bind) as db:
        standing = read_standing(db, held)
    # Well before the lease runs out.
    every = min(TELL_EVERY, lease / 3)
    ends = process_time() + CPU_SECONDS
    with keeping(bind, every, lambda db, done, now: renew(db, held, done, now, lease)) as tell:
        told = certificate_of(standing, tell, lambda: process_time() > ends)
        return written(bind, lambda db: save(db, held, told, moment()))
