"""From visits on closed days to the re-plan that moves them, all of one closure at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _

from outreach.villages.codes import Level, cut
from outreach.villages.tables import Closure
from outreach.visits.tables import Cause
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from outreach.villages.calendar import Mark
    from outreach.visits.rows import VisitRow


def replans_of_closed(
    hit: Iterable[tuple[VisitRow, Sequence[Mark]]],
) -> list[tuple[str, str]]:
    """Lead to a re-plan for each stage, region and cause; a market's day is moved by hand."""
    days: dict[tuple[str, int, str, Closure], list[date]] = {}
    for visit, marks in hit:
        for mark in marks:
            if (closure := _closure(mark)) is not None:
                key = (visit.stage, visit.stage_id, _region(visit, mark), closure)
                days.setdefault(key, []).append(visit.day)
    return [
        (
            url_for(
                "coordinator.replan",
                stage_id=stage_id,
                cause=Cause.AREA_CLOSED.value,
                region_code=region,
                closure=closure.value,
                first=min(several).isoformat(),
                last=max(several).isoformat(),
            ),
            str(
                _(
                    "Re-plan %(stage)s: %(closure)s, %(region)s",
                    stage=stage,
                    closure=word(closure),
                    region=region,
                )
            ),
        )
        for (stage, stage_id, region, closure), several in sorted(days.items())
    ]


def _closure(mark: Mark) -> Closure | None:
    """Name the cause of a re-plan; a market's day comes again, its visits are moved by hand."""
    if mark.rhythm is not None:
        return None
    return mark.closure or Closure.FEAST


def _region(visit: VisitRow, mark: Mark) -> str:
    """Take the closed region, but no more than a regency: a branch re-plans nothing beyond it."""
    regency = cut(visit.village_code, Level.REGENCY)
    return max(mark.region_code, regency, key=len)
