"""Where telephone numbers went out to an account, as the history keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select
from sqlmodel import col

from outreach.history.looking import TOLD_ONCE_IN
from outreach.history.tables import OF_NUMBERS, OF_TEAM_NUMBERS, Deed, Event
from outreach.people.tables import Role
from outreach.villages.codes import parents

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Shown:
    """Regions whose officials' numbers went out, and those whose teams' did; or just one team's."""

    officials: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    teams: frozenset[int] = frozenset()

    def has_official(self, *villages: str) -> bool:
        """Whether the number of an official of one of these villages may be among them."""
        return any(_has(self.officials, code) for code in villages)

    def has_team(self, team_id: int, *bases: str) -> bool:
        """Whether this team's number may be among them, wherever it started."""
        return team_id in self.teams or any(_has(self.bases, code) for code in bases)


def _has(codes: frozenset[str], code: str) -> bool:
    return bool(codes) and any(one in codes for one in (code, *parents(code)))


def shown_to(db: Session, account_id: int, since: datetime, until: datetime) -> Shown:
    """Read what went out to an account in a time."""
    lines = (
        select(col(Event.deed), col(Event.regions), col(Event.about))
        .where(
            col(Event.account_id) == account_id,
            col(Event.deed).in_([one.value for one in (*OF_NUMBERS, *OF_TEAM_NUMBERS)]),
            col(Event.at) <= until,
            or_(col(Event.at) >= since, _holds_still(since)),
        )
        .distinct()
    )
    officials: set[str] = set()
    bases: set[str] = set()
    teams: set[int] = set()
    for deed, regions, about in db.execute(lines):
        if Deed(deed) in OF_NUMBERS:
            officials.update(regions.split())
        elif about is not None:
            teams.add(about)
        else:
            bases.update(regions.split())
    return Shown(frozenset(officials), frozenset(bases), frozenset(teams))


def _holds_still(since: datetime) -> Any:
    """Hold for a line about a team that a phone wrote before, and would not write again."""
    is_phone = col(Event.role) == Role.OFFICIAL.value, col(Event.about).is_not(None)
    return and_(*is_phone, col(Event.at) >= since - TOLD_ONCE_IN)
