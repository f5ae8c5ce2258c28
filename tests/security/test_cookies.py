"""Cookies: bound to this host and to HTTPS, out of reach for scripts, signed with SHA-256."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from itsdangerous import URLSafeTimedSerializer

from outreach.people.tables import Role
from outreach.web.app import create_app
from tests.builders import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from outreach.config import Settings
    from tests.web.conftest import Visitor
    from tests.web.world import World

HERE = "https://localhost"


@pytest.fixture
def by_https(settings: Settings) -> Iterator[FlaskClient]:
    app = create_app(settings.model_copy(update={"https_only": True}))
    app.config["WTF_CSRF_ENABLED"] = False
    yield app.test_client()
    app.extensions["outreach"].engine.dispose()


def test_every_cookie_is_this_hosts_alone(by_https: FlaskClient, world: World) -> None:
    login = {"login": "coordinator", "password": PASSWORD}
    code = world.own["enrol_code"]
    answers = [
        by_https.post("/login", data=login, base_url=HERE),
        by_https.get("/language/en", base_url=HERE),
        by_https.post("/logout", base_url=HERE),
        by_https.post(f"/e/{code}", data={"sure": "yes"}, base_url=HERE),
    ]
    set_cookies = [one for answer in answers for one in answer.headers.getlist("Set-Cookie")]
    names = {one.partition("=")[0] for one in set_cookies}
    assert names == {"__Host-outreach", "__Host-known", "__Host-language", "__Host-phone"}
    for one in set_cookies:
        attributes = {part.strip() for part in one.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes, one
        assert not any(part.startswith("Domain") for part in attributes), one


def test_the_language_is_read_from_the_cookie_that_was_given(by_https: FlaskClient) -> None:
    by_https.get("/language/en", base_url=HERE)
    assert '<html lang="en">' in by_https.get("/login", base_url=HERE).text


def test_cookies_and_tokens_of_forms_are_signed_with_sha_256(app: Flask, client: Visitor) -> None:
    cookie = client.get("/login").headers["Set-Cookie"].partition(";")[0]
    signature = cookie.rpartition(".")[2]
    assert len(signature) == 43  # 32 bytes in base64; SHA-1 makes 27 signs
    page = client.get("/login").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    assert len(token.rpartition(".")[2]) == 43


def test_a_cookie_signed_with_another_key_or_the_former_hash_opens_nothing(
    app: Flask, client: Visitor, world: World
) -> None:
    import hashlib
    import time

    account_id, stamp = world.accounts[Role.ADMIN]
    told = {"_user_id": f"{account_id}:{stamp}", "_fresh": True, "since": int(time.time())}
    key = str(app.secret_key)
    for made_with, digest, opens in (
        (key, hashlib.sha256, True),
        (key, hashlib.sha1, False),
        (secrets.token_urlsafe(48), hashlib.sha256, False),
    ):
        signer = URLSafeTimedSerializer(
            made_with,
            salt="cookie-session",
            serializer=app.session_interface.serializer,  # type: ignore[attr-defined]
            signer_kwargs={"key_derivation": "hmac", "digest_method": digest},
        )
        client.set_cookie("outreach", str(signer.dumps(told)))
        assert (client.get("/admin/branches").status_code == 200) is opens
