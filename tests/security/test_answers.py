"""What every answer of the app carries, whoever asks for whatever there is to read."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from outreach.people.tables import Role
from outreach.web.app import create_app
from outreach.web.assets import PREFIX
from tests.web import samples
from tests.web.test_who_may import READING, ask, every_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from outreach.config import Settings
    from tests.web.conftest import Visitor
    from tests.web.world import World

#: The one page that browsers keep: nobody stands in it, and it opens without a network.
MAY_BE_KEPT = {"phone.shell"}


def read_everything(
    app: Flask, client: Visitor, login_as: Callable[[Role], Visitor], world: World
) -> Iterator[tuple[str, TestResponse]]:
    """Ask for all there is to read, by somebody who may."""
    for case in every_case():
        if case.method not in READING:
            continue
        role = min(set(Role) & case.roles, default=None)
        values = samples.values(world, set(case.arguments), "own", role) or {}
        with ask(login_as(role) if role else client, case, values, app) as answer:
            yield case.endpoint, answer


def test_every_answer_says_what_a_browser_may_do_with_it(
    app: Flask, client: Visitor, login_as: Callable[[Role], Visitor], world: World
) -> None:
    seen, kept = set(), set()
    for endpoint, answer in read_everything(app, client, login_as, world):
        seen.add(endpoint)
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src" in policy, endpoint
        assert "base-uri 'none'" in policy, endpoint
        assert re.search(r"frame-ancestors '(none|self)'", policy), endpoint
        if "frame-ancestors 'self'" in policy:
            assert "sandbox" in policy or answer.mimetype == "application/pdf", endpoint
        assert headers["X-Content-Type-Options"] == "nosniff", endpoint
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), endpoint
        assert "Access-Control-Allow-Origin" not in headers, endpoint
        kind = answer.mimetype or ""
        if kind.startswith("text/") or kind.endswith(("+xml", "/xml")):
            assert "charset=utf-8" in str(answer.content_type).lower(), endpoint
        if kind == "text/html" and "no-store" not in headers["Cache-Control"]:
            kept.add(endpoint)
    assert kept == MAY_BE_KEPT
    assert len(seen) > 100


def refusals(
    app: Flask, client: Visitor, login_as: Callable[[Role], Visitor], world: World
) -> Iterator[tuple[str, TestResponse]]:
    """Ask for everything by a stranger, and send everything as nobody may or can."""
    for case in every_case():
        role = min(set(Role) & case.roles, default=None)
        values = samples.values(world, set(case.arguments), "own", role) or {}
        with ask(client, case, values, app) as answer:
            yield f"stranger: {case}", answer
        if case.method in READING:
            continue
        asker, path = login_as(role) if role else client, answer.request.path
        with closing(asker.open(path, method=case.method)) as answer:
            yield f"without a token: {case}", answer
        with closing(asker.open(path, method="DELETE")) as answer:
            yield f"by another method: {case}", answer


def test_every_refusal_says_so_too_and_stays_in_no_cache(
    app: Flask, client: Visitor, login_as: Callable[[Role], Visitor], world: World
) -> None:
    seen = set()
    for what, answer in refusals(app, client, login_as, world):
        seen.add(answer.status_code)
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src" in policy, what
        assert re.search(r"frame-ancestors '(none|self)'", policy), what
        assert headers["X-Content-Type-Options"] == "nosniff", what
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), what
        assert "Access-Control-Allow-Origin" not in headers, what
        assert headers.getlist("Set-Cookie") == [] or "HttpOnly" in headers["Set-Cookie"], what
        if answer.status_code >= 300:
            assert "no-store" in headers["Cache-Control"], what
    assert {303, 400, 401, 403, 404, 405} <= seen


def test_files_are_protected_like_pages(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"https_only": True}))
    bundles = app.extensions["assets"]
    client = app.test_client()
    for bundle, file, mimetype in (
        ("outreach", "icon.svg", "image/svg+xml; charset=utf-8"),
        ("leaflet", "leaflet.js", 'text/javascript; charset="utf-8"'),
    ):
        with client.get(PREFIX + bundles[bundle][file]) as answer:
            assert answer.status_code == 200
            assert answer.content_type == mimetype
            policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy
            assert "default-src 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "includeSubDomains" in answer.headers["Strict-Transport-Security"]
    app.extensions["outreach"].engine.dispose()


@pytest.mark.parametrize("path", ["/login", "/no-such-page", "/healthz", "/api/v1/phone"])
def test_browsers_are_told_to_come_by_https_for_a_year(settings: Settings, path: str) -> None:
    app = create_app(settings.model_copy(update={"https_only": True}))
    told = app.test_client().get(path, base_url="https://localhost").headers
    assert told["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in app.test_client().get(path).headers
    app.extensions["outreach"].engine.dispose()


@pytest.mark.parametrize("path", ["/login", "/", "/healthz", "/static/", "/map/frame"])
def test_nobody_is_shown_what_came_in(client: Visitor, path: str) -> None:
    with client.open(path, method="TRACE", headers={"X-Secret": "told to the server"}) as answer:
        assert answer.status_code in (403, 404, 405)
        assert b"told to the server" not in answer.data


@pytest.mark.parametrize(
    "path", ["/static/", "/static", "/.git/HEAD", "/.env", "/var/secret", "/static/../.env"]
)
def test_no_folder_is_listed_and_none_but_ours_is_read(client: Visitor, path: str) -> None:
    assert client.get(path).status_code == 404


def test_folders_of_files_are_not_listed(app: Flask, client: Visitor) -> None:
    folder = app.extensions["assets"]["outreach"]["icon.svg"].rpartition("/")[0]
    for path in (f"{PREFIX}{folder}", f"{PREFIX}{folder}/"):
        assert client.get(path).status_code == 404
