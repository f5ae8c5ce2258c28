"""What every answer carries to limit what a browser does with it, and how cookies are signed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer

from outreach.web.database import running

if TYPE_CHECKING:
    from flask import Response

#: Nobody may show a page of ours within another one; the frames of the maps say so of themselves.
NEVER_FRAMED = "frame-ancestors 'none'"
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "frame-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        NEVER_FRAMED,
    )
)
#: What a view's own policy has to say as well: neither follows from its `default-src`.
_ALWAYS = {"base-uri": "base-uri 'none'", "frame-ancestors": NEVER_FRAMED}
#: A year, as preload lists ask for, and for every host below ours.
TRANSPORT = "max-age=31536000; includeSubDomains"


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookie, signed with HMAC over SHA-256 instead of SHA-1."""

    digest_method = staticmethod(hashlib.sha256)


def install(app: Flask) -> None:
    """Protect every answer; sign cookies, tokens of forms and cursors with SHA-256."""
    app.session_interface = Sessions()
    # Flask-WTF leaves no choice of its own: its tokens take what signers take by default.
    Signer.default_digest_method = staticmethod(hashlib.sha256)
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    """Set the headers that limit what a browser does with an answer, unless the view set them."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    headers["Content-Security-Policy"] = completed(headers["Content-Security-Policy"])
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    # Almost every page names people: on a shared computer no copy of one stays behind.
    headers.setdefault("Cache-Control", "private, no-store")
    if running().settings.https_only and request.is_secure:
        headers.setdefault("Strict-Transport-Security", TRANSPORT)
    return response


def completed(policy: str) -> str:
    """Add to a content policy what it does not say and no default says for it."""
    told = {part.strip().partition(" ")[0] for part in policy.split(";")}
    return "; ".join((policy, *(words for name, words in _ALWAYS.items() if name not in told)))
