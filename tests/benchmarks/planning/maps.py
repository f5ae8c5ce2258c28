"""A branch's day-trips as a picture, for people to look at: does the plan look silly?"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib as mpl
import shapely
from matplotlib.figure import Figure

from outreach.planning.bill import trips_of
from outreach.villages.coast import load_coast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from matplotlib.axes import Axes

    from outreach.planning.model import Plan, Point, Problem, Site
    from tests.benchmarks.planning.branch_rows import Row

MARGIN_DEGREES = 0.05


def draw(row: Row, folder: Path) -> Path:
    """Draw the trips of a plan, coloured by week, with its base, its hubs and who is left."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    axes = figure.add_subplot()
    _land(axes, [site.point for site in row.problem.sites])
    _trips(axes, row.problem, row.plan)
    _places(axes, row.problem, row.plan)
    axes.set_aspect("equal")
    axes.set_title(
        f"{row.name}, {row.room} time: {len(row.problem.sites)} villages, "
        f"{row.plan.team_days_used} team-days, {row.plan.travel_minutes / 60:.0f} h on the way, "
        f"{len(row.plan.unplaced)} left, {len(row.plan.stays)} stays"
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{row.name.replace(' ', '_').replace(',', '').lower()}_{row.room}.png"
    figure.savefig(path, dpi=110)
    return path


def _land(axes: Axes, points: Sequence[Point]) -> None:
    longitudes = [point.longitude for point in points]
    latitudes = [point.latitude for point in points]
    frame = (
        min(longitudes) - MARGIN_DEGREES,
        min(latitudes) - MARGIN_DEGREES,
        max(longitudes) + MARGIN_DEGREES,
        max(latitudes) + MARGIN_DEGREES,
    )
    land = shapely.clip_by_rect(load_coast(), *frame)
    for part in shapely.get_parts(land):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            axes.fill(*part.exterior.xy, color="#f1efe8", zorder=0)
    axes.set_facecolor("#dbe9f4")
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])


def _trips(axes: Axes, problem: Problem, plan: Plan) -> None:
    """Draw every trip from its base and back in the colour of its week."""
    sites = {site.code: site for site in problem.sites}
    bases = _bases(problem, plan)
    weeks = sorted({visit.day.isocalendar()[:2] for visit in plan.visits})
    colours = mpl.colormaps["turbo"].resampled(max(2, len(weeks)))
    by_code = {visit.code: visit for visit in plan.visits}
    for trip in trips_of(plan.visits, sites):
        first = by_code[trip[0].code]
        week = weeks.index(first.day.isocalendar()[:2])
        _one_trip(axes, bases[first.team_id, first.day], trip, colours(week / len(weeks)))
    for number, (_, week) in enumerate(weeks):
        axes.plot([], [], color=colours(number / len(weeks)), label=f"week {week}")


def _one_trip(
    axes: Axes, base: Point, trip: Sequence[Site], colour: tuple[float, float, float, float]
) -> None:
    way = [base, *(site.point for site in trip), base]
    for number, (here, there) in enumerate(pairwise(way)):
        outer = number in {0, len(trip)}
        axes.plot(
            [here.longitude, there.longitude],
            [here.latitude, there.latitude],
            color=colour,
            linewidth=0.5 if outer else 1.4,
            alpha=0.45 if outer else 0.95,
            zorder=2,
        )
    stops = [site.point for site in trip]
    axes.scatter(
        [one.longitude for one in stops],
        [one.latitude for one in stops],
        s=9,
        color=[colour],
        zorder=3,
    )


def _bases(problem: Problem, plan: Plan) -> Mapping[tuple[int, date], Point]:
    found = {(one.team_id, one.day): one.base for one in problem.team_days}
    for stay in plan.stays:
        found |= {(stay.team_id, day): stay.hub for day in stay.session_days}
    return found


def _places(axes: Axes, problem: Problem, plan: Plan) -> None:
    sites = {site.code: site.point for site in problem.sites}
    left = [sites[one.code] for one in plan.unplaced]
    bases = list(dict.fromkeys(one.base for one in problem.team_days))
    hubs = [stay.hub for stay in plan.stays]
    for points, marker, colour, size, label in (
        (bases, "*", "black", 220, "base"),
        (hubs, "^", "black", 70, "hub of a stay"),
        (left, "x", "red", 40, "left out"),
    ):
        if points:
            axes.scatter(
                [one.longitude for one in points],
                [one.latitude for one in points],
                marker=marker,
                color=colour,
                s=size,
                label=label,
                zorder=5,
            )
    axes.legend(loc="best", fontsize=7, ncols=2)
