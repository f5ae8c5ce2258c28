"""Back-test of the outlook: simulated campaigns of known truth, cut off early and forecast.

Tells for every shape of campaign how often the 80 % range held the true end, and how wide it was
against that end. Beside it stands the plainest range there is: weeks drawn in pairs from the
past, as they are. What happens to a campaign is not told to the forecast; only its working days
are known beforehand, holidays included.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.forecast import Forecast, TooThin, forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    type Counts = NDArray[np.int64]
    type Ends = tuple[float, float]
    type Method = Callable[[Counts, NDArray[np.float64], int, Counts, int], Ends | None]

SHAPES = ("steady", "accelerating", "holiday_gaps", "ramadan_dip", "bursts", "team_lost")
CUTS = (0.25, 0.5, 0.75)
CAMPAIGNS = 300
SEED = 20260105

#: Of the sessions so many meet somebody in a village for the first time.
MEETS_ANEW = 0.93


@dataclass(frozen=True)
class Campaign:
    """What truly happened, week by week."""

    workdays: NDArray[np.float64]
    sessions: Counts
    villages: Counts
    signups: Counts


@dataclass(frozen=True)
class Outcome:
    """Whether the range held the truth, and its width as a share of the truth."""

    held: bool
    width: float


def simulate(shape: str, chance: np.random.Generator) -> Campaign:
    """Make one campaign of two to six teams over 14 to 48 weeks."""
    weeks, teams = int(chance.integers(14, 49)), int(chance.integers(2, 7))
    days = 6.0 - (chance.random(weeks) < 0.15) * chance.integers(1, 3, weeks)
    rate = _rate(shape, weeks, teams, chance)
    if shape == "holiday_gaps":
        for at in chance.integers(2, weeks - 2, 2):
            days[at], days[at + 1] = 0.0, min(2.0, days[at + 1])
    mood = _mood(weeks, chance)
    sessions = chance.poisson(teams * chance.uniform(1.2, 2.6) * days * rate * mood)
    return Campaign(
        days, sessions, chance.binomial(sessions, MEETS_ANEW), _signups(sessions, chance)
    )


def _rate(shape: str, weeks: int, teams: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """How the pace changes over a campaign of a shape."""
    rate = np.ones(weeks)
    if shape == "accelerating":
        rate = np.linspace(0.6, 1.4, weeks)
    elif shape == "ramadan_dip":
        at = int(chance.integers(3, weeks - 4))
        rate[at : at + 4] = 0.5
    elif shape == "bursts":
        every = int(chance.integers(4, 7))
        rate[:] = 0.75
        rate[int(chance.integers(0, every)) :: every] = 2.0
    elif shape == "team_lost":
        rate[round(weeks * chance.uniform(0.3, 0.7)) :] = 1 - 1 / teams
    return rate


def _mood(weeks: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """What makes one week better than another and lasts a while: weather, leave, cars."""
    mood = np.zeros(weeks)
    for week in range(weeks):
        before = mood[week - 1] if week else 0.0
        mood[week] = 0.6 * before + chance.normal(0.0, 0.12)
    return np.exp(mood)


def _signups(sessions: Counts, chance: np.random.Generator) -> Counts:
    """Sign-ups of sessions that differ widely: a negative binomial around six each."""
    mean = np.exp(chance.normal(np.log(6.0), 0.15, len(sessions)))
    spread = 1.2
    shape = np.maximum(sessions, 1) * spread
    drawn = chance.negative_binomial(shape, spread / (spread + mean))
    return np.where(sessions > 0, drawn, 0)


def ours(
    counts: Counts, days: NDArray[np.float64], cut: int, sessions: Counts, seed: int
) -> Ends | None:
    """Forecast as the product does; None when it finds too little."""
    told = forecast(
        counts[:cut],
        days[:cut],
        days[cut:],
        sessions=int(sessions[:cut].sum()),
        done=int(counts[:cut].sum()),
        seed=seed,
    )
    if isinstance(told, TooThin):
        return None
    assert isinstance(told, Forecast)
    return float(told.low[-1]), float(told.high[-1])


def weeks_drawn(
    counts: Counts, days: NDArray[np.float64], cut: int, _sessions: Counts, seed: int
) -> Ends | None:
    """Draw pairs of past weeks as they are, per working day: the plainest bootstrap."""
    worked = days[:cut] > 0
    rates = counts[:cut][worked] / days[:cut][worked]
    if len(rates) < 4:
        return None
    ahead = len(days) - cut
    starts = np.random.default_rng(seed).integers(0, len(rates), (1_000, -(-ahead // 2)))
    drawn = rates[(starts[:, :, None] + np.arange(2)) % len(rates)].reshape(1_000, -1)[:, :ahead]
    totals = counts[:cut].sum() + (drawn * days[cut:]).sum(axis=1)
    low, high = np.quantile(totals, (0.1, 0.9))
    return float(low), float(high)


def back_test(
    method: Method, *, campaigns: int = CAMPAIGNS, seed: int = SEED
) -> dict[tuple[str, float, str], list[Outcome]]:
    """Forecast every simulated campaign at each cut; by shape, cut and figure."""
    found: dict[tuple[str, float, str], list[Outcome]] = defaultdict(list)
    for number, shape in enumerate(SHAPES):
        chance = np.random.default_rng([seed, number])
        for which in range(campaigns):
            one = simulate(shape, chance)
            for cut in CUTS:
                for figure, counts in (("villages", one.villages), ("sign-ups", one.signups)):
                    at = round(cut * len(counts))
                    ends = method(counts, one.workdays, at, one.sessions, which)
                    if ends is not None:
                        found[shape, cut, figure].append(_outcome(ends, int(counts.sum())))
    return found


def _outcome(ends: Ends, truth: int) -> Outcome:
    low, high = ends
    return Outcome(low <= truth <= high, (high - low) / truth)


def coverage(outcomes: Iterable[Outcome]) -> float:
    """Share of the ranges that held the truth."""
    return float(np.mean([one.held for one in outcomes]))


def main() -> None:
    for name, method in (("the outlook", ours), ("weeks drawn as they are", weeks_drawn)):
        found = back_test(method)
        print(
            f"{name}: coverage of the 80 % range, its median width, at 25 / 50 / 75 % of the time"
        )
        for shape in SHAPES:
            for figure in ("villages", "sign-ups"):
                cells = [found[shape, cut, figure] for cut in CUTS]
                told = ", ".join(
                    f"{coverage(cell):.0%} ({np.median([one.width for one in cell]):.0%})"
                    for cell in cells
                )
                together = coverage(one for cell in cells for one in cell)
                print(f"  {shape:13} {figure:9} {told}; together {together:.0%}")
        every = [one for cell in found.values() for one in cell]
        print(f"  all {coverage(every):.1%} of {len(every)} ranges")


if __name__ == "__main__":
    main()
