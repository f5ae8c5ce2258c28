"""Village officials who host sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel
from sqlmodel import select

from outreach.errors import Conflict, NotFound
from outreach.people.access import require
from outreach.people.free_text import Name
from outreach.people.phones import Phone
from outreach.people.regions import VillageCode, refuse_unknown
from outreach.people.tables import Account, Official, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from outreach.people.access import Person


class OfficialIn(BaseModel):
    """What is told about an official; the phone number is contact data and may be left out."""

    village_code: VillageCode
    name: Name
    position: Name
    phone: Phone = ""


def add_official(db: Session, given: OfficialIn, *, by: Person, is_demo: bool = False) -> Official:
    """Note an official of a village.

    Raises
    ------
    NotFound
        If the village lies outside the person's area.
    Invalid
        If there is no such village.
    """
    require(by, given.village_code)
    refuse_unknown(db, village_code=[given.village_code])
    official = Official(**given.model_dump(), is_demo=is_demo)
    db.add(official)
    return official


def update_official(db: Session, official_id: int, given: OfficialIn, *, by: Person) -> Official:
    """Change an official's particulars.

    Raises
    ------
    NotFound
        If the official, or the village told, is missing or outside the person's area.
    Invalid
        If there is no such village.
    """
    official = own_official(db, official_id, by)
    require(by, given.village_code)
    refuse_unknown(db, village_code=[given.village_code])
    official.sqlmodel_update(given.model_dump())
    return official


def own_official(db: Session, official_id: int, by: Person) -> Official:
    """Read an official whose village lies within the person's area.

    Raises
    ------
    NotFound
        If missing or outside.
    """
    official = db.get(Official, official_id)
    if official is None:
        raise NotFound(kind="Official", id=official_id)
    require(by, official.village_code)
    return official


def officials_of(db: Session, village_code: str, by: Person) -> Sequence[Official]:
    """List the officials of a village by name.

    Raises
    ------
    NotFound
        If the village lies outside the person's area.
    """
    require(by, village_code)
    query = select(Official).where(Official.village_code == village_code).order_by(Official.name)
    return db.exec(query).all()


def remove_official(db: Session, official_id: int, *, by: Person) -> None:
    """Forget an official and the contact data with them.

    Raises
    ------
    NotFound
        If missing or outside the person's area.
    """
    db.delete(own_official(db, official_id, by))


def link_account(db: Session, official_id: int, account_id: int, *, by: Person) -> Official:
    """Give an official the account they log in with.

    Raises
    ------
    NotFound
        If the official is outside the person's area, or the account is missing.
    Conflict
        If the account is not an official's.
    """
    official = own_official(db, official_id, by)
    account = db.get(Account, account_id)
    if account is None:
        raise NotFound(kind="Account", id=account_id)
    if account.role != Role.OFFICIAL:
        raise Conflict(problem="not_an_officials_account")
    official.account_id = account_id
    return official
