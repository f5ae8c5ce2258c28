"""Codes by which an official's phone becomes their own: given, found, used once, taken back.

A code is short enough to be read out over the phone. Wrong guesses at it are counted and shown to
who gave it, and never end it: its number is easily told, so that whoever likes could end anybody's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from outreach.db import insert_into
from outreach.errors import Conflict, NotFound
from outreach.people.access import within
from outreach.people.accounts import create_phone_account
from outreach.people.devices import device_of_token, digest_of
from outreach.people.edits import locked
from outreach.people.officials import own_official
from outreach.people.signs import code_of, derived_key, is_same, number_in
from outreach.people.tables import Account, Device, DeviceKind, Enrolment, Official, Role
from outreach.people.terms import in_office, serves

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlmodel import Session

    from outreach.people.access import Person

#: As long as a code may wait for its phone.
VALID = timedelta(days=3)
#: More wrong tries than this are no slips of a finger: somebody guesses.
MOST_SLIPS = 10
#: As many codes are given at once at the most.
MOST_AT_ONCE = 500
#: Five bytes: 40 bits in eight signs, so that one guess in a million million hits. Who guesses is
#: held up by the limits of `web.enrol`, per address and for all together.
_SIGNATURE_BYTES = 5
_GROUP = 4
#: Typed for one of our signs by who reads them off a screen or hears them.
_MISREAD = str.maketrans({"0": "o", "1": "l", "8": "b", "9": "g"})
_THEN = datetime(2000, 1, 1, tzinfo=UTC)
#: Signs what is no code of ours, so that a wrong guess costs the same work whatever it names.
_NOBODY = Enrolment(id=0, official_id=0, issued_by=0, issued_at=_THEN, expires_at=_THEN)


class CodeState(StrEnum):
    """What a code is good for."""

    LIVE = "live"
    USED = "used"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NOT_IN_OFFICE = "not_in_office"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Found:
    """What a code leads to; only a wrong one leads to nothing."""

    state: CodeState
    enrolment: Enrolment | None = None
    official: Official | None = None


def key_of(secret: str) -> bytes:
    """Derive the key of the codes, so that what signs links of visits signs none of them."""
    return derived_key(secret, b"outreach: enrolment of phones")


def write_code(enrolment: Enrolment, key: bytes) -> str:
    """Write a code: its number, and the signature over whom and when it was given."""
    issued = int(enrolment.issued_at.timestamp())
    told = f"{enrolment.id}.{enrolment.official_id}.{issued}"
    return code_of(enrolment.id or 0, told, key, _SIGNATURE_BYTES)


def address_of(enrolment: Enrolment, key: bytes, public_url: str) -> str:
    """Write the address that makes the phone that opens it the official's."""
    return f"{public_url.rstrip('/')}/e/{write_code(enrolment, key)}"


def in_groups(code: str) -> str:
    """Write a code as it is read out: in groups of four, the signature's whole."""
    first = len(code) % _GROUP
    later = (code[at : at + _GROUP] for at in range(first, len(code), _GROUP))
    return "-".join(filter(None, (code[:first], *later)))


def tidy(typed: str) -> str:
    """Read a code as people type it: in capitals, with blanks and dashes, or as a whole link."""
    last = typed.strip().rstrip("/").rpartition("/")[2]
    return re.sub(r"[^a-z2-7]", "", last[:200].casefold().translate(_MISREAD))[:40]


def give_codes(
    db: Session, official_ids: Collection[int], *, by: Person, now: datetime, today: date
) -> int:
    """Give a code to each of these officials who has none that can be used; count the new ones.

    Raises
    ------
    NotFound
        If one of them is missing, or outside the person's area.
    Conflict
        If one of them is not in office, or logs in with an account that no phone may open.
    """
    ids = sorted(set(official_ids))
    officials = _officials(db, ids, by)
    refuse_unfit(db, officials, today)
    _end(db, ids, now, _is_spent(now))
    rows = [
        {
            "official_id": number,
            "issued_by": by.account_id,
            "issued_at": now,
            "expires_at": now + VALID,
            "tries": 0,
        }
        for number in ids
    ]
    statement = insert_into(db, Enrolment).values(rows).on_conflict_do_nothing()
    return len(db.execute(statement.returning(col(Enrolment.id))).all()) if rows else 0


def renew_code(db: Session, official_id: int, *, by: Person, now: datetime, today: date) -> None:
    """Take an official's open code back and give another one.

    Raises
    ------
    NotFound, Conflict
        As for `give_codes`.
    """
    withdraw_code(db, official_id, by=by, now=now)
    give_codes(db, [official_id], by=by, now=now, today=today)


def withdraw_code(db: Session, official_id: int, *, by: Person, now: datetime) -> None:
    """Take an official's open code back, if there is one.

    Raises
    ------
    NotFound
        If the official is missing, or outside the person's area.
    """
    own_official(db, official_id, by)
    locked(db, Official, official_id)
    _end(db, [official_id], now)


def open_codes(db: Session, official_ids: Collection[int], now: datetime) -> dict[int, Enrolment]:
    """Read the code of each official that can still be used, by the official."""
    query = select(Enrolment).where(
        col(Enrolment.official_id).in_(sorted(set(official_ids))), *is_usable(now)
    )
    return {one.official_id: one for one in db.exec(query)}


def note_passed_on(
    db: Session, official_id: int, enrolment_id: int, *, by: Person, now: datetime
) -> None:
    """Note that an official was told their code: sent, shown, or read out.

    Raises
    ------
    NotFound
        If the official is missing, or outside the person's area.
    Conflict
        If this code of theirs cannot be used any more.
    """
    own_official(db, official_id, by)
    statement = update(Enrolment).where(
        col(Enrolment.id) == enrolment_id,
        col(Enrolment.official_id) == official_id,
        *is_usable(now),
    )
    done: Any = db.execute(statement.values(sent_at=now))
    if int(done.rowcount) != 1:
        raise Conflict(problem="code_not_live")


def is_usable(now: datetime) -> tuple[Any, ...]:
    """Hold for the codes that connect a phone at a moment."""
    return *_is_open(), ~_is_spent(now)


def find(db: Session, code: str, key: bytes, now: datetime) -> Found:
    """Tell what a code leads to.

    A wrong one tells nothing, not even by its time: whatever is named, the same is read and signed.
    """
    enrolment = db.get(Enrolment, number_in(code, _SIGNATURE_BYTES))
    official = db.get(Official, enrolment.official_id if enrolment else 0)
    is_ours = is_same(write_code(enrolment or _NOBODY, key), code)
    if enrolment is None or official is None or not is_ours:
        return Found(CodeState.WRONG)
    return Found(_state(enrolment, official, now), enrolment, official)


def find_or_count(db: Session, code: str, key: bytes, now: datetime) -> Found:
    """Tell what a code leads to; a wrong one counts against the number it names."""
    found = find(db, code, key, now)
    if found.state is CodeState.WRONG:
        _count_try(db, number_in(code, _SIGNATURE_BYTES))
    return found


def _count_try(db: Session, number: int) -> None:
    one_more = update(Enrolment).where(col(Enrolment.id) == number)
    db.execute(one_more.values(tries=col(Enrolment.tries) + 1))


def _state(enrolment: Enrolment, official: Official, now: datetime) -> CodeState:
    if enrolment.used_at is not None:
        return CodeState.USED
    if enrolment.withdrawn_at is not None or not official.is_active:
        return CodeState.WITHDRAWN
    if enrolment.expires_at <= now:
        return CodeState.EXPIRED
    return CodeState.LIVE if serves(official, now) else CodeState.NOT_IN_OFFICE


def enrol(
    db: Session,
    enrolment_id: int,
    token: str,
    now: datetime,
    *,
    label: str = "",
    kind: DeviceKind = DeviceKind.PAGE,
) -> Device:
    """Make a phone that holds `token` the official's own; the code opens nothing from then on.

    A phone that asks again with the same token, because our answer was lost on the way, gets the
    same answer.

    Raises
    ------
    NotFound
        If there is no such code.
    Conflict
        If the code cannot be used any more, or the official's account cannot be opened by one.
    """
    told = db.get(Enrolment, enrolment_id)
    if told is None:
        raise NotFound(kind="Enrolment", id=enrolment_id)
    official = locked(db, Official, told.official_id)
    if not _claim(db, enrolment_id, official, now):
        return _enrolled_before(db, official, token, now)
    account_id = account_for_phones(db, official, now)
    device = Device(
        account_id=account_id,
        kind=kind,
        token_hash=digest_of(token),
        label=label[:80],
        enrolled_at=now,
        last_seen_at=now,
    )
    try:
        with db.begin_nested():
            db.add(device)
    except IntegrityError as error:  # the token of another enrolment: that page is out of date
        raise Conflict(problem="code_not_live") from error
    return device


def _claim(db: Session, enrolment_id: int, official: Official, now: datetime) -> bool:
    """Use the code, unless somebody else has meanwhile: the statement decides, nothing before."""
    statement = update(Enrolment).where(col(Enrolment.id) == enrolment_id, *is_usable(now))
    if not serves(official, now):
        return False
    done: Any = db.execute(statement.values(used_at=now))
    return int(done.rowcount) == 1


def _enrolled_before(db: Session, official: Official, token: str, now: datetime) -> Device:
    known = device_of_token(db, token, now)
    if known is None or not known.speaks or known.device.account_id != official.account_id:
        raise Conflict(problem="code_not_live")
    return known.device


def account_for_phones(db: Session, official: Official, now: datetime) -> int:
    """Return the account that an official's phones open; an official without one gets one."""
    if official.account_id is None:
        official.account_id = create_phone_account(db, official, now).id
    return official.account_id or 0


def _officials(db: Session, ids: list[int], by: Person) -> list[Official]:
    """Take the officials, so that nobody takes their office or account meanwhile."""
    query = (
        select(Official)
        .where(col(Official.id).in_(ids), within(Official.village_code, by.areas))
        .order_by(col(Official.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = list(db.exec(query))
    if len(found) != len(ids):
        raise NotFound(kind="Official", ids=ids)
    return found


def refuse_unfit(db: Session, officials: list[Official], today: date) -> None:
    """Refuse those whom a phone cannot speak for."""
    ids = [one.id for one in officials]
    serving = select(Official.id).where(col(Official.id).in_(ids), in_office(today))
    serving_ids = set(db.exec(serving))
    accounts = [one.account_id for one in officials if one.account_id is not None]
    barred = or_(~col(Account.is_active), col(Account.role) != Role.OFFICIAL)
    query = select(Account.id).where(col(Account.id).in_(accounts), barred)
    barred_ids = set(db.exec(query))
    for one in officials:
        if one.id not in serving_ids:
            raise Conflict(problem="not_in_office", name=one.name)
        if one.account_id in barred_ids:
            raise Conflict(problem="account_bars_phones", name=one.name)


def _end(db: Session, official_ids: Collection[int], now: datetime, *which: Any) -> None:
    statement = update(Enrolment).where(
        col(Enrolment.official_id).in_(official_ids), *_is_open(), *which
    )
    db.execute(statement.values(withdrawn_at=now))


def _is_open() -> tuple[Any, Any]:
    """Hold for the rows of the unique index: neither used nor withdrawn."""
    return col(Enrolment.used_at).is_(None), col(Enrolment.withdrawn_at).is_(None)


def _is_spent(now: datetime) -> Any:
    """Hold for an open code that nobody can use any more."""
    return col(Enrolment.expires_at) <= now
