"""Every branch against its target: done, expected by today, where it will stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.people.tables import Branch, BranchRegency
from outreach.progress.effort import Period, effort_of, team_days_of
from outreach.progress.outlook import Course, Line, course, span_of
from outreach.progress.scope import Scope, current_reports
from outreach.progress.weeks import monday_of, regroup, weekly
from outreach.villages.codes import Level
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from sqlmodel import Session

    from outreach.progress.targets import TargetShare
    from outreach.progress.weeks import WeeklyCounts


#: So few branches are looked at as closely as one.
FEW = 40


@dataclass(frozen=True, slots=True)
class BranchOutlook:
    """A branch's target and the course of its sign-ups towards it."""

    branch_id: int
    name: str
    regional_office: str
    share: TargetShare
    signups: Course


def branch_outlooks(
    db: Session,
    scope: Scope,
    branch_ids: Collection[int],
    targets: Mapping[int, TargetShare],
    today: date,
) -> list[BranchOutlook]:
    """Tell the outlook of every branch asked for that has a target, the most missing first."""
    wanted = {number: targets[number] for number in branch_ids if number in targets}
    if not wanted:
        return []
    begin, _ = span_of(db, scope)
    starts = min(share.starts for share in wanted.values())
    first = monday_of(min(begin or starts, starts, today))
    served = _served(db, wanted)
    found = weekly(db, scope, level=Level.REGENCY, first=first, last=today)
    weeks = regroup(found, served, [str(number) for number in wanted])
    days = team_days_of(db, scope, first, today)
    done = _done(db, scope, served, {(one.starts, one.ends) for one in wanted.values()}, today)
    rows = [
        BranchOutlook(
            branch.id,
            branch.name,
            branch.regional_office,
            share := wanted[branch.id],
            course(
                _line(weeks, branch.id, days.get(branch.id, {}), _period(share, today)),
                _period(share, today),
                done=done[share.starts, share.ends].get(str(branch.id), 0),
                target=share.signups,
                is_brief=len(wanted) > FEW,
            ),
        )
        for branch in _branches(db, wanted)
    ]
    return sorted(rows, key=lambda row: (-(row.signups.missing or 0), row.name))


def _period(share: TargetShare, today: date) -> Period:
    return Period(share.starts, share.ends, today)


def _line(weeks: WeeklyCounts, branch_id: int, days: Mapping[date, int], period: Period) -> Line:
    at = weeks.keys.index(str(branch_id))
    by_branch = {branch_id: days} if days else {}
    effort, ahead = effort_of(by_branch, weeks.weeks[0], period)
    return Line(weeks.weeks[0], weeks.signups[at], weeks.sessions[at], effort, ahead)


def _branches(db: Session, numbers: Collection[int]) -> Any:
    query = select(col(Branch.id), col(Branch.name), col(Branch.regional_office))
    return db.execute(query.where(col(Branch.id).in_(list(numbers)))).all()


def _served(db: Session, numbers: Collection[int]) -> dict[str, str]:
    query = select(col(BranchRegency.regency_code), col(BranchRegency.branch_id))
    rows = db.execute(query.where(col(BranchRegency.branch_id).in_(list(numbers))))
    return {code: str(number) for code, number in rows}


def _done(
    db: Session,
    scope: Scope,
    served: Mapping[str, str],
    periods: Collection[tuple[date, date]],
    today: date,
) -> dict[tuple[date, date], dict[str, int]]:
    """Count the sign-ups of the days of each period, by branch."""
    told: dict[tuple[date, date], dict[str, int]] = {}
    regency = func.substr(col(Visit.village_code), 1, int(Level.REGENCY)).label("regency")
    for starts, ends in sorted(periods):
        query: Any = select(regency, func.sum(col(SessionReport.signups))).select_from(Visit)
        query = (
            current_reports(query, scope)
            .where(col(SessionReport.held_on).between(starts, min(ends, today)))
            .group_by("regency")
        )
        sums = told.setdefault((starts, ends), {})
        for code, signups in db.execute(query):
            if code in served:
                sums[served[code]] = sums.get(served[code], 0) + int(signups)
    return told
