"""A problem as a file: read from JSON with every error at once, and written again."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING

import numpy as np

from outreach.errors import Invalid
from outreach.planning.model import (
    Hours,
    Parameters,
    Pin,
    Point,
    Problem,
    Site,
    TeamDay,
    TravelTable,
)
from outreach.planning.problem_faults import Fault, faults_of
from outreach.planning.problem_form import (
    FORMAT,
    MOST_BYTES,
    VERSION,
    HoursIn,
    ParametersIn,
    PinIn,
    PlaceIn,
    ProblemFile,
    TeamIn,
    TravelIn,
    VillageIn,
    clock_of,
    days_of,
    minute_of,
)
from outreach.planning.problem_parts import keep_repeated
from outreach.planning.travel import travel_matrix_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

UNKNOWN = math.nan


class NotAProblem(Invalid):
    """The file is no problem that could be planned; `faults` tells every reason."""

    code = "not_a_problem"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults=tuple(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class TravelNotes:
    """What was done to a table of travel so that it can be planned with.

    Attributes
    ----------
    evened_pairs
        Pairs of which the longer direction holds, because they differed by more than a minute's
        rounding.
    most_apart_s
        By how many seconds the two directions of a pair differed at most.
    shortened_pairs
        Pairs that are reached sooner over other rows, and for which that way holds.
    """

    evened_pairs: int = 0
    most_apart_s: float = 0.0
    shortened_pairs: int = 0


def read_problem(content: bytes) -> tuple[Problem, TravelNotes]:
    """Read a problem from a file of the format ``outreach-problem``.

    Raises
    ------
    NotAProblem
        With every fault: the file is too large, no JSON, of another format, or wrong in fields.
    """
    return problem_of(read_file(content))


def read_file(content: bytes) -> ProblemFile:
    """Read and check the file; raises `NotAProblem` as `read_problem` does."""
    told = _json(content)
    if faults := faults_of(told):
        raise NotAProblem(faults)
    return ProblemFile.model_validate_json(json.dumps(told))


def _json(content: bytes) -> object:
    if len(content) > MOST_BYTES:
        facts = {"most": MOST_BYTES // 2**20, "found": math.ceil(len(content) / 2**20)}
        raise NotAProblem([Fault("", "too_large", facts)])
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=keep_repeated)
    except UnicodeDecodeError as error:
        raise NotAProblem([Fault("", "not_utf8", {"byte": error.start})]) from None
    except json.JSONDecodeError as error:
        facts = {"line": error.lineno, "column": error.colno}
        raise NotAProblem([Fault("", "not_json", facts)]) from None
    except (RecursionError, ValueError):  # thousands of brackets, a number of thousands of digits
        raise NotAProblem([Fault("", "no_sensible_json")]) from None


def problem_of(file: ProblemFile) -> tuple[Problem, TravelNotes]:
    """Put a checked file into the planner's terms."""
    travel, notes = (None, TravelNotes()) if file.travel is None else travel_table(file.travel)
    team_days = [one for team in file.teams for one in _team_days(team, travel)]
    days = {one.day for one in team_days}
    problem = Problem(
        sites=tuple(_site(village, travel, days) for village in file.villages),
        team_days=tuple(sorted(team_days, key=lambda one: (one.day, one.team_id))),
        seed=file.seed,
        parameters=Parameters(**file.parameters.model_dump()),
        travel=travel,
        rests=_by_team((team.id, team.rests) for team in file.teams),
        away=_by_team((team.id, team.away) for team in file.teams),
    )
    return problem, notes


def travel_table(told: TravelIn) -> tuple[TravelTable, TravelNotes]:
    """Make whole minutes, the same in both directions and with no way round shorter than a leg."""
    seconds = np.array(told.seconds, dtype=float)
    both = np.maximum(seconds, seconds.T)
    apart = np.abs(seconds - seconds.T)
    minutes = np.ceil(np.round(both / 60, 6)).astype(np.int64)
    whole = shortest_ways(minutes)
    notes = TravelNotes(
        evened_pairs=int((np.triu(apart) >= 60).sum()),
        most_apart_s=float(apart.max(initial=0.0)),
        shortened_pairs=int((np.triu(whole) < np.triu(minutes)).sum()),
    )
    return TravelTable(tuple(map(row_point, range(len(whole)))), whole, told.source), notes


def shortest_ways(minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shortest ways over all rows (Floyd and Warshall); shape (n, n) in and out."""
    whole = minutes.copy()
    for row in range(len(whole)):
        np.minimum(whole, whole[:, row, None] + whole[None, row, :], out=whole)
    return whole


def row_point(row: int) -> Point:
    """Stand in for a place of which only the row in a table is known: one point for each row."""
    return Point(row / 1_000, 0.0, "", 0)


def _site(village: VillageIn, travel: TravelTable | None, days: Iterable[date]) -> Site:
    closed = set(village.closed_days)
    if village.open_days is not None:
        closed |= set(days) - set(village.open_days)
    pin = village.pin
    return Site(
        code=village.code,
        point=_point(village.place, village.row, travel, village.code[:5]),
        value=village.value,
        session_minutes=village.service_minutes,
        closed_days=frozenset(closed),
        hours=_hours(village.hours),
        hours_on={day: _hours(one) for day, one in sorted(village.hours_on.items())},
        day_costs=dict(sorted(village.day_costs.items())),
        pin=None if pin is None else Pin(pin.team, pin.day, minute_of(pin.starts)),
    )


def _point(
    place: PlaceIn | None, row: int | None, travel: TravelTable | None, region: str
) -> Point:
    if travel is not None and row is not None:
        return travel.places[row]
    if place is None:
        return Point(UNKNOWN, UNKNOWN, region, 0)
    code = place.region_code or region
    return Point(
        place.latitude, place.longitude, code, place.island, place.access, place.wait_minutes
    )


def _hours(told: HoursIn) -> Hours:
    return Hours(minute_of(told.opens), minute_of(told.closes))


def _team_days(team: TeamIn, travel: TravelTable | None) -> list[TeamDay]:
    base = _point(team.base, team.base_row, travel, "")
    starts, ends = minute_of(team.starts), minute_of(team.ends)
    return [TeamDay(team.id, day, base, team.sessions, starts, ends) for day in days_of(team)]


def _by_team(told: Iterable[tuple[int, Iterable[date]]]) -> dict[int, frozenset[date]]:
    """Gather the days of teams that may stand in the file several times."""
    found: dict[int, frozenset[date]] = defaultdict(frozenset)
    for team_id, days in told:
        found[team_id] |= frozenset(days)
    return {team_id: days for team_id, days in found.items() if days}


def file_of(problem: Problem) -> ProblemFile:
    """Write a problem down; reading it again gives the same plan.

    With a measured table every place is named by its row, ways that were not measured are filled
    in as they are estimated.
    """
    travel = None if problem.travel is None else _whole_table(problem, problem.travel)
    seconds = [] if travel is None else (travel.minutes * 60).astype(float).tolist()
    return ProblemFile(
        format=FORMAT,
        version=VERSION,
        seed=problem.seed,
        parameters=parameters_in(problem.parameters),
        travel=None if travel is None else TravelIn(source=travel.source, seconds=seconds),
        villages=[_village(site, travel) for site in problem.sites],
        teams=_teams(problem, travel),
    )


def _whole_table(problem: Problem, measured: TravelTable) -> TravelTable:
    """Ways between all places of a problem, those that have none left out."""
    points = [*(one.base for one in problem.team_days), *(site.point for site in problem.sites)]
    places = tuple(dict.fromkeys(point for point in points if is_known(point)))
    return TravelTable(places, travel_matrix_minutes(places, measured), measured.source)


def is_known(point: Point) -> bool:
    """Whether it is known where the place lies."""
    return math.isfinite(point.latitude) and math.isfinite(point.longitude)


def parameters_in(told: Parameters) -> ParametersIn:
    """Write the parameters down."""
    return ParametersIn(
        day_price=told.day_price,
        rounds=told.rounds_of_steps,
        cpu_seconds=told.cpu_seconds,
        fairness=told.fairness,
        togetherness=told.togetherness,
    )


def _village(site: Site, travel: TravelTable | None) -> VillageIn:
    pin = site.pin
    return VillageIn(
        code=site.code,
        place=_place(site.point) if travel is None else None,
        row=None if travel is None else travel.number_of.get(site.point),
        value=site.value,
        service_minutes=site.session_minutes,
        closed_days=sorted(site.closed_days),
        hours=_hours_in(site.hours),
        hours_on={day: _hours_in(hours) for day, hours in sorted(site.hours_on.items())},
        day_costs=dict(sorted(site.day_costs.items())),
        pin=None
        if pin is None
        else PinIn(team=pin.team_id, day=pin.day, starts=clock_of(pin.starts_minute)),
    )


def _hours_in(told: Hours) -> HoursIn:
    return HoursIn(opens=clock_of(told.opens_minute), closes=clock_of(told.closes_minute))


def _place(point: Point) -> PlaceIn | None:
    if not is_known(point):
        return None
    return PlaceIn(
        latitude=point.latitude,
        longitude=point.longitude,
        region_code=point.region_code,
        island=point.island,
        access=point.access,
        wait_minutes=point.wait_minutes,
    )


def _teams(problem: Problem, travel: TravelTable | None) -> list[TeamIn]:
    """One entry for all days of a team that are alike."""
    alike: Mapping[tuple[int, Point, int, int, int], list[date]] = defaultdict(list)
    for one in problem.team_days:
        key = one.team_id, one.base, one.sessions, one.starts_minute, one.ends_minute
        alike[key].append(one.day)
    return [
        TeamIn(
            id=team_id,
            base=_place(base) if travel is None else None,
            base_row=None if travel is None else travel.number_of[base],
            days=sorted(days),
            rests=sorted(problem.rests.get(team_id, ())),
            away=sorted(problem.away.get(team_id, ())),
            starts=clock_of(starts),
            ends=clock_of(ends),
            sessions=sessions,
        )
        for (team_id, base, sessions, starts, ends), days in alike.items()
    ]
