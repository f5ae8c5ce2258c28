"""Reads the log: who did what, and who saw the telephone numbers of a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_
from sqlmodel import col, select

from outreach.history.tables import Deed, Event
from outreach.people.tables import Account, Branch, Role
from outreach.villages.codes import parents
from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlmodel import Session


#: A phone asks every few minutes: of each team that it shows there is one line in so long.
TOLD_ONCE_IN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are looked for: days are whole ones in Jakarta, the last one included.

    A `region` is a dotted code of any level: lines about it, about what lies in it and about what
    it lies in. `before` is the number of a line: only older ones.
    """

    deeds: Collection[Deed] = ()
    account_id: int | None = None
    branch_id: int | None = None
    region: str = ""
    first: date | None = None
    last: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log with the names that its numbers have today; empty if they are gone."""

    event: Event
    name: str
    branch: str

    @property
    def deed(self) -> Deed | None:
        """What was done; none if only a newer version has a word for it."""
        return Deed(self.event.deed) if self.event.deed in set(Deed) else None

    @property
    def role(self) -> Role | None:
        """What the person did with the product at that time."""
        return Role(self.event.role) if self.event.role in set(Role) else None

    @property
    def regions(self) -> list[str]:
        """Codes of the regions it is about."""
        return self.event.regions.split()


def find_lines(db: Session, wanted: Wanted, most: int) -> tuple[list[Line], bool]:
    """List the newest *most* lines that are wanted, and whether there are older ones."""
    query = (
        select(Event, Account.name, Branch.name)
        .outerjoin(Account, col(Account.id) == col(Event.account_id))
        .outerjoin(Branch, col(Branch.id) == col(Event.branch_id))
        .where(*_conditions(wanted))
        .order_by(col(Event.id).desc())
        .limit(most + 1)
    )
    rows: Sequence[tuple[Event, str | None, str | None]] = db.exec(query).all()
    lines = [Line(event, name or "", branch or "") for event, name, branch in rows]
    return lines[:most], len(lines) > most


def told_about(db: Session, account_id: int, deed: Deed, since: datetime) -> frozenset[int]:
    """Name what an account has a line about since a moment."""
    query = select(Event.about).where(
        col(Event.account_id) == account_id,
        col(Event.deed) == deed.value,
        col(Event.at) >= since,
    )
    return frozenset(number for number in db.exec(query) if number is not None)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked = {
        col(Event.account_id): wanted.account_id,
        col(Event.branch_id): wanted.branch_id,
    }
    found = [column == value for column, value in asked.items() if value is not None]
    if wanted.deeds:
        found.append(col(Event.deed).in_([one.value for one in wanted.deeds]))
    if wanted.region:
        found.append(_touches(wanted.region))
    if wanted.first:
        found.append(col(Event.at) >= _begins(wanted.first))
    if wanted.last:
        found.append(col(Event.at) < _begins(wanted.last + timedelta(days=1)))
    if wanted.before:
        found.append(col(Event.id) < wanted.before)
    return found


def _begins(day: date) -> datetime:
    return Zone.WIB.moment(day, time()).astimezone(UTC)


def _touches(region: str) -> ColumnElement[bool]:
    regions = col(Event.regions)
    around = [regions.contains(f" {code} ") for code in (region, *parents(region))]
    return or_(*around, regions.contains(f" {region}."))
