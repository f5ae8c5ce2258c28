"""What the nation and each branch are to bring in a period: by the published path, or by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import col

from outreach.people.tables import BranchRegency
from outreach.progress.effort import Period
from outreach.progress.path import read_path, way_on
from outreach.progress.tables import Target
from outreach.villages.areas import NATION, covers, within
from outreach.villages.codes import Level
from outreach.villages.estimates import spread
from outreach.villages.tables import Regency, Village

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from outreach.progress.path import NationalPath
    from outreach.villages.estimates import Counts


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


def branch_targets(
    db: Session, today: date, regencies: Sequence[RegencyShare] | None = None
) -> dict[int, TargetShare]:
    """Tell what each branch is to bring in the period that *today* lies in, by branch.

    What was set for it by hand, else its share of what that leaves of the nation's target, by the
    informal workers of its regencies who are not covered (an estimate). Without either a branch
    has no target. Whoever has the shares of the *regencies* already passes them on.
    """
    by_hand, national = _set_by_hand(db, today), national_target(db, today)
    shares: dict[int, int] = {}
    for one in regency_targets(db, today) if regencies is None else regencies:
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

    The nation's target where they are the nation, a part of their branch's where one branch
    serves them all, else their shares of the nation's: below the regency too, by the gap.
    """
    national = national_target(db, today)
    if tuple(prefixes) == (NATION,):
        return national
    every = regency_targets(db, today)
    inside = _inside(db, prefixes, every)
    owners = {one.branch_id for one in inside}
    if len(owners) == 1 and (owner := owners.pop()) is not None:
        whole = branch_targets(db, today, every).get(owner)
        return _part_of(whole, inside, [one for one in every if one.branch_id == owner])
    signups = sum(one.signups for one in inside)
    if national is None or not signups:
        return None
    return replace(national, signups=signups, is_set_by_hand=False)


def _inside(
    db: Session, prefixes: Sequence[str], every: Sequence[RegencyShare]
) -> list[RegencyShare]:
    """List the regencies of the regions, cut down to what lies within, by its gap."""
    whole = [one for one in every if covers(prefixes, one.code)]
    parts = [prefix for prefix in prefixes if len(prefix) > Level.REGENCY]
    if not parts:
        return whole
    code = func.substr(col(Village.code), 1, int(Level.REGENCY))
    gap = func.sum(Village.informal_workers) - func.sum(Village.informal_covered)
    query: Any = select(code, gap).where(within(col(Village.code), parts)).group_by(code)
    gaps = {regency: max(0, int(found)) for regency, found in db.execute(query)}
    known = {one.code for one in whole}
    return whole + [
        replace(one, gap=gaps[one.code], signups=round(one.signups * gaps[one.code] / one.gap))
        for one in every
        if one.code in gaps and one.code not in known and one.gap
    ]


def _part_of(
    target: TargetShare | None, inside: Sequence[RegencyShare], every: Sequence[RegencyShare]
) -> TargetShare | None:
    """Take the part of a branch's target that falls to what lies inside, by its gap."""
    whole, own = (sum(one.gap for one in some) for some in (every, inside))
    if target is None or own == whole:
        return target
    signups = round(target.signups * own / whole)
    return replace(target, signups=signups, is_set_by_hand=False)


def looked_ahead(
    db: Session, prefixes: Sequence[str], today: date
) -> tuple[Period, TargetShare | None]:
    """Tell the days that an outlook of the regions looks at, and what they are to bring.

    Without a target of their own the days of the nation's, or the year.
    """
    share = area_target(db, prefixes, today)
    aim = share or national_target(db, today)
    starts, ends = (
        (aim.starts, aim.ends) if aim else (date(today.year, 1, 1), date(today.year, 12, 31))
    )
    return Period(starts, ends, today), share


def regency_targets(db: Session, today: date) -> list[RegencyShare]:
    """Share the nation's target out over the regencies; together they are exactly as many.

    A branch's target set by hand for the same period is shared out over its own regencies, and
    what all these leave over the others: so that the parts of the nation add up to its target.
    Only where more was set by hand than the nation is to bring are they more. All are zero
    without a national target.
    """
    national = national_target(db, today)
    if national is None:
        return regency_shares(db, 0)
    period = (national.starts, national.ends)
    told = {
        branch_id: row.signups
        for branch_id, row in _set_by_hand(db, today).items()
        if branch_id is not None and (row.starts, row.ends) == period
    }
    return regency_shares(db, national.signups, told)


def regency_shares(
    db: Session, signups: int, by_branch: Mapping[int, int] | None = None
) -> list[RegencyShare]:
    """Share *signups* out over the regencies by their gap; together they are exactly as many.

    Of them *by_branch* are fixed for the regencies of some branches, the rest is for the others.
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
    parts = _parts(signups, gaps, [row.branch_id for row in rows], by_branch or {})
    told = zip(rows, gaps.tolist(), parts.tolist(), strict=True)
    return [RegencyShare(row.code, row.name, row.branch_id, gap, part) for row, gap, part in told]


def _parts(
    signups: int, gaps: Counts, owners: Sequence[int | None], by_branch: Mapping[int, int]
) -> Counts:
    """Share out what is fixed for each branch over its own regencies, and the rest over others."""
    parts, fixed = np.zeros_like(gaps), 0
    of_branch = np.array([owner if owner in by_branch else 0 for owner in owners], dtype=np.int64)
    for branch_id, told in by_branch.items():
        own = of_branch == branch_id
        if gaps[own].any():
            parts[own] = spread(told, gaps[own])
            fixed += told
    others = of_branch == 0
    if gaps[others].any():
        parts[others] = spread(max(0, signups - fixed), gaps[others])
    return parts


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
