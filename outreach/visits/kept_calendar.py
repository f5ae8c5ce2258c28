"""What the calendar said of villages when a plan was asked for, as a batch keeps it.

Villages of which the same is said share an entry: a regency has a handful, not one a village.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

from outreach.planning.model import Hours
from outreach.villages.calendar import Availability

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def calendar_as_kept(
    told: Mapping[str, Availability], days: Collection[date]
) -> list[dict[str, Any]]:
    """Put what villages were told as JSON, for the days that are asked for and no others."""
    shared: dict[int, list[str]] = defaultdict(list)
    for code, one in told.items():
        shared[id(one)].append(code)
    entries = [{"villages": codes, **_as_kept(told[codes[0]], days)} for codes in shared.values()]
    return [entry for entry in entries if len(entry) > 1]


def _as_kept(one: Availability, days: Collection[date]) -> dict[str, Any]:
    closed = sorted(day.isoformat() for day in one.closed_days if day in days)
    costs = {day.isoformat(): cost for day, cost in sorted(one.day_costs.items()) if day in days}
    hours = {
        day.isoformat(): [open_then.opens_minute, open_then.closes_minute]
        for day, open_then in sorted(one.hours_on.items())
        if day in days
    }
    told = {"closed": closed, "costs": costs, "hours": hours}
    return {name: value for name, value in told.items() if value}


def calendar_of(question: Mapping[str, Any]) -> dict[str, Availability]:
    """Read what a question keeps of its villages' days; of older questions, their closed days."""
    if "calendar" not in question:
        closed = question.get("closed", {})
        return {code: Availability(_days(some)) for code, some in closed.items()}
    return {
        code: told
        for entry in question["calendar"]
        for told in (_read(entry),)
        for code in entry["villages"]
    }


def _read(entry: Mapping[str, Any]) -> Availability:
    return Availability(
        _days(entry.get("closed", ())),
        {date.fromisoformat(day): cost for day, cost in entry.get("costs", {}).items()},
        {date.fromisoformat(day): Hours(*open_) for day, open_ in entry.get("hours", {}).items()},
    )


def _days(told: Collection[str]) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, told))
