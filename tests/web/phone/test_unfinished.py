"""Reports that were begun: counted before somebody leaves, kept in files, found without a visit."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from outreach.db import unit_of_work
from outreach.visits.tables import Visit
from tests.web.phone.handset import a_report, enrol
from tests.web.phone.test_lock_and_leaving import NEW_TOKEN

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser

#: Writes what was begun into a file and reads it in, on this phone as it is then.
_READ_IN = """const files = await import(url.replace("store.js", "files.js"));
const {whoIsHere} = await import(url);
const file = new File([given[0]], "a.txt", {type: "text/plain"});
const {begun, known, unreadable} = await files.readIn(file, await whoIsHere());
return [begun, known, unreadable];"""
_WITH_A_PHOTO = """const files = await import(url.replace("store.js", "files.js"));
const draft = await drafts.get(given[0]);
const photo = new Blob([new Uint8Array([1, 2, 255])], {type: "image/jpeg"});
await drafts.put(given[0], {...draft, photo});
return (await files.fileOf([], await drafts.all())).text();"""
_BYTES = "return [...new Uint8Array(await (await drafts.get(given[0])).photo.arrayBuffer())];"


def begin(phone: Handset, visit_id: int, men: str = "17") -> Page:
    """Begin a report, from the list as an official does."""
    phone.open("#visits")
    phone.open(f"#form/{visit_id}")
    page = phone.page
    page.fill("[data-form] [name=men]", men)
    expect(page.locator("[data-screen=form] [data-slot=kept]")).not_to_be_empty()
    return page


def vanish(phone: Handset, engine: Engine, visit_id: int, today: date) -> None:
    """Let the visit leave the official's list, as one does that another team was given."""
    with unit_of_work(engine) as db:
        db.get_one(Visit, visit_id).day = today + timedelta(days=300)
    phone.send()


def test_logging_out_counts_what_was_begun_and_the_file_brings_it_back(
    phone: Handset,
    engine: Engine,
    world: World,
    visits: list[int],
    today: date,
    tmp_path: Path,
) -> None:
    phone.switch_on()
    phone.send()
    page = begin(phone, visits[0])
    phone.open("#settings")
    page.locator("[data-log-out] [data-leave]").click()
    warning = page.locator("[data-leaving]")
    told = page.locator("[data-leave-count]")
    expect(told).to_have_text(
        "1 report that you began is not finished. If you log out now it is lost."
    )
    warning.locator("[data-leave-not]").click()
    phone.context.set_offline(True)
    phone.save(a_report(visits[1], today))
    begin(phone, visits[2], men="4")
    phone.open("#settings")
    page.locator("[data-log-out] [data-leave]").click()
    expect(told).to_contain_text("1 has not been sent yet.")
    expect(told).to_contain_text("2 reports that you began are not finished.")
    file = tmp_path / "kept.txt"
    with page.expect_download() as got:
        warning.locator("[data-leave-file]").click()
    got.value.save_as(file)
    assert got.value.suggested_filename.endswith("-3.txt")
    phone.context.set_offline(False)
    warning.locator("[data-leave-anyway]").click()
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    assert phone.run("return drafts.all({everybodys: true});") == []
    phone.context.close()
    enrol(engine, world, NEW_TOKEN)
    phone.token = NEW_TOKEN
    page = phone.switch_on()
    phone.send()
    phone.open("#outbox")
    page.set_input_files("[data-read-in]", file)
    expect(page.locator("[data-read-in-told]")).to_have_text(
        "1 was read in. 2 reports that were begun were read in."
    )
    phone.open(f"#form/{visits[0]}")
    expect(page.locator("[data-part=continued]")).to_be_visible()
    expect(page.locator("[data-form] [name=men]")).to_have_value("17")
    phone.open(f"#form/{visits[2]}")
    expect(page.locator("[data-form] [name=men]")).to_have_value("4")


def test_what_was_begun_for_a_visit_that_vanished_is_found_kept_and_deleted(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    page = begin(phone, visits[0])
    begin(phone, visits[1], men="4")
    phone.open("#outbox")
    begun = page.locator("[data-screen=outbox] [data-begun]")
    expect(begun).to_be_hidden()  # their visits say themselves that a report was begun
    with page.expect_download() as got:
        page.locator("[data-screen=outbox] [data-do=file]").click()
    assert len(json.loads(got.value.path().read_text())["begun"]) == 2
    vanish(phone, engine, visits[0], today)
    cards = begun.locator("article")
    expect(cards).to_have_count(1)
    village = cards.locator("h2").inner_text()
    assert village not in ("", "A village")
    expect(cards).to_contain_text(str((today - timedelta(days=1)).day))
    expect(cards).to_contain_text("Men 17, women –")
    cards.locator("[data-open]").click()
    form = page.locator("[data-screen=form]")
    expect(form.locator("[data-part=gone]")).to_be_visible()
    expect(form.locator("[data-form]")).to_be_hidden()
    expect(form.locator("[data-left-over]")).to_contain_text("Men 17, women –")
    expect(form.locator("[data-left-over] h2")).to_have_text(village)
    with page.expect_download() as got:
        form.locator("[data-begun-file]").click()
    (kept,) = json.loads(got.value.path().read_text())["begun"]
    assert (kept["visit_id"], kept["draft"]["men"]) == (visits[0], "17")
    with phone.answering(yes=False):
        form.locator("[data-begun-remove]").click()
    assert phone.run("return (await drafts.get(given[0])).men;", visits[0]) == "17"
    with phone.answering(yes=True):
        form.locator("[data-begun-remove]").click()
    expect(page.locator("[data-screen=outbox]")).to_be_visible()
    expect(begun).to_be_hidden()
    assert phone.run("return drafts.get(given[0]);", visits[0]) is None
    assert phone.run("return (await drafts.get(given[0])).men;", visits[1]) == "4"


def test_a_visit_that_vanished_with_nothing_begun_offers_nothing_to_keep(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    vanish(phone, engine, visits[0], today)
    phone.open(f"#form/{visits[0]}")
    expect(page.locator("[data-screen=form] [data-part=gone]")).to_be_visible()
    expect(page.locator("[data-left-over]")).to_be_hidden()


def test_a_file_gives_back_what_was_begun_whole_and_never_over_what_is_here(
    phone: Handset, visits: list[int]
) -> None:
    phone.switch_on()
    phone.send()
    begin(phone, visits[0])
    phone.open("#visits")
    text = phone.run(_WITH_A_PHOTO, visits[0])
    phone.run("await drafts.put(given[0], {...await drafts.get(given[0]), men: '99'});", visits[0])
    assert phone.run(_READ_IN, text) == [0, 1, 0]
    assert phone.run("return (await drafts.get(given[0])).men;", visits[0]) == "99"
    phone.run("await drafts.remove(given[0]);", visits[0])
    assert phone.run(_READ_IN, text) == [1, 0, 0]
    assert phone.run("return (await drafts.get(given[0])).men;", visits[0]) == "17"
    assert phone.run(_BYTES, visits[0]) == [1, 2, 255]


def test_what_somebody_else_began_stays_theirs_though_it_is_read_in(
    phone: Handset, visits: list[int]
) -> None:
    page = phone.switch_on()
    phone.send()
    hers = {"visit_id": visits[0], "person": {"id": 999, "name": "Bu Wati"}, "draft": {"men": "8"}}
    told = {"format": "outreach-phone-1", "items": [], "begun": [hers]}
    assert phone.run(_READ_IN, json.dumps(told)) == [1, 0, 0]
    assert phone.run("return drafts.get(given[0]);", visits[0]) is None
    phone.open("#outbox")
    expect(page.locator("[data-others]")).to_contain_text("1 report that Bu Wati began is kept")


def test_a_spoilt_file_leaves_forms_that_still_open(phone: Handset, visits: list[int]) -> None:
    page = phone.switch_on()
    phone.send()
    draft: dict[str, Any] = {
        "men": {"no": "text"},
        "women": "8",
        "met": "perhaps",
        "held_on": "yesterday",
        "base": ["a"],
        "lines": ["x", None, {"sector": 7, "workers": "3"}],
        "strokes": [[["a", 1]], [], "b"],
        "position": {"latitude": "x"},
        "about": {"village": 5, "day": "never"},
    }
    told = {"format": "outreach-phone-1", "items": [], "begun": [
        {"visit_id": visits[0], "draft": draft},
        {"visit_id": 999_999, "draft": draft},
        {"visit_id": "x", "draft": draft},
        {"visit_id": visits[1], "draft": {**draft, "photo": {"base64": "?"}}},
        {"visit_id": visits[1], "draft": None},
        None,
    ]}  # fmt: skip
    assert phone.run(_READ_IN, json.dumps(told)) == [2, 0, 4]
    phone.open("#outbox")
    expect(page.locator("[data-begun] article")).to_contain_text("women 8")
    phone.open(f"#form/{visits[0]}")
    expect(page.locator("[data-form] [name=women]")).to_have_value("8")
    expect(page.locator("[data-form] [name=men]")).to_have_value("")
    expect(page.locator("[data-form] [name=met][value=held]")).to_be_checked()
    assert phone.errors == []
