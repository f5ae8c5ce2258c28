"""The sponsorship cliff: how many sponsored workers are left when terms end and nothing is done.

A quota counts the workers who may be paid for, so every figure here is the most there can be.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from outreach.progress.tables import Sponsorship

#: Months ahead for which the workers at stake are told, and how far the chart reaches.
HORIZONS = (3, 6, 12)
MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Step:
    """How many sponsored workers are active on a day."""

    day: date
    active: int


@dataclass(frozen=True, slots=True)
class AtStake:
    """Sponsored workers of a part: active today, and how many fewer within each horizon."""

    key: str
    active: int
    lost: tuple[int, ...]


def active_on(terms: Iterable[Sponsorship], day: date) -> int:
    """Add up the quotas of the terms that a day belongs to."""
    return sum(term.quota for term in terms if term.starts <= day <= term.ends)


def steps_ahead(
    terms: Sequence[Sponsorship], today: date, months: int = MONTHS_SHOWN
) -> tuple[Step, ...]:
    """Tell the active workers today and at the end of each of the next months."""
    ends = [month_end(today, ahead) for ahead in range(months + 1)]
    days = [today, *(day for day in ends if day > today)]
    return tuple(Step(day, active_on(terms, day)) for day in days)


def month_end(day: date, ahead: int) -> date:
    """Find the last day of the month that lies so many months after the one of *day*."""
    month = day.month - 1 + ahead
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


def months_later(day: date, months: int) -> date:
    """Find the same day some months later, or the last one of a shorter month."""
    last = month_end(day, months)
    return last.replace(day=min(day.day, last.day))


def lost_within(terms: Sequence[Sponsorship], today: date, until: date) -> int:
    """Count the workers active today whose pay ends by a day and is not renewed at once.

    A term that the same sponsor follows up with another is renewed as far as that one's quota
    goes; a gap between the two counts, for the worker is without cover in it.
    """
    return sum(_fall(same, today, until) for same in _alike(terms).values())


def _alike(terms: Iterable[Sponsorship]) -> dict[tuple[str, ...], list[Sponsorship]]:
    alike: dict[tuple[str, ...], list[Sponsorship]] = defaultdict(list)
    for term in terms:
        alike[_renewed_by(term)].append(term)
    return alike


def _renewed_by(term: Sponsorship) -> tuple[str, ...]:
    """Tell what a renewal has in common with what it renews."""
    return term.region_code, term.payer, term.sponsor, term.sector, term.package


def _fall(terms: Sequence[Sponsorship], today: date, until: date) -> int:
    after = {term.ends + timedelta(1) for term in terms if today <= term.ends <= until}
    now = active_on(terms, today)
    return max([0, *(now - active_on(terms, day) for day in after)])


def not_renewed(terms: Iterable[Sponsorship]) -> list[int]:
    """Count for each term its workers whom no other of the same sponsor takes over at its end."""
    terms = list(terms)
    alike = _alike(terms)
    return [_not_taken_over(term, alike[_renewed_by(term)]) for term in terms]


def _not_taken_over(term: Sponsorship, same: Iterable[Sponsorship]) -> int:
    day = term.ends + timedelta(1)
    taken_over = sum(one.quota for one in same if term.starts < one.starts <= day <= one.ends)
    return max(0, term.quota - taken_over)


def at_stake_by(
    terms: Sequence[Sponsorship], today: date, key: Callable[[Sponsorship], str]
) -> tuple[AtStake, ...]:
    """Tell the workers at stake per part, the part that loses most first.

    Parts without an active term have no row.
    """
    parts: dict[str, list[Sponsorship]] = defaultdict(list)
    for term in terms:
        parts[key(term)].append(term)
    rows = [_stake(name, some, today) for name, some in parts.items()]
    return tuple(
        sorted((row for row in rows if row.active), key=lambda row: (-row.lost[-1], row.key))
    )


def stake_of(terms: Sequence[Sponsorship], today: date) -> AtStake:
    """Tell the workers at stake of all terms together."""
    return _stake("", terms, today)


def _stake(key: str, terms: Sequence[Sponsorship], today: date) -> AtStake:
    ends = (months_later(today, months) for months in HORIZONS)
    lost = tuple(lost_within(terms, today, until) for until in ends)
    return AtStake(key, active_on(terms, today), lost)


def is_ending(term: Sponsorship, today: date) -> bool:
    """Whether the time has come to ask the workers to go on by themselves."""
    return today <= term.ends and today >= term.ends - timedelta(term.conversion_days)
