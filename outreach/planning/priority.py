"""Which villages first: a score that explains itself, and the shortlist of a stage."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from outreach.planning.model import Access

# The largest few villages must not flatten all others: beyond this quantile all count as most.
FULL_MARK_QUANTILE = 0.95

# A village not visited for a year counts as one never visited.
STALE_DAYS = 365

# Half a year before a sponsorship ends its village begins to count, fully on the last day.
SPONSOR_DAYS = 182


# Parts that speak of few villages, or of none.
RARE_PARTS = frozenset({"promise", "sponsor_end"})


class Order(StrEnum):
    """How a coordinator wants the villages taken."""

    SCORE = "score"
    GAP = "gap"
    NEAREST = "nearest"
    REGION = "region"


class Promise(StrEnum):
    """What a village was promised and has not had."""

    CARRIED_OVER = "carried_over"  # an earlier stage chose it and did not reach it
    FELL_AWAY = "fell_away"  # it had confirmed a visit that was postponed or given back


@dataclass(frozen=True, slots=True)
class Weights:
    """Points that each part can give at most; with these defaults a score runs from 0 to 100."""

    gap: float = 36.0
    vulnerable: float = 20.0
    access: float = 12.0
    staleness: float = 12.0
    promise: float = 12.0
    sponsor_end: float = 8.0

    def __post_init__(self) -> None:
        """Refuse weights that are negative or no number, and those that weigh nothing."""
        weights = self.named().values()
        if not all(isfinite(weight) and weight >= 0 for weight in weights):
            raise ValueError("a weight must be a number of at least 0")
        if not any(weights):
            raise ValueError("at least one weight must be above 0")

    def named(self) -> dict[str, float]:
        """Weight of each part by its name, in the order people read them."""
        return asdict(self)


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
    travel_minutes
        From the base, by road, boat or air; NaN when the village has no position.
    days_since_visit
        Days since the last session held there; None when there was none.
    promise
        What it was promised; None when nothing.
    days_to_sponsor_end
        Days until the next sponsorship of its workers ends, >= 0; None without any.
    way
        How it is reached from the base, for people; it weighs nothing beside the minutes.
    """

    code: str
    gap: float
    vulnerable: float
    distance_m: float
    travel_minutes: float
    days_since_visit: int | None = None
    promise: Promise | None = None
    days_to_sponsor_end: int | None = None
    way: Access | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A village with its score and the parts that sum to it."""

    code: str
    score: float
    parts: Mapping[str, float]


def score(candidates: Sequence[Candidate], weights: Weights | None = None) -> tuple[Scored, ...]:
    """Score every candidate against the others, in the order given.

    Each part is its points, as `points_of` has them, times a share from 0 to 1: gap and vulnerable
    against the 95th percentile of the candidates, access 1 at the base and 0 at the candidate with
    the longest way, staleness against a year, promise 0 or 1, sponsor_end rising from half a year
    before the end to 1 on the last day. The score is the plain sum of the parts.
    """
    points = points_of(candidates, weights)
    shares = _shares(candidates)
    return tuple(
        _scored(one.code, {part: points[part] * shares[part][number] for part in points})
        for number, one in enumerate(candidates)
    )


def points_of(
    candidates: Sequence[Candidate], weights: Weights | None = None
) -> Mapping[str, float]:
    """Most points that each part gives among these candidates; their sum is that of the weights.

    Where nobody was promised anything, or no sponsorship is about to end, those points go to the
    other parts in proportion: else they would only make all scores lower. Where the other parts
    weigh nothing, they stay.
    """
    named = (weights or Weights()).named()
    shares = _shares(candidates)
    silent = {part for part in RARE_PARTS if not any(shares[part])}
    spoken = sum(weight for part, weight in named.items() if part not in silent)
    if not spoken:
        return named
    whole = sum(named.values())
    return {part: 0.0 if part in silent else named[part] * whole / spoken for part in named}


def full_marks_of(candidates: Sequence[Candidate]) -> Mapping[str, float]:
    """People from whom on gap and vulnerable give all their points; 0 where any number does."""
    return {
        "gap": _full_mark([one.gap for one in candidates]),
        "vulnerable": _full_mark([one.vulnerable for one in candidates]),
    }


def _shares(candidates: Sequence[Candidate]) -> dict[str, list[float]]:
    return {
        "gap": _share_of_most([one.gap for one in candidates]),
        "vulnerable": _share_of_most([one.vulnerable for one in candidates]),
        "access": _nearness([one.travel_minutes for one in candidates]),
        "staleness": [_staleness(one.days_since_visit) for one in candidates],
        "promise": [float(one.promise is not None) for one in candidates],
        "sponsor_end": [_urgency(one.days_to_sponsor_end) for one in candidates],
    }


def _scored(code: str, parts: dict[str, float]) -> Scored:
    return Scored(code, sum(parts.values()), parts)


def _share_of_most(amounts: Sequence[float]) -> list[float]:
    most = _full_mark(amounts)
    if most <= 0:
        # Fewer than one in twenty has anything at all: those few count fully.
        return [float(amount > 0) for amount in amounts]
    return [min(amount / most, 1.0) for amount in amounts]


def _full_mark(amounts: Sequence[float]) -> float:
    return float(np.quantile(amounts, FULL_MARK_QUANTILE)) if amounts else 0.0


def _nearness(travel_minutes: Sequence[float]) -> list[float]:
    """1 at the base, 0 at the end of the longest way and where no way is known."""
    longest = max((minutes for minutes in travel_minutes if isfinite(minutes)), default=0.0)
    if longest <= 0:
        return [float(isfinite(minutes)) for minutes in travel_minutes]
    return [1 - minutes / longest if isfinite(minutes) else 0.0 for minutes in travel_minutes]


def _staleness(days_since_visit: int | None) -> float:
    if days_since_visit is None:
        return 1.0
    return min(max(days_since_visit, 0) / STALE_DAYS, 1.0)


def _urgency(days_to_sponsor_end: int | None) -> float:
    if days_to_sponsor_end is None:
        return 0.0
    return min(max(1 - days_to_sponsor_end / SPONSOR_DAYS, 0.0), 1.0)


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
