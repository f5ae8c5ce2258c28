"""Who signed up together and how many of them pay: confirmed, else claimed by session reports.

Workers of villages whose reports tell the kinds of sign-ups are kept by village; all others of a
regency or district are alike, so that the database adds them up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import case, func, or_, select
from sqlmodel import col

from outreach.logbook.tables import LedgerEntry, Payer, SessionReport
from outreach.progress.ledger import PAYER_OF, entries_in, reports_in
from outreach.progress.signup_kinds import (
    PAYER,
    villages_with_kinds,
)
from outreach.villages.codes import Level
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.progress.scope import Scope
    from outreach.progress.signup_kinds import Kinds

    type Numbers = NDArray[np.int64]
    #: Place, number of the payer, number of the month, and how many pay from `AFTER` on.
    type Row = tuple[str, int, int, Sequence[int]]

#: The steps of paying, and from how many months after the sign-up each one holds.
_PAID = ("first_paid", "paid_1", "paid_3", "paid_6")
AFTER = (0, 1, 3, 6)


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Rows of place (a village or a region), payer, month (counted from year 0) and counts.

    `counts` holds for every row how many pay from 0, 1, 3 and 6 months after on.
    """

    places: NDArray[np.str_]
    payers: Numbers
    months: Numbers
    counts: Numbers
    is_claimed: NDArray[np.bool_]

    def only_claimed(self) -> Cohorts:
        """Leave the confirmed ones out."""
        some = self.is_claimed
        return Cohorts(
            self.places[some],
            self.payers[some],
            self.months[some],
            self.counts[some],
            self.is_claimed[some],
        )


def month_number(day: date) -> int:
    """Count months from year 0."""
    return day.year * 12 + day.month - 1


def cohorts_of(
    db: Session, scope: Scope, level: Level | None, kinds: Kinds, *, until: date
) -> Cohorts:
    """Read the confirmed cohorts, and the claimed ones of months that nobody has confirmed.

    Places are never larger than a region of *level*, nor than a regency, which has a branch. Who
    pays for claimed ones is told by the *kinds* of their villages.
    """
    confirmed = _confirmed(db, scope, max(level or Level.REGENCY, Level.REGENCY), until)
    claimed = _claimed(db, scope, kinds, until)
    rows = [*confirmed, *claimed]
    return Cohorts(
        np.array([row[0] for row in rows], dtype="<U13"),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.int64).reshape(-1, len(_PAID)),
        np.arange(len(rows)) >= len(confirmed),
    )


def _is_told() -> Any:
    return or_(*(getattr(LedgerEntry, name).is_not(None) for name in _PAID))


def _confirmed(db: Session, scope: Scope, level: Level, until: date) -> list[Row]:
    code = col(LedgerEntry.village_code)
    region = func.substr(code, 1, int(level))
    place = case((code.in_(villages_with_kinds(scope)), code), else_=region).label("place")
    query: Any = (
        select(place, col(LedgerEntry.channel), col(LedgerEntry.month), *map(func.sum, _carried()))
        .where(*entries_in(db, scope, until), _is_told())
        .group_by("place", col(LedgerEntry.channel), col(LedgerEntry.month))
    )
    numbers = {channel: PAYER[payer] for channel, payer in PAYER_OF.items()}
    return [
        (at, numbers[channel], month_number(month), [int(count) for count in counts])
        for at, channel, month, *counts in db.execute(query)
    ]


def _carried() -> Iterable[Any]:
    """Let the last step that was told stand for those after it."""
    for number in range(len(_PAID)):
        told = (getattr(LedgerEntry, name) for name in reversed(_PAID[: number + 1]))
        yield func.coalesce(*told, 0)


def _claimed(db: Session, scope: Scope, kinds: Kinds, until: date) -> list[Row]:
    """Read the claimed first payments and part them among the payers of the village's sign-ups."""
    query: Any = select(
        col(Visit.village_code), col(SessionReport.held_on), func.sum(SessionReport.paid)
    ).where(col(SessionReport.paid) > 0)
    grouped = reports_in(query, scope, until).group_by(
        Visit.village_code, col(SessionReport.held_on)
    )
    told = _told_months(db, scope, until)
    found = [
        (code, month_number(day), int(paid))
        for code, day, paid in db.execute(grouped)
        if (code, month_number(day)) not in told
    ]
    if not found:
        return []
    at = kinds.rows(np.array([row[0] for row in found], dtype="<U13"))
    weights = kinds.counts.sum(axis=2)[at]
    weights[weights.sum(axis=1) == 0, PAYER[Payer.SELF]] = 1
    parts = _parted(np.array([row[2] for row in found], dtype=np.int64), weights)
    return [
        (found[row][0], payer, found[row][1], [int(parts[row, payer])] * len(_PAID))
        for row, payer in zip(*(one.tolist() for one in np.nonzero(parts)), strict=True)
    ]


def _told_months(db: Session, scope: Scope, until: date) -> set[tuple[str, int]]:
    """List the months with confirmed payments of the villages whose reports claim some."""
    paid = select(col(Visit.village_code)).where(col(SessionReport.paid) > 0)
    query: Any = select(col(LedgerEntry.village_code), col(LedgerEntry.month)).where(
        *entries_in(db, scope, until),
        _is_told(),
        col(LedgerEntry.village_code).in_(reports_in(paid, scope, until)),
    )
    return {(code, month_number(month)) for code, month in db.execute(query.distinct())}


def _parted(numbers: Numbers, weights: Numbers) -> Numbers:
    """Part each number by its row of weights; largest remainder, so that the parts add up."""
    whole = weights.sum(axis=1)[:, None]
    parts, rest = np.divmod(numbers[:, None] * weights, whole)
    left = numbers - parts.sum(axis=1)
    rank = np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1, kind="stable")
    more: Numbers = parts + (rank < left[:, None])
    return more
