"""Where the counts of the desk lead, and what settles many lines of a list at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _

from outreach.campaigns.stages import list_stages
from outreach.visits.tables import Cause, Work
from outreach.web.closed_ways import replans_of_closed
from outreach.web.desk_lists import Which

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from outreach.visits.rows import VisitRow
    from outreach.web.desk_around import Around


def address_of(which: Which) -> str:
    """Where a count leads: to the list, or to the page on which its things are done."""
    if which is Which.MESSAGES:
        return url_for("coordinator.messages")
    if which is Which.REVIEW:
        return url_for("coordinator.reviews")
    if which is Which.DISPUTES:
        return url_for("coordinator.disputes")
    return url_for("coordinator.desk_list", which=which.value)


def ways_of(which: Which, around: Around) -> list[tuple[str, str]]:
    """Name what settles many lines of a list at once, and where that is done."""
    match which:
        case Which.AWAY:
            return _replans(around.colliding)
        case Which.CLOSED:
            return replans_of_closed(around.closed)
        case Which.CALLS | Which.UNCONFIRMED:
            calls = (one.visit for one in around.calls)
            return _links(calls if which is Which.CALLS else around.unconfirmed)
        case Which.PAPERS:
            return _papers(around)
        case Which.RETURNED | Which.UNPLACED:
            lacking = {stage.stage_id: stage.stage for stage, _row in around.unplaced}
            return [
                (
                    url_for("coordinator.replan", stage_id=stage_id, cause=Cause.GAPS.value),
                    str(_("Fill the gaps of %(stage)s", stage=stage)),
                )
                for stage_id, stage in sorted(lacking.items())
            ]
    together = (url_for("coordinator.reviews"), str(_("Review them together")))
    return [together] if which is Which.REVIEW else []


def _links(visits: Iterable[VisitRow]) -> list[tuple[str, str]]:
    """Lead to the links of the villages that were asked, for each stage."""
    stages = {one.stage_id: one.stage for one in visits if one.work is Work.AWAITING}
    return [
        (
            url_for("coordinator.ask_villages", stage_id=stage_id),
            str(_("Links and texts of %(stage)s", stage=stage)),
        )
        for stage_id, stage in sorted(stages.items())
    ]


def _papers(around: Around) -> list[tuple[str, str]]:
    """Lead to where all papers of a stage are made anew, or set aside, at once."""
    left = {row.stage_id for row in around.papers_left}
    return [
        (
            f"{url_for('coordinator.papers', stage_id=stage.id)}#left",
            str(_("Settle the papers of %(stage)s", stage=stage.name)),
        )
        for stage in list_stages(around.db, around.person)
        if stage.id in left
    ]


def _replans(visits: list[VisitRow]) -> list[tuple[str, str]]:
    """Plan the days anew on which a team is away, for each team and stage."""
    days: dict[tuple[int, int, str], list[date]] = {}
    for visit in visits:
        days.setdefault((visit.stage_id, visit.team_id, visit.team), []).append(visit.day)
    return [
        (
            url_for(
                "coordinator.replan",
                stage_id=stage_id,
                cause=Cause.TEAM_AWAY.value,
                team_id=team_id,
                first=min(several).isoformat(),
                last=max(several).isoformat(),
            ),
            str(_("Plan the days of %(team)s anew", team=team)),
        )
        for (stage_id, team_id, team), several in sorted(days.items())
    ]
