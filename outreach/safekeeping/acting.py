"""Who acted in a region: their names stand on the pages of everybody who reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, union
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.logbook.tables import DisputedReport, Evidence, SessionReport, TakenItem
from outreach.people.access import within
from outreach.people.tables import BranchRegency
from outreach.progress.tables import WhatIf
from outreach.villages.codes import Level
from outreach.visits.tables import PlanRun, PlanSubmission, Visit, VisitEvent

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

#: Who did it, in which village, and when.
_IN_VILLAGES = (
    (VisitEvent.account_id, VisitEvent.village_code, VisitEvent.at),
    (SessionReport.reported_by, SessionReport.village_code, SessionReport.received_at),
    (DisputedReport.account_id, DisputedReport.village_code, DisputedReport.received_at),
    (DisputedReport.ruled_by, DisputedReport.village_code, DisputedReport.ruled_at),
    (Evidence.account_id, Evidence.village_code, Evidence.received_at),
)
#: Who did it, and when, for a stage.
_FOR_STAGES = (
    (PlanRun.requested_by, PlanRun.stage_id, PlanRun.requested_at),
    (PlanSubmission.submitted_by, PlanSubmission.stage_id, PlanSubmission.submitted_at),
    (PlanSubmission.decided_by, PlanSubmission.stage_id, PlanSubmission.decided_at),
    (WhatIf.asked_by, WhatIf.stage_id, WhatIf.asked_at),
)


def acted_in(areas: Collection[str], until: datetime, *, plans: bool) -> Any:
    """Ask for the accounts that did something in regions until a moment, as their pages tell it.

    With `plans` also those that planned for these regions, handed a plan in or decided on one.
    """
    found = [
        select(col(who)).where(within(where, areas), col(at) <= until)
        for who, where, at in _IN_VILLAGES
    ]
    found.append(_answered_late(areas, until))
    if plans:
        found += [
            select(col(who)).join(Stage, col(Stage.id) == col(stage)).where(
                col(at) <= until, col(Stage.branch_id).in_(_branches_of(areas))
            )
            for who, stage, at in _FOR_STAGES
        ]  # fmt: skip
    return union(*found)


def visited_by(until: datetime) -> Any:
    """Ask for the villages of which a visit was told by a moment."""
    return select(col(VisitEvent.village_code)).where(col(VisitEvent.at) <= until)


def _answered_late(areas: Collection[str], until: datetime) -> Any:
    theirs = and_(within(Visit.village_code, areas), col(TakenItem.received_at) <= until)
    query = select(col(TakenItem.account_id))
    return query.join(Visit, col(Visit.id) == col(TakenItem.visit_id)).where(theirs)


def _branches_of(areas: Collection[str]) -> Any:
    """Ask for the branches that serve something of these regions."""
    around = {code[: Level.REGENCY] for code in areas if len(code) > Level.REGENCY}
    regency = col(BranchRegency.regency_code)
    return select(col(BranchRegency.branch_id)).where(
        or_(within(regency, areas), regency.in_(around))
    )
