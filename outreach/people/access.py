"""Who sees what: every listing, map, export, search and count goes through `narrow`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import select

from outreach.people.regions import zones_of
from outreach.people.tables import Account, AccountArea, BranchRegency, Role
from outreach.villages.areas import NATION, covers, narrow, require, within
from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

__all__ = ["NATION", "Person", "covers", "narrow", "person_of", "require", "within"]


@dataclass(frozen=True, slots=True)
class Person:
    """The person behind a request: role and the code prefixes of the regions they may see.

    `zone` is the time of the place they work in; whoever works in many has the agency's own.
    """

    account_id: int
    name: str
    role: Role
    areas: tuple[str, ...]
    branch_id: int | None = None
    zone: Zone = Zone.WIB


def person_of(db: Session, account_id: int) -> Person | None:
    """Read who an account is and what it may see; none if it is closed or missing.

    A coordinator's area is that of the branch, so it follows the branch's regencies.
    """
    account = db.get(Account, account_id)
    if account is None or not account.is_active:
        return None
    own = db.scalars(_OWN, {"account": account_id}).all()
    served = _served(db, account.branch_id) if account.branch_id is not None else ()
    areas = tuple(sorted({*own, *served}))
    zone = _zone(db, account.role, areas)
    return Person(account_id, account.name, account.role, areas, account.branch_id, zone)


#: Asked with each request: to make it anew would take longer than to answer it.
_OWN = select(AccountArea.code).where(AccountArea.account_id == bindparam("account"))


def _served(db: Session, branch_id: int) -> Sequence[str]:
    query = select(BranchRegency.regency_code).where(BranchRegency.branch_id == branch_id)
    return db.exec(query).all()


def _zone(db: Session, role: Role, areas: tuple[str, ...]) -> Zone:
    """Zone of a branch's regencies, or of an official's village."""
    if role not in (Role.COORDINATOR, Role.OFFICIAL):
        return Zone.WIB
    return min(zones_of(db, areas), default=Zone.WIB)
