"""Tokens by which programs read figures: made and withdrawn by a person, whose area they share.

A program holds a random token and we hold only its digest, so a stolen database opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field
from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import Person, covers, person_of
from outreach.people.devices import NOTED_EVERY, digest_of, new_token
from outreach.people.edits import locked
from outreach.people.free_text import Name
from outreach.people.tables import Account, ApiToken, Role
from outreach.villages.codes import parse
from outreach.villages.reading import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlmodel import Session

#: By this a token is known wherever one is found: in a file, or in a search for leaked secrets.
PREFIX = "outreach_"
MOST_DAYS = 400
#: Of one person at a time; those that are over do not count.
MOST_LIVE = 50
#: Who may let programs read: those who see figures of a whole area themselves.
GIVERS = (Role.COORDINATOR, Role.MANAGER)


class TokenIn(BaseModel):
    """A token as a person asks for it; without areas it reads their whole area."""

    name: Name
    areas: Annotated[list[str], Field(max_length=100)] = Field(default_factory=list)
    days: int = Field(default=90, ge=1, le=MOST_DAYS)


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token, who gave it, and who withdrew it if somebody did; of a closed account it is idle."""

    token: ApiToken
    giver: str
    withdrawer: str
    is_idle: bool


@dataclass(frozen=True, slots=True)
class TokensFound:
    """One page of all tokens, and how many there are."""

    rows: Sequence[TokenLine]
    found: int


@dataclass(frozen=True, slots=True)
class Holder:
    """The program that shows a token: it sees what `person` sees, who is cut to its areas."""

    token_id: int
    person: Person
    last_used_at: datetime | None


def make_token(db: Session, given: TokenIn, *, by: Person, now: datetime) -> str:
    """Make a token; it is told this once and kept nowhere.

    Raises
    ------
    Invalid
        If an area is no region, or not within the person's own.
    Conflict
        If the person has too many that still hold.
    """
    areas = _checked(db, given.areas, by)
    locked(db, Account, by.account_id)  # so that nobody's two forms go beyond the limit together
    if _count_live(db, by, now) >= MOST_LIVE:
        raise Conflict(problem="too_many_tokens", most=MOST_LIVE)
    token = PREFIX + new_token()
    db.add(
        ApiToken(
            account_id=by.account_id,
            name=given.name,
            token_hash=digest_of(token),
            areas=areas,
            made_at=now,
            expires_at=now + timedelta(days=given.days),
        )
    )
    db.flush()
    return token


def _checked(db: Session, codes: Iterable[str], by: Person) -> list[str]:
    told = [_read(code) for code in codes]
    known = names_of(db, told)
    strange = [code for code in told if code not in known or not covers(by.areas, code)]
    if strange:
        # A foreign region looks like one that does not exist.
        raise Invalid(problems={"areas": ["unknown_region"]}, codes=strange)
    return sorted(set(told)) or list(by.areas)


def _read(code: str) -> str:
    try:
        return parse(code)
    except Invalid as error:
        raise Invalid(problems={"areas": ["not_a_region_code"]}) from error


def _count_live(db: Session, by: Person, now: datetime) -> int:
    query = select(func.count()).where(
        col(ApiToken.account_id) == by.account_id,
        col(ApiToken.withdrawn_at).is_(None),
        col(ApiToken.expires_at) > now,
    )
    return int(db.execute(query).scalar_one())


def tokens_of(db: Session, account_id: int) -> Sequence[TokenLine]:
    """List the tokens of a person, the newest first."""
    query = _lines().where(col(ApiToken.account_id) == account_id)
    return _read_lines(db, query.order_by(*_NEWEST_FIRST))


def all_tokens(db: Session, now: datetime, *, first: int = 0, most: int = 50) -> TokensFound:
    """List everybody's tokens: those that hold before those that ended, the newest first."""
    holds = col(ApiToken.withdrawn_at).is_(None) & (col(ApiToken.expires_at) > now)
    query = _lines().order_by(case((holds, 0), else_=1), *_NEWEST_FIRST)
    found = db.scalar(select(func.count()).select_from(ApiToken)) or 0
    return TokensFound(_read_lines(db, query.offset(first).limit(most)), found)


_NEWEST_FIRST = (col(ApiToken.made_at).desc(), col(ApiToken.id).desc())


def _lines() -> Select[ApiToken, str, str, bool]:
    ender = aliased(Account)
    return (
        select(ApiToken, col(Account.name), col(ender.name), col(Account.is_active))
        .join(Account, col(Account.id) == col(ApiToken.account_id))
        .join(ender, col(ender.id) == col(ApiToken.withdrawn_by), isouter=True)
    )


def _read_lines(db: Session, query: Select[ApiToken, str, str, bool]) -> list[TokenLine]:
    rows = db.execute(query).all()
    return [TokenLine(one, giver, ender or "", not active) for one, giver, ender, active in rows]


def withdraw_token(db: Session, token_id: int, *, by: Person, now: datetime) -> str:
    """End a token at once; return its name. One that ended stays as it is.

    Raises
    ------
    NotFound
        If there is none, or it is another person's and who withdraws it no administrator.
    """
    token = db.get(ApiToken, token_id)
    if token is None or (token.account_id != by.account_id and by.role is not Role.ADMIN):
        raise NotFound(kind="ApiToken", id=token_id)
    db.execute(
        update(ApiToken)
        .where(col(ApiToken.id) == token_id, col(ApiToken.withdrawn_at).is_(None))
        .values(withdrawn_at=now, withdrawn_by=by.account_id)
        .execution_options(synchronize_session=False)
    )
    return token.name


def holder_of_token(db: Session, token: str, now: datetime) -> Holder | None:
    """Tell what a token opens now; None if it is none of ours, over, withdrawn or opens nothing.

    What its giver does not see any more, it does not show any more either.
    """
    if not token.startswith(PREFIX):
        return None
    query = select(ApiToken).where(col(ApiToken.token_hash) == digest_of(token))
    found = db.scalars(query).one_or_none()
    if found is None or found.id is None or not is_live(found, now):
        return None
    giver = person_of(db, found.account_id)
    if giver is None or giver.role not in GIVERS:
        return None
    areas = common_areas(found.areas, giver.areas)
    return Holder(found.id, replace(giver, areas=areas), found.last_used_at) if areas else None


def is_live(token: ApiToken, now: datetime) -> bool:
    """Whether a token has neither been withdrawn nor run out."""
    return token.withdrawn_at is None and now < token.expires_at


def common_areas(some: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Cut two areas, each given by code prefixes, to what lies in both."""
    pairs = [(one, other) for one in some for other in others]
    inner = {one if covers([other], one) else other for one, other in pairs if _meet(one, other)}
    return tuple(sorted(code for code in inner if not covers(inner - {code}, code)))


def _meet(one: str, other: str) -> bool:
    return covers([one], other) or covers([other], one)


def note_use(db: Session, token_id: int, now: datetime) -> None:
    """Note that a token was used; writes once a minute at most."""
    used = col(ApiToken.last_used_at)
    db.execute(
        update(ApiToken)
        .where(col(ApiToken.id) == token_id, or_(used.is_(None), used <= now - NOTED_EVERY))
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )
