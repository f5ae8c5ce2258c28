"""Sends one weekly digest: take it, reckon and send it with no transaction held, settle it."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outreach.config import read_settings
from outreach.db import reading, unit_of_work
from outreach.messages.mail import NotTaken
from outreach.papers.digest_letter import address_mail, as_mail, digest_letter
from outreach.progress.digest_sending import digest_failed, digest_sent, take_digest
from outreach.progress.digests import code_of_address, ending_code, key_of
from outreach.progress.week_figures import week_figures
from tasks.app import app, engine
from tasks.post import mail_server

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.config import Settings
    from outreach.messages.mail import Letter, Post
    from outreach.progress.digest_sending import TakenDigest

log = logging.getLogger(__name__)


@app.task(name="outreach.send_digest")  # type: ignore[untyped-decorator]
def send_digest(account_id: int) -> None:
    """Send the digest of one account, as the queue asks for it."""
    settings = read_settings()
    if settings.sends_mail:
        send_one(engine(), account_id, mail_server(settings), settings)


def send_one(bind: Engine, account_id: int, post: Post, settings: Settings) -> bool:
    """Send one letter; False when there was nothing to send or it was not taken."""
    with unit_of_work(bind) as db:
        taken = take_digest(db, account_id, _now())
    if taken is None:
        return False
    try:
        post.send(_letter(bind, taken, settings))
    except NotTaken as error:
        # The code alone: what a server answers quotes addresses.
        log.info("digest of account %s was not taken: %s", account_id, error.code)
        spread = secrets.randbelow(1000) / 1000
        with unit_of_work(bind) as db:
            digest_failed(db, taken, error.code, _now(), is_final=error.is_final, spread=spread)
        return False
    with unit_of_work(bind) as db:
        digest_sent(db, taken, _now())
    return True


def _letter(bind: Engine, taken: TakenDigest, settings: Settings) -> Letter:
    """Write the figures as they stand now, or ask whether the address is right."""
    now, public_url, key = _now(), settings.public_url, key_of(settings.secret)
    if not taken.is_confirmed:
        code = code_of_address(taken.person.account_id, taken.email, taken.asked_at, key)
        return address_mail(taken, code, public_url, now)
    with reading(bind) as db:
        figures = week_figures(
            db,
            taken.person,
            taken.area,
            now=now,
            village_funds_discounted=settings.village_funds_discount,
        )
    letter = digest_letter(figures, taken.weekday, taken.person.zone, public_url)
    return as_mail(letter, taken, ending_code(taken.person.account_id, taken.email, key), now)


def _now() -> datetime:
    return datetime.now(UTC)
