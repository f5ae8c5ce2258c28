"""Decides on many reported visits at once: each as it was seen, or it is left out and named."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlmodel import col

from outreach.errors import Invalid
from outreach.people.access import narrow
from outreach.visits.lifecycle import MOVES, check_reason
from outreach.visits.tables import Happening, Visit, VisitEvent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

MOST_AT_ONCE = 500
# SQLite takes 32,766 values in one statement.
_PER_STATEMENT = 5000


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What became of the visits that were picked, by number.

    `changed` were edited or decided on by somebody else since they were shown; `lost` are not
    there any more, or lie outside the person's area.
    """

    done: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()


def approve_many(
    db: Session, seen: Mapping[int, int], *, by: Person, now: datetime, reason: str = ""
) -> Reviewed:
    """Accept the reports of visits; `seen` holds the version each was shown with, by visit.

    Raises
    ------
    Invalid
        If there are more than `MOST_AT_ONCE`, or the remark holds what may not be kept.
    """
    return _review(db, Happening.APPROVED, seen, by, now, reason)


def send_back_many(
    db: Session, seen: Mapping[int, int], *, by: Person, now: datetime, reason: str
) -> Reviewed:
    """Ask for the reports of visits to be corrected, all for one reason.

    Raises
    ------
    Invalid
        As `approve_many` does, and if the reason is missing.
    """
    return _review(db, Happening.SENT_BACK, seen, by, now, reason)


def review_reasons(db: Session, visit_ids: Collection[int]) -> dict[int, str]:
    """Read why visits were sent back the last time, by visit; the caller knows who may ask."""
    found: dict[int, str] = {}
    for part in batched(sorted(visit_ids), _PER_STATEMENT):
        query = (
            select(col(VisitEvent.visit_id), col(VisitEvent.reason))
            .where(
                col(VisitEvent.visit_id).in_(part),
                col(VisitEvent.happening) == Happening.SENT_BACK,
            )
            .order_by(col(VisitEvent.id))
        )
        found.update((one.visit_id, one.reason) for one in db.execute(query))
    return found


def _review(
    db: Session,
    happening: Happening,
    seen: Mapping[int, int],
    by: Person,
    now: datetime,
    reason: str,
) -> Reviewed:
    check_reason(happening, reason)
    visits = take_reported(db, seen, by)
    fit = [one for one in visits if one.version == seen[one.id] and _may(one, happening, by)]
    _turn(db, fit, happening, by, now, reason)
    done, found = {one.id for one in fit}, {one.id for one in visits}
    return Reviewed(
        tuple(sorted(done)), tuple(sorted(found - done)), tuple(sorted(seen.keys() - found))
    )


def take_reported(db: Session, ids: Collection[int], by: Person) -> list[Any]:
    """Read the visits within the person's area; whoever else decides on one of them waits.

    In the order of their numbers, so that two who review the same list never wait for each other.

    Raises
    ------
    Invalid
        If there are more than `MOST_AT_ONCE`.
    """
    if len(ids) > MOST_AT_ONCE:
        raise Invalid(problems={"visits": ["too_many"]}, most=MOST_AT_ONCE)
    query: Any = select(
        col(Visit.id),
        col(Visit.village_code),
        col(Visit.work),
        col(Visit.result),
        col(Visit.version),
    ).where(col(Visit.id).in_(ids))
    query = narrow(query, Visit.village_code, by).order_by(col(Visit.id))
    return list(db.execute(query.with_for_update(key_share=True)))


def _may(visit: Any, happening: Happening, by: Person) -> bool:
    _after, roles = MOVES.get((visit.work, happening), (None, frozenset()))
    return by.role in roles


def _turn(
    db: Session, visits: list[Any], happening: Happening, by: Person, now: datetime, reason: str
) -> None:
    """Do what `lifecycle.settle` does to one: no link lives where the report has come."""
    if not visits:
        return
    works = {one.work: MOVES[one.work, happening][0] for one in visits}
    for before, after in works.items():
        ids = [one.id for one in visits if one.work is before]
        statement = update(Visit).where(col(Visit.id).in_(ids))
        db.execute(
            statement.values(work=after, version=col(Visit.version) + 1),
            execution_options={"synchronize_session": "fetch"},
        )
    db.execute(insert(VisitEvent), [_event(v, works, happening, by, now, reason) for v in visits])


def _event(
    visit: Any,
    works: Mapping[Any, Any],
    happening: Happening,
    by: Person,
    now: datetime,
    reason: str,
) -> dict[str, object]:
    result = visit.result and visit.result.value
    return {
        "visit_id": visit.id,
        "village_code": visit.village_code,
        "happening": happening,
        "at": now,
        "account_id": by.account_id,
        "before": {"work": visit.work.value, "result": result},
        "after": {"work": works[visit.work].value, "result": result},
        "reason": reason.strip(),
    }
