"""Accounts: who can log in, with which role, for which area."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import NATION, covers
from outreach.people.devices import cut_off
from outreach.people.edits import change, locked
from outreach.people.free_text import Name
from outreach.people.identity import refuse_identity_numbers
from outreach.people.passwords import NO_PASSWORD, hash_password, matches, refuse_weak
from outreach.people.regions import RegionCode, refuse_unknown
from outreach.people.tables import Account, AccountArea, Branch, Official, Role
from outreach.villages.codes import Level, level

if TYPE_CHECKING:
    from datetime import datetime

    from argon2 import PasswordHasher
    from sqlmodel import Session

_COLUMNS = {"login", "name", "role", "branch_id"}


def _login(text: str) -> str:
    login = text.strip().casefold()
    if not re.fullmatch(r"[a-z0-9][a-z0-9.\-]{2,59}", login):
        raise PydanticCustomError("not_a_login", "no login name")
    return refuse_identity_numbers(login)


def _codes(value: object) -> object:
    """Take codes as people type them into one field, between blanks, commas or lines."""
    if isinstance(value, list):
        return [code for text in value for code in re.split(r"[\s,;]+", str(text)) if code]
    return value


Login = Annotated[str, AfterValidator(_login)]


class AccountIn(BaseModel):
    """What is told about an account.

    A coordinator has a branch and sees its regencies; a manager sees the regions named or the
    whole nation; an official sees villages; an admin looks after people and sees no visits.
    """

    login: Login
    name: Name
    role: Role
    branch_id: int | None = Field(default=None, le=2**31 - 1, validate_default=True)
    whole_nation: bool = False
    area_codes: Annotated[list[RegionCode], BeforeValidator(_codes)] = Field(
        default_factory=list, max_length=600, validate_default=True
    )

    @field_validator("branch_id")
    @classmethod
    def _branch_fits_role(cls, branch_id: int | None, told: ValidationInfo) -> int | None:
        role = told.data.get("role")
        if role == Role.COORDINATOR and branch_id is None:
            raise PydanticCustomError("needs_branch", "a coordinator needs a branch")
        if role not in (None, Role.COORDINATOR) and branch_id is not None:
            raise PydanticCustomError("no_branch_for_role", "only a coordinator has a branch")
        return branch_id

    @field_validator("area_codes")
    @classmethod
    def _area_fits_role(cls, codes: list[str], told: ValidationInfo) -> list[str]:
        role, nation = told.data.get("role"), told.data.get("whole_nation", False)
        named = bool(codes) or nation
        if role in (Role.MANAGER, Role.OFFICIAL) and not named:
            raise PydanticCustomError("needs_area", "this role needs an area")
        if role in (Role.ADMIN, Role.COORDINATOR) and named:
            raise PydanticCustomError("no_area_for_role", "this role has no area of its own")
        if role == Role.OFFICIAL and (nation or any(level(c) != Level.VILLAGE for c in codes)):
            raise PydanticCustomError("not_a_village", "an official's area is a village")
        return sorted(set(codes))

    @property
    def areas(self) -> list[str]:
        """Code prefixes of the account's own areas; the nation includes all others."""
        return [NATION] if self.whole_nation else self.area_codes


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account in a list; an area code of ``""`` is the whole nation."""

    id: int
    login: str
    name: str
    role: Role
    branch: str | None
    area_codes: tuple[str, ...]
    is_active: bool
    is_demo: bool
    has_password: bool = True


def create_account(
    db: Session,
    given: AccountIn,
    password: str,
    *,
    now: datetime,
    is_demo: bool = False,
    hasher: PasswordHasher | None = None,
) -> Account:
    """Add an account; a cheaper *hasher* is for tests and demonstrations only.

    Raises
    ------
    Invalid
        If the login name is taken, a region or branch is unknown or the password is weak.
    """
    _refuse_unknown(db, given)
    refuse_weak(password, own_words=(given.login, given.name))
    account = Account(
        **given.model_dump(include=_COLUMNS),
        password_hash=hash_password(password, hasher=hasher),
        password_stamp=_new_stamp(),
        is_demo=is_demo,
        created_at=now,
    )
    try:
        with db.begin_nested():
            db.add(account)
    except IntegrityError as error:
        raise Invalid(problems={"login": ["taken"]}) from error
    _give_areas(db, account, given)
    return account


def create_phone_account(db: Session, official: Official, now: datetime) -> Account:
    """Add the account of an official who has none: opened by their phones, by no password."""
    for login in (f"hp-{official.id}", f"hp-{official.id}-{secrets.token_hex(4)}"):
        account = Account(
            login=login,
            name=official.name,
            role=Role.OFFICIAL,
            password_hash=NO_PASSWORD,
            password_stamp=_new_stamp(),
            is_demo=official.is_demo,
            created_at=now,
        )
        with suppress(IntegrityError), db.begin_nested():
            db.add(account)
            db.flush()
            db.add(AccountArea(account_id=account.id or 0, code=official.village_code))
            return account
    raise Conflict(problem="changed_meanwhile", yours={}, theirs={})


def follow(db: Session, account_id: int, name: str, village_code: str) -> bool:
    """Tell whether an official's account sees the village; one that only phones open is made to.

    Such an account is nothing but its official's, so that it goes by what is told of them.
    """
    account = account_of(db, account_id)
    if account.password_hash != NO_PASSWORD:
        return covers(areas_of(db, account_id), village_code)
    account.name = name
    if areas_of(db, account_id) != [village_code]:
        db.execute(delete(AccountArea).where(col(AccountArea.account_id) == account_id))
        db.add(AccountArea(account_id=account_id, code=village_code))
    return True


def update_account(
    db: Session,
    account_id: int,
    given: AccountIn,
    *,
    version: int,
    by_account_id: int | None,
    now: datetime,
) -> Account:
    """Change an account that was read as *version*; an open login has the new rights at once.

    With another role its phones are taken back for good: they speak for officials only.

    Raises
    ------
    NotFound
        If there is no such account.
    Invalid
        As for `create_account`.
    Conflict
        If somebody else changed it since.
    """
    _lock_official(db, account_id)
    account = locked(db, Account, account_id)
    former_role = account.role
    _refuse_unknown(db, given)
    try:
        with db.begin_nested():
            change(account, given.model_dump(include=_COLUMNS), version)
    except IntegrityError as error:
        raise Invalid(problems={"login": ["taken"]}) from error
    if account.role is not former_role:
        cut_off(db, now, account_id=account_id, by=by_account_id)
    db.execute(delete(AccountArea).where(col(AccountArea.account_id) == account_id))
    _give_areas(db, account, given)
    return account


def set_password(
    db: Session, account_id: int, password: str, *, hasher: PasswordHasher | None = None
) -> None:
    """Give an account a new password; every login made with the old one ends.

    Raises
    ------
    NotFound
        If there is no such account.
    Invalid
        If the password is weak.
    """
    account = account_of(db, account_id)
    refuse_weak(password, own_words=(account.login, account.name))
    account.password_hash = hash_password(password, hasher=hasher)
    account.password_stamp = _new_stamp()


def change_password(db: Session, account_id: int, present: str, new: str) -> Account:
    """Let somebody change their own password; every login made with the old one ends.

    Raises
    ------
    Invalid
        If the present password is not the one given, or the new one is weak.
    """
    if not matches(account_of(db, account_id).password_hash, present):
        raise Invalid(problems={"present": ["wrong_password"]})
    set_password(db, account_id, new)
    return account_of(db, account_id)


def end_logins(db: Session, account_id: int) -> None:
    """End every login that was made with the account's password; phones go on.

    Raises
    ------
    NotFound
        If there is no such account.
    """
    account_of(db, account_id).password_stamp = _new_stamp()


def set_active(
    db: Session, account_id: int, *, active: bool, by_account_id: int | None, now: datetime
) -> None:
    """Close an account, or open it again; nobody closes the one they are using.

    The phones that spoke for it are taken back for good.

    Raises
    ------
    NotFound
        If there is no such account.
    Conflict
        If it is the person's own.
    """
    _lock_official(db, account_id)
    account = locked(db, Account, account_id)
    if not active and account_id == by_account_id:
        raise Conflict(problem="own_account")
    if account.is_active != active:
        account.is_active = active
        account.password_stamp = _new_stamp()
        if not active:
            cut_off(db, now, account_id=account_id, by=by_account_id)


def _lock_official(db: Session, account_id: int) -> None:
    """Take the official of an account first, as whoever connects a phone does.

    Else a phone that is being connected at this moment would not be seen, and not be taken back.
    """
    query = select(Official).where(Official.account_id == account_id)
    db.exec(query.with_for_update(key_share=True).execution_options(populate_existing=True)).all()


def account_of(db: Session, account_id: int) -> Account:
    """Read an account.

    Raises
    ------
    NotFound
        If there is none.
    """
    account = db.get(Account, account_id)
    if account is None:
        raise NotFound(kind="Account", id=account_id)
    return account


def account_by_login(db: Session, login: str) -> Account:
    """Read an account by its login name.

    Raises
    ------
    NotFound
        If there is none.
    """
    account = db.exec(select(Account).where(Account.login == login.strip().casefold())).first()
    if account is None:
        raise NotFound(kind="Account", login=login)
    return account


def areas_of(db: Session, account_id: int) -> list[str]:
    """List an account's own areas; a coordinator's come from the branch and are not here."""
    query = select(AccountArea.code).where(AccountArea.account_id == account_id)
    return sorted(db.exec(query).all())


def list_accounts(db: Session) -> list[AccountLine]:
    """List all accounts by role and name."""
    areas: dict[int, list[str]] = {}
    for area in db.exec(select(AccountArea).order_by(AccountArea.code)):
        areas.setdefault(area.account_id, []).append(area.code)
    query = (
        select(Account, Branch.name)
        .join(Branch, col(Branch.id) == Account.branch_id, isouter=True)
        .order_by(col(Account.role), Account.name, Account.login)
    )
    return [
        AccountLine(
            account.id or 0,
            account.login,
            account.name,
            account.role,
            branch,
            tuple(areas.get(account.id or 0, ())),
            account.is_active,
            account.is_demo,
            account.password_hash != NO_PASSWORD,
        )
        for account, branch in db.exec(query)
    ]


def _refuse_unknown(db: Session, given: AccountIn) -> None:
    if given.branch_id is not None and db.get(Branch, given.branch_id) is None:
        raise Invalid(problems={"branch_id": ["enum"]})
    refuse_unknown(db, area_codes=given.area_codes)


def _give_areas(db: Session, account: Account, given: AccountIn) -> None:
    db.flush()  # the areas need its id
    db.add_all(AccountArea(account_id=account.id or 0, code=code) for code in given.areas)


def _new_stamp() -> str:
    return secrets.token_hex(8)
