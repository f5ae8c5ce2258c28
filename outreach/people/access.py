"""Who sees what: every listing, map, export, search and count goes through `narrow`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, or_, true
from sqlmodel import select

from outreach.errors import NotFound
from outreach.people.tables import Account, AccountArea, BranchRegency, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Select
    from sqlmodel import Session

NATION = ""


@dataclass(frozen=True, slots=True)
class Person:
    """The person behind a request: role and the code prefixes of the regions they may see."""

    account_id: int
    name: str
    role: Role
    areas: tuple[str, ...]
    branch_id: int | None = None


def within(column: Any, prefixes: Iterable[str]) -> ColumnElement[bool]:
    """Hold where *column* is one of the regions or lies inside one; no prefix holds nowhere.

    Ranges instead of LIKE, so that the index answers on both databases: in ASCII the slash
    follows the dot, hence everything inside `33.72` lies between `33.72.` and `33.72/`.
    """
    wanted = tuple(prefixes)
    if NATION in wanted:
        return true()
    return or_(
        false(), *(or_(column == p, and_(column >= f"{p}.", column < f"{p}/")) for p in wanted)
    )


def narrow[T: Select[Any]](query: T, column: Any, person: Person) -> T:
    """Keep only rows whose region code in *column* lies within the person's area."""
    return query.where(within(column, person.areas))


def covers(prefixes: Iterable[str], code: str) -> bool:
    """Say whether the region *code* is one of the regions or lies inside one."""
    return any(p in (NATION, code) or code.startswith(f"{p}.") for p in prefixes)


def require(person: Person, code: str) -> None:
    """Refuse a region outside the person's area, in the same way as one that does not exist.

    Raises
    ------
    NotFound
        If *code* lies outside.
    """
    if not covers(person.areas, code):
        raise NotFound(region=code)


def person_of(db: Session, account_id: int) -> Person | None:
    """Read who an account is and what it may see; none if it is closed or missing.

    A coordinator's area is that of the branch, so it follows the branch's regencies.
    """
    account = db.get(Account, account_id)
    if account is None or not account.is_active:
        return None
    own = db.exec(select(AccountArea.code).where(AccountArea.account_id == account_id)).all()
    served = db.exec(
        select(BranchRegency.regency_code).where(BranchRegency.branch_id == account.branch_id)
    ).all()
    areas = tuple(sorted({*own, *served}))
    return Person(account_id, account.name, account.role, areas, account.branch_id)
