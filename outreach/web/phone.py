"""The page on an official's phone: a shell without anybody's data that opens with no network.

The shell is the same for everybody who reads the same language. A service worker keeps it and the
files it needs; each is known by the SHA-256 of its content, so that nothing a hotel's or a shop's
network answers in our name is ever kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask_babel import gettext as _

from outreach.web.assets import PREFIX
from outreach.web.auth import end_login
from outreach.web.database import running
from outreach.web.i18n import language
from outreach.web.phone_words import screen_words
from outreach.web.routing import public

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue
    from flask_wtf.csrf import CSRFProtect

pages = Blueprint("phone", __name__)

BUNDLE = "phone"
SHELL_PATH = "/phone/"
#: The first screen needs these. Over HTTP/1.1 a browser opens six connections: five modules and
#: the stylesheet make them; visits.js comes with the first news, before which it shows nothing.
FIRST_FILES = ("app.js", "store.js", "outbox.js", "words.js", "hardware.js", "visits.js")
#: The service worker is served at an address of its own: its folder is what it may answer for.
WORKER = "sw.js"
#: Shown pictures are taken by the phone itself; a place is asked of it only on the official's tap.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
PERMISSIONS = "camera=(), geolocation=(self), microphone=()"


def protect(app: Flask) -> None:
    """Ask for no token of a form: the shell is older than any; `wall.guard` asks for a header."""
    csrf: CSRFProtect = app.extensions["csrf"]
    csrf.exempt(pages)


@pages.get(SHELL_PATH)
@public
def shell() -> ResponseReturnValue:
    """Show the page of the phone; what it shows of whom it asks the API for."""
    answer = Response(_shell(), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = CONTENT_POLICY
    answer.headers["Permissions-Policy"] = PERMISSIONS
    return _named(answer)


@pages.get(SHELL_PATH + WORKER)
@public
def service_worker() -> ResponseReturnValue:
    """Give the service worker, which names every file it keeps and what must be in it."""
    files = _files_to_keep()
    version = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12]
    folder = f"{PREFIX}{BUNDLE}-"
    told = json.dumps({"version": version, "shell": SHELL_PATH, "folder": folder, "files": files})
    answer = Response(f"const KEPT = {told};\n{_source(WORKER)}", mimetype="text/javascript")
    return _named(answer)


@pages.get(SHELL_PATH + "manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    """Say under what name and icon the page stands on the phone's screen."""
    told = {
        "id": SHELL_PATH,
        "name": _("Village outreach"),
        "short_name": _("Outreach"),
        "description": _("Log village sessions, with or without a signal."),
        "lang": language(),
        "dir": "ltr",
        "start_url": SHELL_PATH,
        "scope": SHELL_PATH,
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#ffffff",
        "theme_color": "#123f6d",
        "icons": [
            _icon("icon-192.png", "192x192", "any"),
            _icon("icon-512.png", "512x512", "any"),
            _icon("icon-maskable-512.png", "512x512", "maskable"),
        ],
    }
    return _named(Response(json.dumps(told), mimetype="application/manifest+json"))


@pages.post("/api/v1/logout")
@public
def log_out() -> ResponseReturnValue:
    """End the login of the page and take the phone back."""
    return end_login(jsonify(logged_out=True))


def _icon(name: str, sizes: str, purpose: str) -> dict[str, str]:
    src = PREFIX + _bundle()[name]
    return {"src": src, "sizes": sizes, "type": "image/png", "purpose": purpose}


def _named(answer: Response) -> Response:
    """Let the phone ask whether what it has is still the same, so that it is not sent again."""
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = "Cookie"
    answer.add_etag(weak=True)
    answer.make_conditional(request)
    return answer


def _shell() -> str:
    return render_template("phone/shell.html", modules=FIRST_FILES, **screen_words())


def _files_to_keep() -> dict[str, str]:
    """Name every file of the page by its address, with what its content is checked against."""
    kept = {SHELL_PATH: _integrity(_shell().encode())}
    for name, path in sorted(_bundle().items()):
        if name != WORKER and "512" not in name:
            kept[PREFIX + path] = _integrity(_content(path))
    return kept


def _integrity(content: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()


def _content(path: str) -> bytes:
    return (running().settings.var_dir / "assets" / path).read_bytes()


def _source(name: str) -> str:
    return _content(_bundle()[name]).decode()


def _bundle() -> dict[str, str]:
    bundle: dict[str, str] = current_app.extensions["assets"][BUNDLE]
    return bundle
