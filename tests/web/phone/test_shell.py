"""The page opens without a network, is light, takes new versions and keeps nothing foreign."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from outreach.db import unit_of_work
from outreach.visits.tables import Visit, Work
from outreach.web.phone import BUNDLE
from tests.web.phone import bad_network as line
from tests.web.phone.handset import SLOW_3G, SLOWER
from tests.web.test_accessibility import AXE, SEEN

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser

#: What the issue allows, all counted: headers, the worker's own requests, icons.
FIRST_BYTES, LATER_BYTES = 150_000, 10_000
_KEPT = """async () => {
  const found = {};
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const text = await (await cache.match(request)).text();
      found[new URL(request.url).pathname] = text;
    }
  }
  return found;
}"""


#: Looks for a new version of the page and waits until it is all here or given up.
_LOOK = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update().catch(() => undefined);
  const made = registration.installing;
  if (made) await new Promise((done) => {
    const look = () => made.state !== "installing" && done();
    made.addEventListener("statechange", look);
    look();
  });
}"""


def test_it_opens_without_a_network_after_one_visit(phone: Handset, visits: list[int]) -> None:
    phone.switch_on()
    phone.keep_the_page()
    expect(phone.page.locator("[data-screen=visits] article")).not_to_have_count(0)
    phone.kill()
    page = phone.switch_on(offline=True)
    expect(page.locator("[data-screen=visits] article")).not_to_have_count(0)
    expect(page.locator("[data-frame=status]")).to_contain_text("Nothing is waiting")
    for screen in ("history", "outbox", "settings", f"form/{visits[0]}"):
        phone.open(f"#{screen}")
        expect(page.locator(f"[data-screen={screen.split('/')[0]}]")).to_be_visible()


def test_nothing_below_the_api_is_kept_and_nothing_else_than_listed(phone: Handset) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    phone.send()
    kept = page.evaluate(_KEPT)
    told = page.request.get(f"{phone.network.address}/phone/sw.js").text()
    listed = json.loads(told.split("const KEPT = ", 1)[1].split(";\n", 1)[0])["files"]
    assert set(kept) == set(listed)
    assert not any("/api" in path for path in kept)


@pytest.mark.parametrize("what", ["/phone/sw.js", "/phone/"])
@pytest.mark.parametrize(
    "fault", [line.CAPTIVE_PORTAL, line.REDIRECTED], ids=["portal", "redirected"]
)
def test_a_captive_portal_never_gets_into_what_is_kept(
    phone: Handset, app: Flask, what: str, fault: line.Fault
) -> None:
    """It answers in our server's name just when a new version is fetched."""
    page = phone.switch_on()
    phone.keep_the_page()
    before = page.evaluate(_KEPT)
    _change_the_page(app)
    phone.network.faults[what] = fault
    page.evaluate(_LOOK)
    assert page.evaluate(_KEPT) == before
    phone.context.set_offline(True)
    page.reload()
    expect(page.locator("[data-screen=visits]")).to_be_visible()
    # Out of the portal's reach the new version comes.
    phone.network.faults.clear()
    phone.context.set_offline(False)
    page.evaluate(_LOOK)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-new", "yes")


def test_a_portal_in_the_first_visit_leaves_nothing_behind(phone: Handset, app: Flask) -> None:
    script = "/static/" + app.extensions["assets"][BUNDLE]["photo.js"]
    phone.network.faults[script] = line.answers("200 OK", line.PORTAL, "text/javascript")
    page = phone.switch_on()
    # The page has asked for it, and then the worker, who gives up.
    phone.until(lambda: phone.network.count(f"GET {script}") > 1)
    page.wait_for_function("async () => !(await navigator.serviceWorker.getRegistration())")
    assert "Wi-Fi gratis" not in str(page.evaluate(_KEPT))
    assert page.evaluate("navigator.serviceWorker.controller") is None
    phone.network.faults.clear()
    page.reload()
    phone.keep_the_page()
    assert "Wi-Fi gratis" not in str(page.evaluate(_KEPT))


def test_a_reload_takes_a_new_version_and_keeps_drafts(
    phone: Handset, app: Flask, visits: list[int]
) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    expect(page.locator("[data-screen=visits] article")).not_to_have_count(0)
    phone.open(f"#form/{visits[0]}")
    page.fill("[data-screen=form] [name=men]", "17")
    expect(page.locator("[data-screen=form] [data-slot=kept]")).not_to_be_empty()
    _change_the_page(app)
    page.evaluate(_LOOK)
    expect(page.locator("html")).not_to_have_attribute("data-new", "yes")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-new", "yes")
    expect(page.locator("[data-screen=form] [name=men]")).to_have_value("17")


def test_a_new_version_does_not_wait_for_an_old_worker_that_is_busy(
    phone: Handset, app: Flask
) -> None:
    """A browser starts no new worker while the old one still waits for an answer of a dead line."""
    page = phone.switch_on()
    phone.keep_the_page()
    file = "/static/" + app.extensions["assets"][BUNDLE]["icon-512.png"]  # not among what is kept
    phone.network.faults[file] = line.SWALLOWED
    busy = phone.context.new_page()
    busy.goto(f"{phone.network.address}/phone/#settings")
    with busy.expect_request(f"**{file}"):
        busy.evaluate("(file) => { fetch(file); }", file)
    _change_the_page(app)
    page.evaluate(_LOOK)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-new", "yes")


def test_another_language_is_shown_at_once_and_at_every_load_after(phone: Handset) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    for language in ("id", "en", "id"):
        phone.open("#settings")
        page.locator(f"[data-screen=settings] a[lang={language}]").click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.wait_for_url("**/phone/")
        phone.context.set_offline(True)
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", language)
        phone.context.set_offline(False)


def test_no_more_than_two_versions_are_kept(phone: Handset, app: Flask) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    for mark in ("one", "two", "three"):
        _change_the_page(app, mark)
        page.evaluate(_LOOK)
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-new", mark)
    page.wait_for_function("async () => (await caches.keys()).length === 2")


def _change_the_page(app: Flask, mark: str = "yes") -> None:
    """Let the server have a new version of the shell."""
    loader: Any = app.jinja_env.loader
    old = loader.get_source
    changed = old(app.jinja_env, "phone/shell.html")[0].replace(
        "<html ", f'<html data-new="{mark}" '
    )

    def fresh(environment: Any, name: str) -> Any:
        return (changed, None, None) if name == "phone/shell.html" else old(environment, name)

    app.jinja_env.cache = {}
    loader.get_source = fresh


def test_first_and_later_loads_are_light(phone: Handset, visits: list[int]) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    phone.send()
    phone.until_quiet()
    first = phone.network.carried_bytes
    page.reload()
    phone.send()
    phone.until_quiet()
    later = phone.network.carried_bytes - first
    print(f"first load {first:,} bytes, later loads {later:,} bytes")
    assert 10_000 < first < FIRST_BYTES
    assert 0 < later < LATER_BYTES


def test_it_is_usable_on_slow_3g_with_a_slow_processor(phone: Handset, visits: list[int]) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    told = phone.context.new_cdp_session(page)
    told.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    told.send("Network.enable")
    told.send("Network.emulateNetworkConditions", SLOW_3G)
    page.reload(wait_until="commit")
    # Shown from the phone's own disk before the network has said a word.
    expect(page.locator("[data-screen=visits] article")).not_to_have_count(0, timeout=10_000)
    shown = page.evaluate("performance.now()")
    print(f"visits shown {shown:.0f} ms after the start")
    phone.open(f"#form/{visits[0]}")
    expect(page.locator("[data-screen=form] [name=men]")).to_be_visible(timeout=10_000)


def test_chromium_finds_nothing_against_installing_it(phone: Handset) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    told = phone.context.new_cdp_session(page)
    assert told.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    manifest = told.send("Page.getAppManifest")
    assert manifest["errors"] == []
    content = json.loads(manifest["data"])
    assert content["start_url"] == content["scope"] == "/phone/"
    for icon in content["icons"]:
        got = page.request.get(phone.network.address + icon["src"])
        assert (got.status, got.headers["content-type"]) == (200, "image/png")


@pytest.mark.parametrize(("width", "letters"), [(320, "100%"), (360, "200%"), (320, "200%")])
def test_nothing_is_wider_than_a_small_screen_with_big_letters(
    phone: Handset, visits: list[int], width: int, letters: str
) -> None:
    page = phone.switch_on()
    page.set_viewport_size({"width": width, "height": 640})
    for screen in ("visits", "history", "outbox", "settings", "welcome", f"form/{visits[0]}"):
        phone.open(f"#{screen}")
        page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", letters)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, screen


def test_no_screen_of_the_frame_has_a_fault(phone: Handset, visits: list[int]) -> None:
    page = phone.switch_on()
    told = phone.context.new_cdp_session(page)
    told.send("Page.setBypassCSP", {"enabled": True})
    page.reload()
    found: list[object] = []
    for screen in ("visits", "outbox", "settings", "welcome", "history"):
        phone.open(f"#{screen}")
        page.evaluate(AXE)
        found += [(screen, *fault) for fault in page.evaluate(SEEN)]
    assert found == []


def test_a_stranger_sees_where_to_get_in_and_nobodys_data(phone: Handset, world: World) -> None:
    page = phone.switch_on(enrolled=False)
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    expect(page.locator("[data-frame=unknown]")).to_be_hidden()
    assert BUNDLE in page.content()


#: Notes which day the screen of answers tells of at the moment it is shown.
_SHOWN = """() => {
  const section = document.querySelector("[data-screen=answer]");
  window.told = [];
  new MutationObserver(() => {
    if (!section.hidden) window.told.push(section.querySelector("[data-slot=day]").textContent);
  }).observe(section, {attributeFilter: ["hidden"]});
}"""


def test_a_screen_is_shown_only_once_it_tells_of_what_was_asked_for(
    phone: Handset, engine: Engine, visits: list[int]
) -> None:
    """Else a tap on it might answer for the visit that it told of before."""
    with unit_of_work(engine) as db:
        for visit_id in visits[:2]:
            visit = db.get_one(Visit, visit_id)
            visit.work, visit.day = Work.AWAITING, visit.day + timedelta(days=10)
    page = phone.switch_on()
    phone.send()
    page.evaluate(_SHOWN)
    for visit_id in visits[:2]:
        phone.open(f"#answer/{visit_id}")
        phone.open("#visits")
    first, second = page.evaluate("window.told")
    assert first
    assert second not in ("", first)


def test_targets_of_the_frame_are_for_thumbs(phone: Handset) -> None:
    page = phone.switch_on()
    phone.open("#settings")
    for target in page.locator("nav a, .button:visible, .status").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 32 if "status" in (target.get_attribute("class") or "") else 44


def test_a_browser_that_refuses_to_keep_the_page_is_told_of(phone: Handset) -> None:
    phone.start()
    phone.context.add_init_script(
        """ServiceWorkerContainer.prototype.register = () =>
        Promise.reject(new DOMException("no", "SecurityError"));"""
    )
    phone.open("#settings")
    page = phone.page
    expect(page.locator("[data-frame=page-unkept]")).to_be_visible()
    expect(page.locator("[data-frame=page-unkept]")).to_contain_text("does not keep pages")
    for told in ("[data-kept]", "[data-not-kept]"):
        expect(page.locator(told)).to_be_hidden()


def test_an_address_of_no_screen_shows_the_visits(phone: Handset) -> None:
    phone.start()
    phone.open("#constructor", shows="visits")
    expect(phone.page.locator("[data-screen=visits]")).to_be_visible()
