"""The linear programme over the day-trips known so far, solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import highspy
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PRIMAL_SIMPLEX = 4


@dataclass(frozen=True, slots=True)
class Worth:
    """What the programme says its rows are worth, in minutes.

    Attributes
    ----------
    objective
        Cost of the cheapest mix of the known trips.
    sites
        Of a visit to each site, >= 0.
    slots
        Of one team-day more of each class, <= 0.
    """

    objective: float
    sites: NDArray[np.float64]
    slots: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Column:
    """A trip on a class of team-days and its whole cost."""

    number: int
    stops: tuple[int, ...]
    minutes: float


class Master:
    """Every site in at least one trip or left out; no class with more trips than team-days."""

    def __init__(self, left_out_minutes: NDArray[np.float64], counts: NDArray[np.float64]) -> None:
        self.sites = len(left_out_minutes)
        self.known: set[tuple[int, tuple[int, ...]]] = set()
        self.programme = highspy.Highs()  # type: ignore[no-untyped-call]
        self.programme.setOptionValue("output_flag", False)
        self.programme.setOptionValue("threads", 1)
        self.programme.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
        lower = np.append(np.ones(self.sites), np.full(len(counts), -highspy.kHighsInf))
        upper = np.append(np.full(self.sites, highspy.kHighsInf), counts)
        for least, most in zip(lower, upper, strict=True):
            self.programme.addRow(least, most, 0, np.array([], np.int32), np.array([]))
        self._add(left_out_minutes, [(number,) for number in range(self.sites)])

    def add(self, columns: Sequence[Column]) -> int:
        """Add the trips not known yet and say how many those were."""
        new = [one for one in columns if (one.number, one.stops) not in self.known]
        self.known.update((one.number, one.stops) for one in new)
        rows = [(*one.stops, self.sites + one.number) for one in new]
        if new:
            self._add(np.array([one.minutes for one in new]), rows)
        return len(new)

    def solve(self) -> Worth:
        """Solve the programme with the trips known so far."""
        self.programme.run()
        duals = np.array(self.programme.getSolution().row_dual)
        return Worth(
            objective=float(self.programme.getInfo().objective_function_value),
            sites=np.maximum(duals[: self.sites], 0.0),
            slots=np.minimum(duals[self.sites :], 0.0),
        )

    def _add(self, minutes: NDArray[np.float64], rows: Sequence[tuple[int, ...]]) -> None:
        lengths = [len(row) for row in rows]
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
        entries = np.concatenate(rows).astype(np.int32)
        endless = np.full(len(rows), highspy.kHighsInf)
        self.programme.addCols(
            len(rows),
            np.asarray(minutes, dtype=float),
            np.zeros(len(rows)),
            endless,
            len(entries),
            starts,
            entries,
            np.ones(len(entries)),
        )
