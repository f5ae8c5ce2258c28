"""The rules of a plan as they are said to people, checked on the two files alone.

Written anew from the words, with nothing of the planner but its price list of ways: the tests hold
it beside `outreach.planning.check`, and both must agree.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import holidays

from outreach.planning.model import Access, Point
from outreach.planning.travel import travel_minutes

if TYPE_CHECKING:
    from collections.abc import Iterator

PRAYERS = (11 * 60 + 30, 13 * 60 + 30)

type File = dict[str, Any]


def broken(problem: File, plan: File) -> list[str]:
    """Say in words every rule that a written plan of a written problem breaks."""
    villages = {one["code"]: one for one in problem["villages"]}
    work = workings(problem)
    ways = Ways(problem)
    found = list(_answers(villages, plan))
    trips: dict[tuple[int, str], list[File]] = defaultdict(list)
    for visit in plan["visits"]:
        trips[visit["team"], visit["day"]].append(visit)
    hubs = {
        (stay["team"], day): stay["hub"] for stay in plan["stays"] for day in stay["session_days"]
    }
    for key, visits in sorted(trips.items()):
        if key not in work:
            found.append(f"team {key[0]} does not work on {key[1]}")
            continue
        found += _day(work[key], hubs.get(key), key, visits, villages, ways)
    found += _stays(plan, work, trips, villages, ways)
    found += _pins(villages, plan)
    return found + list(_sums(problem, plan, trips))


def minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def workings(problem: File) -> dict[tuple[int, str], File]:
    """Tell which team works on which day, with its hours."""
    feasts = holidays.country_holidays("ID", categories=("public", "government"))
    work = {}
    for team in problem["teams"]:
        days = list(team.get("days", []))
        if period := team.get("period"):
            day, last = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
            while day <= last:
                weekdays = period.get("weekdays", [1, 2, 3, 4, 5, 6])
                if day.isoweekday() in weekdays and day not in feasts:
                    days.append(day.isoformat())
                day += timedelta(days=1)
        for one in set(days) - set(team.get("leave", [])):
            work[team["id"], one] = team
    return work


class Ways:
    """Minutes between places, from the table or estimated."""

    def __init__(self, problem: File) -> None:
        self.table = problem.get("travel")
        if self.table:
            seconds = self.table["seconds"]
            rows = range(len(seconds))
            even = [[math.ceil(max(seconds[a][b], seconds[b][a]) / 60) for b in rows] for a in rows]
            for over in rows:
                even = [
                    [min(even[a][b], even[a][over] + even[over][b]) for b in rows] for a in rows
                ]
            self.rows = even

    def between(self, here: Any, there: Any) -> int:
        """Minutes from one place, or row, to another."""
        if self.table:
            return int(self.rows[here][there])
        return travel_minutes(here, there)

    def place_of(self, village: File) -> Any:
        """Tell where a village lies."""
        return village["row"] if self.table else _point(village["place"], village["code"][:5])

    def base_of(self, team: File) -> Any:
        """Tell where a team sets out."""
        return team["base_row"] if self.table else _point(team["base"], "")


def _point(told: File, region: str) -> Point:
    return Point(
        told["latitude"],
        told["longitude"],
        told.get("region_code") or region,
        told.get("island", 1),
        Access(told.get("access", "road")),
        told.get("wait_minutes"),
    )


def _answers(villages: dict[str, File], plan: File) -> Iterator[str]:
    answers = Counter(one["code"] for one in (*plan["visits"], *plan["unplaced"]))
    yield from (f"{code} is not answered" for code in villages if not answers[code])
    yield from (f"{code} is answered {n} times" for code, n in answers.items() if n > 1)
    yield from (f"{code} was never asked for" for code in answers if code not in villages)


def _day(
    team: File,
    hub: str | None,
    key: tuple[int, str],
    visits: list[File],
    villages: dict[str, File],
    ways: Ways,
) -> Iterator[str]:
    """Walk through a team's day with a clock in the hand."""
    base = ways.base_of(team) if hub is None else ways.place_of(villages[hub])
    here, now = base, minutes(team.get("starts", "08:00"))
    visits = sorted(visits, key=lambda one: one["slot"])
    if [one["slot"] for one in visits] != list(range(1, len(visits) + 1)):
        yield f"the sessions of team {key[0]} on {key[1]} are not numbered through"
    if len(visits) > team.get("sessions", 3):
        yield f"team {key[0]} has {len(visits)} sessions on {key[1]}"
    for visit in visits:
        village = villages[visit["code"]]
        there = ways.place_of(village)
        way = ways.between(here, there)
        starts, ends = minutes(visit["starts"]), minutes(visit["ends"])
        if way != visit["travel_minutes"]:
            yield f"to {visit['code']} it is {way} minutes, not {visit['travel_minutes']}"
        if starts < now + way:
            yield f"nobody can be in {visit['code']} at {visit['starts']}"
        if ends - starts != village.get("service_minutes", 120):
            yield f"the session in {visit['code']} is too short or too long"
        yield from _village_is_open(village, visit, starts, ends)
        here, now = there, ends
        home = ways.between(there, base) if visit is visits[-1] else 0
        if home != visit["return_minutes"]:
            yield f"back from {visit['code']} it is {home} minutes"
    if visits and now + visits[-1]["return_minutes"] > minutes(team.get("ends", "17:00")):
        yield f"team {key[0]} comes home too late on {key[1]}"


def _village_is_open(village: File, visit: File, starts: int, ends: int) -> Iterator[str]:
    day = visit["day"]
    if day in village.get("closed_days", []):
        yield f"{village['code']} is closed on {day}"
    if (only := village.get("open_days")) is not None and day not in only:
        yield f"{village['code']} cannot on {day}"
    hours = village.get("hours_on", {}).get(day, village.get("hours", {}))
    if starts < minutes(hours.get("opens", "00:00")) or ends > minutes(
        hours.get("closes", "24:00")
    ):
        yield f"{village['code']} has other hours on {day}"
    if date.fromisoformat(day).isoweekday() == 5 and starts < PRAYERS[1] and ends > PRAYERS[0]:
        yield f"the session in {village['code']} runs into the prayers"


def _stays(
    plan: File,
    work: dict[tuple[int, str], File],
    trips: dict[tuple[int, str], list[File]],
    villages: dict[str, File],
    ways: Ways,
) -> Iterator[str]:
    """A team on its way works nowhere; the way fits; days of stays are days of the team."""
    seen: set[tuple[int, str]] = set()
    for stay in plan["stays"]:
        team = stay["team"]
        for day in (*stay["travel_days"], *stay["session_days"]):
            if (team, day) not in work:
                yield f"team {team} does not work on {day} of its stay"
            if (team, day) in seen:
                yield f"team {team} is on two stays on {day}"
            seen.add((team, day))
        there, away = stay["session_days"], sorted((*stay["travel_days"], *stay["session_days"]))
        yield from (
            f"team {team} holds a session on {day}, on its way or away"
            for busy, day in trips
            if busy == team
            and (day in stay["travel_days"] or (away[0] <= day <= away[-1] and day not in there))
        )
        if (date.fromisoformat(away[-1]) - date.fromisoformat(away[0])).days >= 21:
            yield f"team {team} is away for more than three weeks"
        for name, part in (
            ("out", [day for day in away if day < min(there)]),
            ("back", [day for day in away if day > max(there)]),
        ):
            hours = [work[team, day] for day in part if (team, day) in work]
            lengths = [
                minutes(one.get("ends", "17:00")) - minutes(one.get("starts", "08:00"))
                for one in hours
            ]
            if sum(lengths) < stay["access_minutes"]:
                yield f"the way {name} of team {team} takes longer than its days"
        some = next((work[team, day] for day in stay["session_days"] if (team, day) in work), None)
        if some is not None:
            way = ways.between(ways.base_of(some), ways.place_of(villages[stay["hub"]]))
            if way != stay["access_minutes"]:
                yield f"to the hub {stay['hub']} it is {way} minutes"


def _pins(villages: dict[str, File], plan: File) -> Iterator[str]:
    visits = {one["code"]: (one["team"], one["day"], one["starts"]) for one in plan["visits"]}
    for code, village in villages.items():
        if pin := village.get("pin"):
            wanted = pin["team"], pin["day"], pin["starts"]
            if visits.get(code) != wanted:
                yield f"the visit to {code} that stands was moved: {visits.get(code)}"


def _sums(problem: File, plan: File, trips: dict[tuple[int, str], list[File]]) -> Iterator[str]:
    figures = plan["figures"]
    value = {one["code"]: one["value"] for one in problem["villages"]}
    reached = sum(value[one["code"]] for one in plan["visits"])
    ways = sum(one["travel_minutes"] + one["return_minutes"] for one in plan["visits"])
    ways += sum(2 * stay["access_minutes"] for stay in plan["stays"])
    days = len(trips.keys() | _days_of_stays(plan))
    told = figures["visits"], figures["unplaced"], figures["team_days_used"]
    if told != (len(plan["visits"]), len(plan["unplaced"]), days):
        yield f"visits, villages left and team-days are not {told}"
    if figures["travel_minutes"] != ways:
        yield f"the way is {ways} minutes, not {figures['travel_minutes']}"
    if not math.isclose(figures["value_visited"], reached, rel_tol=1e-6, abs_tol=1e-4):
        yield f"the value is {reached}, not {figures['value_visited']}"
    by_day: dict[str, float] = defaultdict(float)
    for one in plan["visits"]:
        by_day[one["day"]] += value[one["code"]]
    if any(abs(by_day[day] - told) > 1e-4 for day, told in figures["value_by_day"].items()):
        yield "the values of the days are wrong"


def _days_of_stays(plan: File) -> set[tuple[int, str]]:
    return {(stay["team"], day) for stay in plan["stays"] for day in stay["travel_days"]}
