"""How much of what is missing can still be brought in until the end of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from outreach.progress.weeks import DAYS_PER_WEEK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

#: The best pace is the mean of so many weeks in a row: one good week is luck.
WEEKS_OF_A_PACE = 4


def best_pace(full_weeks: Sequence[int]) -> float:
    """Tell the most sign-ups a week that a run of four weeks brought in the mean.

    *full_weeks* are over: the present one would only lower the mean.
    """
    weeks = np.asarray(full_weeks, dtype=np.float64)
    if len(weeks) < WEEKS_OF_A_PACE:
        return float(weeks.sum()) / WEEKS_OF_A_PACE
    sums = np.convolve(weeks, np.ones(WEEKS_OF_A_PACE), mode="valid")
    return float(sums.max()) / WEEKS_OF_A_PACE


def recoverable(missing: float, full_weeks: Sequence[int], today: date, ends: date) -> int:
    """Tell how many sign-ups can still be brought in: what is missing to the target, at the most.

    And no more than the best pace brings in the weeks that are left.
    """
    weeks_left = max(0, (ends - today).days + 1) / DAYS_PER_WEEK
    return round(max(0.0, min(missing, best_pace(full_weeks) * weeks_left)))
