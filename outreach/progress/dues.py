"""What is due a month, and who pays it: workers who still pay, at what their programmes cost.

Counted as paying in a month are those who had paid by the last step that the agency's counts tell
for it: in the month of signing up those of the first payment, from the next month on those of
month 1, then 3, then 6. A step that nobody has told leaves the one before; so months to come are
reckoned as if nobody else fell away. Where a village's month has no confirmed payments, those that
its session reports claim count, and are marked; their payers are those of its sign-ups.

Counts know neither sectors nor packages. They are taken in the proportions of the village's own
claimed sign-ups with that payer, else of its branch's with that payer, else of all its branch's;
where there are none, as the cheapest package in a sector without a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from outreach.logbook.tables import Package, Payer, Sector
from outreach.logbook.tariff import contribution_rupiah, month_after, month_of
from outreach.progress.paying_cohorts import AFTER, cohorts_of, month_number
from outreach.progress.signup_kinds import (
    CELL,
    CELLS,
    PAYER,
    PAYERS,
    kinds_of_branches,
    kinds_of_villages,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.progress.paying_cohorts import Cohorts
    from outreach.progress.scope import Scope
    from outreach.progress.signup_kinds import Kinds
    from outreach.villages.codes import Level

    type Numbers = NDArray[np.int64]

_NO_NAME = CELL[Sector.OTHER, Package.JKK_JKM]


@dataclass(frozen=True, slots=True)
class Due:
    """What one payer owes in one month: for how many workers, of whom so many only claimed.

    `full_rupiah` is what it would be without a discount.
    """

    rupiah: int
    full_rupiah: int
    workers: int
    claimed_workers: int


@dataclass(frozen=True, slots=True)
class Dues:
    """Dues by region, payer (in the order of `PAYERS`) and month: arrays of that shape."""

    regions: tuple[str, ...]
    months: tuple[date, ...]
    rupiah: Numbers
    full_rupiah: Numbers
    workers: Numbers
    claimed_workers: Numbers

    def of(self, region: int, month: int) -> dict[Payer, Due]:
        """Return what each payer with workers owes, by the numbers of region and month."""
        figures = (self.rupiah, self.full_rupiah, self.workers, self.claimed_workers)
        found = {
            payer: Due(*(int(one[region, number, month]) for one in figures))
            for payer, number in PAYER.items()
        }
        return {payer: due for payer, due in found.items() if due.workers}


def dues_by(
    db: Session, scope: Scope, level: Level | None, month: date, *, village_funds_discounted: bool
) -> dict[str, dict[Payer, Due]]:
    """Tell what is due in a month by the regions of *level* and by payer.

    Regions in which nobody pays have no entry; without a level all is one region, "".
    """
    found = dues(db, scope, level, month, 1, village_funds_discounted=village_funds_discounted)
    return {code: found.of(number, 0) for number, code in enumerate(found.regions)}


def dues(
    db: Session,
    scope: Scope,
    level: Level | None,
    first: date,
    months: int,
    *,
    village_funds_discounted: bool,
) -> Dues:
    """Tell what is due in so many months from *first* on."""
    span = tuple(month_after(month_of(first), number) for number in range(months))
    kinds = kinds_of_villages(db, scope)
    cohorts = cohorts_of(db, scope, level, kinds, until=month_after(span[-1]))
    names, place = np.unique(cohorts.places, return_inverse=True)
    pairs, at = np.unique(place * len(PAYERS) + cohorts.payers, return_inverse=True)
    places, payers = names[pairs // len(PAYERS)], pairs % len(PAYERS)
    paying = _paying(cohorts, at, len(pairs), span)
    claimed = _paying(cohorts.only_claimed(), at[cohorts.is_claimed], len(pairs), span)
    shares = _shares(db, kinds, places, payers)
    costs = _rates(span, village_funds_discounted=village_funds_discounted)
    regions, rows = np.unique(_cut(places, level), return_inverse=True)

    def add(figures: NDArray[Any]) -> Numbers:
        sums = np.zeros((len(regions), len(PAYERS), months), dtype=np.int64)
        np.add.at(sums, (rows, payers), np.rint(figures).astype(np.int64))
        return sums

    due, full = (_per_worker(shares, payers, cost) for cost in costs)
    return Dues(
        tuple(regions.tolist()),
        span,
        rupiah=add(paying * due),
        full_rupiah=add(paying * full),
        workers=add(paying),
        claimed_workers=add(claimed),
    )


def _cut(places: NDArray[np.str_], level: Level | None) -> NDArray[np.str_]:
    if level is None:
        return np.full(len(places), "", dtype="<U1")
    return places.astype(f"<U{int(level)}")


def _paying(cohorts: Cohorts, at: Numbers, pairs: int, span: Sequence[date]) -> Numbers:
    """Count who pays: rows of place and payer, columns of months."""
    changes = np.zeros((pairs, len(span)), dtype=np.int64)
    steps = np.diff(cohorts.counts, axis=1, prepend=0)
    for step, after in enumerate(AFTER):
        months = np.maximum(cohorts.months + after - month_number(span[0]), 0)
        inside = months < len(span)
        np.add.at(changes, (at[inside], months[inside]), steps[inside, step])
    return np.cumsum(changes, axis=1)


def _shares(
    db: Session, kinds: Kinds, places: NDArray[np.str_], payers: Numbers
) -> NDArray[np.float64]:
    """Tell for each pair of place and payer which part falls on each sector and package."""
    branches, branch = kinds_of_branches(db, places)
    parts = kinds.counts[kinds.rows(places), payers].astype(np.float64)
    default = np.zeros((1, len(CELLS)))
    default[0, _NO_NAME] = 1
    others = (
        lambda rows: branches.counts[branch[rows], payers[rows]],
        lambda rows: branches.counts.sum(axis=1)[branch[rows]],
        lambda _rows: default,
    )
    for other in others:
        empty = np.flatnonzero(parts.sum(axis=1) == 0)
        parts[empty] = other(empty)
    parts /= parts.sum(axis=1, keepdims=True)
    return parts


def _rates(span: Sequence[date], *, village_funds_discounted: bool) -> tuple[Numbers, Numbers]:
    """Tell what one worker costs, due and in full: payers by sector and package by months."""
    told = [
        contribution_rupiah(
            package, sector, payer, month, village_funds_discounted=village_funds_discounted
        )
        for payer in PAYERS
        for sector, package in CELLS
        for month in span
    ]
    shape = (len(PAYERS), len(CELLS), len(span))
    due, full = ([one.rupiah for one in told], [one.full_rupiah for one in told])
    return np.array(due).reshape(shape), np.array(full).reshape(shape)


def _per_worker(
    shares: NDArray[np.float64], payers: Numbers, rates: Numbers
) -> NDArray[np.float64]:
    costs = np.zeros((len(shares), rates.shape[2]))
    for payer in range(len(PAYERS)):
        here = payers == payer
        costs[here] = shares[here] @ rates[payer]
    return costs
