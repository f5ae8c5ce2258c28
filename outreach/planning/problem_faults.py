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
    ProblemFile,
    TeamIn,
    TravelIn,
    VillageIn,
    days_of,
    minute_of,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator
    from datetime import date

# A period longer than this is a slip of the pen, and slow to look holidays up for.
LONGEST_PERIOD_DAYS = 3 * 366


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (`villages[3].value`), what, and the facts about it."""

    path: str
    problem: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """The parts of a problem that are right in themselves, by their place in the list."""

    villages: Mapping[int, VillageIn]
    teams: Mapping[int, TeamIn]
    travel: TravelIn | None
    has_travel: bool
    knows_all_teams: bool


def faults_of(told: object) -> list[Fault]:
    """List every fault of a problem that was read as JSON: of single fields, then across them."""
    found = list(_single_faults(ProblemFile, told))
    if isinstance(told, dict):
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
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")


def _known(told: Mapping[str, Any]) -> _Known:
    villages, teams = told.get("villages"), told.get("teams")
    known_teams = _good(TeamIn, teams)
    return _Known(
        _good(VillageIn, villages),
        known_teams,
        _good(TravelIn, [told.get("travel")]).get(0),
        has_travel=told.get("travel") is not None,
        knows_all_teams=isinstance(teams, list) and len(known_teams) == len(teams),
    )


def _good[Part: BaseModel](model: type[Part], told: object) -> dict[int, Part]:
    good = {}
    for number, one in enumerate(told if isinstance(told, list) else ()):
        try:
            good[number] = model.model_validate_json(json.dumps(one))
        except ValidationError:
            continue
    return good


def _codes(villages: object) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(villages if isinstance(villages, list) else ()):
        if isinstance(one, dict) and isinstance(code := one.get("code"), str):
            yield f"villages[{number}].code", code


def _across(known: _Known) -> Iterator[Fault]:
    yield from _matrix(known.travel)
    for number, village in known.villages.items():
        at = f"villages[{number}]"
        yield from _where(at, ("place", village.place is not None), ("row", village.row), known)
        yield from _village(at, village)
    works: dict[tuple[int, date], TeamIn] = {}
    for number, team in known.teams.items():
        yield from _team(f"teams[{number}]", team, known, works)
    if len(works) > MOST_TEAM_DAYS:
        yield Fault("teams", "too_many_team_days", {"most": MOST_TEAM_DAYS, "found": len(works)})
    if known.knows_all_teams:  # else a team may seem unknown that could only not be read
        yield from _pins(known, works)


def _matrix(travel: TravelIn | None) -> Iterator[Fault]:
    if travel is None:
        return
    rows = len(travel.seconds)
    for number, row in enumerate(travel.seconds):
        at = f"travel.seconds[{number}]"
        if len(row) != rows:
            yield Fault(at, "not_square", {"found": len(row), "rows": rows})
        elif row[number] != 0:
            yield Fault(f"{at}[{number}]", "not_zero", {"found": row[number]})


def _doubles(told: Iterable[tuple[str, Hashable]]) -> Iterator[Fault]:
    first: dict[Hashable, str] = {}
    for path, value in told:
        if value in first:
            yield Fault(path, "double", {"value": value, "first": first[value]})
        first.setdefault(value, path)


def _where(
    at: str, place: tuple[str, bool], row: tuple[str, int | None], known: _Known
) -> Iterator[Fault]:
    """Places belong to estimated travel, rows to a table of travel."""
    if place[1] and known.has_travel:
        yield Fault(f"{at}.{place[0]}", "place_beside_table", {"instead": row[0]})
    if row[1] is None:
        return
    if not known.has_travel:
        yield Fault(f"{at}.{row[0]}", "row_without_table", {"instead": place[0]})
    elif known.travel is not None and row[1] >= len(known.travel.seconds):
        yield Fault(f"{at}.{row[0]}", "no_such_row", {"last": len(known.travel.seconds) - 1})


def _village(at: str, village: VillageIn) -> Iterator[Fault]:
    hours = {"hours": village.hours}
    hours |= {f"hours_on.{day}": one for day, one in village.hours_on.items()}
    for name, one in hours.items():
        if minute_of(one.opens) >= minute_of(one.closes):
            yield Fault(f"{at}.{name}", "ends_before_it_starts", {})
    for name, days in (
        ("open_days", village.open_days or []),
        ("closed_days", village.closed_days),
    ):
        yield from _doubles((f"{at}.{name}[{number}]", day) for number, day in enumerate(days))
    for number, day in enumerate(village.open_days or ()):
        if day in village.closed_days:
            yield Fault(f"{at}.open_days[{number}]", "open_and_closed", {"day": day})


def _team(
    at: str, team: TeamIn, known: _Known, works: dict[tuple[int, date], TeamIn]
) -> Iterator[Fault]:
    yield from _where(at, ("base", team.base is not None), ("base_row", team.base_row), known)
    if team.base is None and team.base_row is None:
        needed = "base_row" if known.has_travel else "base"
        yield Fault(f"{at}.{needed}", "missing")
    if not known.has_travel and team.base is not None and team.base.region_code is None:
        yield Fault(f"{at}.base.region_code", "missing")
    if minute_of(team.starts) >= minute_of(team.ends):
        yield Fault(f"{at}.ends", "ends_before_it_starts")
    if team.period is not None and (wrong := _wrong_period(at, team)) is not None:
        yield wrong
        return
    days = days_of(team)
    if not days:
        yield Fault(f"{at}.days", "no_working_day")
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
    teams = {team.id for team in known.teams.values()}
    for number, village in known.villages.items():
        if (pin := village.pin) is None:
            continue
        at = f"villages[{number}].pin"
        shut = pin.day in village.closed_days
        if village.place is None and village.row is None:
            yield Fault(at, "pin_without_place")
        if pin.team not in teams:
            yield Fault(f"{at}.team", "unknown_team", {"team": pin.team})
        elif (pin.team, pin.day) not in works:
            yield Fault(f"{at}.day", "team_does_not_work", {"team": pin.team, "day": pin.day})
        if shut or (village.open_days is not None and pin.day not in village.open_days):
            yield Fault(f"{at}.day", "village_is_closed", {"day": pin.day})
        yield from _pin_hours(at, village)
    yield from _doubles(
        (f"villages[{number}].pin", (one.pin.team, one.pin.day.isoformat(), one.pin.starts))
        for number, one in known.villages.items()
        if one.pin is not None
    )


def _pin_hours(at: str, village: VillageIn) -> Iterator[Fault]:
    pin = village.pin
    if pin is None:
        return
    hours = village.hours_on.get(pin.day, village.hours)
    starts = minute_of(pin.starts)
    ends = starts + village.service_minutes
    if starts < minute_of(hours.opens) or ends > minute_of(hours.closes):
        facts = {"opens": hours.opens, "closes": hours.closes}
        yield Fault(f"{at}.starts", "outside_hours", facts)
