"""One phone and several people: what each saved is sent in that one's own name, or kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.devices import digest_of
from outreach.people.tables import Account, Device, Role
from outreach.web.phone import BUNDLE
from tests import builders
from tests.visits.world import NOW
from tests.web.phone.bad_network import Fault
from tests.web.phone.handset import a_report, enrol, stored
from tests.web.world import OWN_VILLAGE

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from flask import Flask
    from playwright.sync_api import Dialog
    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser
HERS = "h" * 43
NEW_TOKEN = "n" * 43


@pytest.fixture
def other(engine: Engine) -> int:
    """Another official of the same village, with a code for the same phone."""
    with unit_of_work(engine) as db:
        told = {"name": "Bu Wati", "area_codes": [OWN_VILLAGE]}
        account_id = builders.account(db, Role.OFFICIAL, "wati", **told).id or 0
        db.add(Device(account_id=account_id, token_hash=digest_of(HERS), enrolled_at=NOW))
        return account_id


def name_of(engine: Engine, account_id: int) -> str:
    with reading(engine) as db:
        return db.get_one(Account, account_id).name


def senders(engine: Engine, visits: list[int]) -> dict[str, int]:
    """Whose reports are stored, by the id that the phone gave them."""
    with reading(engine) as db:
        query = select(SessionReport.id, SessionReport.reported_by)
        return dict(db.exec(query.where(col(SessionReport.visit_id).in_(visits))).all())


def hand_over(phone: Handset, token: str) -> None:
    """Let somebody else connect the phone: its cookie is theirs from now on."""
    phone.token = token
    phone._give_cookie("phone", token)


def leave_two(phone: Handset, visits: list[int], today: date) -> list[str]:
    """Save two reports and begin a third where there is no network."""
    phone.send()
    phone.keep_the_page()
    phone.context.set_offline(True)
    reports = [a_report(visit, today, place="Balai dusun Melati") for visit in visits[:2]]
    for report in reports:
        phone.save(report)
    phone.run("await drafts.put(given[0], {men: '7', remarks: 'Rahasia'});", visits[2])
    return [report["id"] for report in reports]


def test_the_next_person_neither_sends_nor_sees_what_was_left(
    phone: Handset, engine: Engine, world: World, other: int, visits: list[int], today: date
) -> None:
    first = world.accounts[Role.OFFICIAL][0]
    name = name_of(engine, first)
    page = phone.switch_on()
    left = leave_two(phone, visits, today)
    hand_over(phone, HERS)
    phone.context.set_offline(False)
    phone.send()
    assert phone.run("return (await state.get()).json.me.name;") == "Bu Wati"
    assert stored(engine, visits) == {}
    assert set(phone.left()) == set(left)
    expect(page.locator("[data-frame=others]")).to_contain_text(f"2 of {name}, saved on this phone")
    expect(page.locator("[data-frame=status-main]")).not_to_contain_text("not sent yet")
    phone.open("#history")
    expect(page.locator("[data-screen=history]")).to_be_visible()
    assert "Melati" not in page.inner_text("body")
    phone.open(f"#form/{visits[2]}")
    expect(page.locator("[data-form]")).to_be_visible()
    expect(page.locator("[name=men]")).to_have_value("")
    hers = a_report(visits[3], today)
    phone.save(hers)
    phone.send()
    assert senders(engine, visits) == {hers["id"]: other}
    phone.open("#outbox")
    others = page.locator("[data-others]")
    expect(others).to_contain_text(f"2 of {name}")
    expect(others).to_contain_text(f"1 report that {name} began is kept")
    with page.expect_download() as got:
        others.locator("[data-others-file]").first.click()
    assert {one["id"] for one in json.loads(got.value.path().read_text())["items"]} == set(left)
    # The same person comes with a new code: to the server that is another phone.
    enrol(engine, world, NEW_TOKEN)
    hand_over(phone, NEW_TOKEN)
    phone.send()
    phone.send()
    assert senders(engine, visits) == {hers["id"]: other, **dict.fromkeys(left, first)}
    expect(page.locator("[data-frame=others]")).to_be_hidden()
    assert phone.run("return drafts.get(given[0]);", visits[2])["remarks"] == "Rahasia"


def test_leaving_loses_nothing_of_somebody_else(
    phone: Handset, engine: Engine, world: World, other: int, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    left = leave_two(phone, visits, today)
    hand_over(phone, HERS)
    phone.context.set_offline(False)
    phone.send()
    assert other
    phone.open("#settings")
    page.locator("[data-log-out] [data-leave]").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    assert set(phone.left()) == set(left)
    phone.context.close()
    enrol(engine, world, NEW_TOKEN)
    phone.token = NEW_TOKEN
    phone.switch_on()
    phone.send()
    assert set(stored(engine, visits)) == set(left)
    assert phone.run("return drafts.get(given[0]);", visits[2])["remarks"] == "Rahasia"


def test_a_file_of_somebody_else_is_sent_in_ones_own_name_only_after_a_tick(
    phone: Handset,
    engine: Engine,
    world: World,
    other: int,
    visits: list[int],
    today: date,
    tmp_path: Path,
) -> None:
    name = name_of(engine, world.accounts[Role.OFFICIAL][0])
    page = phone.switch_on()
    left = leave_two(phone, visits, today)
    phone.open("#outbox")
    with page.expect_download() as got:
        page.locator("[data-screen=outbox] [data-do=file]").click()
    file = tmp_path / "kept.txt"
    got.value.save_as(file)
    hand_over(phone, HERS)
    phone.context.set_offline(False)
    phone.send()
    phone.run("await outbox.remove(given[0]);", left[0])  # this one is here no more
    page.set_input_files("[data-read-in]", file)
    asking = page.locator("[data-read-in-others]")
    expect(asking).to_contain_text(f"2 in this file are of {name}")
    expect(asking).to_contain_text("in the name of Bu Wati")
    take = page.locator("[data-read-in-take]")
    expect(take).to_be_disabled()
    phone.send()
    assert stored(engine, visits) == {}
    page.locator("[data-read-in-sure]").check()
    take.click()
    expect(page.locator("[data-read-in-told]")).to_have_text("2 were read in.")
    phone.send()
    assert senders(engine, visits) == dict.fromkeys(left, other)


def test_a_file_is_not_read_in_where_nobody_is_connected(
    phone: Handset, app: Flask, tmp_path: Path
) -> None:
    # However late the screen's own file comes, what is done once it is seen is not lost.
    late = "/static/" + app.extensions["assets"][BUNDLE]["outbox_screen.js"]
    phone.network.faults[late] = Fault(seconds=2)
    page = phone.switch_on(enrolled=False)
    phone.open("#outbox")
    file = tmp_path / "kept.txt"
    file.write_text(json.dumps({"format": "outreach-phone-1", "items": []}))
    page.set_input_files("[data-read-in]", file)
    expect(page.locator("[data-read-in-told]")).to_contain_text("Connect this phone first")


def test_a_login_that_is_over_shows_nobody_anything_and_keeps_the_unsent(
    phone: Handset, engine: Engine, world: World, visits: list[int], today: date
) -> None:
    name = name_of(engine, world.accounts[Role.OFFICIAL][0])
    page = phone.switch_on()
    expect(page.locator("[data-screen=visits] article")).not_to_have_count(0)
    phone.keep_the_page()
    phone.context.set_offline(True)
    report = a_report(visits[0], today)
    phone.save(report)
    phone.run("await drafts.put(given[0], {men: '7'});", visits[1])
    # As the log-out of the plain pages leaves it: the server takes the cookie away.
    phone.context.clear_cookies(name="phone")
    phone.context.set_offline(False)
    warning = page.locator("[data-frame=unknown]")
    expect(warning).to_be_visible(timeout=20_000)
    expect(warning).to_contain_text("This phone is not known any more")
    expect(warning).to_contain_text("1 not sent yet is kept")
    expect(warning).to_contain_text("1 report that you began is kept")
    for screen in ("history", "visits", f"form/{visits[1]}", "settings"):
        phone.open(f"#{screen}", shows="settings" if screen == "settings" else "welcome")
        assert name not in page.inner_text("body")
        assert page.locator("article:visible, .entry:visible").count() == 0
    assert phone.run("return state.get();") is None
    with page.expect_download() as got:
        warning.locator("[data-do=file]").click()
    assert report["id"] in got.value.path().read_text()
    hand_over(phone, phone.token)
    phone.send()
    assert stored(engine, visits) == {report["id"]: 1}
    assert phone.run("return drafts.get(given[0]);", visits[1])["men"] == "7"


def test_what_somebody_else_left_is_told_by_name_also_after_a_logout(
    phone: Handset, engine: Engine, world: World, other: int, visits: list[int], today: date
) -> None:
    assert other
    name = name_of(engine, world.accounts[Role.OFFICIAL][0])
    page = phone.switch_on()
    left = leave_two(phone, visits, today)
    hand_over(phone, HERS)
    phone.context.set_offline(False)
    phone.send()
    phone.open("#settings")
    page.locator("[data-log-out] [data-leave]").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    warning = page.locator("[data-frame=unknown]")
    expect(warning).to_contain_text(f"2 of {name}, saved on this phone, are sent once {name}")
    expect(warning).to_contain_text(f"1 report that {name} began is kept")
    expect(warning).not_to_contain_text("once you have entered")
    phone.open("#outbox")
    expect(page.locator("[data-others]")).to_contain_text(f"2 of {name}")
    expect(page.locator("[data-screen=outbox] article.unsent")).to_have_count(0)
    asked: list[str] = []

    def say_no(question: Dialog) -> None:
        asked.append(question.message)
        question.dismiss()

    page.once("dialog", say_no)
    page.locator("[data-frame=unknown-wipe]").click()
    phone.until(lambda: len(asked) == 1)
    assert asked[0].startswith(f"Delete for good all that {name} saved or began on this phone")
    assert set(phone.left()) == set(left)
