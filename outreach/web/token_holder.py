"""The program behind a request: known by the token it shows, and by nothing else."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import g, request
from sqlalchemy.exc import SQLAlchemyError

from outreach.errors import TokenRequired
from outreach.people.api_tokens import holder_of_token, note_use
from outreach.people.devices import is_due
from outreach.web.database import reading_db, writing_db

if TYPE_CHECKING:
    from outreach.people.access import Person
    from outreach.people.api_tokens import Holder

log = logging.getLogger(__name__)


def require_token() -> None:
    """Let through only a program with a token that holds, and note that it was used.

    Raises
    ------
    TokenRequired
        If there is no token, or it is wrong, over, withdrawn, or its giver sees none of its areas.
    """
    now = datetime.now(UTC)
    found = shown_holder()
    if found is None:
        raise TokenRequired
    g.token_holder = found
    if is_due(found.last_used_at, now):
        _note(found.token_id, now)


def shown_holder() -> Holder | None:
    """Tell whose token is shown, if it holds; looked up once in a request."""
    if "shown_holder" not in g:
        g.shown_holder = _holder(datetime.now(UTC))
    found: Holder | None = g.shown_holder
    return found


def _holder(now: datetime) -> Holder | None:
    shown = request.authorization
    if shown is None or shown.type != "bearer" or not shown.token:
        return None
    with reading_db() as db:
        return holder_of_token(db, shown.token, now)


def _note(token_id: int, now: datetime) -> None:
    try:
        with writing_db() as db:
            note_use(db, token_id, now)
    except SQLAlchemyError:  # no answer fails because its asking could not be noted
        log.warning("a token's use could not be noted")


def holder() -> Holder:
    """Return the program behind the request; only views that are `by_token` have one."""
    found: Holder = g.token_holder
    return found


def reader() -> Person:
    """Return whom the program reads as: its giver, cut to the areas of the token."""
    return holder().person
