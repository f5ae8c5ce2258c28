"""What the nation and each branch are to bring in a period: by the published path, or by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import col

from outreach.people.tables import BranchRegency
from outreach.progress.path import read_path, way_on
from outreach.progress.tables import Target
from outreach.villages.areas import NATION, covers
from outreach.villages.codes import Level
from outreach.villages.estimates import spread
from outreach.villages.tables import Regency, Village

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from outreach.progress.path import NationalPath


@dataclass(frozen=True, slots=True)
class TargetShare:
    """Sign-ups that somebody is to bring in a period, both ends included, and by whose word.

    `source` is who set it by hand said why, else who published the goal it is a share of.
    """

    signups: int
    starts: date
    ends: date
    source: str
    is_set_by_hand: bool


@dataclass(frozen=True, slots=True)
class RegencyShare:
    """A regency's part of the nation's gap and of its target; `branch_id` is None without one."""

    code: str
    name: str
    branch_id: int | None
    gap: int
    signups: int


def branch_targets(db: Session, today: date) -> dict[int, TargetShare]:
    """Tell what each branch is to bring in the period that *today* lies in, by branch.

    What was set for it by hand, else its share of the nation's target by the informal workers of
    its regencies who are not covered (an estimate). Without either a branch has no target.
    """
    by_hand = _set_by_hand(db, today)
    national = national_target(db, today)
    shares: dict[int, int] = {}
    for one in regency_shares(db, national.signups if national else 0):
        if one.branch_id is not None:
            shares[one.branch_id] = shares.get(one.branch_id, 0) + one.signups
    derived = {
        branch_id: TargetShare(signups, national.starts, national.ends, national.source, False)
        for branch_id, signups in shares.items()
        if national
    }
    told = {branch_id: _told(row) for branch_id, row in by_hand.items() if branch_id is not None}
    return derived | told


def national_target(
    db: Session, today: date, path: NationalPath | None = None
) -> TargetShare | None:
    """Tell what the nation is to bring in the period that *today* lies in.

    What was set by hand, else the part of the way to the next published goal that falls into the
    year. None when neither is known: after the last goal somebody has to set the next.
    """
    by_hand = _set_by_hand(db, today).get(None)
    return _told(by_hand) if by_hand else _of_year(path or read_path(), today)


def area_target(db: Session, prefixes: Sequence[str], today: date) -> TargetShare | None:
    """Tell what the regions of *prefixes* are to bring together.

    The nation's or a branch's target where they are exactly that, else their regencies' share of
    the nation's. None below the regency: nobody breaks a target down that far.
    """
    national = national_target(db, today)
    if tuple(prefixes) == (NATION,):
        return national
    if any(len(prefix) > Level.REGENCY for prefix in prefixes):
        return None
    if (branch_id := _branch_of(db, prefixes)) is not None:
        return branch_targets(db, today).get(branch_id)
    if national is None:
        return None
    inside = [one for one in regency_shares(db, national.signups) if covers(prefixes, one.code)]
    signups = sum(one.signups for one in inside)
    return replace(national, signups=signups, is_set_by_hand=False) if signups else None


def _branch_of(db: Session, prefixes: Sequence[str]) -> int | None:
    """Find the branch that serves exactly these regencies."""
    rows = db.execute(select(col(BranchRegency.branch_id), col(BranchRegency.regency_code)))
    served: dict[int, set[str]] = {}
    for branch_id, code in rows:
        served.setdefault(branch_id, set()).add(code)
    wanted = set(prefixes)
    return next((branch_id for branch_id, codes in served.items() if codes == wanted), None)


def regency_shares(db: Session, signups: int) -> list[RegencyShare]:
    """Share *signups* out over the regencies by their gap; together they are exactly as many.

    All are zero where there is no gap at all.
    """
    # Grouped by the key itself, in whose order the index has it.
    code = func.substr(col(Village.code), 1, int(Level.REGENCY)).label("regency")
    gap = func.sum(Village.informal_workers) - func.sum(Village.informal_covered)
    of_regency = select(code, gap.label("gap")).group_by("regency").subquery()
    query: Any = (
        select(col(Regency.code), col(Regency.name), col(BranchRegency.branch_id), of_regency.c.gap)
        .join(of_regency, of_regency.c.regency == col(Regency.code))
        .outerjoin(BranchRegency, col(BranchRegency.regency_code) == col(Regency.code))
        .order_by(col(Regency.code))
    )
    rows = db.execute(query).all()
    gaps = np.array([max(0, int(row.gap)) for row in rows], dtype=np.int64)
    parts = spread(signups, gaps) if gaps.any() else gaps
    told = zip(rows, gaps.tolist(), parts.tolist(), strict=True)
    return [RegencyShare(row.code, row.name, row.branch_id, gap, part) for row, gap, part in told]


def _of_year(path: NationalPath, today: date) -> TargetShare | None:
    """Tell the part of the way to the next goal that falls into the calendar year of *today*."""
    way = way_on(path, today)
    if way is None:
        return None
    starts = max(date(today.year, 1, 1), way.start.as_of + timedelta(days=1))
    ends = min(date(today.year, 12, 31), way.goal.by)
    signups = round(way.expected(ends) - way.expected(starts - timedelta(days=1)))
    if signups <= 0:
        return None
    return TargetShare(signups, starts, ends, way.goal.source, is_set_by_hand=False)


def _set_by_hand(db: Session, today: date) -> dict[int | None, Target]:
    """Read the targets set by hand for *today*; of several the one that began last holds."""
    query = (
        select(Target)
        .where(col(Target.starts) <= today, col(Target.ends) >= today)
        .order_by(col(Target.starts), col(Target.ends).desc(), col(Target.id))
    )
    rows: Sequence[Target] = db.scalars(query).all()
    return {row.branch_id: row for row in rows}


def _told(row: Target) -> TargetShare:
    return TargetShare(row.signups, row.starts, row.ends, row.source, is_set_by_hand=True)
