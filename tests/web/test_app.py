"""What holds for the whole app: headers, tokens, declared routes, languages, files, errors."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from flask import Blueprint

import outreach.web.app
from outreach.db import unit_of_work
from outreach.errors import OutreachError, UndeclaredRoute
from outreach.people.tables import Role
from outreach.web.app import create_app
from outreach.web.assets import BUNDLES, PREFIX, collect
from outreach.web.routing import allow, public
from outreach.web.status_words import STATUSES, TITLES
from tests.builders import CHEAP, PASSWORD, account
from tests.web.conftest import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from outreach.config import Settings


@pytest.mark.parametrize("path", ["/login", "/no-such-page", "/api/v1/reports", "/healthz"])
def test_every_answer_limits_what_a_browser_does_with_it(client: Visitor, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"] or "no-cache" in headers["Cache-Control"]


def test_cookie_is_out_of_reach_for_scripts_and_other_sites(client: Visitor) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_cookie_needs_https_where_the_settings_say_so(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"https_only": True}))
    answer = app.test_client().get("/login", base_url="https://localhost")
    assert answer.headers["Set-Cookie"].startswith("__Host-outreach=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    app.extensions["outreach"].engine.dispose()


@pytest.mark.parametrize("token", [None, "made-up"])
def test_form_without_its_token_is_refused(
    login_as: Callable[[Role], Visitor], token: str | None
) -> None:
    client = login_as(Role.ADMIN)
    told = {"name": "Cabang"} | ({"csrf_token": token} if token else {})
    answer = client.post("/admin/branches/new", data=told)
    assert answer.status_code == 400
    assert 'href="/"' in answer.text


def test_undeclared_route_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Blueprint("forgotten", __name__)
    pages.add_url_rule("/forgotten", "page", lambda: "anybody may read this")
    monkeypatch.setattr(sys.modules[__name__], "forgotten", pages, raising=False)
    names = (*outreach.web.app.BLUEPRINTS, f"{__name__}:forgotten")
    monkeypatch.setattr(outreach.web.app, "BLUEPRINTS", names)
    with pytest.raises(UndeclaredRoute) as refused:
        create_app(settings)
    assert refused.value.facts == {"endpoints": ["forgotten.page"]}


def test_missing_module_of_pages_is_not_swallowed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outreach.web.app, "BLUEPRINTS", ("outreach.web.not_there:pages",))
    with pytest.raises(ImportError):
        create_app(settings)


def test_declaration_needs_a_role() -> None:
    with pytest.raises(TypeError):
        allow()


def test_what_is_loaded_to_serve_leaves_other_processes_alone(tmp_path: Path) -> None:
    code = "import os; was = dict(os.environ); import outreach.web.server; assert os.environ == was"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_starting_loads_neither_folium_nor_geopandas(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from outreach.config import Settings;"
        "from outreach.web.app import create_app;"
        f"create_app(Settings(_env_file=None, var_dir=pathlib.Path({str(tmp_path)!r})));"
        "print(sorted({'folium', 'geopandas', 'pandas', 'pyogrio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pages_say_so_when_the_database_is_away(settings: Settings) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"
    app = create_app(settings.model_copy(update={"database_url": url}))
    app.test_client_class = Visitor
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    assert visitor.get("/no-such-page").status_code == 404
    visitor.log_in((1, "x"))
    away = visitor.get("/teams")
    assert away.status_code == 503
    assert "connection" not in away.text


def test_language_is_chosen_kept_and_shown(client: Visitor) -> None:
    assert '<html lang="id">' in client.get("/login").text
    back = client.get("/language/en?next=/login?next=/teams")
    assert back.location == "/login?next=/teams"
    shown = client.get(back.location).text
    assert '<html lang="en">' in shown
    assert "Log in" in shown
    client.get("/language/id")
    assert '<html lang="id">' in client.get("/login").text
    assert client.get("/language/xx").status_code == 404


def test_default_language_is_a_setting(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"locale": "en"}))
    assert '<html lang="en">' in app.test_client().get("/login").text
    app.extensions["outreach"].engine.dispose()


@pytest.mark.parametrize("role", Role)
def test_each_role_has_a_home_and_its_own_ways(
    login_as: Callable[[Role], Visitor], role: Role
) -> None:
    client = login_as(role)
    home = client.get("/").location
    shown = client.get("/no-such-page").text
    ways = re.search(r'<ul class="ways">(.*?)</ul>', shown, re.DOTALL)
    assert ways
    assert f'href="{home}"' in ways[1]
    assert ("/admin/" in ways[1]) == (role == Role.ADMIN)


def test_demonstration_is_marked_on_every_page(
    app: Flask, client: Visitor, login_as: Callable[[Role], Visitor]
) -> None:
    assert 'class="demo"' not in client.get("/login").text
    with unit_of_work(app.extensions["outreach"].engine) as db:
        account(db, Role.MANAGER, "demo.manager", whole_nation=True).is_demo = True
    client.send("/login", {"login": "demo.manager", "password": PASSWORD})
    assert 'class="demo"' in client.get("/no-such-page").text
    assert 'class="demo"' not in login_as(Role.ADMIN).get("/no-such-page").text


def test_demonstration_campaign_marks_the_pages_of_all(app: Flask, settings: Settings) -> None:
    from sqlmodel import select

    from outreach.campaigns.tables import Campaign

    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.exec(select(Campaign).limit(1)).one().is_demo = True
    assert 'class="demo"' in app.test_client().get("/login").text


def test_files_come_from_us_for_ever_and_compressed(client: Visitor) -> None:
    page = client.get("/login").text
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert all(address.startswith(("/", "#")) for address in addresses)
    files = sorted({address for address in addresses if address.startswith(PREFIX)})
    assert len(files) == 3
    for file in files:
        with client.get(file, headers={"Accept-Encoding": "br, gzip"}) as answer:
            assert answer.status_code == 200
            assert answer.headers["Content-Encoding"] == "br"
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_compressed_on_the_way(client: Visitor) -> None:
    answer = client.get("/login", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"


def test_changed_file_gets_a_new_address_and_nothing_else_is_touched(tmp_path: Path) -> None:
    first = collect(tmp_path)
    stamp = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert collect(tmp_path) == first
    assert stamp == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    assert {bundle.name for bundle in BUNDLES} == set(first)
    assert (tmp_path / first["leaflet"]["images/layers.png"]).is_file()
    assert not (tmp_path / (first["leaflet"]["images/layers.png"] + ".br")).exists()
    assert (tmp_path / (first["leaflet"]["leaflet.js"] + ".gz")).is_file()
    fewer = collect(tmp_path, BUNDLES[:1])
    assert fewer == {"leaflet": first["leaflet"]}


def test_errors_are_told_in_the_form_that_was_asked_for(client: Visitor) -> None:
    as_page = client.get("/no-such-page", headers={"Accept": "text/html"})
    as_data = client.get("/no-such-page", headers={"Accept": "application/json"})
    assert as_page.content_type.startswith("text/html")
    assert as_data.get_json()["code"] == "http_404"
    assert client.get("/api/no-such-thing").is_json
    assert client.delete("/login").status_code == 405
    assert "POST" in client.delete("/login").headers["Allow"]


def test_the_title_of_an_error_says_in_words_what_is_wrong(client: Visitor) -> None:
    client.get("/language/en")
    assert "<title>Not found (404) · " in client.get("/no-such-page").text
    assert "<title>Not possible in this way (405) · " in client.delete("/login").text
    statuses = {kind.status for kind in OutreachError.__subclasses__()}
    assert {*STATUSES, *statuses} <= TITLES.keys()


def test_failure_of_ours_tells_nothing_internal(
    app: Flask, client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fails() -> str:
        raise RuntimeError("the secret inside")

    monkeypatch.setitem(app.view_functions, "auth.show_login", public(fails))
    answer = client.get("/login")
    assert answer.status_code == 500
    assert "secret inside" not in answer.text
    assert "RuntimeError" not in answer.text
    assert client.get("/login", headers={"Accept": "application/json"}).get_json().keys() == {
        "code",
        "message",
    }


def test_address_behind_proxies_is_the_visitors(settings: Settings) -> None:
    seen = {}
    for count in (0, 1):
        app = create_app(settings.model_copy(update={"trusted_proxies": count}))
        with app.test_client() as client:
            from flask import request

            client.get("/login", headers={"X-Forwarded-For": "203.0.113.9"})
            seen[count] = request.remote_addr
        app.extensions["outreach"].engine.dispose()
    assert seen == {0: "127.0.0.1", 1: "203.0.113.9"}


def test_hash_of_the_tests_is_cheaper_than_ours() -> None:
    # Else the tests would say nothing about the cost that production pays.
    from outreach.people.passwords import hash_password

    assert "m=8,t=1" in CHEAP.hash("x")
    memory = re.search(r"m=(\d+)", hash_password(PASSWORD))
    assert memory
    assert int(memory[1]) >= 19_456


def test_the_icon_is_found_by_its_old_name_too(client: Visitor) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 303
    with client.get(answer.headers["Location"]) as there:
        assert there.mimetype == "image/svg+xml"
