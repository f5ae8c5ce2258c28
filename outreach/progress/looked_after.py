"""Villages that need no follow-up: somebody goes there anyway, or has been there since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import Pick, Stage, StagePick, Status
from outreach.logbook.tables import SessionReport
from outreach.progress.scope import Scope, villages_in
from outreach.visits.tables import TO_COME, Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlmodel import Session


@dataclass
class LookedAfter:
    """Visits to come and sessions held in a scope; each is read once, when it is asked for."""

    db: Session
    scope: Scope
    today: date

    @cached_property
    def planned(self) -> Mapping[str, date]:
        """Day of the next visit, or first day of the stage that lists the village, by village."""
        return _planned(self.db, self.scope, self.today)

    @cached_property
    def met(self) -> Mapping[str, date]:
        """Day of the last session that met somebody, by village."""
        return _met(self.db, self.scope)

    def holds(self, code: str, settled_from: date | None, until: date | None) -> bool:
        """Whether a session was held from a day on, or a visit is to come, until a day if any."""
        if settled_from is not None:
            last = self.met.get(code)
            if last is not None and last >= settled_from:
                return True
        day = self.planned.get(code)
        return day is not None and (until is None or day <= until)


def _planned(db: Session, scope: Scope, today: date) -> dict[str, date]:
    """Villages with a visit to come and its day, and those put first in a listed stage still on."""
    code = col(Visit.village_code)
    coming = (
        select(code, func.min(Visit.day))
        .where(villages_in(scope, code), col(Visit.work).in_(TO_COME), col(Visit.day) >= today)
        .group_by(code)
    )
    listed = (
        select(col(StagePick.village_code), func.min(Stage.starts))
        .join(Stage, col(Stage.id) == col(StagePick.stage_id))
        .where(
            villages_in(scope, StagePick.village_code),
            col(StagePick.pick) == Pick.FIRST,
            col(Stage.is_listed).is_(True),
            col(Stage.status) != Status.CLOSED,
            col(Stage.ends) >= today,
        )
        .group_by(col(StagePick.village_code))
    )
    waits: dict[str, date] = dict(db.execute(listed).all())
    return waits | dict(db.execute(coming).all())


def _met(db: Session, scope: Scope) -> dict[str, date]:
    """Read the last session that met somebody, of whatever campaign, by village."""
    code = col(SessionReport.village_code)
    query = (
        select(code, func.max(SessionReport.held_on))
        .where(
            villages_in(scope, code),
            col(SessionReport.corrected_by).is_(None),
            col(SessionReport.men) + col(SessionReport.women) > 0,
        )
        .group_by(code)
    )
    return dict(db.execute(query).all())
