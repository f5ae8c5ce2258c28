"""Sign-ups expected of visits to come: one way for what-ifs and for plans that are handed in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.campaigns.tables import Stage
from outreach.logbook.tables import SessionReport
from outreach.planning.forecast import FEWEST_SESSIONS
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Expectation:
    """What sessions of a campaign brought in a branch for each sign-up their villages promised.

    `sessions` tells from how many that is known; 1 and 0 where there are too few: then the
    priority value of a village, five of a hundred uncovered informal workers, stands alone.
    """

    rate: float = 1.0
    sessions: int = 0

    def signups(self, value: float) -> float:
        """Tell the sign-ups expected of villages by the sum of their priority values."""
        return self.rate * value


def expectation_of(db: Session, stage: Stage) -> Expectation:
    """Read what the sessions of a stage's campaign have brought in its branch so far."""
    query: Any = (
        select(
            col(Visit.village_code),
            func.count(),
            func.sum(col(SessionReport.signups)),
        )
        .join(SessionReport, col(SessionReport.visit_id) == col(Visit.id))
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .where(
            col(Stage.campaign_id) == stage.campaign_id,
            col(Stage.branch_id) == stage.branch_id,
            col(SessionReport.corrected_by).is_(None),
            col(Visit.work) != Work.CANCELLED,
        )
        .group_by(col(Visit.village_code))
    )
    rows = db.execute(query).all()
    sessions = sum(count for _, count, _ in rows)
    codes = [code for code, _, _ in rows]
    expected = sum(site.value for part in batched(codes, 5000) for site in sites_of(db, part))
    if sessions < FEWEST_SESSIONS or not expected:
        return Expectation()
    return Expectation(sum(int(signups) for _, _, signups in rows) / expected, sessions)
