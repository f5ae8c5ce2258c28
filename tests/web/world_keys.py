"""What opens something in the world of the web's tests: phones, codes, links and keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from outreach.people.accounts import create_phone_account
from outreach.people.devices import digest_of, new_token
from outreach.people.enrolment import key_of as enrolment_key
from outreach.people.enrolment import write_code
from outreach.people.tables import ApiToken, Device, DeviceKind, Enrolment, Official, Role
from outreach.progress.digests import code_of_address
from outreach.progress.digests import key_of as digest_key
from outreach.progress.tables import Digest
from outreach.visits.links import key_of, token_of
from outreach.visits.tables import Answer, ConfirmationLink

if TYPE_CHECKING:
    from sqlmodel import Session

    from tests.web.world import World

#: Signs cookies and links of the app under test.
SECRET = "only-for-tests-" + "0" * 32


def enrolled_phone(db: Session, ids: dict[str, Any]) -> int:
    """Have enrolled a phone for the official, whose account nothing but it opens."""
    then = datetime(2026, 11, 6, 3, tzinfo=UTC)
    official = db.get_one(Official, ids["official_id"])
    account = create_phone_account(db, official, then)
    official.account_id = account.id
    device = Device(
        account_id=account.id or 0,
        token_hash=digest_of(f"phone-of-{ids['code']}".ljust(43, "x")),
        label="Android 10",
        enrolled_at=then,
    )
    db.add(device)
    db.flush()
    return device.id or 0


def open_code(db: Session, world: World) -> str:
    """Write a code for the official that is open for long."""
    then = datetime(2026, 11, 6, 3, tzinfo=UTC)
    enrolment = Enrolment(
        official_id=world.own["official_id"],
        issued_by=world.accounts[Role.COORDINATOR][0],
        issued_at=then,
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )
    db.add(enrolment)
    db.flush()
    return write_code(enrolment, enrolment_key(SECRET))


def answered_link(db: Session, visit_id: int) -> str:
    """Write the token of a link by which the village has said yes."""
    then = datetime(2026, 11, 5, 3, tzinfo=UTC)
    link = ConfirmationLink(
        visit_id=visit_id,
        issued_at=then,
        expires_at=then + timedelta(days=9),
        answered_at=then + timedelta(days=1),
        answer=Answer.CAN,
    )
    db.add(link)
    db.flush()
    return token_of(link, key_of(SECRET))


def asked_digest(db: Session, account_id: int) -> str:
    """Have asked for a weekly e-mail; write the code that was sent to the address."""
    then = datetime(2026, 11, 5, 3, tzinfo=UTC)
    email = f"orang{account_id}@kantor.example"
    db.add(Digest(account_id=account_id, email=email, asked_at=then))
    db.flush()
    return code_of_address(account_id, email, then, digest_key(SECRET))


def odk_key(db: Session, account_id: int) -> str:
    """Have given the official a key for ODK Collect."""
    key = new_token()
    then = datetime(2026, 11, 5, 3, tzinfo=UTC)
    db.add(
        Device(
            account_id=account_id,
            kind=DeviceKind.ODK,
            token_hash=digest_of(key),
            enrolled_at=then,
        )
    )
    db.flush()
    return key


def api_token(db: Session, account_id: int, area: str) -> int:
    """Give an account a token for programs that nobody knows."""
    made = ApiToken(
        account_id=account_id,
        name=f"Dasbor {area}",
        token_hash=digest_of(new_token()),
        areas=[area],
        made_at=datetime(2026, 11, 5, 3, tzinfo=UTC),
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )
    db.add(made)
    db.flush()
    return made.id or 0
