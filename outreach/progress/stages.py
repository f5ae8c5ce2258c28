"""How far each stage is: chosen, placed, confirmed, reached, signed up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.logbook.tables import SessionReport
from outreach.people.access import narrow
from outreach.visits.tables import ACTIVE, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class StageProgress:
    """A stage in five counts, as far as the person may see it.

    `villages` were chosen, `placed` of them have a visit that stands, `confirmed` of these wait
    for their day; `reached` counts villages whose current report met people, as the map does.
    """

    villages: int = 0
    placed: int = 0
    confirmed: int = 0
    reached: int = 0
    signups: int = 0


def stage_progress(
    db: Session, person: Person, stage_ids: Iterable[int]
) -> dict[int, StageProgress]:
    """Count for every stage asked for; one without villages has zeros."""
    ids = sorted(set(stage_ids))
    chosen = _by_stage(db, _chosen(person, ids))
    placed = _by_stage(db, _visits(person, ids))
    brought = _by_stage(db, _reports(person, ids))
    return {
        number: StageProgress(
            *chosen.get(number, (0,)), *placed.get(number, (0, 0)), *brought.get(number, (0, 0))
        )
        for number in ids
    }


def _by_stage(db: Session, query: Any) -> dict[int, tuple[int, ...]]:
    return {number: tuple(int(n or 0) for n in counts) for number, *counts in db.execute(query)}


def _chosen(person: Person, ids: list[int]) -> Any:
    stage = col(StageVillage.stage_id)
    query: Any = select(stage, func.count()).where(stage.in_(ids)).group_by(stage)
    return narrow(query, StageVillage.village_code, person)


def _visits(person: Person, ids: list[int]) -> Any:
    stage = col(Visit.stage_id)
    confirmed = func.count().filter(col(Visit.work) == Work.CONFIRMED)
    query: Any = select(stage, func.count(), confirmed).group_by(stage)
    return narrow(
        query.where(stage.in_(ids), col(Visit.work).in_(ACTIVE)), Visit.village_code, person
    )


def _reports(person: Person, ids: list[int]) -> Any:
    stage = col(Visit.stage_id)
    people = col(SessionReport.men) + col(SessionReport.women)
    reached = func.count(col(Visit.village_code).distinct()).filter(people > 0)
    query: Any = (
        select(stage, reached, func.sum(SessionReport.signups))
        .join(SessionReport, col(SessionReport.visit_id) == col(Visit.id))
        .where(stage.in_(ids), col(SessionReport.corrected_by).is_(None))
        .group_by(stage)
    )
    return narrow(query, Visit.village_code, person)
