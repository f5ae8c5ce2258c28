"""Pages of others, opened in a browser that is logged in here: they change, read and frame nothing.

One stands on another port of our own host, to which a browser sends our cookies as well; one on
another host, to which it does not.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from outreach.people.tables import Role
from outreach.web.routing import PUBLIC
from outreach.web.wall import CHANGING
from tests.maps.map_app import serving
from tests.security.database_rows import rows_of
from tests.security.sent_forms import FILLED
from tests.web import samples
from tests.web.connected import planted
from tests.web.test_who_may import address_of, every_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.web.conftest import Visitor
    from tests.web.test_who_may import Case
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]
    #: The method and the path of a view that changes something.
    type Target = tuple[str, str]

pytestmark = pytest.mark.browser

#: Opened by a key in the address, which no page of others has: whoever has it needs no login.
BY_KEY = {"confirm.answer", "digest_end.end", "openrosa.submit"}
#: No token needed: pages of others cannot send the header that is asked for instead.
BY_HEADER = "/api/"
HOSTS = ("127.0.0.1", "localhost")
#: What a form of a page of others would bring, with a token of its own login added.
FORGED = FILLED | {"sure": "yes", "version": "1", "id": "1", "go": "next"}

#: A page that sends a form by itself, as a link in a message would open it.
SENDS_ITSELF = """<!doctype html><title>elsewhere</title><body><form method="post"></form><script>
const told = JSON.parse(decodeURIComponent(location.hash.slice(1) || "null"));
if (told) {
  const form = document.forms[0];
  form.action = told.to;
  for (const [name, value] of Object.entries(told.sent)) {
    const input = document.createElement("input");
    [input.name, input.value] = [name, value];
    form.append(input);
  }
  form.submit();
}</script></body>"""
#: Sends everything in every way that needs no leave, and in those that do; tells what it read.
SEND_ALL = """async ([targets, sent]) => {
  const read = [];
  const forms = {
    "application/x-www-form-urlencoded": new URLSearchParams(sent).toString(),
    "text/plain": JSON.stringify({reports: [], answers: [], ...sent}),
  };
  const send = async (url, asked) => {
    try {
      const answer = await fetch(url, {credentials: "include", ...asked});
      if (answer.type !== "opaque") read.push([url, asked.method, answer.status]);
    } catch { /* the browser itself refused to send it, or to show what came back */ }
  };
  const see = url => new Promise(done => {
    const image = new Image();
    image.onload = () => { read.push([url, "image"]); done(); };
    image.onerror = done;
    image.src = url;
  });
  for (const [method, url] of targets) {
    const body = JSON.stringify({reports: [], answers: []});
    const asked = {"Content-Type": "application/json", "X-Requested-With": "outreach"};
    await Promise.all([
      ...Object.entries(forms).map(([kind, text]) =>
        send(url, {method: "POST", mode: "no-cors", headers: {"Content-Type": kind}, body: text})),
      send(url, {method, mode: "cors", headers: asked, body}),
      see(url),
    ]);
  }
  return read;
}"""
SEE_ALL = """async paths => {
  const seen = [];
  const wait = (element, path) => new Promise(done => {
    element.onload = () => { seen.push(path); done(); };
    element.onerror = done;
    element.src = path;
    document.body.append(element);
  });
  for (const path of paths) {
    await wait(new Image(), path);
    await wait(document.createElement("script"), path);
  }
  return seen;
}"""


@dataclass
class Here:
    """Our own server, and what came in there: how, to which path, with a login or without."""

    address: str
    came: list[tuple[str, str, bool, int]] = field(default_factory=list)

    def sent_with_login(self, method: str) -> set[str]:
        return {path for how, path, has_login, _ in self.came if how == method and has_login}


@pytest.fixture
def here(app: Flask) -> Iterator[Here]:
    told = Here("")
    inner = app.wsgi_app

    def noting(environ: WSGIEnvironment, start: StartResponse) -> Any:
        def begin(status: str, headers: Any, *more: Any) -> Any:
            cookies = environ.get("HTTP_COOKIE", "")
            has_login = "outreach=" in cookies or "phone=" in cookies
            path, how = environ["PATH_INFO"], environ["REQUEST_METHOD"]
            told.came.append((how, path, has_login, int(status[:3])))
            return start(status, headers, *more)

        return inner(environ, begin)

    app.wsgi_app = noting  # type: ignore[method-assign,assignment]
    with serving(app) as address:
        told.address = address
        yield told


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """A server of somebody else, on a port of its own."""
    app = Flask("elsewhere")
    app.add_url_rule("/", view_func=lambda: SENDS_ITSELF)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@contextmanager
def browser_of(browser: Browser, cookie: tuple[str, str], here: Here) -> Iterator[BrowserContext]:
    """Open a browser in which somebody is logged in, with the cookie that we gave them."""
    context = browser.new_context()
    name, value = cookie
    context.add_cookies([{"name": name, "value": value, "url": here.address, "sameSite": "Lax"}])
    yield context
    context.close()


def cookie_of(app: Flask, login_as: LogIn, world: World, role: Role) -> tuple[str, str]:
    """Give the cookie of a login; the official's is that of a phone, which has no password."""
    if role is Role.OFFICIAL:
        return "phone", planted(app, world.own["official_id"])
    visitor = login_as(role)
    visitor.get("/password")
    cookie = visitor.get_cookie("outreach")
    assert cookie is not None
    return "outreach", cookie.value


def needs_no_token(app: Flask, case: Case) -> bool:
    """Whether a view takes forms without the token of our pages."""
    view, blueprint = app.view_functions[case.endpoint], case.endpoint.rpartition(".")[0]
    csrf = app.extensions["csrf"]
    exempt = f"{view.__module__}.{view.__name__}" in csrf._exempt_views
    return exempt or app.blueprints[blueprint] in csrf._exempt_blueprints


def targets(app: Flask, world: World) -> dict[Role, list[Target]]:
    """Everything that changes something, under one of those who may; the rest is open to all."""
    found: dict[Role, list[Target]] = {role: [] for role in Role}
    for case in every_case():
        if case.method not in CHANGING or case.endpoint in BY_KEY:
            continue
        may = set(Role) if case.roles == PUBLIC else set(Role) & case.roles
        role = min(may, key=list(Role).index)
        values = samples.values(world, set(case.arguments), "own", role) or {}
        found[role].append((case.method, address_of(app, case, values)))
    return found


def test_what_needs_no_token_is_opened_by_a_key_or_by_our_own_header(app: Flask) -> None:
    open_to_others = {
        case.endpoint
        for case in every_case()
        if case.method in CHANGING and needs_no_token(app, case)
        if not case.rule.startswith(BY_HEADER)
    }
    assert open_to_others == BY_KEY


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_of_others_changes_nothing(
    app: Flask, world: World, login_as: LogIn, browser: Browser, here: Here, elsewhere: int,
    host: str,
) -> None:  # fmt: skip
    everything, there = targets(app, world), f"http://{host}:{elsewhere}/"
    assert all(everything.values())
    assert sum(map(len, everything.values())) > 100
    stranger: Any = app.test_client()
    sent = FORGED | {"csrf_token": stranger.token()}
    for role, of_role in everything.items():
        cookie = cookie_of(app, login_as, world, role)
        before = rows_of(app)
        here.came.clear()
        with browser_of(browser, cookie, here) as context:
            page = context.new_page()
            page.goto(there)
            urls = [(method, here.address + path) for method, path in of_role]
            assert page.evaluate(SEND_ALL, [urls, sent]) == []
            for _, path in of_role:
                send_form(page, there, here.address + path, sent)
            assert changed(before, rows_of(app)) == {}, role
            # They all came in; from another port of our host with the login, from another without.
            posted = {path for how, path, *_ in here.came if how == "POST"}
            assert posted == {path for _, path in of_role}
            assert here.sent_with_login("POST") == (posted if host == HOSTS[0] else set())
            taken = {status for how, *_, status in here.came if how not in ("GET", "OPTIONS")}
            assert taken <= {303, 400, 401, 405}, taken
            assert {how for how, *_ in here.came} <= {"GET", "POST", "OPTIONS"}


def send_form(page: Page, there: str, to: str, sent: dict[str, str]) -> None:
    """Open a page of others that leads the whole window here with a form."""
    page.goto("about:blank")
    with page.expect_request(lambda asked: asked.method == "POST" and asked.url == to) as asked:
        page.goto(f"{there}#{json.dumps({'to': to, 'sent': sent})}")
    assert asked.value.response() is not None


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        table: [row for row in rows if row not in before[table]]
        for table, rows in after.items()
        if rows != before[table]
    }


def test_the_same_is_taken_from_our_own_page(
    app: Flask, world: World, login_as: LogIn, browser: Browser, here: Here
) -> None:
    before = rows_of(app)["team"]
    cookie = cookie_of(app, login_as, world, Role.COORDINATOR)
    with browser_of(browser, cookie, here) as context:
        page = context.new_page()
        page.goto(f"{here.address}/teams/{world.own['team_id']}")
        page.fill("form.sheet input[name=name]", "Tim Kanari")
        with page.expect_navigation():
            page.locator("form.sheet button[type=submit]").first.click()
    assert rows_of(app)["team"] != before


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_of_others_frames_and_reads_nothing(
    app: Flask, world: World, login_as: LogIn, browser: Browser, here: Here, elsewhere: int,
    host: str,
) -> None:  # fmt: skip
    cookie = cookie_of(app, login_as, world, Role.COORDINATOR)
    with browser_of(browser, cookie, here) as context:
        page = context.new_page()
        page.goto(f"http://{host}:{elsewhere}/")
        for path in ("/desk", "/login", "/map/frame", "/e", f"/k/{world.own['answer_token']}"):
            page.evaluate(
                """source => new Promise(done => { const frame = document.createElement("iframe");
                frame.onload = done; frame.src = source; document.body.append(frame); })""",
                here.address + path,
            )
        framed = [frame for frame in page.frames if frame.parent_frame is not None]
        assert len(framed) == 5
        for frame in framed:
            # A frame of another host is another process: what it shows is known a moment later.
            frame.wait_for_url(re.compile("^chrome-error://"), wait_until="commit")
        data = ["/map/state", "/map/stats", "/board/table.csv", "/desk", "/api/openapi.json"]
        assert page.evaluate(SEE_ALL, [here.address + path for path in data]) == []
