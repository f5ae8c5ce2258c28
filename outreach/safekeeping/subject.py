"""Whose data are meant: an account, an official, or both where they are one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, false
from sqlmodel import col, select

from outreach.people.tables import Account, Official, Role

if TYPE_CHECKING:
    from sqlmodel import Session

#: Stands where the name of somebody stood who was erased, on every page and in every language.
ERASED = "(dihapus)"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as rows: the official, the account, or the official with the account."""

    official_id: int | None
    account_id: int | None


def by_login(db: Session, login: str) -> list[Subject]:
    """Find who logs in by a name, with the official whose account it is."""
    account_id = db.scalar(select(Account.id).where(Account.login == login.strip().casefold()))
    if account_id is None:
        return []
    official_id = db.scalar(select(Official.id).where(Official.account_id == account_id))
    return [Subject(official_id, account_id)]


def by_number(db: Session, official_id: int) -> list[Subject]:
    """Find an official by the number of the row, with their account."""
    official = db.get(Official, official_id)
    return [] if official is None else [Subject(official.id, official.account_id)]


def by_contact(db: Session, village_code: str, contact: str) -> list[Subject]:
    """Find the officials of a village by their telephone number or e-mail address as stored."""
    query = select(Official).where(
        Official.village_code == village_code,
        (col(Official.phone) == contact) | (col(Official.email) == contact),
    )
    return [Subject(one.id, one.account_id) for one in db.exec(query.order_by(col(Official.id)))]


def rows_of(db: Session, whom: Subject) -> tuple[Official | None, Account | None]:
    """Read the rows of a person as they stand now."""
    official = db.get(Official, whom.official_id) if whom.official_id else None
    account = db.get(Account, whom.account_id) if whom.account_id else None
    return official, account


def is_last_admin(db: Session, whom: Subject) -> bool:
    """Tell whether nobody else could look after the accounts any more."""
    admins = select(Account.id).where(col(Account.role) == Role.ADMIN, col(Account.is_active))
    return list(db.exec(admins)) == [whom.account_id]


def belongs(column: Any, number: int | None) -> ColumnElement[bool]:
    """Whether a row is theirs, by the number of their account or entry.

    Who has no such row owns none: rows of nobody, whose number is empty, are not theirs.
    """
    return false() if number is None else column == number


def known_by(db: Session, whom: Subject) -> frozenset[str]:
    """Tell the texts by which the person can be found in what others wrote."""
    official, account = rows_of(db, whom)
    told = [account.name, account.login] if account else []
    if official:
        told += [official.name, official.email, *_ways_to_write(official.phone)]
    return frozenset(one for one in told if one and one != ERASED)


def is_contact(word: str) -> bool:
    """Tell a number or an address, which reaches one person, from a name, which many may have."""
    return "@" in word or any(sign.isdigit() for sign in word)


def _ways_to_write(phone: str) -> list[str]:
    national = phone.removeprefix("+62")
    return [phone, f"0{national}", f"62{national}"] if national else []
