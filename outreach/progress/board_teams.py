"""The rows of a board that are teams: what each did, beside the villages that are its own.

A team's own villages are those that the plan gives it and those it has reported from. Estimates,
target and phones are theirs; one that two teams have stands with both, so that rows of teams need
not add up to their whole.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.progress.board_counts import visits_counted
from outreach.progress.board_rows import WEEKS, Aim, BoardRow
from outreach.progress.brought import signups_between
from outreach.progress.ledger import Confirmed, confirmed_by
from outreach.progress.quality_counts import Phones, phones_by
from outreach.progress.scope import Scope, current_reports
from outreach.progress.totals import Estimates, estimates_by
from outreach.progress.weeks import regroup, weekly_by_team
from outreach.villages.codes import Level
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.progress.board_targets import RegionTargets
    from outreach.progress.planned_days import PlannedDays

    #: Sign-ups by team of each period.
    type Done = Mapping[tuple[date, date], Mapping[str, int]]


def team_rows(
    db: Session,
    scope: Scope,
    plan: PlannedDays,
    targets: RegionTargets,
    *,
    today: date,
    now: datetime,
) -> list[BoardRow]:
    """Count the row of every team with a village of its own in scope, by the team's id as text."""
    own = villages_of_teams(db, scope, plan)
    estimates = estimates_by(db, scope, Level.VILLAGE)
    phones = phones_by(db, scope, Level.VILLAGE, now)
    confirmed = confirmed_by(db, scope, Level.VILLAGE, until=today)
    counts = visits_counted(db, scope, None, plan.by_team(today))
    for team, codes in own.items():
        for told in (estimates, phones, confirmed):
            counts.note_all({team: _sum(told[code] for code in codes if code in told)})
    periods = {team: _period(targets, codes) for team, codes in own.items()}
    done = {
        period: signups_between(db, scope, None, *period)
        for period in set(periods.values())
        if period
    }
    first = today - timedelta(weeks=WEEKS - 1)
    weeks = regroup(
        weekly_by_team(db, scope, first=first, last=today), {key: key for key in own}, own
    )
    signups = dict(zip(weeks.keys, weeks.signups.tolist(), strict=True))
    return [
        BoardRow(
            team,
            counts.figures([team]),
            _aim(team, codes, periods[team], targets, estimates, done),
            tuple(signups[team]),
        )
        for team, codes in sorted(own.items())
    ]


def villages_of_teams(db: Session, scope: Scope, plan: PlannedDays) -> dict[str, set[str]]:
    """List the villages in scope that are each team's own, by its id as text."""
    own = plan.villages_by_team()
    query: Any = select(col(Visit.team_id), col(Visit.village_code)).select_from(Visit)
    for team, code in db.execute(current_reports(query, scope).distinct()):
        own.setdefault(str(team), set()).add(code)
    return own


def _sum(parts: Iterable[Confirmed | Estimates | Phones]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part in parts:
        for name, number in part._asdict().items():
            sums[name] = sums.get(name, 0) + number
    return sums


def _period(targets: RegionTargets, codes: Collection[str]) -> tuple[date, date] | None:
    """Tell the longest period around those of the targets that the villages have a part of."""
    over = [target for code in codes if (target := targets.over(code)) is not None]
    if not over:
        return None
    return min(one.starts for one in over), max(one.ends for one in over)


def _aim(
    team: str,
    codes: Collection[str],
    period: tuple[date, date] | None,
    targets: RegionTargets,
    estimates: Mapping[str, Estimates],
    done: Done,
) -> Aim | None:
    if period is None:
        return None
    parts = (targets.part(code, estimates[code]) for code in codes if code in estimates)
    return Aim(round(sum(parts)), done[period].get(team, 0), *period)
