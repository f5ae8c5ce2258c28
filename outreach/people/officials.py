"""Village officials who host sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from outreach.errors import Conflict, NotFound
from outreach.people.access import covers, require
from outreach.people.accounts import account_of, areas_of
from outreach.people.free_text import Name
from outreach.people.phones import Phone
from outreach.people.regions import VillageCode, refuse_unknown
from outreach.people.tables import Official, Role

if TYPE_CHECKING:
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


def link_account(db: Session, official_id: int, account_id: int, *, by: Person) -> Official:
    """Give an official the account they log in with.

    Raises
    ------
    NotFound
        If the official is outside the person's area, or the account is missing.
    Conflict
        If the account is not an official's, does not see the official's village, or is another
        official's already.
    """
    official = own_official(db, official_id, by)
    if account_of(db, account_id).role != Role.OFFICIAL:
        raise Conflict(problem="not_an_officials_account")
    if not covers(areas_of(db, account_id), official.village_code):
        raise Conflict(problem="account_of_another_village")
    try:
        with db.begin_nested():
            official.account_id = account_id
    except IntegrityError as error:
        raise Conflict(problem="account_has_official") from error
    return official
