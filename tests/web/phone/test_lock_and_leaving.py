"""The PIN, the wrong clock, a phone that was taken back, leaving, and files of what is unsent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.devices import digest_of
from outreach.people.tables import Device
from tests.web.phone import bad_network as line
from tests.web.phone.handset import a_report, enrol, stored

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser
NEW_TOKEN = "n" * 43


def set_pin(phone: Handset, pin: str) -> None:
    phone.open("#settings")
    form = phone.page.locator("[data-pin-form]")
    form.locator("[name=pin]").fill(pin)
    form.locator("[name=again]").fill(pin)
    form.locator("button").click()
    expect(phone.page.locator("[data-pin-told]")).to_have_text("The PIN is set.")


def take_back(engine: Engine, phone: Handset) -> None:
    with unit_of_work(engine) as db:
        query = select(Device).where(col(Device.token_hash) == digest_of(phone.token))
        db.exec(query).one().revoked_at = datetime.now(UTC)


def test_a_locked_page_hides_everything_and_sends_on(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.keep_the_page()
    set_pin(phone, "2468")
    phone.context.set_offline(True)
    report = a_report(visits[0], today)
    phone.save(report)
    phone.kill()
    page = phone.switch_on()
    expect(page.locator("[data-frame=lock]")).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
    expect(page.locator("header")).to_be_hidden()
    phone.until(lambda: stored(engine, visits) == {report["id"]: 1})
    page.fill("[data-frame=lock-pin]", "1111")
    page.keyboard.press("Enter")
    expect(page.locator("[data-frame=lock-wrong]")).to_have_text("That is not the PIN.")
    page.fill("[data-frame=lock-pin]", "2468")
    page.keyboard.press("Enter")
    expect(page.locator("[data-screen=visits]")).to_be_visible()
    assert phone.run("return (await settings.get('pin')).hash.length;") == 32


def test_a_forgotten_pin_goes_with_a_new_code_and_the_unsent_stays(
    phone: Handset, engine: Engine, world: World, visits: list[int], today: date
) -> None:
    phone.switch_on()
    set_pin(phone, "2468")
    phone.send()
    phone.network.faults["/api/v1/reports"] = line.DEAD
    report = a_report(visits[0], today)
    phone.save(report)
    phone.context.close()
    enrol(engine, world, NEW_TOKEN)
    phone.token = NEW_TOKEN
    phone.network.faults.clear()
    page = phone.switch_on()
    expect(page.locator("[data-screen=visits]")).to_be_visible(timeout=20_000)
    phone.send()
    assert stored(engine, visits) == {report["id"]: 1}


def test_it_locks_after_ten_minutes_away_and_not_before(phone: Handset) -> None:
    page = phone.switch_on()
    set_pin(phone, "2468")
    page.clock.install()
    for minutes, locked in ((9, False), (11, True)):
        page.evaluate(
            """() => { Object.defineProperty(document, "visibilityState",
            {value: "hidden", configurable: true});
            document.dispatchEvent(new Event("visibilitychange")); }"""
        )
        page.clock.fast_forward(minutes * 60_000)
        page.evaluate(
            """() => { Object.defineProperty(document, "visibilityState",
            {value: "visible", configurable: true});
            document.dispatchEvent(new Event("visibilitychange")); }"""
        )
        expect(page.locator("[data-frame=lock]")).to_be_visible(visible=locked)


def test_a_phone_that_was_taken_back_forgets_whose_it_was_and_keeps_the_unsent(
    phone: Handset, engine: Engine, world: World, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    expect(page.locator("[data-screen=visits] article")).not_to_have_count(0)
    phone.keep_the_page()
    phone.context.set_offline(True)
    report = a_report(visits[0], today)
    phone.save(report)
    take_back(engine, phone)
    phone.context.set_offline(False)
    warning = page.locator("[data-frame=unknown]")
    expect(warning).to_contain_text("Your branch has taken this phone back", timeout=20_000)
    expect(warning).to_contain_text("1 not sent yet is kept")
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    assert phone.run("return state.get();") is None
    assert phone.left() == [report["id"]]
    with page.expect_download() as got:
        warning.locator("[data-do=file]").click()
    assert report["id"] in got.value.path().read_text()
    phone.context.close()
    enrol(engine, world, NEW_TOKEN)
    phone.token = NEW_TOKEN
    page = phone.switch_on()
    phone.send()
    expect(page.locator("[data-frame=status-main]")).to_contain_text("All sent")
    assert stored(engine, visits) == {report["id"]: 1}


def test_logging_out_warns_with_the_true_number_and_forgets_only_then(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.network.faults["/api/v1/reports"] = line.BROKEN
    for visit in visits[:3]:
        phone.save(a_report(visit, today))
    phone.open("#settings")
    page.locator("[data-log-out] [data-leave]").click()
    warning = page.locator("[data-leaving]")
    expect(warning).to_contain_text("3 have not been sent yet")
    with page.expect_download() as got:
        warning.locator("[data-leave-file]").click()
    assert len(json.loads(got.value.path().read_text())["items"]) == 3
    name = f"outreach-{today}-3.txt"  # the day in the village, whatever it is in Greenwich
    assert got.value.suggested_filename == name
    expect(warning.locator("[data-leave-kept]")).to_contain_text(name)
    expect(warning.locator("[data-leave-count]")).to_be_hidden()
    expect(warning.locator("[data-leave-anyway]")).to_have_text("The file is there: log out")
    warning.locator("[data-leave-not]").click()
    expect(warning).to_be_hidden()
    assert len(phone.left()) == 3
    # Without a network the server could not be told: nothing happens, nothing is lost.
    page.locator("[data-log-out] [data-leave]").click()
    phone.context.set_offline(True)
    warning.locator("[data-leave-anyway]").click()
    expect(page.locator("[data-leave-told]")).to_contain_text("must reach the server")
    assert len(phone.left()) == 3
    phone.context.set_offline(False)
    warning.locator("[data-leave-anyway]").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    assert phone.items() == {}
    assert phone.run("return state.get();") is None
    with reading(engine) as db:
        query = select(Device).where(col(Device.token_hash) == digest_of(phone.token))
        assert db.exec(query).one().revoked_at is not None


def test_what_is_saved_while_the_server_is_told_of_the_leaving_stays(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.network.faults["/api/v1/reports"] = line.BROKEN
    warned_of, later = (a_report(visit, today) for visit in visits[:2])
    phone.save(warned_of)
    phone.open("#settings")
    page.locator("[data-log-out] [data-leave]").click()
    expect(page.locator("[data-leaving]")).to_contain_text("1 has not been sent yet")
    other = phone.context.new_page()
    other.goto(f"{phone.address}/phone/")
    expect(other.locator("[data-screen=visits]")).to_be_visible()
    # What has come since is told first.
    between = a_report(visits[2], today)
    phone.save(between)
    page.locator("[data-leave-anyway]").click()
    expect(page.locator("[data-leaving]")).to_contain_text("2 have not been sent yet")
    phone.network.faults["/api/v1/logout"] = line.Fault(seconds=3)
    page.locator("[data-leave-anyway]").click()
    expect(page.get_by_text("Logging out …")).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
    expect(page.locator("nav")).to_be_hidden()
    phone.save(later)
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    assert phone.left() == [later["id"]]
    assert phone.run("return state.get();") is None


def test_a_file_of_the_unsent_is_read_in_on_another_phone_and_counts_once(
    phone: Handset,
    engine: Engine,
    visits: list[int],
    today: date,
    tmp_path: Path,
) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    phone.send()
    phone.context.set_offline(True)
    reports = [a_report(visit, today) for visit in visits[:2]]
    for report in reports:
        phone.save(report)
    picture = phone.run(
        """const id = uuid7();
        await outbox.add({id, kind: "evidence", visit_id: given[0].visit_id, after: given[0].id,
          body: {report_id: given[0].id, kind: "photo"},
          blob: new Blob([new Uint8Array([1, 2, 255])], {type: "image/jpeg"})});
        return id;""",
        reports[0],
    )
    phone.open("#outbox")
    with page.expect_download() as got:
        page.locator("[data-screen=outbox] [data-do=file]").click()
    file = tmp_path / "kept.txt"
    got.value.save_as(file)
    phone.run("for (const item of await outbox.all()) await outbox.remove(item.id);")
    assert phone.items() == {}
    page.set_input_files("[data-read-in]", file)
    expect(page.locator("[data-read-in-told]")).to_have_text("3 were read in.")
    assert set(phone.items()) == {picture, *(report["id"] for report in reports)}
    assert phone.run(
        "return [...new Uint8Array(await (await outbox.blob(given[0])).arrayBuffer())];", picture
    ) == [1, 2, 255]
    page.set_input_files("[data-read-in]", file)
    expect(page.locator("[data-read-in-told]")).to_have_text("0 were read in. 3 were here already.")
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("Daftar belanja")
    page.set_input_files("[data-read-in]", wrong)
    expect(page.locator("[data-read-in-told]")).to_have_text("This is not a file of this page.")
    phone.context.set_offline(False)
    expect(page.locator("[data-frame=status-main]")).not_to_contain_text(
        "not sent yet", timeout=20_000
    )
    assert stored(engine, visits) == {report["id"]: 1 for report in reports}


@pytest.mark.parametrize("years", [-7, 5])
def test_a_clock_that_is_years_off_is_found_out(
    phone: Handset, engine: Engine, visits: list[int], today: date, years: int
) -> None:
    page = phone.switch_on()
    wrong = datetime.now(UTC) + timedelta(days=365 * years)
    page.clock.set_system_time(wrong)
    phone.run("await settings.remove('clock');")
    page.reload()
    page.clock.set_system_time(wrong)
    phone.send()
    phone.send()
    expect(page.locator("[data-frame=clock]")).to_be_visible()
    told = phone.run(
        """const {villageToday, skewKnown} = await import(url.replace("store.js", "hardware.js"));
        return [villageToday("Asia/Jakarta"), villageToday("Asia/Jayapura"), skewKnown(),
                new Date().getFullYear()];"""
    )
    assert told[0] in (today.isoformat(), (today + timedelta(days=1)).isoformat())
    assert told[2] is True
    assert told[3] == wrong.year
    report = a_report(visits[0], today)
    phone.save(report)
    phone.send()
    assert stored(engine, visits) == {report["id"]: 1}
    with reading(engine) as db:
        device = db.exec(select(Device).where(col(Device.token_hash) == digest_of(phone.token)))
        skew = device.one().skew_seconds
    assert skew is not None
    assert abs(skew - timedelta(days=365 * years).total_seconds()) < 3600
