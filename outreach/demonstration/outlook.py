"""A branch's target, set by the manager, and one question of theirs with its answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.progress.set_targets import TargetIn, set_target
from outreach.progress.supposing import answer_of, read_supposition
from outreach.progress.what_if import WhatIfIn, ask, claim, save

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.demonstration.cast import Cast

_LEASE = timedelta(minutes=10)
#: Rougher than the product plans: nobody waits for the demonstration longer than they must.
_ROUNDS = 100


def aim(db: Session, cast: Cast, *, now: datetime, today: date) -> None:
    """Set the branch a target that it may or may not make."""
    given = TargetIn(
        branch_id=cast.branch_id,
        starts=today - timedelta(100),
        ends=today + timedelta(40),
        signups=9_000,
        source="Rapat kerja kantor cabang",
    )
    set_target(db, given, by=cast.manager, now=now)


def suppose_more_teams(db: Session, stage_id: int, cast: Cast, *, now: datetime) -> None:
    """Ask what two more teams would bring, and answer it."""
    asked = ask(db, stage_id, WhatIfIn(extra_teams=2), by=cast.manager, now=now)
    held = claim(db, asked.id or 0, now, _LEASE)
    assert held is not None  # noqa: S101 - nobody else works on it yet
    supposition = read_supposition(db, held, now)
    answer = answer_of(supposition, lambda _done: None, rounds=_ROUNDS)
    save(db, held, answer, now)
