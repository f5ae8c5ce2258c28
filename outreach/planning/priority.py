"""Which villages first: a score that explains itself, and the shortlist of a stage."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The largest few villages must not flatten all others: beyond this quantile all count as most.
FULL_MARK_QUANTILE = 0.95

# A village not visited for a year counts as one never visited.
STALE_DAYS = 365


class Order(StrEnum):
    """How a coordinator wants the villages taken."""

    SCORE = "score"
    GAP = "gap"
    NEAREST = "nearest"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Weights:
    """Points that each part can give at most; with these defaults a score runs from 0 to 100."""

    gap: float = 45.0
    vulnerable: float = 25.0
    access: float = 15.0
    staleness: float = 15.0

    def __post_init__(self) -> None:
        """Refuse weights that are negative or no number."""
        if not all(isfinite(weight) and weight >= 0 for weight in self.named().values()):
            raise ValueError("a weight must be a number of at least 0")

    def named(self) -> dict[str, float]:
        """Weight of each part by its name, in the order people read them."""
        return {
            "gap": self.gap,
            "vulnerable": self.vulnerable,
            "access": self.access,
            "staleness": self.staleness,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the score of a village is made of.

    Attributes
    ----------
    gap
        Estimated informal workers not covered yet, >= 0.
    vulnerable
        Estimated uncovered workers of the welfare deciles 1 to 4, >= 0.
    distance_m
        Great-circle metres from the base; NaN when the village has no position.
    days_since_visit
        Days since the last session held there; None when there was none.
    """

    code: str
    gap: float
    vulnerable: float
    distance_m: float
    days_since_visit: int | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A village with its score and the parts that sum to it."""

    code: str
    score: float
    parts: Mapping[str, float]


def score(candidates: Sequence[Candidate], weights: Weights | None = None) -> tuple[Scored, ...]:
    """Score every candidate against the others, in the order given.

    Each part is its weight times a share from 0 to 1: gap and vulnerable against the 95th
    percentile of the candidates, access 1 at the base and 0 at the farthest candidate, staleness
    against a year. The score is the plain sum of the parts.
    """
    named = (weights or Weights()).named()
    shares = {
        "gap": _share_of_most([one.gap for one in candidates]),
        "vulnerable": _share_of_most([one.vulnerable for one in candidates]),
        "access": _nearness([one.distance_m for one in candidates]),
        "staleness": [_staleness(one.days_since_visit) for one in candidates],
    }
    return tuple(
        _scored(one.code, {part: named[part] * shares[part][number] for part in named})
        for number, one in enumerate(candidates)
    )


def _scored(code: str, parts: dict[str, float]) -> Scored:
    return Scored(code, sum(parts.values()), parts)


def _share_of_most(amounts: Sequence[float]) -> list[float]:
    most = float(np.quantile(amounts, FULL_MARK_QUANTILE)) if amounts else 0.0
    if most <= 0:
        # Fewer than one in twenty has anything at all: those few count fully.
        return [float(amount > 0) for amount in amounts]
    return [min(amount / most, 1.0) for amount in amounts]


def _nearness(distances_m: Sequence[float]) -> list[float]:
    """1 at the base, 0 at the farthest village and where no distance is known."""
    farthest = max((distance for distance in distances_m if isfinite(distance)), default=0.0)
    if farthest <= 0:
        return [float(isfinite(distance)) for distance in distances_m]
    return [1 - distance / farthest if isfinite(distance) else 0.0 for distance in distances_m]


def _staleness(days_since_visit: int | None) -> float:
    if days_since_visit is None:
        return 1.0
    return min(max(days_since_visit, 0) / STALE_DAYS, 1.0)


def shortlist(
    candidates: Sequence[Candidate],
    order: Order,
    quota: int | None = None,
    weights: Weights | None = None,
) -> tuple[Scored, ...]:
    """Return the first `quota` candidates (None: all) in the order asked for, scored.

    Every order ends with the code, so that it never depends on how the candidates came in.

    Raises
    ------
    ValueError
        The quota is negative.
    """
    if quota is not None and quota < 0:
        raise ValueError("a quota must be at least 0")
    of = {one.code: one for one in candidates}
    return tuple(sorted(score(candidates, weights), key=_rank(order, of))[:quota])


def _rank(order: Order, of: Mapping[str, Candidate]) -> Callable[[Scored], tuple[float, str]]:
    def rank(scored: Scored) -> tuple[float, str]:
        candidate = of[scored.code]
        distance_m = candidate.distance_m if isfinite(candidate.distance_m) else float("inf")
        first = {
            Order.SCORE: -scored.score,
            Order.GAP: -candidate.gap,
            Order.NEAREST: distance_m,
            Order.REGION: 0.0,
        }
        return first[order], scored.code

    return rank
