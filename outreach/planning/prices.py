"""What a plan weighs against what: one price list for the solver, the bill and the bound.

All prices are in seconds of travel. A team-day costs 2 h 40 min for every session it can hold:
8 h for three, 5 h 20 min on a Friday. Waiting costs by the working day: with a `day_price` of 1, a
day's delay of everything costs what all teams cost on a mean day.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - as above
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Problem, Site, TeamDay

SLOT_PRICE_S = 9_600
TEAM_DAY_PRICE_S = 3 * SLOT_PRICE_S

# A night away costs as much as an hour on the road: lodging, food, somebody's family. Where a stay
# lies is chosen by it; it is in no bill, as the nights of a stay are not the solver's to spare. At
# thrice the price groups were torn into a seventh more stays, for a sixth fewer days off.
NIGHT_PRICE_S = 3_600

# A feast spent at a hub costs as much as a day of the team on top of it.
FEAST_AWAY_PRICE_S = TEAM_DAY_PRICE_S

# Leaving a village out costs 3 team-days and 8 more per mean value, so that no feasible trip is
# ever dearer than leaving its villages out. Above 20 x the mean all are equally urgent, and the
# sum stays below the largest penalty: above it the solver gains by overloading a day.
DROP_TEAM_DAYS = 3
DROP_TEAM_DAYS_PER_MEAN_VALUE = 8
LARGEST_VALUE_RATIO = 20.0
LARGEST_PRICE_S = 8_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in seconds of travel, one entry per site where there is an array.

    Attributes
    ----------
    left_out
        Of leaving a site out: more than any day it could have had.
    delay
        Of every working day that a site waits.
    day_number
        Number of each working day, 1 for the first.
    """

    left_out: NDArray[np.int64]
    delay: NDArray[np.float64]
    day_number: Mapping[date, int]

    def number_on(self, day: date) -> int:
        """Return the number of a day; a free one counts like the working day after it."""
        known = self.day_number.get(day)
        return 1 + sum(other < day for other in self.day_number) if known is None else known

    def restricted(self, numbers: Sequence[int]) -> Prices:
        """Return the prices of these sites alone, in this order."""
        kept = list(numbers)
        return Prices(self.left_out[kept], self.delay[kept], self.day_number)


def prices_of(problem: Problem) -> Prices:
    """Price every site of a problem, in the order of its sites."""
    return priced(problem.sites, problem.team_days, problem.parameters.day_price)


def priced(sites: Sequence[Site], team_days: Sequence[TeamDay], day_price: float) -> Prices:
    """Price sites by the team-days there are; `day_price` as in `Parameters`."""
    days = sorted({one.day for one in team_days})
    numbers = {day: number for number, day in enumerate(days, start=1)}
    value = np.array([site.value for site in sites], dtype=float)
    total = float(value.sum())
    if total <= 0:
        flat = np.full(len(value), TEAM_DAY_PRICE_S * DROP_TEAM_DAYS, dtype=np.int64)
        return Prices(flat, np.zeros(len(value)), numbers)
    ratio = np.minimum(value * len(value) / total, LARGEST_VALUE_RATIO)
    drop = TEAM_DAY_PRICE_S * (DROP_TEAM_DAYS + DROP_TEAM_DAYS_PER_MEAN_VALUE * ratio)
    all_teams = sum(one.sessions for one in team_days) * SLOT_PRICE_S / max(1, len(days))
    delay = day_price * all_teams * value / total
    left_out = np.rint(np.minimum(drop + delay * len(days), LARGEST_PRICE_S)).astype(np.int64)
    return Prices(left_out, delay, numbers)
