"""A small problem of real villages, to try the planner with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from outreach.campaigns.choosing import SIGNUPS_PER_HUNDRED
from outreach.errors import Invalid
from outreach.planning.problem_form import (
    FORMAT,
    VERSION,
    HoursIn,
    PeriodIn,
    PinIn,
    PlaceIn,
    ProblemFile,
    TeamIn,
    VillageIn,
)
from outreach.villages.areas import covers
from outreach.villages.registry import read_registry
from outreach.villages.tables import Village

if TYPE_CHECKING:
    from datetime import date

MOST_VILLAGES = 400
DAYS = 12
TEAMS = (1, 2)


def example_of(area: str, monday: date) -> ProblemFile:
    """Ask for the villages of an area in two weeks from a Monday.

    The first of them shows what a village can be told: closed days, hours, a day to avoid, and a
    visit that stands.

    Raises
    ------
    Invalid
        The area has no village or more than 400.
    """
    rows = [row for row in read_registry().tables[Village] if covers((area,), row["code"])]
    if not 0 < len(rows) <= MOST_VILLAGES:
        raise Invalid(area=area)
    period = PeriodIn(first=monday, last=monday + timedelta(days=DAYS))
    base = _place(rows[0], with_region=True)
    return ProblemFile(
        format=FORMAT,
        version=VERSION,
        villages=[
            VillageIn(code=row["code"], place=_place(row), value=_value(row), **_shown(n, monday))
            for n, row in enumerate(rows)
        ],
        teams=[TeamIn(id=number, base=base, period=period) for number in TEAMS],
    )


def _place(row: dict[str, Any], *, with_region: bool = False) -> PlaceIn:
    region = {"region_code": row["code"][:5]} if with_region else {}
    return PlaceIn(
        latitude=row["latitude"], longitude=row["longitude"], island=row["island"], **region
    )


def _value(row: dict[str, Any]) -> float:
    gap = max(0, row["informal_workers"] - row["informal_covered"])
    return float(round(gap * SIGNUPS_PER_HUNDRED / 100, 1))


def _shown(number: int, monday: date) -> dict[str, Any]:
    tuesday, wednesday = monday + timedelta(days=1), monday + timedelta(days=2)
    shown: dict[int, dict[str, Any]] = {
        1: {"closed_days": [monday, tuesday]},
        2: {"hours": HoursIn(opens="08:00", closes="12:00")},
        3: {"day_costs": {wednesday: 60}},
        4: {"pin": PinIn(team=1, day=wednesday, starts="10:00")},
        5: {"open_days": [wednesday]},
    }
    return shown.get(number, {})
