"""The measured ways that plans were made by, for whoever times the days of a plan again.

Nobody is asked for a way here: what a batch has kept holds, and where none has, estimates do.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, or_, select
from sqlmodel import col

from outreach.planning.model import TravelTable
from outreach.planning.travel import travel_matrix_minutes
from outreach.visits.measured_ways import table_of
from outreach.visits.tables import Batch, PlanRun

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlmodel import Session

    from outreach.visits.tables import Visit


def ways_of_visits(db: Session, visits: Iterable[Visit]) -> TravelTable | None:
    """Read the ways by which these visits were planned, or would be planned today."""
    known = list(visits)
    stages = {visit.stage_id for visit in known}
    batches = {visit.batch_id for visit in known if visit.batch_id is not None}
    return ways_of(db, stages, batches)


def ways_of(
    db: Session, stage_ids: Collection[int], batch_ids: Collection[int] = ()
) -> TravelTable | None:
    """Read what the latest runs of the stages, and these batches, kept of measured ways.

    Of two figures for a way the later batch's holds. None without any: estimates hold then, which
    count with the boats and the flights noted for a village all the same.
    """
    if not stage_ids and not batch_ids:
        return None
    latest = (
        select(func.max(col(PlanRun.id)))
        .where(col(PlanRun.stage_id).in_(stage_ids))
        .group_by(col(PlanRun.stage_id))
    )
    query = (
        select(col(Batch.question))
        .where(
            or_(col(Batch.run_id).in_(latest), col(Batch.id).in_(batch_ids)),
            func.coalesce(Batch.figures["travel"]["source"].as_string(), "") != "",
        )
        .order_by(col(Batch.id))
    )
    tables = [table for question in db.scalars(query) if (table := table_of(question)) is not None]
    return reduce(_joined, tables) if tables else None


def _joined(earlier: TravelTable, later: TravelTable) -> TravelTable:
    """Put two tables into one: ways between places of which neither has both are estimated."""
    places = tuple(dict.fromkeys([*earlier.places, *later.places]))
    minutes = travel_matrix_minutes(places)
    for table in (earlier, later):
        rows = [row for row, place in enumerate(places) if place in table.number_of]
        numbers = [table.number_of[places[row]] for row in rows]
        minutes[np.ix_(rows, rows)] = table.minutes[np.ix_(numbers, numbers)]
    return TravelTable(places, minutes, later.source)
