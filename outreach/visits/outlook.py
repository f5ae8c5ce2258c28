"""When a visit would start after a move, and who else would start at another time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING

from outreach.campaigns.tables import Stage
from outreach.visits.lifecycle import visit_of
from outreach.visits.move_warnings import left_behind, stops_after
from outreach.visits.moving import team_of_branch

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.moving import MoveIn


@dataclass(frozen=True, slots=True)
class Shift:
    """A visit of the two days that would start at another time."""

    village_code: str
    before: time
    after: time


@dataclass(frozen=True, slots=True)
class Outlook:
    """When the visit would start, and which others would start at another time."""

    starts_at: time
    shifts: tuple[Shift, ...]


def outlook_of_move(db: Session, visit_id: int, to: MoveIn, *, by: Person) -> Outlook:
    """Tell the times that would follow from a move, without writing anything.

    Raises
    ------
    NotFound
        If the visit or the team is missing or outside the person's area.
    Conflict
        If the last session of the day would not start before midnight.
    """
    visit = visit_of(db, by, visit_id)
    branch_id = db.get_one(Stage, visit.stage_id).branch_id
    stops = stops_after(db, visit, team_of_branch(db, to.team_id, branch_id), to)
    (mine,) = [stop for stop in stops if stop.visit is visit]
    shifts = [
        Shift(stop.visit.village_code, stop.visit.starts_at, stop.starts_at)
        for stop in stops + left_behind(db, visit, to)
        if stop.visit is not visit and stop.is_shifted
    ]
    return Outlook(mine.starts_at, tuple(shifts))
