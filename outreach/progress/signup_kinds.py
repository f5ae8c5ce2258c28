"""Of which sectors and packages the sign-ups were that reports claim, by who pays for them."""

from __future__ import annotations

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
    from collections.abc import Iterable, Mapping

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


def villages_with_kinds(scope: Scope) -> Any:
    """Select the villages in scope of whose sign-ups a report tells the kinds.

    Whatever campaign brought them: the workers of a village are the same.
    """
    query: Any = select(col(Visit.village_code)).distinct()
    return _with_kinds(query, _of_all_campaigns(scope))


def counted_in_villages(
    db: Session, scope: Scope, places: NDArray[np.str_]
) -> tuple[Numbers, Numbers]:
    """Count the claimed sign-ups of villages; return the counts and each place's row in them.

    A place that is no village, or of which nothing is told, has the last row, which is empty.
    """
    found = _counted(db, _of_all_campaigns(scope), Level.VILLAGE)
    return _placed(found, places.tolist())


def counted_in_branches(db: Session, places: NDArray[np.str_]) -> tuple[Numbers, Numbers]:
    """Count the same for the branch of each place; one without a branch has its regency's."""
    branches = {row[0]: row[1] for row in db.execute(_BRANCHES)}
    regencies = places.astype(f"<U{int(Level.REGENCY)}").tolist()
    own = set(regencies)
    served = {branches[code] for code in own if code in branches}
    around = sorted(own | {code for code, branch in branches.items() if branch in served})
    prefixes = tuple(around) if len(around) <= _FEW_REGENCIES else (NATION,)
    by_branch: dict[str, Numbers] = {}
    for code, counts in _counted(db, Scope(prefixes), Level.REGENCY).items():
        name = str(branches.get(code, code))
        by_branch[name] = by_branch.get(name, 0) + counts
    return _placed(by_branch, [str(branches.get(code, code)) for code in regencies])


def _of_all_campaigns(scope: Scope) -> Scope:
    return Scope(scope.prefixes, None, scope.kinds)


def _with_kinds(query: Any, scope: Scope) -> Any:
    return reports_in(query, scope, _LAST_DAY).join(
        SignUp, col(SignUp.report_id) == col(SessionReport.id)
    )


def _counted(db: Session, scope: Scope, level: Level) -> dict[str, Numbers]:
    """Count claimed sign-ups by region: arrays of payer by sector and package."""
    key = func.substr(col(Visit.village_code), 1, int(level)).label("region")
    query: Any = select(
        key, col(SignUp.payer), col(SignUp.sector), col(SignUp.package), func.sum(SignUp.workers)
    )
    grouped = _with_kinds(query, scope).group_by(
        "region", SignUp.payer, SignUp.sector, SignUp.package
    )
    found: dict[str, Numbers] = {}
    for code, payer, sector, package, workers in db.execute(grouped):
        if code not in found:
            found[code] = np.zeros((len(PAYERS), len(CELLS)), dtype=np.int64)
        found[code][PAYER[payer], CELL[sector, package]] = int(workers)
    return found


def _placed(found: Mapping[str, Numbers], names: Iterable[str]) -> tuple[Numbers, Numbers]:
    """Stack the counts; a name without any points at the last row, which is empty."""
    rows = {name: row for row, name in enumerate(found)}
    empty = np.zeros((len(PAYERS), len(CELLS)), dtype=np.int64)
    at = np.array([rows.get(name, len(rows)) for name in names], dtype=np.int64)
    return np.stack([*found.values(), empty]), at
