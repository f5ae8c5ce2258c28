"""Copies a stage forward: as many working days, what the old one did not reach first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.days import LONGEST_STAGE_DAYS
from outreach.campaigns.picks import copy_picks
from outreach.campaigns.stages import StageIn, create_stage, require_planner, stage_of
from outreach.campaigns.tables import Campaign, Stage, StageVillage
from outreach.errors import Conflict
from outreach.planning.workdays import days_between
from outreach.visits.preview import as_if
from outreach.visits.question import DayLeftOut, days_closed_to_all, past_of

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

LONGEST_NAME = 120
#: Four digits are a year, and a year is not raised.
_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?!\d)")


@dataclass(frozen=True, slots=True)
class Forward:
    """A stage as it would follow another.

    Attributes
    ----------
    given
        What the form of the new stage starts with.
    working_days, had
        Working days of the new stage and of the old one; fewer where the campaign ends before,
        or where a stage would last too long.
    left
        Villages that the old stage chose and did not reach: they come first.
    days_left_out
        Days between its first and its last on which nobody works, and why.
    """

    given: StageIn
    working_days: int
    had: int
    left: int
    days_left_out: tuple[DayLeftOut, ...]

    @property
    def is_cut(self) -> bool:
        """Whether fewer days are left than the old stage had."""
        return self.working_days < self.had


def propose(db: Session, stage_id: int, by: Person, today: date) -> Forward:
    """Put together the stage that would follow one, without writing anything.

    It starts on the first working day after the old one and after today.

    Raises
    ------
    NotFound, NotAllowed
        As `stage_of` and `require_planner` do.
    Conflict
        If no working day is left before the campaign ends.
    """
    stage = stage_of(db, by, stage_id)
    require_planner(db, stage.branch_id, by)
    campaign = db.get_one(Campaign, stage.campaign_id)
    had = len(_open_days(db, stage, stage.starts, stage.ends))
    first = max(stage.ends, today) + timedelta(days=1)
    longest = timedelta(days=LONGEST_STAGE_DAYS - 1)
    days = _open_days(db, stage, first, min(first + 2 * longest, campaign.ends))
    if not days:
        raise Conflict(problem="campaign_ends_before", day=campaign.ends)
    days = [day for day in days if day <= days[0] + longest][: max(1, had)]
    last = days[-1]
    return Forward(
        given=_as_form(stage, _next_name(db, stage), days[0], last),
        working_days=len(days),
        had=had,
        left=_left(db, stage),
        days_left_out=tuple(days_closed_to_all(db, stage, days[0], last)),
    )


def copy_forward(db: Session, stage_id: int, given: StageIn, *, by: Person) -> Stage:
    """Draft the stage that follows another, with what was decided by hand for that one.

    Raises
    ------
    NotFound, Invalid, Conflict
        As `create_stage` does.
    """
    stage = stage_of(db, by, stage_id)
    made = create_stage(
        db,
        stage.campaign_id,
        given,
        by=by,
        branch_id=stage.branch_id,
        follows=stage,
        is_listed=stage.is_listed,
    )
    copy_picks(db, stage, made)
    return made


def _open_days(db: Session, stage: Stage, first: date, last: date) -> list[date]:
    closed = {one.day for one in days_closed_to_all(db, stage, first, last)}
    return [day for day in days_between(first, last) if day not in closed]


def _as_form(stage: Stage, name: str, starts: date, ends: date) -> StageIn:
    return StageIn(
        name=name,
        starts=starts,
        ends=ends,
        area_codes=list(stage.area_codes),
        kinds=list(stage.kinds),
        ordering=stage.ordering,
        quota=stage.quota,
    )


def _next_name(db: Session, stage: Stage) -> str:
    """Raise the last number in the name beyond those of all stages that are called alike."""
    numbers = list(_NUMBER.finditer(stage.name))
    if not numbers:
        return f"{stage.name[: LONGEST_NAME - 5]} {_free(db, stage, f'{stage.name} ', 1)}"
    found = numbers[-1]
    before, after = stage.name[: found.start()], stage.name[found.end() :]
    return f"{before}{_free(db, stage, before, int(found[0]))}{after}"[:LONGEST_NAME]


def _free(db: Session, stage: Stage, before: str, number: int) -> int:
    names = select(col(Stage.name)).where(
        col(Stage.campaign_id) == stage.campaign_id, col(Stage.branch_id) == stage.branch_id
    )
    like = re.compile(re.escape(before) + r"(\d{1,3})(?!\d)", re.IGNORECASE)
    taken = [int(found[1]) for name in db.scalars(names) if (found := like.match(name))]
    return max([number, *taken]) + 1


def _left(db: Session, stage: Stage) -> int:
    """Count what a stage chose and neither it nor another of the campaign reaches."""
    chosen = col(StageVillage.stage_id) == stage.id
    reached = past_of(db, as_if(stage, id=None)).taken
    codes = db.scalars(select(col(StageVillage.village_code)).where(chosen))
    return len(set(codes) - reached)
