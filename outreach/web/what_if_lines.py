"""The lines of a what-if's charts: visits and sign-ups added up week by week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from outreach.web.i18n import plain_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def lines_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Add the visits of the three ways up week by week; empty where there are none.

    `labels` name the weeks by their Mondays; `lines` are the three ways, `signups` today and then.
    """
    names = ("as_it_stands", "anew", "supposed")
    mondays = sorted({monday for name in names for monday in answer[name]["by_week"]})
    if not mondays:
        return {"labels": [], "lines": [], "signups": []}
    first, last = date.fromisoformat(mondays[0]), date.fromisoformat(mondays[-1])
    weeks = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
    lines = []
    for name in names:
        total, values = 0, []
        for week in weeks:
            total += answer[name]["by_week"].get(week.isoformat(), 0)
            values.append(total)
        lines.append(values)
    labels = [plain_date(week) for week in weeks]
    return {"labels": labels, "lines": lines, "signups": _signups_lines(answer, weeks)}


def _signups_lines(answer: Mapping[str, Any], weeks: Sequence[date]) -> list[tuple[int, ...]]:
    """Carry the sign-ups expected from week to week: as today, as supposed; none in old answers."""
    if "signups_by_week" not in answer:
        return []
    reached, by_week = [0.0, 0.0], []
    for week in weeks:
        reached = answer["signups_by_week"].get(week.isoformat(), reached)
        by_week.append([round(signups) for signups in reached])
    return list(zip(*by_week, strict=True))
