"""The board: what is due, reached, brought and missing, by office, branch, region or team."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from outreach.progress.board_counts import Counts, visits_counted
from outreach.progress.board_rows import WEEKS, Aim, BoardRow, By
from outreach.progress.board_teams import team_rows
from outreach.progress.brought import signups_between
from outreach.progress.ledger import confirmed_by, confirmed_until
from outreach.progress.planned_days import planned_days
from outreach.progress.quality_counts import phones_by
from outreach.progress.recoverable import recoverable
from outreach.progress.totals import (
    Estimates,
    estimate_sources,
    estimates_by,
    newest_report,
)
from outreach.progress.weeks import DAYS_PER_WEEK, WeeklyCounts, monday_of, regroup, weekly
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.progress.board_targets import RegionTargets
    from outreach.progress.planned_days import PlannedDays
    from outreach.progress.scope import Scope
    from outreach.villages.tables import EstimateSource, Figure

#: The row of regencies that no branch serves.
UNSERVED = "-"
#: Rows that are branches or made of branches.
OF_BRANCHES = (By.OFFICE, By.BRANCH, By.PROVINCE)
LEVELS: dict[By, Level] = {
    By.OFFICE: Level.REGENCY,
    By.BRANCH: Level.REGENCY,
    By.PROVINCE: Level.REGENCY,
    By.REGENCY: Level.REGENCY,
    By.DISTRICT: Level.DISTRICT,
    By.VILLAGE: Level.VILLAGE,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a board is asked: which rows, and which branch and office every regency belongs to.

    What belongs to none is the row `UNSERVED`. A branch is what keeps a pace of its own, so
    recoverable sign-ups are told of branches and of what is made of them.
    """

    scope: Scope
    by: By
    branches: Mapping[str, str]
    offices: Mapping[str, str]

    @property
    def level(self) -> Level:
        """Regions that are counted and then added up."""
        return LEVELS.get(self.by, Level.REGENCY)

    def row_of(self, key: str) -> str:
        """Tell the row in which a region counts."""
        if self.by is By.OFFICE:
            return self.offices.get(key, UNSERVED)
        if self.by is By.BRANCH:
            return self.branches.get(key, UNSERVED)
        return key[: Level.PROVINCE] if self.by is By.PROVINCE else key


@dataclass(frozen=True, slots=True)
class Curve:
    """Villages due and villages reached until the end of each week; none where it is to come."""

    weeks: tuple[date, ...]
    due: tuple[int, ...]
    reached: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Rows in their order, their whole, and where the figures come from.

    `recoverable` tells by branch, where the rows are made of branches, the sign-ups that can still
    be brought in. `as_of` is when the newest counted report came in, `confirmed_until` the newest
    day of the agency's counts of first payments; none if there is none.
    """

    by: By
    rows: tuple[BoardRow, ...]
    whole: BoardRow
    weeks: tuple[date, ...]
    weekly_sessions: tuple[int, ...]
    curve: Curve
    recoverable: dict[str, int]
    as_of: datetime | None
    confirmed_until: date | None
    sources: dict[Figure, EstimateSource]


@dataclass(frozen=True, slots=True)
class _Counted:
    """Everything counted, by region."""

    counts: Counts
    weekly: WeeklyCounts
    estimates: dict[str, Estimates]
    done: dict[str, int]

    @property
    def regions(self) -> list[str]:
        """The regions in which anything was counted."""
        return list(self.counts.sums)


def board(
    db: Session, asked: Asked, targets: RegionTargets, *, today: date, now: datetime
) -> Board:
    """Count a board; rows are regions with a village in scope, or teams with one of their own.

    The whole is counted by regions whatever the rows are.
    """
    plan = planned_days(db, asked.scope)
    counted = _count(db, asked, plan, targets, today, now)
    paces = _paces(counted, asked, targets, today)
    if asked.by is By.TEAM:
        rows = team_rows(db, asked.scope, plan, targets, today=today, now=now)
    else:
        rows = _region_rows(counted, asked, targets, paces)
    nation = regroup(counted.weekly, dict.fromkeys(counted.weekly.keys, ""), ("",))
    whole = BoardRow(
        "",
        counted.counts.figures(counted.regions),
        _aim_of_all(db, asked, counted, targets, paces),
        tuple(nation.signups[0].tolist()),
    )
    return Board(
        asked.by,
        tuple(sorted(rows, key=lambda row: _order(asked.by, row))),
        whole,
        nation.weeks,
        tuple(nation.sessions[0].tolist()),
        _curve(plan, nation, whole.figures.reached, today),
        dict(paces.values()),
        newest_report(db, asked.scope),
        confirmed_until(db, asked.scope, until=today),
        estimate_sources(db),
    )


def _region_rows(
    counted: _Counted,
    asked: Asked,
    targets: RegionTargets,
    paces: Mapping[str, tuple[str, int]],
) -> list[BoardRow]:
    members: dict[str, list[str]] = defaultdict(list)
    for key in counted.regions:
        members[asked.row_of(key)].append(key)
    weeks = regroup(counted.weekly, {key: asked.row_of(key) for key in counted.regions}, members)
    rows = sorted(members.items())
    parts = _whole_numbers([_part(keys, counted, targets) for _, keys in rows])
    return [
        BoardRow(
            row,
            counted.counts.figures(keys),
            replace(aim, signups=part) if (aim := _aim(keys, counted, targets, paces)) else None,
            tuple(signups),
        )
        for (row, keys), part, signups in zip(rows, parts, weeks.signups.tolist(), strict=True)
    ]


def _whole_numbers(parts: Sequence[float]) -> list[int]:
    """Round parts so that they add up to their rounded sum: the largest remainders go up."""
    exact = np.array(parts, dtype=np.float64)
    whole = np.floor(exact).astype(np.int64)
    up = round(float(exact.sum())) - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:up]] += 1
    return [int(one) for one in whole]


def _count(
    db: Session,
    asked: Asked,
    plan: PlannedDays,
    targets: RegionTargets,
    today: date,
    now: datetime,
) -> _Counted:
    scope, level = asked.scope, asked.level
    first = today - timedelta(weeks=WEEKS - 1)
    counts = visits_counted(db, scope, level, plan.by_region(level, today))
    estimates = estimates_by(db, scope, level)
    phones = phones_by(db, scope, level, now)
    counts.note_all({key: found._asdict() for key, found in estimates.items()})
    counts.note_all({key: found._asdict() for key, found in phones.items()})
    confirmed = confirmed_by(db, scope, level, until=today)
    counts.note_all({key: found._asdict() for key, found in confirmed.items()})
    weeks = weekly(db, scope, level=level, first=first, last=today)
    return _Counted(counts, weeks, estimates, _done(db, asked, targets))


def _done(db: Session, asked: Asked, targets: RegionTargets) -> dict[str, int]:
    """Count the sign-ups of the period of each region's target."""
    periods: dict[tuple[date, date], dict[str, int]] = {}
    found: dict[str, int] = {}
    for target in {(one.starts, one.ends) for one in targets.targets.values()}:
        periods[target] = signups_between(db, asked.scope, asked.level, *target)
    for (starts, ends), signups in periods.items():
        for key, count in signups.items():
            over = targets.over(key)
            if over and (over.starts, over.ends) == (starts, ends):
                found[key] = count
    return found


def _paces(
    counted: _Counted, asked: Asked, targets: RegionTargets, today: date
) -> dict[str, tuple[str, int]]:
    """Tell what each branch can still bring in, under one of its regencies, with the branch."""
    if asked.by not in OF_BRANCHES:
        return {}
    branches = {key: asked.branches[key] for key in counted.regions if key in asked.branches}
    weeks = regroup(counted.weekly, branches, branches.values())
    found: dict[str, tuple[str, int]] = {}
    for row, branch in enumerate(weeks.keys):
        keys = [key for key, of in branches.items() if of == branch]
        aim = _aim(keys, counted, targets, {})
        if aim:
            full = weeks.signups[row, :-1].tolist()
            found[keys[0]] = (branch, recoverable(aim.missing, full, today, aim.ends))
    return found


def _aim_of_all(
    db: Session,
    asked: Asked,
    counted: _Counted,
    targets: RegionTargets,
    paces: Mapping[str, tuple[str, int]],
) -> Aim | None:
    """Take the target of the whole place where those of its parts run over different days."""
    aim, own = _aim(counted.regions, counted, targets, paces), targets.whole
    if aim is None or own is None or asked.scope.kinds:
        return aim
    done = signups_between(db, asked.scope, asked.level, own.starts, own.ends)
    return replace(
        aim, signups=own.signups, done=sum(done.values()), starts=own.starts, ends=own.ends
    )


def _aim(
    keys: Iterable[str],
    counted: _Counted,
    targets: RegionTargets,
    paces: Mapping[str, tuple[str, int]],
) -> Aim | None:
    """Add up the parts of targets; several periods are told as the longest around them."""
    over = {key: target for key in keys if (target := targets.over(key)) is not None}
    shared = [key for key in over if key in counted.estimates]
    if not shared:
        return None
    return Aim(
        signups=round(_part(shared, counted, targets)),
        done=sum(counted.done.get(key, 0) for key in shared),
        starts=min(over[key].starts for key in shared),
        ends=max(over[key].ends for key in shared),
        recoverable=sum(paces[key][1] for key in shared if key in paces) if paces else None,
    )


def _part(keys: Iterable[str], counted: _Counted, targets: RegionTargets) -> float:
    told = counted.estimates
    return sum(targets.part(key, told[key]) for key in keys if key in told)


def _order(by: By, row: BoardRow) -> tuple[float, ...] | tuple[float, float, str]:
    """Put first where most is to be won: recoverable sign-ups, villages behind, people missing."""
    figures = row.figures
    if by is By.VILLAGE:
        return (float(figures.reached > 0), -figures.gap, row.key)
    if by in OF_BRANCHES:
        return (-float((row.aim.recoverable if row.aim else 0) or 0), -figures.gap, row.key)
    return (float(min(0, figures.off_plan)), -figures.gap, row.key)


def _curve(plan: PlannedDays, nation: WeeklyCounts, reached: int, today: date) -> Curve:
    """Draw from the first of the weeks shown to the end of the plan, half a year on at most."""
    span = plan.span
    latest = min(max(span[1], today), today + timedelta(weeks=WEEKS)) if span else today
    first, last = nation.weeks[0], monday_of(latest)
    count = (last - first).days // DAYS_PER_WEEK + 1
    weeks = tuple(first + timedelta(weeks=number) for number in range(count))
    new = nation.reached[0]
    so_far = (reached - int(new.sum()) + np.cumsum(new)).tolist()
    due = plan.due_by([week + timedelta(days=DAYS_PER_WEEK - 1) for week in weeks])
    return Curve(weeks, tuple(due), (*so_far, *[None] * (count - len(so_far))))
