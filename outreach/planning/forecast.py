"""Where a campaign ends if the pace holds: a range drawn from how its own weeks have varied.

Exponential smoothing with errors drawn from the campaign itself. The pace is a mean of the weeks
in which the recent ones weigh more, per team-day. How far each week lay from what the weeks
before it let expect is an error; the weeks to come are drawn many times, each with errors of past
weeks, two neighbouring ones at a time. Part of every error stays in the pace, and where the pace
has clearly risen or fallen a fading part of that goes on. The range widens the further it looks
ahead compared with what has been seen. Back-tested on campaigns of known truth in
`tests/benchmarks/bench_outlook.py`, from which the constants come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

#: Fewer weeks with team-days than these, or fewer sessions, tell no pace.
FEWEST_WEEKS = 4
FEWEST_SESSIONS = 8

#: Older weeks say nothing about the present pace.
MOST_WEEKS = 26

#: How much of a week's error stays in the pace.
STAYS = 0.33

#: What a few weeks cannot show: errors as if so many weeks had been this far off.
PRIOR_WEEKS = 3.5
PRIOR_ERROR = 0.22

#: The trend goes on and fades by so much a week; it is never steeper than this a week.
TREND_FADES = 0.9
STEEPEST_TREND = 0.045

#: By so much of its standard error the trend differs from draw to draw, at most so much a week.
TREND_DOUBT = 0.5
MOST_DOUBT = 0.025
STEEPEST_DRAWN = 0.06

#: How far the pace may drift, when looking as far ahead as what was seen; three times at most.
DRIFT = 0.28
FARTHEST = 3.0

#: Neighbouring weeks are drawn together, for a bad one seldom comes alone.
BLOCK = 4

DRAWS = 1_000
#: The range holds the middle four fifths of what was drawn.
LOW, HIGH = 0.1, 0.9

#: Beyond these chances a target is called likely or unlikely to be made: outside the range.
LIKELY, UNLIKELY = HIGH, LOW

#: What the back-test found: of so many simulated campaigns, the share whose end the range held.
CAMPAIGNS_TESTED = 1_800
SHARE_HELD = 0.83


@dataclass(frozen=True, slots=True)
class TooThin:
    """There is too little to forecast from: what there is, and what it takes."""

    weeks: int
    sessions: int
    weeks_needed: int = FEWEST_WEEKS
    sessions_needed: int = FEWEST_SESSIONS


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the coming weeks add up to; each figure as a low, a middle and a high one.

    Attributes
    ----------
    pace
        What a team-day brings now.
    low, middle, high
        Totals at the end of every coming week, what is done included.
    totals
        The same of every single draw, draws x weeks; what a chance is counted from.
    """

    pace: float
    low: Numbers
    middle: Numbers
    high: Numbers
    totals: Numbers

    def chance(self, target: float, week: int = -1) -> float:
        """Share of the draws that have made *target* at the end of a coming week."""
        return float((self.totals[:, week] >= target).mean())

    def weeks_until(self, target: float) -> tuple[int | None, int | None, int | None]:
        """Tell in which coming week, from 0, *target* is made: early, in the middle, late.

        None where so few of the draws make it that nobody can tell.
        """
        made = self.totals >= target
        first = np.where(made.any(axis=1), made.argmax(axis=1), made.shape[1])
        early, middle, late = np.quantile(first, (LOW, 0.5, HIGH), method="higher").astype(int)
        never = made.shape[1]
        return (
            None if early == never else int(early),
            None if middle == never else int(middle),
            None if late == never else int(late),
        )


def forecast(
    counts: Sequence[int] | NDArray[np.int64],
    effort: Sequence[float] | Numbers,
    ahead: Sequence[float] | Numbers,
    *,
    sessions: int,
    done: int = 0,
    most: int | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Forecast | TooThin:
    """Tell where the totals go if the pace holds.

    The same figures give the same range on every machine.

    Parameters
    ----------
    counts, effort
        What each past week brought, and its team-days (or working days, where there is always the
        same number of teams); in order, without a gap.
    ahead
        Team-days of the coming weeks.
    sessions
        Sessions held in the past weeks.
    done
        What was brought in all, earlier than the past weeks included.
    most
        More there cannot be: villages of a campaign, for one.
    draws
        How often the coming weeks are drawn; a range of fewer draws is rougher by some per cent.
    """
    past = np.asarray(counts, dtype=np.float64)[-MOST_WEEKS:]
    days = np.asarray(effort, dtype=np.float64)[-MOST_WEEKS:]
    worked = days > 0
    if worked.sum() < FEWEST_WEEKS or sessions < FEWEST_SESSIONS or not past.sum():
        return TooThin(int(worked.sum()), sessions)
    seen = _seen(past[worked], days[worked])
    totals = done + _draw(
        seen, np.asarray(ahead, dtype=np.float64), np.random.default_rng(seed), draws
    )
    if most is not None:
        totals = np.minimum(totals, max(most, done))
    low, middle, high = np.quantile(totals, (LOW, 0.5, HIGH), axis=0)
    return Forecast(seen.pace, low, middle, high, totals)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the past weeks tell: the pace, its trend a week and its doubt, how far they were off.

    Trend and doubt are shares of the pace.
    """

    pace: float
    trend: float
    doubt: float
    errors: Numbers
    mean_days: float

    @property
    def size(self) -> float:
        """How far a week was off in the mean, as a share of the pace."""
        return float(np.sqrt((self.errors**2).mean())) or PRIOR_ERROR

    @property
    def widening(self) -> float:
        """How much wider the errors to come are than those seen: few weeks show too little."""
        squares = float((self.errors**2).sum()) + PRIOR_WEEKS * PRIOR_ERROR**2
        return float(np.sqrt(squares / (len(self.errors) + PRIOR_WEEKS))) / self.size


def _seen(counts: Numbers, days: Numbers) -> _Seen:
    """Smooth the weeks; a short one moves the pace less than a long one."""
    mean_days = float(days.mean())
    first = slice(0, FEWEST_WEEKS)
    pace = max(float(counts[first].sum() / days[first].sum()), 0.1 * counts.sum() / days.sum())
    errors = []
    for count, on in zip(counts, days, strict=True):
        error = count / (pace * on) - 1
        errors.append(error * np.sqrt(min(1.0, on / mean_days)))
        pace *= max(0.1, 1 + min(1.0, STAYS * on / mean_days) * error)
    slope, doubt = _trend(counts / days, days / mean_days)
    return _Seen(pace, slope / pace, doubt / pace, np.array(errors), mean_days)


def _trend(rates: Numbers, weights: Numbers) -> tuple[float, float]:
    """Tell by how much the rate has changed a week, and the standard error of that."""
    weeks = np.arange(len(rates)) - np.average(np.arange(len(rates)), weights=weights)
    mean = float(np.average(rates, weights=weights))
    squares = float((weights * weeks**2).sum())
    slope = float((weights * weeks * (rates - mean)).sum()) / squares
    rest = float((weights * (rates - mean - slope * weeks) ** 2).sum())
    freedom = len(rates) - 2
    variance = (rest + PRIOR_WEEKS * (PRIOR_ERROR * mean) ** 2) / (freedom + PRIOR_WEEKS) / squares
    return slope, float(np.sqrt(variance))


def _draw(seen: _Seen, ahead: Numbers, chance: np.random.Generator, draws: int) -> Numbers:
    """Draw the coming weeks many times; return running sums, draws x weeks."""
    errors = _blocks(seen.errors, (draws, len(ahead)), chance) * seen.widening
    stays = STAYS * seen.size * seen.widening
    pace = seen.pace * np.exp(chance.normal(0.0, stays, draws))
    changes = _changes(seen, (draws, len(ahead)), chance)
    weeks = np.zeros((draws, len(ahead)))
    for week, on in enumerate(ahead):
        if on <= 0:
            continue
        error = np.maximum(-1.0, errors[:, week] * np.sqrt(max(1.0, seen.mean_days / on)))
        weeks[:, week] = pace * changes[:, week] * on * (1 + error)
        pace = pace * np.maximum(0.1, 1 + STAYS * min(1.0, on / seen.mean_days) * error)
    return weeks.cumsum(axis=1)


def _changes(seen: _Seen, shape: tuple[int, int], chance: np.random.Generator) -> Numbers:
    """By what the pace of each coming week is multiplied: a trend that fades, and a drift."""
    draws, weeks = shape
    trend = np.clip(seen.trend, -STEEPEST_TREND, STEEPEST_TREND)
    doubt = min(MOST_DOUBT, TREND_DOUBT * seen.doubt) * chance.normal(size=(draws, 1))
    trend = np.clip(trend + doubt, -STEEPEST_DRAWN, STEEPEST_DRAWN)
    going_on = 1 + trend * np.cumsum(TREND_FADES ** np.arange(1, weeks + 1))
    far = np.sqrt(np.minimum(FARTHEST, np.arange(1, weeks + 1) / len(seen.errors)))
    drift = np.exp(DRIFT * chance.normal(size=(draws, 1)) * far)
    return np.asarray(np.maximum(0.2, going_on) * drift, dtype=np.float64)


def _blocks(errors: Numbers, shape: tuple[int, int], chance: np.random.Generator) -> Numbers:
    """Draw errors of past weeks, neighbours together, around a mean of zero: draws x weeks."""
    draws, weeks = shape
    centred = errors - errors.mean()
    starts = chance.integers(0, len(centred), (draws, -(-weeks // BLOCK)))
    at = (starts[:, :, None] + np.arange(BLOCK)) % len(centred)
    return np.asarray(centred[at].reshape(draws, -1)[:, :weeks], dtype=np.float64)
