"""What the sessions brought and cost, by region or by team: counts for the board."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import String, case, cast, func, select
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT
from outreach.logbook.tables import SessionReport
from outreach.progress.scope import Scope, current_reports
from outreach.visits.stays import is_in_stay
from outreach.visits.tables import Stay, Visit

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.villages.codes import Level


class Brought(NamedTuple):
    """Sums of the reports that count; `told` are the sign-ups of which it is known who `paid`."""

    reached: int = 0
    sessions: int = 0
    people: int = 0
    signups: int = 0
    told: int = 0
    paid: int = 0


@dataclass(slots=True)
class Travel:
    """What the sessions cost: the days on which a team was out, and the minutes on the way."""

    team_days: set[tuple[int, date]] = field(default_factory=set)
    minutes: int = 0


def region_key(level: Level | None) -> Any:
    """Write what the visits are added up by: the region of a level or, without one, the team."""
    if level is None:
        return cast(col(Visit.team_id), String)
    return func.substr(col(Visit.village_code), 1, int(level))


def brought_by(db: Session, scope: Scope, level: Level | None) -> dict[str, Brought]:
    """Add up what the sessions brought."""
    people = col(SessionReport.men) + col(SessionReport.women)
    met = case((people > 0, col(Visit.village_code)))
    told = case((col(SessionReport.paid).is_not(None), col(SessionReport.signups)), else_=0)
    query = select(
        region_key(level).label("key"),
        func.count(met.distinct()),
        func.count(),
        func.sum(people),
        func.sum(SessionReport.signups),
        func.sum(told),
        func.sum(func.coalesce(col(SessionReport.paid), 0)),
    ).select_from(Visit)
    rows = db.execute(current_reports(query, scope).group_by("key"))
    return {key: Brought(*map(int, row)) for key, *row in rows}


def signups_between(
    db: Session, scope: Scope, level: Level | None, first: date, last: date
) -> dict[str, int]:
    """Add up the sign-ups of sessions held on these days, both included."""
    query = select(region_key(level).label("key"), func.sum(SessionReport.signups))
    held = col(SessionReport.held_on).between(first, last)
    rows = current_reports(query.select_from(Visit), scope).where(held).group_by("key")
    return {key: int(signups) for key, signups in db.execute(rows)}


def travel_by(db: Session, scope: Scope, level: Level | None) -> dict[str, Travel]:
    """Tell what the sessions that were held cost.

    A day on which a team was in two regions is a day of each; of both together it is one. So are
    the days on the way of a stay; the minutes to its hub and back are the first region's.
    """
    minutes = func.sum(col(Visit.travel_minutes) + col(Visit.return_minutes))
    team_day = (col(Visit.team_id), col(SessionReport.held_on))
    query: Any = select(region_key(level).label("key"), *team_day, minutes).select_from(Visit)
    rows = db.execute(current_reports(query, scope).group_by("key", *team_day))
    found: dict[str, Travel] = defaultdict(Travel)
    for key, team, day, spent in rows:
        found[key].team_days.add((team, day))
        found[key].minutes += int(spent)
    _add_stays(db, scope, level, found)
    return dict(found)


def _add_stays(db: Session, scope: Scope, level: Level | None, found: dict[str, Travel]) -> None:
    """Add the ways of the stays in which a session was held."""
    key, first = region_key(level).label("key"), func.min(Visit.id)
    query = select(col(Visit.stay_id), key, first).select_from(Visit).join(Stay, is_in_stay())
    held = current_reports(query, scope).group_by(col(Visit.stay_id), "key").order_by(first)
    keys: dict[int, list[str]] = defaultdict(list)
    for stay_id, region, _first in db.execute(held):
        keys[stay_id].append(region)
    for part in batched(keys, ROWS_PER_STATEMENT):
        for stay in db.scalars(select(Stay).where(col(Stay.id).in_(part))):
            regions = keys[stay.id or 0]
            found[regions[0]].minutes += 2 * stay.access_minutes
            days = {(stay.team_id, date.fromisoformat(day)) for day in stay.travel_days}
            for region in regions:
                found[region].team_days |= days
