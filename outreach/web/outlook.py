"""The outlook: the national path, whether the year will be made, and every branch's part of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from babel.dates import format_date
from flask import Blueprint, render_template
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.access import branch_regencies, visible_branches
from outreach.campaigns.campaigns import campaign_of, list_campaigns
from outreach.campaigns.stages import list_stages
from outreach.campaigns.tables import Status
from outreach.people.access import NATION, covers
from outreach.people.tables import Branch, BranchRegency, Role
from outreach.planning.forecast import CAMPAIGNS_TESTED, SHARE_HELD
from outreach.progress.branch_outlook import branch_outlooks
from outreach.progress.effort import Period
from outreach.progress.outlook import outlook
from outreach.progress.path import pace_between, read_path, way_on
from outreach.progress.targets import (
    TargetShare,
    branch_targets,
    looked_ahead,
    regency_targets,
)
from outreach.villages.reading import estimate_sources, names_of
from outreach.villages.tables import Figure, VillageKind
from outreach.web.auth import person
from outreach.web.board_memory import board_memory
from outreach.web.coordinator_pages import READERS, now, today
from outreach.web.database import reading_db
from outreach.web.i18n import language, plain_date
from outreach.web.map_filters import name_of_place, read_filters_of_part
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.branch_outlook import BranchOutlook
    from outreach.progress.outlook import Course, Outlook
    from outreach.progress.path import NationalPath, Way
    from outreach.progress.scope import Scope
    from outreach.progress.targets import RegencyShare
    from outreach.web.map_filters import Filters

pages = Blueprint("outlook", __name__)

#: So many stages are offered for a what-if.
MOST_STAGES = 12
#: So many regencies without a branch are named, those with the largest gap.
MOST_UNSERVED = 20


@pages.get("/outlook")
@allow(*READERS)
def show() -> ResponseReturnValue:
    """Show where the nation, a branch or a campaign will stand if the pace holds."""
    with reading_db() as db:
        filters = read_filters_of_part(db, person())
        scope = filters.scope(person())
        period, share = _aim(db, filters, scope)
        told = _outlook(db, scope, period, share.signups if share else None)
        shown = {
            **_around(db, filters),
            **_branches(db, filters, scope),
            **_stages(db, filters, scope),
        }
    return render_template(
        "manager/outlook.html",
        told=told,
        period=period,
        share=share,
        signups=_chart(told.signups),
        villages=_chart(told.villages),
        tested=(CAMPAIGNS_TESTED, SHARE_HELD),
        is_nation=scope.prefixes == (NATION,),
        **_national(today()),
        **shown,
    )


def _outlook(db: Session, scope: Scope, period: Period, target: int | None) -> Outlook:
    """Look ahead, unless nothing has changed since that was done last."""
    key = ("outlook", period, target)
    kept: Outlook = board_memory().other(
        db, scope, key, lambda: outlook(db, scope, period, target=target), now=now()
    )
    return kept


def _aim(db: Session, filters: Filters, scope: Scope) -> tuple[Period, TargetShare | None]:
    """Tell the days that are looked at, and what they are to bring; nothing by kind of village."""
    day = today()
    if filters.campaign_id is not None:
        return _campaigns_aim(db, filters, scope, filters.campaign_id)
    period, share = looked_ahead(db, scope.prefixes, day)
    return period, None if filters.kind else share


def _campaigns_aim(
    db: Session, filters: Filters, scope: Scope, campaign_id: int
) -> tuple[Period, TargetShare | None]:
    """Take the campaign's own target where the whole of it is looked at."""
    campaign = campaign_of(db, person(), campaign_id)
    period = Period(campaign.starts, campaign.ends, today())
    of_branch = branch_regencies(db, campaign.branch_id) if campaign.branch_id else ("",)
    is_whole = all(covers(scope.prefixes, code) for code in of_branch)
    if not campaign.target_signups or filters.kind or not is_whole:
        return period, None
    share = TargetShare(
        campaign.target_signups, campaign.starts, campaign.ends, campaign.name, is_set_by_hand=True
    )
    return period, share


def _around(db: Session, filters: Filters) -> dict[str, Any]:
    names = names_of(db, [filters.area]) if filters.area else {}
    return {
        "filters": filters,
        "here": name_of_place(filters, person(), names),
        "campaigns": list_campaigns(db, person()),
        "kinds": list(VillageKind),
        "sources": estimate_sources(db),
        "covered": Figure.COVERED,
        "may_set": person().role is Role.MANAGER,
        "is_part": filters.is_cut(person()),
        "tab_query": filters.here(),
    }


def _branches(db: Session, filters: Filters, scope: Scope) -> dict[str, Any]:
    """Set the branches of the area beside each other, and tell what no branch serves."""
    is_branch = filters.part is not None and filters.part.branch_id is not None
    if filters.campaign_id is not None or is_branch or filters.kind:
        return {"branches": (), "parts": (), "unserved": None}
    day = today()
    every = regency_targets(db, day)
    shares = [one for one in every if covers(scope.prefixes, one.code)]
    seen = set(visible_branches(db, person())) & {one.branch_id for one in shares}
    # Sign-ups are counted within the area alone: a branch that reaches beyond it would fall short.
    inside = {one.code for one in shares}
    parts = seen & {one.branch_id for one in every if one.code not in inside}
    targets = branch_targets(db, day, every)
    gaps: dict[int, int] = {}
    for one in shares:
        if one.branch_id is not None:
            gaps[one.branch_id] = gaps.get(one.branch_id, 0) + one.gap
    return {
        "branches": _branch_outlooks(db, scope, seen - parts, targets),
        "parts": _names(db, parts),
        "gaps": gaps,
        "unserved": _unserved([one for one in shares if one.branch_id is None]),
    }


def branches_beside(
    db: Session, filters: Filters
) -> tuple[Sequence[BranchOutlook], Mapping[int, int]]:
    """Set the branches of what is looked at beside each other, with their gaps, for a file."""
    told = _branches(db, filters, filters.scope(person()))
    return told["branches"], told.get("gaps", {})


def _branch_outlooks(
    db: Session, scope: Scope, branch_ids: set[int], targets: Mapping[int, TargetShare]
) -> list[BranchOutlook]:
    """Look ahead for each branch, unless nothing has changed since that was done last."""
    day = today()
    key = ("branch outlooks", frozenset(branch_ids), frozenset(targets.items()), day)
    kept: list[BranchOutlook] = board_memory().other(
        db, scope, key, lambda: branch_outlooks(db, scope, branch_ids, targets, day), now=now()
    )
    return kept


def _names(db: Session, branch_ids: set[int]) -> list[tuple[int, str]]:
    query = select(col(Branch.id), col(Branch.name)).where(col(Branch.id).in_(branch_ids))
    return [(number, name) for number, name in db.execute(query.order_by(col(Branch.name)))]


def _unserved(shares: Sequence[RegencyShare]) -> dict[str, Any] | None:
    if not shares:
        return None
    return {
        "regencies": len(shares),
        "largest": sorted(shares, key=lambda one: (-one.gap, one.code))[:MOST_UNSERVED],
        "gap": sum(one.gap for one in shares),
        "signups": sum(one.signups for one in shares),
    }


def _stages(db: Session, filters: Filters, scope: Scope) -> dict[str, Any]:
    """List the stages still going on, for which a what-if can be asked, each with its branch.

    A what-if sums a whole branch up, so the branch has to lie in the person's area as a whole.
    """
    branches = _whole_branches(db, scope)
    going_on = [
        (stage, branches[stage.branch_id])
        for stage in list_stages(db, person(), filters.campaign_id)
        if stage.branch_id in branches and stage.status is Status.OPENED and stage.ends > today()
    ]
    return {"stages": going_on[:MOST_STAGES], "more_stages": len(going_on[MOST_STAGES:])}


def _whole_branches(db: Session, scope: Scope) -> dict[int, str]:
    """Name the branches of what is looked at that the person sees as a whole."""
    served: dict[int, list[str]] = {}
    query = select(col(BranchRegency.branch_id), col(BranchRegency.regency_code))
    for branch_id, code in db.execute(query):
        served.setdefault(branch_id, []).append(code)
    looked_at = scope.prefixes
    whole = {
        branch_id
        for branch_id, codes in served.items()
        if all(covers(person().areas, code) for code in codes)
        and any(
            covers(looked_at, code) or any(one.startswith(code) for one in looked_at)
            for code in codes
        )
    }
    return dict(_names(db, whole))


def _chart(course: Course) -> dict[str, Any]:
    """Put a course the way the macro of the charts asks for it."""
    has_band = any(value is not None for value in course.high)
    start = _start(course)
    return {
        "labels": [plain_date(day) for day in course.days[start:]],
        "done": course.done_by[start:],
        "band": {"low": course.low[start:], "high": course.high[start:]} if has_band else None,
    }


def _start(course: Course) -> int:
    """Find the week before the first that brought something: a long level line tells nothing."""
    some = next((n for n, value in enumerate(course.done_by) if value), len(course.done_by))
    return 0 if some == len(course.done_by) else max(0, some - 1)


def _national(day: date) -> dict[str, Any]:
    """Tell the national path month by month: what was published, and the way that is left."""
    path = read_path()
    way = way_on(path, day)
    months = _months(path)
    known = {one.as_of: one.total for one in path.points}
    return {
        "path": path,
        "way": way,
        "path_pace": pace_between(tuple(one for one in path.points if one.as_of <= day)),
        "path_chart": {
            "labels": [format_date(month, "MMM y", locale=language()) for month in months],
            "published": _dots(months, _told(path, is_derived=False)),
            "derived": _dots(months, _told(path, is_derived=True)),
            "joined": _joined(_dots(months, known)),
            "goals": _dots(months, {one.by: one.total for one in path.goals}),
            "way": [_on_way(way, month) for month in months],
        },
    }


def _told(path: NationalPath, *, is_derived: bool) -> dict[date, int]:
    return {one.as_of: one.total for one in path.points if one.is_derived is is_derived}


def _months(path: NationalPath) -> list[date]:
    """First days of all months from the first point to the last goal."""
    last = max([one.by for one in path.goals] + [one.as_of for one in path.points])
    month = min(one.as_of for one in path.points).replace(day=1)
    months = []
    while month <= last:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _dots(months: Sequence[date], totals: dict[date, int]) -> list[int | None]:
    by_month = {day.replace(day=1): total for day, total in totals.items()}
    return [by_month.get(month) for month in months]


def _joined(dots: Sequence[int | None]) -> list[float | None]:
    """Join dots by straight lines, for the eye alone: nobody has published what lies between."""
    at = [place for place, dot in enumerate(dots) if dot is not None]
    known = [float(dot) for dot in dots if dot is not None]
    lines = np.interp(range(len(dots)), at, known).tolist()
    return [value if at[0] <= place <= at[-1] else None for place, value in enumerate(lines)]


def _on_way(way: Way | None, month: date) -> float | None:
    """Participants at the end of a month on the straight way to the goal."""
    last = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    if way is None or last < way.start.as_of or last > way.goal.by:
        return None
    return way.expected(last)
