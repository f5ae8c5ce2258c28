"""The PIN: what it covers, and what wrong ones cost whatever is done to the clock or the page."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.web.connected import devices, planted
from tests.web.phone.handset import enrol
from tests.web.phone.test_lock_and_leaving import NEW_TOKEN, set_pin
from tests.web.phone.test_truth import show

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser

RIGHT, WRONG = "2468", "0000"


def try_pin(phone: Handset, pin: str) -> dict[str, Any]:
    told: dict[str, Any] = phone.run(
        """const {tryPin} = await import(url.replace("store.js", "lock.js"));
        return tryPin(given[0]);""",
        pin,
    )
    return told


def type_pin(page: Page, pin: str) -> None:
    page.fill("[data-frame=lock-pin]", pin)
    page.keyboard.press("Enter")


def told(page: Page, words: str) -> None:
    expect(page.locator("[data-frame=lock-wrong]")).to_be_visible()
    expect(page.locator("[data-frame=lock-wrong]")).to_have_text(words)


def wrong_tries(phone: Handset) -> int:
    return int(phone.run("return (await settings.get('pin')).wrong;"))


def locked_phone(phone: Handset) -> Page:
    """Give a phone with a PIN that has just been switched on, its clock in the test's hand."""
    phone.switch_on()
    set_pin(phone, RIGHT)
    phone.kill()
    page = phone.switch_on()
    expect(page.locator("[data-frame=lock]")).to_be_visible()
    return page


def test_wrong_pins_cost_more_and_more_time(phone: Handset) -> None:
    page = phone.switch_on()
    set_pin(phone, RIGHT)
    page.clock.install()
    page.clock.pause_at(datetime.now(ZoneInfo("UTC")) + timedelta(hours=1))
    waits = []
    for _ in range(14):
        answer = try_pin(phone, WRONG)
        assert answer["open"] is False
        assert answer["looked"] is True
        waits.append(answer["waitMs"])
        if waits[-1] > 0:
            early = try_pin(phone, RIGHT)
            assert (early["open"], early["looked"]) == (False, False)
        page.clock.fast_forward(waits[-1])
    assert waits[:5] == [0, 0, 10_000, 20_000, 40_000]
    assert waits[-1] == 15 * 60_000
    assert wrong_tries(phone) == 14
    assert try_pin(phone, RIGHT)["open"] is True
    assert wrong_tries(phone) == 0


def test_neither_a_turned_clock_nor_a_new_load_gives_a_try(phone: Handset) -> None:
    page = locked_phone(phone)
    for n in range(3):
        type_pin(page, WRONG)
        told(page, "That is not the PIN.")
        expect(page.locator("[data-frame=lock-wait]")).to_be_visible(visible=n == 2)
    page.clock.install()
    for turned in (timedelta(days=2), timedelta(days=-2)):
        page.clock.set_system_time(datetime.now(ZoneInfo("UTC")) + turned)
        type_pin(page, RIGHT)
        told(page, "Too early: this PIN was not tried, and not counted.")
    page.reload()
    expect(page.locator("[data-frame=lock-wait]")).to_contain_text("seconds, then type the PIN")
    type_pin(page, RIGHT)
    told(page, "Too early: this PIN was not tried, and not counted.")
    assert wrong_tries(phone) == 3
    page.clock.fast_forward(10_000)
    expect(page.locator("[data-frame=lock-wait]")).to_be_hidden()
    type_pin(page, RIGHT)
    expect(page.locator("[data-screen=visits]")).to_be_visible()
    assert wrong_tries(phone) == 0


def test_what_was_waited_already_is_not_waited_again_after_a_new_load(phone: Handset) -> None:
    page = locked_phone(phone)
    phone.run("await settings.alter('pin', {wrong: 7, left: 160_000});")
    page.clock.install()
    page.reload()
    wait = page.locator("[data-frame=lock-wait]")
    expect(wait).to_contain_text(re.compile(r"Wait 1[56]\d seconds"))
    page.clock.fast_forward(100_000)
    expect(wait).to_contain_text(re.compile(r"Wait [56]\d seconds"))
    noted = "for (let n = 0; n < 500 && (await settings.get('pin')).left > 60_000; n += 1);"
    phone.run(noted)
    page.reload()
    expect(wait).to_contain_text(re.compile(r"Wait [3456]\d seconds"))


def test_a_try_counts_though_the_page_is_closed_before_it_is_looked_at(phone: Handset) -> None:
    page = locked_phone(phone)
    page.evaluate("() => { crypto.subtle.importKey = () => new Promise(() => {}); }")
    for expected in (1, 2):
        type_pin(page, WRONG)
        page.wait_for_timeout(300)
        page.reload()
        page.evaluate("() => { crypto.subtle.importKey = () => new Promise(() => {}); }")
        assert wrong_tries(phone) == expected


def test_with_a_pin_no_address_that_is_typed_passes_it(
    phone: Handset, app: Flask, world: World
) -> None:
    page = phone.switch_on()
    phone.open("#settings")
    expect(page.locator("[data-plain-pages]")).to_be_visible()
    page.goto(f"{phone.address}/my")
    assert page.url.endswith("/my")
    phone.open()
    phone.keep_the_page()
    # Set without a network: the server hears of it as soon as it can.
    phone.context.set_offline(True)
    set_pin(phone, RIGHT)
    expect(page.locator("[data-plain-pages]")).to_be_hidden()
    assert [one.behind_pin for one in devices(app, world)] == [False]
    phone.context.set_offline(False)
    phone.send()
    assert [one.behind_pin for one in devices(app, world)] == [True]
    page.goto(f"{phone.address}/my")
    assert page.url.endswith("/phone/#behind-pin")
    why = page.locator("[data-screen=behind-pin]")
    expect(why).to_contain_text("remove the PIN under “This phone”")
    why.locator("a[href='#settings']").click()
    expect(page.locator("[data-pin-remove]")).to_be_visible()
    page.goto(f"{phone.address}/api/v1/phone")
    assert "behind_pin" in page.content()
    assert "villages" not in page.content()
    phone.errors.clear()  # the browser tells of the refusal
    phone.open("#settings")
    page.locator("[data-pin-remove]").click()
    phone.send()
    page.goto(f"{phone.address}/my")
    assert page.url.endswith("/my")


def test_what_was_locked_is_locked_when_loaded_anew_and_in_every_tab(phone: Handset) -> None:
    page = phone.switch_on()
    set_pin(phone, "2468")
    other = phone.context.new_page()
    other.goto(f"{phone.address}/phone/")
    lock = "[data-frame=lock]"
    other.fill("[data-frame=lock-pin]", "2468")
    other.keyboard.press("Enter")
    expect(other.locator(lock)).to_be_hidden()
    page.locator("[data-pin-lock]").click()
    for tab in (page, other):
        expect(tab.locator(lock)).to_be_visible()
        tab.reload()
        expect(tab.locator(lock)).to_be_visible()
        expect(tab.locator("main")).to_be_hidden()
    page.fill("[data-frame=lock-pin]", "2468")
    page.keyboard.press("Enter")
    expect(page.locator(lock)).to_be_hidden()
    page.reload()
    expect(page.locator("[data-screen=settings]")).to_be_visible()
    expect(page.locator(lock)).to_be_hidden()


def test_a_code_also_ends_a_pin_that_was_set_with_a_password(
    phone: Handset, engine: Engine, world: World
) -> None:
    phone.switch_on()
    set_pin(phone, "2468")
    phone.send()
    # As with a password: then the server names no phone.
    phone.run(
        """const {json} = await state.get();
        await state.put({...json, me: {...json.me, phone: null}}, null);
        await settings.alter("pin", {phone: null});"""
    )
    phone.kill()
    enrol(engine, world, NEW_TOKEN)
    phone.token = NEW_TOKEN
    page = phone.switch_on()
    expect(page.locator("[data-screen=visits]")).to_be_visible(timeout=20_000)
    assert phone.run("return settings.get('pin');") is None


def test_who_forgot_the_pin_uses_a_code_on_the_phone_that_is_still_connected(
    phone: Handset, app: Flask, world: World
) -> None:
    phone.token = planted(app, world.own["official_id"])
    phone.switch_on()
    set_pin(phone, RIGHT)
    phone.send()
    phone.kill()
    page = phone.switch_on()
    expect(page.locator("[data-frame=lock]")).to_be_visible()
    page.goto(f"{phone.address}/e")
    page.fill("[name=code]", str(world.own["enrol_code"]))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Connect this phone anew").click()
    expect(page.locator("[data-screen=visits]")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-frame=lock]")).to_be_hidden()
    assert phone.run("return settings.get('pin');") is None


def test_a_disk_that_cannot_be_read_opens_no_lock(phone: Handset) -> None:
    page = phone.switch_on()
    set_pin(phone, RIGHT)
    page.clock.install()
    page.evaluate(
        """() => { IDBDatabase.prototype.transaction = () => {
        throw new DOMException("no", "UnknownError"); }; }"""
    )
    show(page, "hidden")
    page.clock.fast_forward(11 * 60_000)
    show(page, "visible")
    expect(page.locator("[data-frame=lock]")).to_be_visible()
    type_pin(page, RIGHT)
    told(page, "What is saved on this phone cannot be read now")
    expect(page.locator("main")).to_be_hidden()
    phone.errors.clear()
