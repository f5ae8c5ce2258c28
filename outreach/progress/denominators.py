"""What a rate is a part of: three denominators, each with its source and its date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from outreach.villages.tables import EstimateSource, Figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


class Estimated(Protocol):
    """Whatever carries the sums of the villages' estimates."""

    @property
    def informal(self) -> int:
        """Informal workers."""

    @property
    def vulnerable(self) -> int:
        """Vulnerable workers, deciles 1-4."""

    @property
    def covered(self) -> int:
        """Informal workers who are active participants already."""


@dataclass(frozen=True, slots=True)
class Denominator:
    """A sum of the villages' estimates that a rate is of; without a source nothing is told of it.

    It is an estimate as a whole, even where single villages were counted.
    """

    figure: Figure
    total: int
    source: str
    as_of: date | None

    def rate(self, part: int) -> float | None:
        """Tell *part* as a share; none where there is nothing to be a part of."""
        return part / self.total if self.total > 0 else None


def denominators(
    sums: Estimated, sources: Mapping[Figure, EstimateSource]
) -> tuple[Denominator, Denominator, Denominator]:
    """List the three that stand side by side: informal, vulnerable, already active."""
    return (
        _denominator(Figure.INFORMAL, sums.informal, sources),
        _denominator(Figure.VULNERABLE, sums.vulnerable, sources),
        _denominator(Figure.COVERED, sums.covered, sources),
    )


def _denominator(
    figure: Figure, total: int, sources: Mapping[Figure, EstimateSource]
) -> Denominator:
    source = sources.get(figure)
    return Denominator(
        figure, total, source.source if source else "", source.as_of if source else None
    )
