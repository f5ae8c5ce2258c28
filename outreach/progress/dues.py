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
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, or_, select
from sqlmodel import col

from outreach.logbook.tables import LedgerEntry, Package, Payer, Sector, SessionReport, SignUp
from outreach.logbook.tariff import contribution_rupiah, month_after, month_of
from outreach.people.access import NATION
from outreach.people.tables import BranchRegency
from outreach.progress.ledger import PAYER_OF, entries_in, reports_in
from outreach.progress.scope import Scope
from outreach.villages.codes import Level
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from sqlmodel import Session

    type Numbers = NDArray[np.int64]

PAYERS = tuple(Payer)
_CELLS = tuple(product(Sector, Package))
_CELL = {cell: number for number, cell in enumerate(_CELLS)}
_NO_NAME = _CELL[Sector.OTHER, Package.JKK_JKM]
_PAYER = {payer: number for number, payer in enumerate(PAYERS)}
#: The steps of paying, and from how many months after the sign-up each one holds.
_PAID = ("first_paid", "paid_1", "paid_3", "paid_6")
_AFTER = (0, 1, 3, 6)
_LAST_DAY = date.max
#: So many regencies go into one statement; of more the whole nation is read.
_FEW_REGENCIES = 100


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
            for payer, number in _PAYER.items()
        }
        return {payer: due for payer, due in found.items() if due.workers}


@dataclass(frozen=True, slots=True)
class _Cohorts:
    """Who signed up together: rows of village, payer, month (counted from year 0) and counts.

    `counts` holds for every row how many pay from 0, 1, 3 and 6 months after on.
    """

    villages: NDArray[np.str_]
    payers: Numbers
    months: Numbers
    counts: Numbers
    is_claimed: NDArray[np.bool_]


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
    cohorts = _joined(db, scope, until=month_after(span[-1]))
    pairs, at = np.unique(
        np.char.add(cohorts.villages, cohorts.payers.astype("<U1")), return_inverse=True
    )
    villages, payers = pairs.astype("<U13"), _last_digit(pairs)
    paying = _paying(cohorts, at, len(pairs), span)
    claimed = _paying(_only_claimed(cohorts), at[cohorts.is_claimed], len(pairs), span)
    shares = _shares(db, scope, villages, payers)
    costs = _rates(span, village_funds_discounted=village_funds_discounted)
    regions, rows = np.unique(_cut(villages, level), return_inverse=True)

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


def _last_digit(pairs: NDArray[np.str_]) -> Numbers:
    """Read the payer's number behind the thirteen signs of a village's code."""
    return np.array([pair[13:] for pair in pairs.tolist()], dtype=np.int64)


def _cut(villages: NDArray[np.str_], level: Level | None) -> NDArray[np.str_]:
    if level is None:
        return np.full(len(villages), "", dtype="<U1")
    return villages.astype(f"<U{int(level)}")


def _joined(db: Session, scope: Scope, *, until: date) -> _Cohorts:
    """Read the confirmed cohorts, and the claimed ones of months that nobody has confirmed."""
    confirmed = _confirmed(db, scope, until)
    told = set(zip(confirmed.villages.tolist(), confirmed.months.tolist(), strict=True))
    claimed = _claimed(db, scope, until, told)
    return _Cohorts(
        np.concatenate([confirmed.villages, claimed.villages]),
        np.concatenate([confirmed.payers, claimed.payers]),
        np.concatenate([confirmed.months, claimed.months]),
        np.concatenate([confirmed.counts, claimed.counts]),
        np.concatenate([confirmed.is_claimed, claimed.is_claimed]),
    )


def _cohorts(rows: Sequence[tuple[str, int, int, Sequence[int]]], *, is_claimed: bool) -> _Cohorts:
    return _Cohorts(
        np.array([row[0] for row in rows], dtype="<U13"),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.int64).reshape(-1, len(_PAID)),
        np.full(len(rows), is_claimed),
    )


def _number(month: date) -> int:
    return month.year * 12 + month.month - 1


def _confirmed(db: Session, scope: Scope, until: date) -> _Cohorts:
    steps: list[Any] = [getattr(LedgerEntry, name) for name in _PAID]
    query: Any = select(
        col(LedgerEntry.village_code), col(LedgerEntry.channel), col(LedgerEntry.month), *steps
    ).where(*entries_in(db, scope, until), or_(*(step.is_not(None) for step in steps)))
    numbers = {channel: _PAYER[payer] for channel, payer in PAYER_OF.items()}
    rows = [
        (code, numbers[channel], _number(month), _carried(counts))
        for code, channel, month, *counts in db.execute(query)
    ]
    return _cohorts(rows, is_claimed=False)


def _carried(counts: Iterable[int | None]) -> list[int]:
    """Let the last step that was told stand for those after it."""
    paying = 0
    return [paying := paying if count is None else count for count in counts]


def _claimed(db: Session, scope: Scope, until: date, told: set[tuple[str, int]]) -> _Cohorts:
    """Read the claimed first payments and part them among the payers of the village's sign-ups."""
    query: Any = select(
        col(Visit.village_code), col(SessionReport.held_on), func.sum(SessionReport.paid)
    ).where(col(SessionReport.paid) > 0)
    grouped = reports_in(query, scope, until).group_by(Visit.village_code, SessionReport.held_on)
    found = [
        (code, _number(day), int(paid))
        for code, day, paid in db.execute(grouped)
        if (code, _number(day)) not in told
    ]
    if not found:
        return _cohorts([], is_claimed=True)
    codes = np.array([row[0] for row in found], dtype="<U13")
    counts, at = _by_village(db, scope, codes)
    weights = counts.sum(axis=2)[at]
    weights[weights.sum(axis=1) == 0, _PAYER[Payer.SELF]] = 1
    parts = _parted(np.array([row[2] for row in found], dtype=np.int64), weights)
    rows = [
        (found[row][0], payer, found[row][1], [int(parts[row, payer])] * len(_PAID))
        for row, payer in zip(*(one.tolist() for one in np.nonzero(parts)), strict=True)
    ]
    return _cohorts(rows, is_claimed=True)


def _parted(numbers: Numbers, weights: Numbers) -> Numbers:
    """Part each number by its row of weights; largest remainder, so that the parts add up."""
    whole = weights.sum(axis=1)[:, None]
    parts, rest = np.divmod(numbers[:, None] * weights, whole)
    left = numbers - parts.sum(axis=1)
    rank = np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1, kind="stable")
    more: Numbers = parts + (rank < left[:, None])
    return more


def _only_claimed(cohorts: _Cohorts) -> _Cohorts:
    some = cohorts.is_claimed
    return _Cohorts(
        cohorts.villages[some],
        cohorts.payers[some],
        cohorts.months[some],
        cohorts.counts[some],
        cohorts.is_claimed[some],
    )


def _paying(cohorts: _Cohorts, at: Numbers, pairs: int, span: Sequence[date]) -> Numbers:
    """Count who pays: rows of village and payer, columns of months."""
    changes = np.zeros((pairs, len(span)), dtype=np.int64)
    steps = np.diff(cohorts.counts, axis=1, prepend=0)
    for step, after in enumerate(_AFTER):
        months = np.maximum(cohorts.months + after - _number(span[0]), 0)
        inside = months < len(span)
        np.add.at(changes, (at[inside], months[inside]), steps[inside, step])
    return np.cumsum(changes, axis=1)


def _shares(
    db: Session, scope: Scope, villages: NDArray[np.str_], payers: Numbers
) -> NDArray[np.float64]:
    """Tell for each pair of village and payer which part falls on each sector and package."""
    own_counts, at = _by_village(db, scope, villages)
    branch_counts, branch = _by_branch(db, villages)
    parts = own_counts[at, payers].astype(np.float64)
    default = np.zeros((1, len(_CELLS)))
    default[0, _NO_NAME] = 1
    others = (
        lambda rows: branch_counts[branch[rows], payers[rows]],
        lambda rows: branch_counts.sum(axis=1)[branch[rows]],
        lambda _rows: default,
    )
    for other in others:
        empty = np.flatnonzero(parts.sum(axis=1) == 0)
        parts[empty] = other(empty)
    parts /= parts.sum(axis=1, keepdims=True)
    return parts


def _by_village(db: Session, scope: Scope, villages: NDArray[np.str_]) -> tuple[Numbers, Numbers]:
    """Count the claimed sign-ups of villages; return the counts and each village's row in them."""
    # Whatever campaign brought them: the workers of a village are the same.
    found = _counted(db, Scope(scope.prefixes, None, scope.kinds), Level.VILLAGE)
    return _placed(found, villages.tolist())


def _by_branch(db: Session, villages: NDArray[np.str_]) -> tuple[Numbers, Numbers]:
    """Count the same for the branch of each village; one without a branch has its regency's."""
    branches = {row[0]: row[1] for row in db.execute(_BRANCHES)}
    regencies = villages.astype(f"<U{int(Level.REGENCY)}")
    own = set(regencies.tolist())
    served = {branches[code] for code in own if code in branches}
    around = sorted(own | {code for code, branch in branches.items() if branch in served})
    prefixes = tuple(around) if len(around) <= _FEW_REGENCIES else (NATION,)
    by_branch: dict[str, Numbers] = {}
    for code, counts in _counted(db, Scope(prefixes), Level.REGENCY).items():
        name = str(branches.get(code, code))
        by_branch[name] = by_branch.get(name, 0) + counts
    return _placed(by_branch, [str(branches.get(code, code)) for code in regencies.tolist()])


_BRANCHES = select(col(BranchRegency.regency_code), col(BranchRegency.branch_id))


def _counted(db: Session, scope: Scope, level: Level) -> dict[str, Numbers]:
    """Count claimed sign-ups by region: arrays of payer by sector and package."""
    key = func.substr(col(Visit.village_code), 1, int(level)).label("region")
    query: Any = select(
        key, col(SignUp.payer), col(SignUp.sector), col(SignUp.package), func.sum(SignUp.workers)
    )
    joined = reports_in(query, scope, _LAST_DAY).join(
        SignUp, col(SignUp.report_id) == col(SessionReport.id)
    )
    rows = db.execute(joined.group_by("region", SignUp.payer, SignUp.sector, SignUp.package))
    found: dict[str, Numbers] = {}
    for code, payer, sector, package, workers in rows:
        if code not in found:
            found[code] = np.zeros((len(PAYERS), len(_CELLS)), dtype=np.int64)
        found[code][_PAYER[payer], _CELL[sector, package]] = int(workers)
    return found


def _placed(found: Mapping[str, Numbers], names: Iterable[str]) -> tuple[Numbers, Numbers]:
    """Stack the counts; a name without any points at the last row, which is empty."""
    rows = {name: row for row, name in enumerate(found)}
    empty = np.zeros((len(PAYERS), len(_CELLS)), dtype=np.int64)
    at = np.array([rows.get(name, len(rows)) for name in names], dtype=np.int64)
    return np.stack([*found.values(), empty]), at


def _rates(span: Sequence[date], *, village_funds_discounted: bool) -> tuple[Numbers, Numbers]:
    """Tell what one worker costs, due and in full: payers by sector and package by months."""
    told = [
        contribution_rupiah(
            package, sector, payer, month, village_funds_discounted=village_funds_discounted
        )
        for payer in PAYERS
        for sector, package in _CELLS
        for month in span
    ]
    shape = (len(PAYERS), len(_CELLS), len(span))
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
