"""What the layers of the map show: sums by region from which each layer makes its figure.

Only sums are told, so that what lies around several regions is added, never averaged. The one
exception is the last day of a session, of which the latest counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import case, func, literal, select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.progress.scope import current_reports, villages_in, visits_in
from outreach.villages.codes import Level
from outreach.villages.tables import Village
from outreach.visits.tables import TO_COME, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.progress.scope import Scope

    type _Rows = NDArray[np.int64]

EPOCH = date(1970, 1, 1)


class Layer(StrEnum):
    """What the map can be coloured by; the first is shown unless another is asked for."""

    REACHED = "reached"
    SIGNUPS = "signups"
    GAP = "gap"
    PAID = "paid"
    CONFIRMED = "confirmed"
    SILENCE = "silence"


#: The columns of `LayerSums.table`, in their order. `informal` and `covered` are estimates. `told`
#: are the sign-ups of reports that tell how many of them had `paid`. `coming` are visits still to
#: be held, `confirmed` those of them that the village has confirmed. `visited` counts villages with
#: a current report, whoever was met; `last_day` is that of the newest, from 1970, 0 is never.
COLUMNS = (
    "villages", "informal", "covered", "signups", "told", "paid", "confirmed", "coming", "visited",
    "last_day",
)  # fmt: skip
#: Layers that show a share: the columns of the part, and of what it is a part of.
SHARES = {Layer.PAID: ("paid", "told"), Layer.CONFIRMED: ("confirmed", "coming")}

_OF_ESTIMATES = frozenset({Layer.SIGNUPS, Layer.GAP})
_OF_REPORTS = frozenset({Layer.SIGNUPS, Layer.GAP, Layer.PAID})


@dataclass(frozen=True, slots=True)
class LayerSums:
    """One row of sums for every region of a level that holds a village in scope, by code."""

    codes: NDArray[np.str_]
    table: NDArray[np.int64]

    def column(self, name: str) -> NDArray[np.int64]:
        """Answer one column, such as ``"informal"``."""
        found: NDArray[np.int64] = self.table[:, COLUMNS.index(name)]
        return found

    def whole(self) -> LayerSums:
        """Add all regions up to one row, whose code is empty."""
        sums = self.table.sum(axis=0, keepdims=True)
        sums[0, -1] = self.table[:, -1].max(initial=0)
        return LayerSums(np.array([""]), sums)

    def of(self, codes: NDArray[np.str_]) -> LayerSums:
        """Answer the rows of *codes*, ascending; one that is not here has sums of nothing."""
        table = np.zeros((len(codes), len(COLUMNS)), dtype=np.int64)
        at, found = _places(codes, self.codes)
        table[at] = self.table[found]
        return LayerSums(codes, table)

    def figures(self, layer: Layer, today: date) -> NDArray[np.float64]:
        """Answer the figure of a layer for every row; NaN where there is nothing to tell.

        Sign-ups per 1,000 informal workers; informal workers neither covered nor signed up since;
        the share of sign-ups that paid, of those told; the share of coming visits that are
        confirmed; days since the last session.
        """
        if layer is Layer.SIGNUPS:
            return 1000 * _share(self.column("signups"), self.column("informal"))
        if layer is Layer.GAP:
            left = self.column("informal") - self.column("covered") - self.column("signups")
            return np.where(self.column("informal") > 0, np.maximum(left, 0), np.nan)
        if layer in SHARES:
            part, of = SHARES[layer]
            return _share(self.column(part), self.column(of))
        if layer is Layer.SILENCE:
            last = self.column("last_day")
            return np.where(last > 0, (today - EPOCH).days - last, np.nan)
        raise ValueError(f"{layer} is counted by `progress.totals`")


def _share(part: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(of > 0, part / np.maximum(of, 1), np.nan)


def layer_sums(db: Session, scope: Scope, level: Level) -> LayerSums:
    """Add up what counts by the regions of *level*, in the order of their codes."""
    rows = db.execute(_villages(scope, level)).all()
    codes = np.array([row[0] for row in rows], dtype=f"<U{int(level)}")
    table = np.zeros((len(rows), len(COLUMNS)), dtype=np.int64)
    if len(rows):
        table[:, :3] = [row[1:] for row in rows]
    found = LayerSums(codes, table)
    _fill_from_visits(db, scope, level, found, tuple(Layer))
    return found


def village_sums(db: Session, scope: Scope, codes: NDArray[np.str_], layer: Layer) -> LayerSums:
    """Add up by village only what one layer needs; *codes* are those that count, ascending."""
    found = LayerSums(codes, np.zeros((len(codes), len(COLUMNS)), dtype=np.int64))
    if layer in _OF_ESTIMATES:
        rows = db.execute(_villages(scope, Level.VILLAGE)).all()
        _fill(found, ("villages", "informal", "covered"), rows)
    _fill_from_visits(db, scope, Level.VILLAGE, found, (layer,))
    return found


def _fill_from_visits(
    db: Session, scope: Scope, level: Level, found: LayerSums, layers: Sequence[Layer]
) -> None:
    if not _OF_REPORTS.isdisjoint(layers):
        _fill(found, ("signups", "told", "paid"), db.execute(_signed(scope, level)).all())
    if Layer.SILENCE in layers:
        _fill(found, ("visited", "last_day"), _visited(db, scope, level))
    if Layer.CONFIRMED in layers:
        _fill(found, ("confirmed", "coming"), db.execute(_coming(scope, level)).all())


def _fill(sums: LayerSums, names: Sequence[str], rows: Sequence[Any]) -> None:
    at, of = _places(sums.codes, [row[0] for row in rows])
    values = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, len(names))
    sums.table[np.ix_(at, [COLUMNS.index(name) for name in names])] = values[of]


def _places(
    codes: NDArray[np.str_], wanted: Sequence[str] | NDArray[np.str_]
) -> tuple[_Rows, _Rows]:
    """Find where *wanted* stand among ascending codes, and which of them stand there."""
    if not (len(codes) and len(wanted)):
        return np.array([], dtype=np.int64), np.array([], dtype=np.int64)
    names = np.asarray(wanted, dtype=codes.dtype)
    at = np.minimum(np.searchsorted(codes, names), len(codes) - 1)
    of = np.flatnonzero(codes[at] == names)
    return at[of].astype(np.int64), of.astype(np.int64)


def _key(code: Any, level: Level) -> Any:
    return func.substr(code, 1, int(level)).label("region")


def _villages(scope: Scope, level: Level) -> Any:
    if level is Level.VILLAGE:  # nothing to add up, so nothing to sort
        columns: list[Any] = [Village.code, literal(1)]
        columns += [Village.informal_workers, Village.informal_covered]
        return select(*columns).where(villages_in(scope, Village.code)).order_by(Village.code)
    sums = (func.sum(Village.informal_workers), func.sum(Village.informal_covered))
    query = select(_key(Village.code, level), func.count(), *sums)
    return query.where(villages_in(scope, Village.code)).group_by("region").order_by("region")


def _signed(scope: Scope, level: Level) -> Any:
    told = case((col(SessionReport.paid).is_not(None), col(SessionReport.signups)), else_=0)
    query = select(
        _key(Visit.village_code, level),
        func.sum(SessionReport.signups),
        func.sum(told),
        func.sum(func.coalesce(col(SessionReport.paid), 0)),
    ).select_from(Visit)
    return current_reports(query, scope).group_by("region")


def _visited(db: Session, scope: Scope, level: Level) -> list[tuple[str, int, int]]:
    query = select(
        _key(Visit.village_code, level),
        func.count(func.distinct(Visit.village_code)),
        func.max(SessionReport.held_on),
    ).select_from(Visit)
    rows = db.execute(current_reports(query, scope).group_by("region"))
    return [(code, visited, (last - EPOCH).days) for code, visited, last in rows]


def _coming(scope: Scope, level: Level) -> Any:
    confirmed = func.sum(case((col(Visit.work) == Work.CONFIRMED, 1), else_=0))
    query = select(_key(Visit.village_code, level), confirmed, func.count())
    query = query.where(visits_in(scope), col(Visit.work).in_(TO_COME))
    return query.group_by("region")


def first_days(db: Session, scope: Scope, codes: NDArray[np.str_]) -> NDArray[np.int64]:
    """Tell on which day people were first met in each village of *codes*, from 1970; 0 is never.

    *codes* ascend, as `progress.totals.village_codes` answers them. By the reports that count
    today: what was corrected since is not told as it was believed then.
    """
    met = col(SessionReport.men) + col(SessionReport.women) > 0
    query = select(col(Visit.village_code), func.min(SessionReport.held_on)).select_from(Visit)
    rows = db.execute(current_reports(query, scope).where(met).group_by(Visit.village_code)).all()
    days = np.zeros(len(codes), dtype=np.int64)
    at, of = _places(codes, [code for code, _ in rows])
    days[at] = np.array([(first - EPOCH).days for _, first in rows], dtype=np.int64)[of]
    return days
