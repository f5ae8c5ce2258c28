"""Villages of a stage that wait for a visit: never planned, left over, or their day given back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, or_, select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.visits.elsewhere import is_elsewhere
from outreach.visits.question import lacks_report, was_released
from outreach.visits.tables import ACTIVE, Visit, Work

if TYPE_CHECKING:
    from sqlmodel import Session

#: People ended these for good, or nobody can be reached: nothing proposes them by itself.
ENDED = (Work.CANCELLED, Work.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A village that waits; its visit, when one was given back and can have a new day."""

    village_code: str
    visit_id: int | None = None
    version: int | None = None
    work: Work | None = None


def waiting_villages(db: Session, stage_id: int, most: int) -> list[Waiting]:
    """List the villages of a stage that wait for a visit, the first ranks first.

    Where only a report is missing nobody waits until somebody has looked, and no village waits
    that another stage of the campaign has.
    """
    active = exists().where(
        col(Visit.stage_id) == stage_id,
        col(Visit.village_code) == col(StageVillage.village_code),
        or_(col(Visit.work).in_(ACTIVE), lacks_report()),
    )
    query = (
        select(col(StageVillage.village_code))
        .where(
            col(StageVillage.stage_id) == stage_id,
            ~active,
            ~is_elsewhere(stage_id, col(StageVillage.village_code)),
        )
        .order_by(col(StageVillage.rank), col(StageVillage.village_code))
    )
    ended = ended_villages(db, stage_id)
    found = (ended.get(code) or Waiting(code) for code in db.scalars(query))
    return [one for one in found if one.work not in ENDED][:most]


def ended_villages(db: Session, stage_id: int) -> dict[str, Waiting]:
    """Read the last visit of each village that has none now and once had one, by village."""
    last = (
        select(func.max(col(Visit.id)))
        .where(col(Visit.stage_id) == stage_id)
        .group_by(col(Visit.village_code))
    )
    query = select(Visit).where(
        col(Visit.id).in_(last), col(Visit.work).not_in(ACTIVE), ~was_released()
    )
    return {
        one.village_code: Waiting(one.village_code, one.id, one.version, one.work)
        for one in db.scalars(query)
    }
