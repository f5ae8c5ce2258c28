"""The cookie by which a phone says whose it is: out of reach for scripts and for other sites."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from outreach.web.database import running

if TYPE_CHECKING:
    from flask import Request
    from werkzeug.wrappers import Response

#: No browser keeps a cookie longer.
_SECONDS = 400 * 24 * 3600
#: Thirty-two bytes, as `devices.new_token` writes them.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def name() -> str:
    """Name the cookie; with HTTPS no other host can plant one of this name."""
    return "__Host-phone" if running().settings.https_only else "phone"


def token_in(asked: Request) -> str | None:
    """Read the token that a request brings, if it brings one at all."""
    token = asked.cookies.get(name(), "")
    return token if _TOKEN.fullmatch(token) else None


def give(answer: Response, token: str) -> None:
    """Give a phone its token."""
    answer.set_cookie(
        name(),
        token,
        max_age=_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=running().settings.https_only,
    )


def clear(answer: Response) -> None:
    """Make a phone forget its token."""
    answer.delete_cookie(
        name(), httponly=True, samesite="Lax", secure=running().settings.https_only
    )
