"""Answers one what-if: take it, think with no transaction held, write the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.config import read_settings
from outreach.db import reading, unit_of_work, written
from outreach.progress.supposing import answer_of, read_supposition
from outreach.progress.tables import WhatIf
from outreach.progress.what_if import claim, fail, renew, save
from outreach.visits.leased_rows import MOST_ATTEMPTS
from outreach.visits.measured_ways import as_json, ask_ways, places_of, service_at
from tasks.app import app, engine
from tasks.leased import attempt, keeping, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.planning.model import TravelTable
    from outreach.progress.supposing import Supposition
    from outreach.visits.leased_rows import Claim
    from outreach.visits.measured_ways import ToldWays

#: People watch the answer being made, so how far it is gets told more often than a lease needs.
TELL_EVERY = timedelta(seconds=1)


@app.task(name="outreach.answer_what_if")  # type: ignore[untyped-decorator]
def answer_what_if(what_if_id: int) -> None:
    """Answer one question, as the queue asks for it."""
    answer_one(engine(), what_if_id, timedelta(seconds=read_settings().lease_seconds))


def answer_one(bind: Engine, what_if_id: int, lease: timedelta) -> bool:
    """Answer one question; False when there was nothing to do or the answer came too late."""
    with unit_of_work(bind) as db:
        held = claim(db, what_if_id, moment(), lease)
        asked_by = db.get_one(WhatIf, what_if_id).request_id if held else ""
    if held is None:
        return False
    return attempt(
        bind,
        f"what-if {what_if_id} in attempt {held.attempts}",
        lambda: _answer(bind, held, lease),
        lambda db, error, now: fail(db, held, error, now),
        request_id=asked_by,
    )


def _answer(bind: Engine, held: Claim, lease: timedelta) -> bool:
    with reading(bind) as db:
        asked = read_supposition(db, held, moment())
    # Well before the lease runs out.
    every = min(TELL_EVERY, lease / 3)
    with keeping(bind, every, lambda db, done, now: renew(db, held, done, now, lease)) as tell:
        travel, ways = _measured(asked, tell, is_last=held.attempts >= MOST_ATTEMPTS)
        answer = answer_of(asked, tell, travel=travel)
        if ways is not None:
            answer["travel"] = as_json(ways)
        return written(bind, lambda db: save(db, held, answer, moment()))


def _measured(
    asked: Supposition, tell: Callable[[float], None], *, is_last: bool
) -> tuple[TravelTable | None, ToldWays | None]:
    """Measure the ways as for a plan, so that the two can be compared."""
    service = service_at(read_settings().routing_url)
    if service is None:
        return None, None
    places = places_of(asked.sites, asked.supposed_days)
    return ask_ways(places, service, moment(), lambda: tell(0.0), is_last=is_last)
