"""Village officials who host sessions: who they are, how they are reached, how long they serve."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationInfo, field_validator
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from outreach.errors import Conflict, NotFound
from outreach.people.access import covers, require
from outreach.people.accounts import account_of, areas_of, follow
from outreach.people.devices import cut_off
from outreach.people.edits import change, locked
from outreach.people.emails import Email
from outreach.people.free_text import Name
from outreach.people.order import check_order
from outreach.people.phones import Phone
from outreach.people.regions import VillageCode, refuse_unknown
from outreach.people.tables import Official, Role
from outreach.people.terms import day_of, in_office, last_day, term_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: Codes asked for in one statement.
CODES_AT_ONCE = 5000


class OfficialIn(BaseModel):
    """What is told about an official; phone and e-mail are contact data and may be left out."""

    village_code: VillageCode
    name: Name
    position: Name
    phone: Phone = ""
    email: Email = ""
    term_starts: date | None = None
    term_ends: date | None = None

    @field_validator("term_ends")
    @classmethod
    def _after_start(cls, ends: date | None, told: ValidationInfo) -> date | None:
        check_order(told.data.get("term_starts"), ends)
        return ends


def active_officials(
    db: Session, codes: Iterable[str], day: date
) -> dict[str, tuple[Official, ...]]:
    """Officials in office on *day*, by village and by name; villages without any are left out.

    Only they are told anything. It answers whoever asks: the caller has taken the codes from what
    the person may see.
    """
    found: dict[str, list[Official]] = defaultdict(list)
    query = select(Official).where(in_office(day)).order_by(col(Official.name), col(Official.id))
    for part in batched(sorted(set(codes)), CODES_AT_ONCE):
        for official in db.exec(query.where(col(Official.village_code).in_(part))):
            found[official.village_code].append(official)
    return {code: tuple(officials) for code, officials in sorted(found.items())}


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


def update_official(
    db: Session, official_id: int, given: OfficialIn, *, version: int, by: Person
) -> Official:
    """Change what is told about an official that was read as *version*.

    Raises
    ------
    NotFound
        If the official, or the village told now, is missing or outside the person's area.
    Invalid
        If there is no such village.
    Conflict
        If somebody else changed it since, or their account does not see the village told now.
    """
    own_official(db, official_id, by)
    require(by, given.village_code)
    refuse_unknown(db, village_code=[given.village_code])
    official = locked(db, Official, official_id)
    account = official.account_id
    if account is not None and not follow(db, account, given.name, given.village_code):
        raise Conflict(problem="account_of_another_village")
    change(official, given.model_dump(), version)
    return official


def set_active(
    db: Session, official_id: int, is_active: bool, *, version: int, by: Person, now: datetime
) -> Official:
    """Note that an official has left office, today at the latest, or serves again.

    The phones of who has left speak no more, and codes given to them open nothing. Who serves again
    has no last day any more if it was over: until when is not known then.

    Raises
    ------
    NotFound
        If missing or outside the person's area.
    Conflict
        If somebody else changed it since *version*.
    """
    own_official(db, official_id, by)
    official = locked(db, Official, official_id)
    stood = term_of(official)
    ends = last_day(stood, stood._replace(is_active=is_active), day_of(now))
    change(official, {"is_active": is_active, "term_ends": ends}, version)
    if not is_active:
        cut_off(db, now, official_id=official_id, by=by.account_id)
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


def link_account(
    db: Session, official_id: int, account_id: int, *, by: Person, now: datetime
) -> Official:
    """Give an official the account they log in with.

    The phones that spoke through another account of theirs speak no more, for nobody would find
    them again to take them back.

    Raises
    ------
    NotFound
        If the official is outside the person's area, or the account is missing.
    Conflict
        If the account is not an official's, does not see the official's village, or is another
        official's already.
    """
    own_official(db, official_id, by)
    official = locked(db, Official, official_id)
    if account_of(db, account_id).role != Role.OFFICIAL:
        raise Conflict(problem="not_an_officials_account")
    if not covers(areas_of(db, account_id), official.village_code):
        raise Conflict(problem="account_of_another_village")
    try:
        with db.begin_nested():
            if official.account_id not in (None, account_id):
                cut_off(db, now, official_id=official_id, by=by.account_id)
            official.account_id = account_id
    except IntegrityError as error:
        raise Conflict(problem="account_has_official") from error
    return official
