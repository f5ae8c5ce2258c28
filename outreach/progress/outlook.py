"""Where a campaign, a branch or the nation will stand if the pace holds: always a range."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.planning.forecast import DRAWS, LIKELY, UNLIKELY, Forecast, TooThin, forecast
from outreach.progress.effort import Period, effort_of, spans_of, team_days_of
from outreach.progress.scope import Scope, current_reports, villages_in, visits_in
from outreach.progress.weeks import DAYS_PER_WEEK, monday_of, weekly
from outreach.villages.tables import Village
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlmodel import Session

    Counts = NDArray[np.int64]
    Numbers = NDArray[np.float64]

#: So many draws do for one row of a table.
ROUGH_DRAWS = 250

#: Work that is still to come; proposals are not, before a manager has approved them.
COMING = (Work.AWAITING, Work.CONFIRMED)


class Prospect(StrEnum):
    """Whether a target will be made in its period, as far as the pace tells."""

    MADE = "made"
    LIKELY = "likely"
    OPEN = "open"
    UNLIKELY = "unlikely"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class MadeOn:
    """Days around which a target is made: early, in the middle, late; None is nobody knows."""

    early: date | None
    middle: date | None
    late: date | None


@dataclass(frozen=True, slots=True)
class Course:
    """How one figure has gone so far in a period, and where it goes.

    Attributes
    ----------
    days
        The last day of each week of the period, cut to the period's end; today's week twice: up
        to today and whole.
    done_by
        What was brought in the period by each of these days; None for days to come.
    low, high
        The range by each of these days; None for days before today.
    done
        What was brought by today.
    ends_low, ends_middle, ends_high
        What it comes to at the period's end; None when the data are too thin.
    pace
        What a team-day brings now.
    thin
        What is missing for a range.
    """

    days: tuple[date, ...]
    done_by: tuple[int | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    done: int
    target: int | None
    expected: float | None
    prospect: Prospect | None
    made_on: MadeOn | None
    ends_low: float | None = None
    ends_middle: float | None = None
    ends_high: float | None = None
    pace: float | None = None
    thin: TooThin | None = None

    @property
    def missing(self) -> int | None:
        """What the target still asks for."""
        return None if self.target is None else max(0, self.target - self.done)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a scope brings in a period: sign-ups, and villages met for the first time.

    `planned` counts villages not met yet that have an approved visit to come by the period's end.
    `as_of` is the day of the newest session counted.
    """

    period: Period
    signups: Course
    villages: Course
    villages_in_scope: int
    planned: int
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Line:
    """One figure week by week, from `first` on, a Monday, up to the week of today.

    `effort` are the team-days of these weeks, `ahead` those of what is to come, as `spans_of` the
    period cuts it.
    """

    first: date
    counts: Counts
    sessions: Counts
    effort: Numbers
    ahead: Numbers


def outlook(db: Session, scope: Scope, period: Period, *, target: int | None) -> Outlook:
    """Tell how a scope has gone in a period and where it will stand at its end.

    The pace is what a team-day has brought, also before the period. What is planned tells the
    team-days to come; behind the plan's last day they go on as they have been so far.
    """
    begin, newest = span_of(db, scope)
    first = monday_of(min(begin or period.starts, period.starts, period.today))
    found = weekly(db, scope, level=None, first=first, last=period.today)
    sessions = found.sessions[0]
    inside, met = _villages(db, scope), int(found.reached[0].sum())
    done = _done(db, scope, period)
    effort, ahead = effort_of(team_days_of(db, scope, first, period.today), first, period)
    lines = [
        Line(first, counts[0], sessions, effort, ahead) for counts in (found.signups, found.reached)
    ]
    # Villages met before the period are no longer there to be met for the first time.
    left = max(0, inside - met)
    villages = course(lines[1], period, done=done[1], target=None, most_ahead=left)
    signups = _while_villages_are_left(lines[0], villages, left)
    return Outlook(
        period=period,
        signups=course(signups, period, done=done[0], target=target),
        villages=villages,
        villages_in_scope=inside,
        planned=_planned(db, scope, period),
        as_of=newest,
    )


def _while_villages_are_left(line: Line, villages: Course, left: int) -> Line:
    """End the team-days to come where the pace has met every village."""
    if not villages.pace:
        return line
    sums = np.minimum(line.ahead.cumsum(), left / villages.pace)
    return replace(line, ahead=np.diff(sums, prepend=0.0))


def course(
    line: Line,
    period: Period,
    *,
    done: int,
    target: int | None,
    most_ahead: int | None = None,
    is_brief: bool = False,
) -> Course:
    """Tell how one figure has gone in a period and where it goes.

    Parameters
    ----------
    done
        What the days of the period have brought so far.
    most_ahead
        More than so many cannot be added.
    is_brief
        Look no further than the period's end, and more roughly: for one row among hundreds.
    """
    spans = spans_of(period)
    end = next((n for n, (_, last) in enumerate(spans) if last == period.ends), None)
    if is_brief and end is not None:
        spans = spans[: end + 1]
    told = None if period.is_over else _forecast(line, len(spans), done, most_ahead, is_brief)
    ahead = told if isinstance(told, Forecast) else None
    days, done_by = _so_far(line, period, done)
    coming = [] if end is None else [last for _, last in spans[: end + 1]]
    blank: tuple[None, ...] = (None,) * len(coming)
    low, high = blank, blank
    if ahead is not None and end is not None:
        low, high = (tuple(part[: end + 1].tolist()) for part in (ahead.low, ahead.high))
    return Course(
        days=(*days, *coming),
        done_by=(*done_by, *blank),
        low=_joined(days, done, low),
        high=_joined(days, done, high),
        done=done,
        target=target,
        expected=None if target is None else target * period.gone,
        prospect=_prospect(done, target, period, ahead, end),
        made_on=_made_on(ahead, spans, done, target),
        ends_low=None if ahead is None or end is None else float(ahead.low[end]),
        ends_middle=None if ahead is None or end is None else float(ahead.middle[end]),
        ends_high=None if ahead is None or end is None else float(ahead.high[end]),
        pace=None if ahead is None else ahead.pace,
        thin=told if isinstance(told, TooThin) else None,
    )


def _joined(
    days: Sequence[date], done: int, ahead: tuple[float | None, ...]
) -> tuple[float | None, ...]:
    """Let the band start where the line ends."""
    if not days:
        return ahead
    start = done if any(value is not None for value in ahead) else None
    return (*((None,) * (len(days) - 1)), start, *ahead)


def _so_far(line: Line, period: Period, done: int) -> tuple[tuple[date, ...], tuple[int, ...]]:
    """Add up week by week what was brought in a period, so that the last sum is *done*."""
    last = min(period.today, period.ends)
    sundays = [
        line.first + timedelta(weeks=n, days=DAYS_PER_WEEK - 1) for n in range(len(line.counts))
    ]
    inside = [
        n
        for n, sunday in enumerate(sundays)
        if sunday >= period.starts and sunday - timedelta(days=DAYS_PER_WEEK - 1) <= last
    ]
    # Counted backwards: a first week that began before the period counts for its part only.
    later = line.counts[inside][::-1].cumsum()[::-1]
    sums = [done - int(rest) for rest in [*later[1:].tolist(), 0]] if inside else []
    return tuple(min(sundays[n], last) for n in inside), tuple(max(0, one) for one in sums)


def _forecast(
    line: Line, spans: int, done: int, most_ahead: int | None, is_brief: bool
) -> Forecast | TooThin:
    """Forecast from the whole weeks since the first session; this week is not over yet."""
    began = int(np.argmax(line.sessions > 0)) if line.sessions.any() else len(line.sessions)
    whole = slice(began, len(line.counts) - 1)
    return forecast(
        line.counts[whole],
        line.effort[whole],
        line.ahead[:spans],
        sessions=int(line.sessions[whole].sum()),
        done=done,
        most=None if most_ahead is None else done + most_ahead,
        draws=ROUGH_DRAWS if is_brief else DRAWS,
    )


def _prospect(
    done: int, target: int | None, period: Period, ahead: Forecast | None, end: int | None
) -> Prospect | None:
    if target is None:
        return None
    if done >= target:
        return Prospect.MADE
    if period.is_over:
        return Prospect.MISSED
    if ahead is None or end is None:
        return None
    chance = ahead.chance(target, end)
    if chance >= LIKELY:
        return Prospect.LIKELY
    return Prospect.UNLIKELY if chance <= UNLIKELY else Prospect.OPEN


def _made_on(
    ahead: Forecast | None, spans: Sequence[tuple[date, date]], done: int, target: int | None
) -> MadeOn | None:
    if target is None or ahead is None or done >= target:
        return None
    return MadeOn(*(None if n is None else spans[n][1] for n in ahead.weeks_until(target)))


def span_of(db: Session, scope: Scope) -> tuple[date | None, date | None]:
    """Days of the first and of the last session counted."""
    held = col(SessionReport.held_on)
    query: Any = select(func.min(held), func.max(held)).select_from(Visit)
    first, last = db.execute(current_reports(query, scope)).one()
    return first, last


def _done(db: Session, scope: Scope, period: Period) -> tuple[int, int]:
    """Count the sign-ups of the period's days, and the villages first met on one of them."""
    last = min(period.today, period.ends)
    query: Any = select(
        func.sum(col(SessionReport.signups)).filter(
            col(SessionReport.held_on).between(period.starts, last)
        ),
        func.min(col(SessionReport.held_on))
        .filter(col(SessionReport.men) + col(SessionReport.women) > 0)
        .label("met"),
    ).select_from(Visit)
    query = current_reports(query, scope).group_by(col(Visit.village_code))
    rows = db.execute(query).all()
    met = sum(day is not None and period.starts <= day <= last for _, day in rows)
    return sum(int(signups or 0) for signups, _ in rows), met


def _villages(db: Session, scope: Scope) -> int:
    query = select(func.count()).select_from(Village).where(villages_in(scope, Village.code))
    return int(db.scalar(query) or 0)


def _planned(db: Session, scope: Scope, period: Period) -> int:
    """Count the villages not met yet that have an approved visit to come by the period's end."""
    met = (
        select(col(SessionReport.village_code))
        .where(
            col(SessionReport.corrected_by).is_(None),
            col(SessionReport.men) + col(SessionReport.women) > 0,
        )
        .scalar_subquery()
    )
    query = select(func.count(col(Visit.village_code).distinct())).where(
        visits_in(scope),
        col(Visit.work).in_(COMING),
        col(Visit.day).between(period.today, period.ends),
        col(Visit.village_code).not_in(met),
    )
    return int(db.scalar(query) or 0)
