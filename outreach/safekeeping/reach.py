"""Whose data an account or a phone could have reached in a time, or did: who is to be told.

Law 27/2022 on the protection of personal data gives three times 24 hours to write to them and to
the authority: which data, when and how they came out, what is done about it (article 46).
What a role can reach is what its pages show; `outreach/SECURITY.md` has the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, literal, or_, select, true
from sqlmodel import col

from outreach.errors import NotFound
from outreach.history.tables import OF_NUMBERS, Event
from outreach.people.access import within
from outreach.people.tables import (
    Account,
    AccountArea,
    Branch,
    BranchRegency,
    Device,
    Official,
    Role,
    Team,
)
from outreach.safekeeping.subject import ERASED
from outreach.villages.codes import parents
from outreach.villages.tables import Village
from outreach.visits.tables import Visit, VisitEvent

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlmodel import Session

#: What of whom the pages of a role show; of what is not named nothing is.
_SHOWN: dict[Role | None, dict[str, tuple[str, ...]]] = {
    Role.COORDINATOR: {
        "official": ("name", "position", "phone", "email", "term", "pictures", "remarks"),
        "team": ("name", "phone"),
    },
    Role.OFFICIAL: {
        "official": ("name", "position", "pictures", "remarks"),
        "team": ("name", "phone"),
    },
    Role.ADMIN: {"account": ("name", "login")},
    Role.MANAGER: {},
    # The database itself, or a backup: all there is.
    None: {
        "official": ("name", "position", "phone", "email", "term", "pictures", "remarks"),
        "team": ("name", "phone"),
        "account": ("name", "login", "email"),
    },
}
_EVERYWHERE = ("",)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody reaches: with which role, into which regions, when at all.

    Without a role it is the whole database. `since` and `until` are what is asked for, cut to the
    time in which the account or the phone could speak; `since` after `until` means never.
    """

    role: Role | None
    areas: tuple[str, ...]
    since: datetime
    until: datetime
    account_id: int | None = None
    branch_id: int | None = None
    device_id: int | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whose data lay within reach.

    `touched` where something was done there, `shown` where officials' telephone numbers were shown
    or taken along, both by the account and in the time that is asked for.
    """

    kind: str
    id: int
    branch: str
    village_code: str
    village: str
    name: str
    phone: str
    email: str
    data: tuple[str, ...]
    touched: bool
    shown: bool


def reach_of_all(since: datetime, until: datetime) -> Reach:
    """Reach as far as who has the database or a backup of it."""
    return Reach(None, _EVERYWHERE, since, until)


def reach_of_account(db: Session, login: str, since: datetime, until: datetime) -> Reach:
    """Reach as far as an account, whether it is closed by now or not.

    Raises
    ------
    NotFound
        If there is no such account.
    """
    account = db.scalar(select(Account).where(col(Account.login) == login.strip().casefold()))
    if account is None:
        raise NotFound(login=login)
    return _reach(db, account, max(since, account.created_at), until)


def reach_of_device(db: Session, device_id: int, since: datetime, until: datetime) -> Reach:
    """Reach as far as a phone, from its code until it was cut off.

    Raises
    ------
    NotFound
        If there is no such phone.
    """
    device = db.get(Device, device_id)
    if device is None:
        raise NotFound(device=device_id)
    ends = min(until, device.revoked_at or until)
    account = db.get_one(Account, device.account_id)
    return _reach(db, account, max(since, device.enrolled_at), ends, device_id)


def _reach(
    db: Session, account: Account, since: datetime, until: datetime, device_id: int | None = None
) -> Reach:
    own = db.scalars(select(col(AccountArea.code)).where(col(AccountArea.account_id) == account.id))
    served = db.scalars(
        select(col(BranchRegency.regency_code)).where(
            col(BranchRegency.branch_id) == account.branch_id
        )
    )
    areas = tuple(sorted({*own, *served}))
    return Reach(account.role, areas, since, until, account.id, account.branch_id, device_id)


def affected(db: Session, reach: Reach) -> list[Affected]:
    """List everybody within reach, by kind, branch and village."""
    shown = _SHOWN[reach.role] if reach.since <= reach.until else {}
    asked = {"official": _officials, "team": _teams, "account": _accounts}
    codes = _codes_shown(db, reach)
    found = [
        _affected(kind, data, row, codes)
        for kind, data in shown.items()
        for row in db.execute(asked[kind](reach))
    ]
    return sorted(found, key=lambda one: (one.kind, one.branch, one.village_code, one.id))


def _affected(kind: str, data: tuple[str, ...], row: Any, codes: Collection[str]) -> Affected:
    number, branch, code, village, name, phone, email, touched = row
    shown = bool(code) and any(one in codes for one in (code, *parents(code)))
    return Affected(
        kind, number, branch or "", code, village, name, phone, email, data, bool(touched), shown
    )


def _codes_shown(db: Session, reach: Reach) -> frozenset[str]:
    """Name the regions whose officials' numbers went out to the account in that time."""
    if reach.account_id is None:
        return frozenset()
    lines = select(col(Event.regions)).where(
        col(Event.account_id) == reach.account_id,
        col(Event.deed).in_([one.value for one in OF_NUMBERS]),
        col(Event.at) >= reach.since,
        col(Event.at) <= reach.until,
    )
    return frozenset(code for regions in db.scalars(lines) for code in regions.split())


def _officials(reach: Reach) -> Any:
    return (
        select(
            col(Official.id),
            col(Branch.name).label("branch"),
            col(Official.village_code),
            col(Village.name),
            col(Official.name),
            col(Official.phone),
            col(Official.email),
            _is_touched(reach).label("touched"),
        )
        .join(Village, col(Village.code) == col(Official.village_code))
        .join(
            BranchRegency,
            col(BranchRegency.regency_code) == col(Village.regency_code),
            isouter=True,
        )
        .join(Branch, col(Branch.id) == col(BranchRegency.branch_id), isouter=True)
        .where(within(Official.village_code, reach.areas), col(Official.name) != ERASED)
    )


def _is_touched(reach: Reach) -> Any:
    """Hold for a village of whose visits the account changed something in that time."""
    if reach.account_id is None:
        return literal(value=False)
    when = and_(col(VisitEvent.at) >= reach.since, col(VisitEvent.at) <= reach.until)
    theirs = select(col(VisitEvent.village_code)).where(
        col(VisitEvent.account_id) == reach.account_id, when
    )
    return col(Official.village_code).in_(theirs)


def _teams(reach: Reach) -> Any:
    """Teams of the account's branch, or those that come to an official's village."""
    visits = select(col(Visit.team_id)).where(within(Visit.village_code, reach.areas))
    whose: Any = true() if reach.role is None else col(Team.id).in_(visits)
    if reach.branch_id is not None:
        whose = or_(whose, col(Team.branch_id) == reach.branch_id)
    return _of_branch(Team, whose, col(Team.phone))


def _accounts(_reach: Reach) -> Any:
    return _of_branch(Account, col(Account.name) != ERASED, literal(""))


def _of_branch(table: Any, whose: Any, phone: Any) -> Any:
    return (
        select(
            col(table.id),
            col(Branch.name).label("branch"),
            literal("").label("village_code"),
            literal("").label("village"),
            col(table.name),
            phone.label("phone"),
            literal("").label("email"),
            literal(value=False).label("touched"),
        )
        .join(Branch, col(Branch.id) == col(table.branch_id), isouter=True)
        .where(whose)
    )
