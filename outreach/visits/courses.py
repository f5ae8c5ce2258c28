"""Moves the status of many reported visits at once, each by the same table as one alone.

First each visit's course is followed in memory, step by step; then all are written together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, update

from outreach.visits.lifecycle import status_after, take_place_again
from outreach.visits.links import withdraw_links
from outreach.visits.tables import ACTIVE, Happening, Result, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.visits.lifecycle import Author


_VISITS: Any = Visit.__table__  # type: ignore[attr-defined]
_EVENTS: Any = VisitEvent.__table__  # type: ignore[attr-defined]
_MOVE = (
    update(_VISITS)
    .where(_VISITS.c.id == bindparam("moved"))
    .values(
        work=bindparam("to_work"), result=bindparam("to_result"), version=bindparam("to_version")
    )
)


@dataclass(slots=True)
class Course:
    """What becomes of one locked visit within a unit of work, before it is written.

    `work` and `result` are as they will be; each step is a line of its history.
    """

    visit: Visit
    work: Work
    result: Result | None
    steps: list[dict[str, Any]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Tell its status as the history does."""
        return {"work": self.work.value, "result": self.result and self.result.value}


def course_of(visit: Visit) -> Course:
    """Begin where the visit stands."""
    return Course(visit, visit.work, visit.result)


def report(db: Session, course: Course, result: Result, author: Author, *, again: bool) -> None:
    """Follow a visit to where its report, or `again` the correction of it, leads.

    Asks for no version: a report from a phone that was offline tells what happened, whatever
    was edited meanwhile.

    Raises
    ------
    NotAllowed, Conflict
        As `lifecycle.settle` has them; the course then stands as it was.
    """
    happening = Happening.CORRECTED if again else Happening.REPORTED
    after = status_after(course.work, happening, author)
    if after in ACTIVE and course.work not in ACTIVE:
        take_place_again(db, course.visit, after)
    before = course.told()
    course.work, course.result = after, result
    course.steps.append(_step(course, happening, before, author))


def write_courses(db: Session, courses: Sequence[Course], now: datetime) -> None:
    """Write the courses that moved: the visits, their history and what becomes of their links."""
    moved = [course for course in courses if course.steps]
    if not moved:
        return
    started = [c.visit.id or 0 for c in moved if c.steps[0]["before"]["work"] != c.work.value]
    # The tables, not the classes: nothing is to be kept in step, and it takes half as long.
    db.execute(_MOVE, [_columns(course) for course in moved])
    db.execute(insert(_EVENTS), [step for course in moved for step in course.steps])
    for course in moved:
        db.expire(course.visit)
    withdraw_links(db, started, now)


def _columns(course: Course) -> dict[str, Any]:
    return {
        "moved": course.visit.id,
        "to_work": course.work,
        "to_result": course.result,
        "to_version": course.visit.version + len(course.steps),
    }


def _step(
    course: Course, happening: Happening, before: dict[str, Any], author: Author
) -> dict[str, Any]:
    return {
        "visit_id": course.visit.id,
        "village_code": course.visit.village_code,
        "happening": happening,
        "at": author.now,
        "account_id": None if author.by is None else author.by.account_id,
        "before": before,
        "after": course.told(),
        "reason": author.reason.strip(),
        "channel": author.channel,
    }
