"""Of which sectors and packages the sign-ups were that reports claim, by who pays for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.tables import Package, Payer, Sector, SessionReport, SignUp
from outreach.people.access import NATION
from outreach.people.tables import BranchRegency
from outreach.progress.ledger import reports_in
from outreach.progress.scope import Scope
from outreach.villages.codes import Level
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlmodel import Session

    type Numbers = NDArray[np.int64]

PAYERS = tuple(Payer)
PAYER = {payer: number for number, payer in enumerate(PAYERS)}
#: Every sector with every package.
CELLS = tuple(product(Sector, Package))
CELL = {cell: number for number, cell in enumerate(CELLS)}
_LAST_DAY = date.max
#: So many regencies go into one statement; of more the whole nation is read.
_FEW_REGENCIES = 100
_BRANCHES = select(col(BranchRegency.regency_code), col(BranchRegency.branch_id))


@dataclass(frozen=True, slots=True)
class Kinds:
    """Claimed sign-ups by place: of each of the ascending `names` a row of `counts`.

    A row counts payer by sector and package; the last one is empty, for all other places.
    """

    names: NDArray[np.str_]
    counts: Numbers

    def rows(self, places: NDArray[np.str_]) -> Numbers:
        """Find the row of each place."""
        if not len(self.names):
            return np.zeros(len(places), dtype=np.int64)
        at = np.searchsorted(self.names, places)
        is_told = self.names[np.minimum(at, len(self.names) - 1)] == places
        return np.where(is_told, at, len(self.names))


def villages_with_kinds(scope: Scope) -> Any:
    """Select the villages in scope of whose sign-ups a report tells the kinds.

    Whatever campaign brought them: the workers of a village are the same.
    """
    query: Any = select(col(Visit.village_code)).distinct()
    return _with_kinds(query, _of_all_campaigns(scope))


def kinds_of_villages(db: Session, scope: Scope) -> Kinds:
    """Count the claimed sign-ups of the villages in scope, whatever campaign brought them."""
    return _counted(db, _of_all_campaigns(scope), Level.VILLAGE, {})


def kinds_of_branches(db: Session, places: NDArray[np.str_]) -> tuple[Kinds, Numbers]:
    """Count the same by branch, with the row of each place; without a branch its regency's."""
    branches = {row[0]: str(row[1]) for row in db.execute(_BRANCHES)}
    regencies, at = np.unique(places.astype(f"<U{int(Level.REGENCY)}"), return_inverse=True)
    own = set(regencies.tolist())
    served = {branches[code] for code in own if code in branches}
    around = sorted(own | {code for code, branch in branches.items() if branch in served})
    prefixes = tuple(around) if len(around) <= _FEW_REGENCIES else (NATION,)
    found = _counted(db, Scope(prefixes), Level.REGENCY, branches)
    names = np.array([branches.get(code, code) for code in regencies.tolist()], dtype=np.str_)
    return found, found.rows(names)[at]


def _of_all_campaigns(scope: Scope) -> Scope:
    return Scope(scope.prefixes, None, scope.kinds)


def _with_kinds(query: Any, scope: Scope) -> Any:
    return reports_in(query, scope, _LAST_DAY).join(
        SignUp, col(SignUp.report_id) == col(SessionReport.id)
    )


def _counted(db: Session, scope: Scope, level: Level, names: Mapping[str, str]) -> Kinds:
    """Count claimed sign-ups by region, those of one name together."""
    key = func.substr(col(Visit.village_code), 1, int(level)).label("region")
    query: Any = select(
        key, col(SignUp.payer), col(SignUp.sector), col(SignUp.package), func.sum(SignUp.workers)
    )
    grouped = _with_kinds(query, scope).group_by(
        "region", SignUp.payer, SignUp.sector, SignUp.package
    )
    rows = db.execute(grouped).all()
    told = np.array([names.get(row[0], row[0]) for row in rows], dtype=np.str_)
    places, at = np.unique(told, return_inverse=True)
    payers = np.array([PAYER[row[1]] for row in rows], dtype=np.int64)
    cells = np.array([CELL[row[2], row[3]] for row in rows], dtype=np.int64)
    counts = np.zeros((len(places) + 1, len(PAYERS), len(CELLS)), dtype=np.int64)
    np.add.at(counts, (at, payers, cells), np.array([int(row[4]) for row in rows], dtype=np.int64))
    return Kinds(places, counts)
