"""What a manager reads on a village's page: its row of the board, its ledger, who pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from outreach.logbook.tariff import month_after, tariff_sources
from outreach.progress.denominators import denominators
from outreach.progress.dues import dues
from outreach.progress.ledger import STEPS, ledger_by
from outreach.progress.reconciling import reconcile
from outreach.progress.village_months import months_of_village
from outreach.villages.codes import Level
from outreach.web.auth import person
from outreach.web.board import asked_of, cost_of, targets_of
from outreach.web.board_memory import board_memory
from outreach.web.board_place import place_of_area
from outreach.web.coordinator_calendar import month_name
from outreach.web.coordinator_pages import now, today
from outreach.web.database import running
from outreach.web.due_series import DueSeries
from outreach.web.map_filters import Filters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlmodel import Session

    from outreach.progress.reconciling import Reconciled
    from outreach.progress.scope import Scope

#: Months of signing up that are compared at most, and months ahead of which the dues are told.
MOST_MONTHS = 60
MONTHS_AHEAD = 12
#: Rows of the chart by month and channel, the newest; its table has all of them.
MOST_ROWS = 12
#: The step behind which the others tell who still pays.
_PAYING = "first_paid"


def village_figures(db: Session, code: str) -> dict[str, Any]:
    """Gather the figures of a village for those who read the board."""
    day = today()
    scope = Filters(code).scope(person())
    return {
        "day": day,
        "whole": ledger_by(db, scope, None, until=day).get(""),
        "to_paying": [name for name, before in STEPS.items() if before != _PAYING],
        "still_paying": [name for name, before in STEPS.items() if before == _PAYING],
        "part_of": STEPS,
        "months": months_of_village(db, code, until=day),
        "most_rows": MOST_ROWS,
        **_on_board(db, code, day),
        **_agreement(db, scope, day),
        **_due(db, scope, day),
    }


def _on_board(db: Session, code: str, today: date) -> dict[str, Any]:
    """Take the village's row from the board of its district, which shares the target out."""
    district = place_of_area(db, person(), code[: Level.DISTRICT])
    targets = targets_of(db, district, today)
    found = board_memory().board(db, asked_of(district), targets, today=today, now=now())
    row = next(one for one in found.rows if one.key == code)
    return {
        "district": district,
        "row": row,
        "cost_rupiah": cost_of(row.figures),
        "denominators": denominators(row.figures, found.sources),
        "target_sources": sorted({one.source for one in targets.targets.values()}),
    }


def _agreement(db: Session, scope: Scope, today: date) -> dict[str, Any]:
    """Tell the months claimed beside confirmed, as a chart, and those that do not agree."""
    found = reconcile(db, scope, until=today, most=MOST_MONTHS)
    told = {one.month: one for one in found.rows}
    return {
        "differing": found.differing,
        "chart_of_months": _chart(told) if len(told) > 1 else None,
    }


def _chart(told: dict[date, Reconciled]) -> dict[str, Any]:
    """Draw every month from the first to the last, also those of which nothing is told."""
    span = [min(told)]
    while span[-1] < max(told):
        span.append(month_after(span[-1]))
    rows = [told.get(month) for month in span]

    def values(name: str) -> Sequence[int | None]:
        return [getattr(row, name) if row else None for row in rows]

    return {
        "labels": [month_name(month) for month in span],
        "series": [
            {"name": _("Forms claimed"), "values": values("claimed_forms")},
            {"name": _("Forms confirmed"), "values": values("confirmed_forms")},
            {"name": _("First payments confirmed"), "values": values("confirmed_paid")},
        ],
    }


def _due(db: Session, scope: Scope, today: date) -> dict[str, Any]:
    funds = running().settings.village_funds_discount
    found = dues(db, scope, None, today, MONTHS_AHEAD + 1, village_funds_discounted=funds)
    return {
        "due": DueSeries(found, 0),
        "due_last": found.months[-1],
        "tariff_sources": tariff_sources(),
    }
