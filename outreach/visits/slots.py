"""Puts a visit between others of a day: everybody's slot is numbered anew, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.errors import Conflict
from outreach.visits.tables import Visit, Work
from outreach.visits.teamday import visits_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlmodel import Session

MOST_SLOTS = 3


def put_at(db: Session, visit: Visit, team_id: int, day: date, position: int, work: Work) -> None:
    """Give the visit a position of a day and a status, and the others of the day the slots left.

    The caller holds the team and opens a nested transaction, for the tables may refuse.

    Raises
    ------
    Conflict
        If the day has no slot left (`day_full`).
    """
    others = [one for one in visits_on(db, team_id, day) if one is not visit]
    if len(others) >= MOST_SLOTS:
        codes = [one.village_code for one in others]
        raise Conflict(problem="day_full", day=day, villages=codes)
    # Out of its own slot first, so that the others can pass.
    visit.work = Work.POSTPONED
    db.add(visit)
    db.flush()
    position = min(position, len(others) + 1)
    _number_anew(db, others, position)
    visit.team_id, visit.day, visit.slot, visit.work = team_id, day, position, work
    db.flush()  # to hear now whether the tables take it


def _number_anew(db: Session, others: Sequence[Visit], left_free: int) -> None:
    """Give the others, in their order, the slots around the one that is left free.

    One after the other and each into a slot that is free by then: the tables never see two
    visits in one slot.
    """
    slots = [slot for slot in range(1, len(others) + 2) if slot != left_free]
    wanted = list(zip(others, slots, strict=True))
    later = [(visit, slot) for visit, slot in wanted if slot > visit.slot]
    earlier = [(visit, slot) for visit, slot in wanted if slot < visit.slot]
    for visit, slot in [*reversed(later), *earlier]:
        visit.slot = slot
        db.flush()
