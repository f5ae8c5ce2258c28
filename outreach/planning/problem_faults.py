"""Everything that is wrong with a written problem, each with its path, all in one go.

The words are chosen by whoever shows them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from outreach.planning.problem_form import (
    MOST_DAYS,
    MOST_TEAM_DAYS,
    PinIn,
    ProblemFile,
    TeamIn,
    VillageIn,
    days_of,
    minute_of,
)
from outreach.planning.problem_parts import Part, parts_of, places_of_repeated

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator
    from datetime import date

# A period longer than this is a slip of the pen, and slow to look holidays up for.
LONGEST_PERIOD_DAYS = 3 * 366
# Of a name that stands in the file; ours are shorter.
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (`villages[3].value`), what, and the facts about it."""

    path: str
    problem: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """The parts of a problem without what is wrong in them, by their place in the list.

    `rows` of the table of travel, None where it cannot be read; `unsure` are teams of which not all
    working days can be read, None where not even all numbers of teams can.
    """

    villages: Mapping[int, Part[VillageIn]]
    teams: Mapping[int, Part[TeamIn]]
    has_travel: bool
    rows: int | None
    unsure: frozenset[int] | None


def faults_of(told: object) -> list[Fault]:
    """List every fault of a problem that was read as JSON: of single fields, then across them."""
    found = [Fault(path_of(place), "name_twice") for place in places_of_repeated(told)]
    found += _single_faults(ProblemFile, told)
    if isinstance(told, dict):
        found += _matrix(_rows(told))
        found += _doubles(_codes(told.get("villages")))
        found += _across(_known(told))
    return found


def _single_faults(model: type[BaseModel], told: object) -> Iterator[Fault]:
    try:
        model.model_validate_json(json.dumps(told))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            facts = {name: value for name, value in one.get("ctx", {}).items() if name != "error"}
            yield Fault(path_of(one["loc"]), one["type"], facts)


def path_of(place: Iterable[int | str]) -> str:
    """Write where a field stands as people read it: ``villages[3].hours_on.2027-01-15``."""
    path = ""
    for step in place:
        if step == "[key]":
            continue
        path += f"[{step}]" if isinstance(step, int) else f".{step[:LONGEST_NAME]}"
    return path.removeprefix(".")


def _known(told: Mapping[str, Any]) -> _Known:
    teams = told.get("teams")
    known = parts_of(TeamIn, teams)
    all_known = isinstance(teams, list) and len(known) == len(teams)
    all_known = all_known and all(team.is_right("id") for team in known.values())
    dated = "days", "period", "leave"
    rows = _rows(told)
    return _Known(
        parts_of(VillageIn, told.get("villages")),
        known,
        has_travel=told.get("travel") is not None,
        rows=None if rows is None else len(rows),
        unsure=frozenset(team.told.id for team in known.values() if not team.is_right(*dated))
        if all_known
        else None,
    )


def _rows(told: Mapping[str, Any]) -> list[object] | None:
    """Rows of the table of travel as they were told."""
    travel = told.get("travel")
    rows = travel.get("seconds") if isinstance(travel, dict) else None
    return rows if isinstance(rows, list) else None


def _codes(villages: object) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(villages if isinstance(villages, list) else ()):
        if isinstance(one, dict) and isinstance(code := one.get("code"), str):
            yield f"villages[{number}].code", code


def _across(known: _Known) -> Iterator[Fault]:
    for number, village in known.villages.items():
        at = f"villages[{number}]"
        yield from _where(at, ("place", "row"), village, known)
        yield from _village(at, village)
    works: dict[tuple[int, date], TeamIn] = {}
    for number, team in known.teams.items():
        yield from _team(f"teams[{number}]", team, known, works)
    if len(works) > MOST_TEAM_DAYS:
        yield Fault("teams", "too_many_team_days", {"most": MOST_TEAM_DAYS, "found": len(works)})
    yield from _pins(known, works)


def _matrix(rows: list[object] | None) -> Iterator[Fault]:
    for number, row in enumerate(rows or ()):
        at = f"travel.seconds[{number}]"
        if not isinstance(row, list):
            continue
        if len(row) != len(rows or ()):
            yield Fault(at, "not_square", {"found": len(row), "rows": len(rows or ())})
        elif isinstance(row[number], int | float) and row[number] > 0:
            yield Fault(f"{at}[{number}]", "not_zero", {"found": row[number]})


def _doubles(told: Iterable[tuple[str, Hashable]]) -> Iterator[Fault]:
    first: dict[Hashable, str] = {}
    for path, value in told:
        if value in first:
            yield Fault(path, "double", {"value": value, "first": first[value]})
        first.setdefault(value, path)


def _where(
    at: str, names: tuple[str, str], part: Part[VillageIn] | Part[TeamIn], known: _Known
) -> Iterator[Fault]:
    """Places belong to estimated travel, rows to a table of travel."""
    place, row = names
    number = getattr(part.told, row)
    if known.has_travel and (getattr(part.told, place) is not None or not part.is_right(place)):
        yield Fault(f"{at}.{place}", "place_beside_table", {"instead": row})
    if number is None:
        return
    if not known.has_travel:
        yield Fault(f"{at}.{row}", "row_without_table", {"instead": place})
    elif known.rows is not None and number >= known.rows:
        yield Fault(f"{at}.{row}", "no_such_row", {"last": known.rows - 1})


def _village(at: str, part: Part[VillageIn]) -> Iterator[Fault]:
    village = part.told
    hours = {"hours": village.hours}
    hours |= {f"hours_on.{day}": one for day, one in village.hours_on.items()}
    for name, one in hours.items():
        if minute_of(one.opens) >= minute_of(one.closes):
            yield Fault(f"{at}.{name}", "ends_before_it_starts", {})
    for name, days in (
        ("open_days", village.open_days or []),
        ("closed_days", village.closed_days),
    ):
        entries = part.entries(name, days)
        yield from _doubles((f"{at}.{name}[{number}]", day) for number, day in entries)
    for number, day in part.entries("open_days", village.open_days or ()):
        if day in village.closed_days:
            yield Fault(f"{at}.open_days[{number}]", "open_and_closed", {"day": day})


def _team(
    at: str, part: Part[TeamIn], known: _Known, works: dict[tuple[int, date], TeamIn]
) -> Iterator[Fault]:
    team = part.told
    yield from _where(at, ("base", "base_row"), part, known)
    if team.base is None and team.base_row is None and part.is_right("base", "base_row"):
        needed = "base_row" if known.has_travel else "base"
        yield Fault(f"{at}.{needed}", "missing")
    if not known.has_travel and team.base is not None and team.base.region_code is None:
        yield Fault(f"{at}.base.region_code", "missing")
    if part.is_right("starts", "ends") and minute_of(team.starts) >= minute_of(team.ends):
        yield Fault(f"{at}.ends", "ends_before_it_starts")
    if team.period is not None and (wrong := _wrong_period(at, team)) is not None:
        yield wrong
        return
    yield from _days(at, part, works)


def _days(at: str, part: Part[TeamIn], works: dict[tuple[int, date], TeamIn]) -> Iterator[Fault]:
    team, days = part.told, days_of(part.told)
    if not days and part.is_right("days", "period"):
        yield Fault(f"{at}.days", "no_working_day")
    if not part.is_right("id", "leave"):
        return  # with more leave, or another number, the days may be right
    if len(days) > MOST_DAYS:
        yield Fault(f"{at}.period", "too_many_days", {"most": MOST_DAYS, "found": len(days)})
    for day in days:
        if (team.id, day) in works:
            yield Fault(f"{at}.days", "team_twice_on_a_day", {"team": team.id, "day": day})
        works[team.id, day] = team


def _wrong_period(at: str, team: TeamIn) -> Fault | None:
    period = team.period
    if period is None:
        return None
    days = (period.last - period.first).days + 1
    if days < 1:
        return Fault(f"{at}.period.last", "ends_before_it_starts")
    if days > LONGEST_PERIOD_DAYS:
        facts = {"most": LONGEST_PERIOD_DAYS, "found": days}
        return Fault(f"{at}.period", "too_many_days", facts)
    return None


def _pins(known: _Known, works: Mapping[tuple[int, date], TeamIn]) -> Iterator[Fault]:
    """Find visits that stand and cannot: the team is away or the village is closed."""
    for number, part in known.villages.items():
        village, at = part.told, f"villages[{number}].pin"
        if (pin := village.pin) is None:
            continue
        if village.place is None and village.row is None and part.is_right("place", "row"):
            yield Fault(at, "pin_without_place")
        yield from _pin_team(at, pin, known, works)
        opens = village.open_days if part.is_right("open_days") else None
        if pin.day in village.closed_days or (opens is not None and pin.day not in opens):
            yield Fault(f"{at}.day", "village_is_closed", {"day": pin.day})
        if part.is_right("hours", "hours_on", "service_minutes"):
            yield from _pin_hours(at, village, pin)
    yield from _doubles(
        (f"villages[{number}].pin", (pin.team, pin.day.isoformat(), pin.starts))
        for number, one in known.villages.items()
        if (pin := one.told.pin) is not None
    )


def _pin_team(
    at: str, pin: PinIn, known: _Known, works: Mapping[tuple[int, date], TeamIn]
) -> Iterator[Fault]:
    if known.unsure is None:  # a team may seem unknown that could only not be read
        return
    if pin.team not in {team.told.id for team in known.teams.values()}:
        yield Fault(f"{at}.team", "unknown_team", {"team": pin.team})
    elif (pin.team, pin.day) not in works and pin.team not in known.unsure:
        yield Fault(f"{at}.day", "team_does_not_work", {"team": pin.team, "day": pin.day})


def _pin_hours(at: str, village: VillageIn, pin: PinIn) -> Iterator[Fault]:
    hours = village.hours_on.get(pin.day, village.hours)
    starts = minute_of(pin.starts)
    ends = starts + village.service_minutes
    if starts < minute_of(hours.opens) or ends > minute_of(hours.closes):
        facts = {"opens": hours.opens, "closes": hours.closes}
        yield Fault(f"{at}.starts", "outside_hours", facts)
