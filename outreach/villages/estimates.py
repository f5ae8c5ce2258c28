"""How many workers each village may have: national figures spread by population.

Nobody counts informal workers by village. The population of a regency is spread over its villages,
the national figures over the villages' population; integers by largest remainder, so that they
add up exactly. These are estimates (perkiraan), never counts.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from outreach.villages.source import TABLES, RegistryFault
from outreach.villages.tables import Figure, VillageKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    type Counts = NDArray[np.int64]

#: Assumption: a kelurahan, being urban, has twice the people of a desa of the same regency.
WEIGHTS = {VillageKind.KELURAHAN: 2, VillageKind.DESA: 1, VillageKind.DESA_ADAT: 1}


@dataclass(frozen=True, slots=True)
class NationalFigure:
    """A published national total, its date and its source."""

    total: int
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class Estimates:
    """One number per village and figure, in the order the villages were given."""

    population: Counts
    informal_workers: Counts
    informal_covered: Counts
    vulnerable_workers: Counts


def read_figures(path: Path | None = None) -> dict[Figure, NationalFigure]:
    """Read the national figures with their sources.

    Raises
    ------
    RegistryFault
        If one is missing or unknown, or if they contradict each other.
    """
    path = path or TABLES / "estimates.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        figures = {Figure(name): NationalFigure(**facts) for name, facts in told.items()}
    except (OSError, ValueError, TypeError) as error:
        raise RegistryFault(problem="figures_unreadable", file=path.name) from error
    _check(figures)
    return figures


def _check(figures: dict[Figure, NationalFigure]) -> None:
    missing = [figure for figure in Figure if figure not in figures]
    if missing:
        raise RegistryFault(problem="figures_missing", figures=missing)
    people, informal, covered, vulnerable = (figures[figure].total for figure in Figure)
    if not (0 <= covered <= informal <= people and 0 <= vulnerable <= informal - covered):
        raise RegistryFault(problem="figures_contradict")


def spread(total: int, weights: Counts) -> Counts:
    """Share *total* out in proportion to *weights*, as integers that add up to it exactly.

    Largest remainder; equal remainders go to the first. No share exceeds its weight while *total*
    does not exceed the sum of the weights. Raises ValueError if there is nothing to share by.
    """
    whole = int(weights.sum())
    if whole <= 0 or (weights < 0).any():
        raise ValueError("weights must not be negative and must not all be zero")
    shares, rest = np.divmod(weights.astype(np.int64) * total, whole)
    left = total - int(shares.sum())
    shares[np.argsort(-rest, kind="stable")[:left]] += 1
    return shares


def estimate(
    regencies: list[str],
    kinds: list[VillageKind],
    populations: Mapping[str, int],
    figures: Mapping[Figure, NationalFigure],
) -> Estimates:
    """Estimate every figure of every village, given each one's regency code and kind.

    The covered are a part of the informal workers and the vulnerable a part of the gap in every
    village, since each is spread by the count it is a part of.
    """
    population = _population(regencies, kinds, populations)
    informal = spread(figures[Figure.INFORMAL].total, population)
    covered = spread(figures[Figure.COVERED].total, informal)
    vulnerable = spread(figures[Figure.VULNERABLE].total, informal - covered)
    return Estimates(population, informal, covered, vulnerable)


def _population(
    regencies: list[str], kinds: list[VillageKind], populations: Mapping[str, int]
) -> Counts:
    weights = np.array([WEIGHTS[kind] for kind in kinds], dtype=np.int64)
    names, at = np.unique(np.array(regencies), return_inverse=True)
    people = np.zeros(len(kinds), dtype=np.int64)
    for number, name in enumerate(names):
        here = np.flatnonzero(at == number)
        people[here] = spread(populations[str(name)], weights[here])
    return people
