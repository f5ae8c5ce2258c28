"""What the parts of a stage's latest plan have kept in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.visits.tables import Batch, BatchState, PlanRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlmodel import Session


def latest_figures(db: Session, stage_id: int, name: str) -> list[Mapping[str, Any]]:
    """Read the figures of the latest run's parts that are done and have kept some of this name.

    It answers whoever asks: the caller has read the stage as the person may see it.
    """
    latest = select(func.max(col(PlanRun.id))).where(col(PlanRun.stage_id) == stage_id)
    query = select(col(Batch.figures)).where(
        col(Batch.run_id) == latest.scalar_subquery(), col(Batch.state) == BatchState.DONE
    )
    return [figures for figures in db.scalars(query) if name in figures]
