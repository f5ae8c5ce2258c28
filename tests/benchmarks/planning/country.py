"""Real branches: a base and the villages its teams reach within a day, and hubs for the others.

Villages, islands and regencies are those of the product's registry. The value of a village is made
up and fixed: its regency's population, shared out by the village's kind and a draw from its code,
times 30 % informal workers, 80 % of them not covered, 5 % of those who would sign up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from outreach.planning.model import Point, Site
from outreach.planning.travel import distance_m, travel_matrix_minutes, travel_minutes
from outreach.villages.codes import dotted
from outreach.villages.registry import read_registry
from outreach.villages.source import read_source
from outreach.villages.tables import District, Regency, Village
from tests.benchmarks.bench_plan import BASE, REGENCIES, drawn_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

DAY_MINUTES = 540
SESSION_MINUTES = 120
HUB_REACH_MINUTES = 120
SIGN_UPS_PER_HEAD = 0.30 * 0.80 * 0.05
#: A capital farther than this from its regency's median village is no base: misplaced or too remote
FARTHEST_BASE_M = 120_000
SURAKARTA = "surakarta"
SURAKARTA_VILLAGES = 480
YAHUKIMO = "95.03"
#: The eight branches of the table, and how people call them.
BRANCHES = {
    "33.05": "Kebumen",
    "11.08": "Aceh Utara",
    "35.78": "Surabaya",
    YAHUKIMO: "Yahukimo, a hub",
    "81.01": "Maluku Tengah",
    "21.04": "Lingga",
    SURAKARTA: "Surakarta branch",
    "53.09": "Ngada",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One base and the villages that its teams reach within a day.

    Attributes
    ----------
    access_minutes
        From the regency's base to this one, one way; 0 for the regency's base itself.
    names
        Name of every village and of every district by its code.
    """

    name: str
    base: Point
    sites: tuple[Site, ...]
    names: Mapping[str, str]
    access_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Country:
    """All villages by regency, and each regency's base."""

    sites: Mapping[str, tuple[Site, ...]]
    bases: Mapping[str, Point]
    names: Mapping[str, str]

    def cells(self, regency: str) -> list[Cell]:
        """Cut a regency into the cell of its base and those of the hubs beyond a day's reach."""
        base, sites = self.bases[regency], self.sites[regency]
        near = tuple(site for site in sites if is_near(base, site))
        found = [Cell(regency, base, near, self.names)] if near else []
        far = [number for number, site in enumerate(sites, start=1) if not is_near(base, site)]
        minutes = travel_matrix_minutes([base, *(site.point for site in sites)])
        return found + list(self._hubs(regency, minutes, np.array(far, dtype=np.int64)))

    def _hubs(
        self, regency: str, minutes: NDArray[np.int64], far: NDArray[np.int64]
    ) -> Iterable[Cell]:
        """Cover what is far by villages with as many others within reach as there are."""
        sites = self.sites[regency]
        while len(far):
            within = minutes[np.ix_(far, far)] <= HUB_REACH_MINUTES
            order = np.lexsort((minutes[0, far], -within.sum(axis=1)))
            hub, members = int(far[order[0]]), far[within[order[0]]]
            yield Cell(
                f"{regency} hub {sites[hub - 1].code}",
                sites[hub - 1].point,
                tuple(sites[member - 1] for member in members),
                self.names,
                int(minutes[0, hub]),
            )
            far = far[~within[order[0]]]

    def branch(self, name: str) -> Cell:
        """Return one of the eight branches, or a regency's base by its code."""
        if name == SURAKARTA:
            return self._surakarta()
        cells = self.cells(name)
        return max(cells[1:], key=lambda one: len(one.sites)) if name == YAHUKIMO else cells[0]

    def _surakarta(self) -> Cell:
        codes = sorted(dotted(regency) for regency in REGENCIES)
        sites = [site for code in codes for site in self.sites[code]]
        spread = sites[:: len(sites) // SURAKARTA_VILLAGES][:SURAKARTA_VILLAGES]
        base = beside(BASE, sites)
        near = tuple(site for site in spread if is_near(base, site))
        return Cell(SURAKARTA, base, near, self.names)


def read_country() -> Country:
    """Read the registry and work out what every village is worth; about four seconds."""
    source = read_source()
    tables = read_registry(source=source).tables
    people = {row["code"]: row["population"] for row in tables[Regency]}
    by_regency: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in tables[Village]:
        by_regency[row["regency_code"]].append(row)
    sites = {code: _sites(rows, people[code]) for code, rows in sorted(by_regency.items())}
    capitals = {
        dotted(line["id"]): (float(line["latitude"]), float(line["longitude"]))
        for line in source.regencies
    }
    return Country(
        sites,
        {code: _base(capitals[code], sites[code]) for code in sites},
        {row["code"]: row["name"] for kind in (District, Village) for row in tables[kind]},
    )


def _sites(rows: Sequence[dict[str, Any]], people: int) -> tuple[Site, ...]:
    weights = [drawn_value(row["code"].replace(".", "")) for row in rows]
    sign_ups = people * SIGN_UPS_PER_HEAD / sum(weights)
    return tuple(
        Site(
            row["code"],
            Point(row["latitude"], row["longitude"], row["regency_code"], row["island"]),
            max(1.0, float(round(sign_ups * weight))),
            SESSION_MINUTES,
        )
        for row, weight in zip(rows, weights, strict=True)
    )


def _base(capital: tuple[float, float], sites: Sequence[Site]) -> Point:
    """Base of a regency: its capital, or the middle of its villages where that is far off."""
    code = sites[0].point.region_code
    middle = np.median([(site.point.latitude, site.point.longitude) for site in sites], axis=0)
    median = beside(Point(float(middle[0]), float(middle[1]), code, 0), sites)
    there = beside(Point(*capital, code, 0), sites)
    if distance_m(there, median) <= FARTHEST_BASE_M:
        return there
    return min((site.point for site in sites), key=lambda point: distance_m(point, median))


def is_near(base: Point, site: Site) -> bool:
    """Whether a team can go there, hold a session and be back within a day."""
    return 2 * travel_minutes(base, site.point) + site.session_minutes <= DAY_MINUTES


def beside(point: Point, sites: Iterable[Site]) -> Point:
    """Return the point on the island of the village nearest to it."""
    nearest = min((site.point for site in sites), key=lambda other: distance_m(point, other))
    return Point(point.latitude, point.longitude, point.region_code, nearest.island)
