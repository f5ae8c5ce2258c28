"""Sends one message by e-mail: take it, talk to the server with no transaction held, settle it."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outreach.config import read_settings
from outreach.db import reading, unit_of_work
from outreach.messages import outbox
from outreach.messages.mail import MailServer, NotTaken
from outreach.messages.outgoing import outgoing
from outreach.visits.links import address_of, key_of, live_links
from tasks.app import app, engine

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.config import Settings
    from outreach.messages.mail import Letter, Post

log = logging.getLogger(__name__)


@app.task(name="outreach.post_message")  # type: ignore[untyped-decorator]
def post_message(message_id: int) -> None:
    """Send one message, as the queue asks for it."""
    settings = read_settings()
    if settings.sends_mail:
        post_one(engine(), message_id, mail_server(settings), settings)


def mail_server(settings: Settings) -> MailServer:
    """Make the mail server that the settings name."""
    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_from,
        settings.smtp_security,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
    )


def post_one(bind: Engine, message_id: int, post: Post, settings: Settings) -> bool:
    """Send one message; False when there was nothing to send or it was not taken."""
    with unit_of_work(bind) as db:
        taken = outbox.take(db, message_id, _now())
    if taken is None:
        return False
    try:
        post.send(_letter(bind, message_id, settings))
    except NotTaken as error:
        # The code alone: what a server answers quotes addresses.
        log.info("message %s was not taken: %s", message_id, error.code)
        spread = secrets.randbelow(1000) / 1000
        with unit_of_work(bind) as db:
            outbox.failed(db, taken, error.code, _now(), is_final=error.is_final, spread=spread)
        return False
    with unit_of_work(bind) as db:
        outbox.sent(db, taken, _now())
    return True


def _letter(bind: Engine, message_id: int, settings: Settings) -> Letter:
    """Write the message as the visit stands now; links need an address known to all."""
    now = _now()
    with reading(bind) as db:
        message = outgoing(db, message_id)
        visit_id = message.told.visit_id
        live = live_links(db, [visit_id], now).get(visit_id) if settings.public_url else None
    link = address_of(live, key_of(settings.secret), settings.public_url) if live else ""
    return message.letter(link, now, settings.public_url)


def _now() -> datetime:
    return datetime.now(UTC)
