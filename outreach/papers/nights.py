"""Nights away: the stays that a team's assignment letter of a month has to tell of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.people.tables import Team
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.villages.tables import Village
from outreach.visits.stays import StayRow, stays_between

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class TeamStay:
    """A stay that lasts, with the village in which the team sleeps as a letter names it."""

    stay: StayRow
    hub: dict[str, str]


def stays_by_team(db: Session, team_ids: Collection[int]) -> dict[int, tuple[TeamStay, ...]]:
    """Read all stays of the teams that last, by team and start."""
    stays = stays_between(db, date.min, date.max, col(Team.id).in_(set(team_ids)))
    hubs = _hubs(db, {stay.hub_code for stay in stays})
    found: dict[int, list[TeamStay]] = defaultdict(list)
    for stay in stays:
        found[stay.team_id].append(TeamStay(stay, hubs[stay.hub_code]))
    return {team_id: tuple(some) for team_id, some in found.items()}


def _hubs(db: Session, codes: Collection[str]) -> dict[str, dict[str, str]]:
    """Name the villages with what a letter says of each."""
    if not codes:
        return {}
    names = names_of(
        db, {code[:depth] for code in codes for depth in (Level.REGENCY, Level.DISTRICT)}
    )
    columns = (col(Village.code), col(Village.name), col(Village.kind))
    return {
        code: {
            "village_code": code,
            "village": name,
            "village_kind": kind.value,
            "district": names[code[: Level.DISTRICT]],
            "regency": names[code[: Level.REGENCY]],
        }
        for code, name, kind in db.execute(select(*columns).where(col(Village.code).in_(codes)))
    }


def away_in_month(
    stays: Iterable[TeamStay], days: Collection[date], month: date
) -> list[dict[str, Any]]:
    """Say what of the stays belongs into the letter of a month.

    Every day of a stay stands in one letter: its first month has all days before, its last all
    days after, so that a way out on the last of October goes with the sessions of November.

    Parameters
    ----------
    days
        Days of the team's visits of which there are letters.
    month
        First day of the letter's month.
    """
    parts = (_part(one, days, month) for one in stays)
    return [part for part in parts if part is not None]


def _part(one: TeamStay, days: Collection[date], month: date) -> dict[str, Any] | None:
    stay = one.stay
    months = {day.replace(day=1) for day in days if stay.starts <= day <= stay.ends}
    if month not in months:
        return None
    starts = stay.starts if month == min(months) else month
    ends = stay.ends if month == max(months) else _last_of(month)
    return {
        **one.hub,
        "starts": starts.isoformat(),
        "ends": ends.isoformat(),
        # Who is still away at the end of the month sleeps there that night too.
        "nights": (ends - starts).days + (ends < stay.ends),
        "travel_days": [day.isoformat() for day in stay.travel_days if starts <= day <= ends],
    }


def _last_of(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
