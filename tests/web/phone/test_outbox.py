"""What was saved leaves the phone only when our server has named it: none lost, none twice."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.web.phone import bad_network as line
from tests.web.phone.handset import a_report, stored

if TYPE_CHECKING:
    from datetime import date

    from playwright.sync_api import Request
    from sqlalchemy import Engine

    from tests.web.phone.bad_network import Fault
    from tests.web.phone.handset import Handset

pytestmark = pytest.mark.browser

REPORTS = "/api/v1/reports"


def test_what_is_saved_is_sent_at_once_and_said_so(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    report = a_report(visits[0], today)
    assert phone.save(report)
    expect(page.locator("[data-frame=status-main]")).to_have_text(re.compile("^All sent, last"))
    assert stored(engine, visits) == {report["id"]: 1}
    assert phone.left() == []


def test_saved_without_a_network_it_is_sent_when_there_is_one(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.context.set_offline(True)
    reports = [a_report(visit, today) for visit in visits]
    for report in reports:
        assert phone.save(report)
    expect(page.locator("[data-frame=status]")).to_contain_text("6 not sent yet")
    expect(page.locator("[data-frame=status]")).to_contain_text("No network")
    assert stored(engine, visits) == {}
    phone.context.set_offline(False)
    expect(page.locator("[data-frame=status]")).to_contain_text("All sent", timeout=20_000)
    assert stored(engine, visits) == {report["id"]: 1 for report in reports}
    assert phone.network.count(f"POST {REPORTS}") == 1


SPOILED: dict[str, Fault] = {
    "dead": line.DEAD,
    "answer lost": line.ANSWER_LOST,
    "cut in the head": line.CUT_IN_THE_HEAD,
    "captive portal": line.CAPTIVE_PORTAL,
    "redirected": line.REDIRECTED,
    "redirected to ourselves": line.answers("303 See Other", Location="/login"),
    "broken": line.BROKEN,
    "portal asks to log in": line.answers("401 Unauthorized", line.PORTAL),
    "proxy asks to log in": line.answers("511 Network Authentication Required", line.PORTAL),
    "forbidden": line.answers("403 Forbidden", "{}", "application/json"),
    "empty": line.answers("200 OK", "", "application/json"),
    "half": line.answers("200 OK", '{"answers": [{"id"', "application/json"),
    "no list": line.answers("200 OK", '{"ok": true}', "application/json"),
    "nobody named": line.answers("200 OK", '{"answers": []}', "application/json"),
    "others named": line.answers(
        "200 OK", '{"answers": [{"id": "x", "outcome": "accepted"}]}', "application/json"
    ),
    "HTML in words of JSON": line.answers("200 OK", line.PORTAL, "application/json"),
    "accepted, says a page": line.answers(
        "200 OK", '{"answers": [{"id": "ID", "outcome": "accepted"}]}', "text/html"
    ),
    "accepted, with another status": line.answers(
        "202 Accepted", '{"answers": [{"id": "ID", "outcome": "accepted"}]}', "application/json"
    ),
    "unknown outcome": line.answers(
        "200 OK", '{"answers": [{"id": "ID", "outcome": "fine"}]}', "application/json"
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_no_other_answer_takes_it_from_the_phone(
    phone: Handset, engine: Engine, visits: list[int], today: date, name: str
) -> None:
    page = phone.switch_on()
    expect(page.locator("[data-frame=status]")).to_contain_text("Nothing is waiting")
    report = a_report(visits[0], today)
    fault = SPOILED[name]
    if fault.instead:
        told = fault.instead.replace(b'"ID"', json.dumps(report["id"]).encode())
        grown = len(told) - len(fault.instead)
        told = re.sub(
            rb"Content-Length: (\d+)", lambda m: b"Content-Length: %d" % (int(m[1]) + grown), told
        )
        fault = line.Fault(passes=False, instead=told)
    phone.network.faults[REPORTS] = fault
    phone.save(report)
    phone.send()
    assert phone.left() == [report["id"]]
    expect(page.locator("[data-frame=status-main]")).to_have_text("1 not sent yet")
    # The line is good again: it arrives once, however often it had arrived before.
    phone.network.faults.clear()
    phone.send()
    assert phone.left() == []
    assert stored(engine, visits) == {report["id"]: 1}
    expect(page.locator("[data-frame=status-main]")).to_contain_text("All sent")


def test_an_answer_that_was_lost_is_asked_for_again(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    report = a_report(visits[0], today)
    phone.network.faults[REPORTS] = line.ANSWER_LOST
    phone.save(report)
    phone.send()
    assert stored(engine, visits) == {report["id"]: 1}, "the server has it"
    assert phone.left() == [report["id"]], "but the phone cannot know"
    phone.network.faults.clear()
    phone.send()
    assert phone.left() == []
    assert stored(engine, visits) == {report["id"]: 1}


@pytest.mark.parametrize(
    ("status", "told"), [("429 Too Many Requests", "seconds"), ("503 Service Unavailable", "date")]
)
def test_a_server_that_asks_to_wait_is_left_alone_as_long(
    phone: Handset, engine: Engine, visits: list[int], today: date, status: str, told: str
) -> None:
    page = phone.switch_on()
    wait = (
        {"Retry_After": "600"}
        if told == "seconds"
        # By the server's clock, which is years away from the phone's.
        else {
            "Retry_After": "Fri, 08 Jan 2021 08:10:00 GMT",
            "Date": "Fri, 08 Jan 2021 08:00:00 GMT",
        }
    )
    phone.network.faults[REPORTS] = line.answers(status, "{}", "application/json", **wait)
    report = a_report(visits[0], today)
    phone.save(report)
    expect(page.locator("[data-frame=status]")).to_contain_text("busy and asks us to wait until")
    asked = phone.network.count(f"POST {REPORTS}")
    phone.network.faults.clear()
    phone.send()
    phone.page.reload()
    phone.send()
    assert phone.network.count(f"POST {REPORTS}") == asked
    wait_ms = phone.run("return (await condition()).wait_until - Date.now();")
    assert 590_000 < wait_ms < 640_000
    assert phone.left() == [report["id"]]
    # The time is over.
    phone.run(
        """const wait = await settings.get("wait");
        await settings.put("wait", {...wait, from: wait.from - 1e6, until: wait.until - 1e6});"""
    )
    phone.send()
    assert phone.left() == []
    assert stored(engine, visits) == {report["id"]: 1}


def test_a_tap_is_not_put_off_by_an_alarm_that_rang_before_it(
    phone: Handset, visits: list[int], today: date
) -> None:
    """While it sends, both are asked for; of the two only the alarm would wait."""
    phone.switch_on()
    phone.send()
    phone.network.faults[REPORTS] = line.BROKEN
    phone.save(a_report(visits[0], today))
    phone.send()
    before = phone.network.count(f"POST {REPORTS}")
    phone.run(
        """sendNow();
        sendNow({patient: true});
        await sendNow({fresh: true});"""
    )
    assert phone.network.count(f"POST {REPORTS}") == before + 2


def test_two_tabs_send_once(phone: Handset, engine: Engine, visits: list[int], today: date) -> None:
    phone.switch_on()
    phone.network.faults[REPORTS] = line.Fault(seconds=0.5)
    phone.context.set_offline(True)
    for visit in visits:
        phone.save(a_report(visit, today))
    phone.send()  # over and done: a try that fails when the line is back sends fewer at once
    phone.context.set_offline(False)
    second = phone.context.new_page()
    second.goto(f"{phone.network.address}/phone/")
    expect(second.locator("[data-frame=status-main]")).to_contain_text("All sent", timeout=20_000)
    phone.send()
    expect(phone.page.locator("[data-frame=status-main]")).to_contain_text("All sent")
    assert phone.network.count(f"POST {REPORTS}") == 1
    assert list(stored(engine, visits).values()) == [1] * len(visits)


def test_a_killed_browser_loses_nothing(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.keep_the_page()
    phone.send()
    phone.context.set_offline(True)
    reports = [a_report(visit, today) for visit in visits]
    for report in reports:
        phone.save(report)
    phone.run("await drafts.put(given[0], {men: '7'});", visits[0])
    phone.kill()
    page = phone.switch_on(offline=True)
    expect(page.locator("[data-frame=status]")).to_contain_text("6 not sent yet")
    assert phone.run("return drafts.get(given[0]);", visits[0]) == {"men": "7"}
    assert phone.left() == [report["id"] for report in reports]
    phone.context.set_offline(False)
    expect(page.locator("[data-frame=status]")).to_contain_text("All sent", timeout=20_000)
    assert stored(engine, visits) == {report["id"]: 1 for report in reports}


def test_a_browser_killed_while_it_sends_sends_once(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.network.faults[REPORTS] = line.Fault(seconds=1)
    report = a_report(visits[0], today)
    phone.run(
        """outbox.add({id: given[0].id, kind: "report", visit_id: given[0].visit_id,
        body: given[0]}); await new Promise((done) => setTimeout(done, 500));""",
        report,
    )
    phone.kill()
    phone.network.faults.clear()
    page = phone.switch_on()
    expect(page.locator("[data-frame=status]")).to_contain_text("All sent", timeout=20_000)
    assert stored(engine, visits) == {report["id"]: 1}


def test_a_full_disk_is_said_and_nothing_is_called_saved(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.keep_the_page()
    phone.send()
    phone.kill()
    page = phone.switch_on(offline=True, room=1)
    report = a_report(visits[0], today)
    assert phone.save(report) is False
    expect(page.locator("[data-frame=full]")).to_contain_text("1 is NOT saved on this phone")
    expect(page.locator("[data-frame=status-main]")).to_have_text("1 not sent yet")
    with page.expect_download() as got:
        page.locator("[data-frame=full] [data-do=file]").click()
    kept = json.loads(got.value.path().read_text())
    assert [item["body"] for item in kept["items"]] == [report]
    # With a network it goes out all the same, though the disk is still full.
    phone.context.set_offline(False)
    page.locator("[data-frame=full] [data-do=send]").click()
    expect(page.locator("[data-frame=status-main]")).to_contain_text(
        re.compile("All sent|Nothing is waiting")
    )
    assert stored(engine, visits) == {report["id"]: 1}
    expect(page.locator("[data-frame=full]")).to_be_hidden()


def test_a_refused_report_is_told_why_put_right_and_sent_under_its_id(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    wrong = a_report(visits[0], today, men=0, women=0)
    good = a_report(visits[1], today)
    phone.context.set_offline(True)
    phone.save(wrong)
    phone.save(good)
    phone.context.set_offline(False)
    expect(page.locator("[data-frame=status-main]")).to_have_text("1 refused", timeout=20_000)
    assert phone.items()[wrong["id"]] == "refused"
    assert stored(engine, visits) == {good["id"]: 1}
    phone.open("#outbox")
    card = page.locator(f"[data-id='{wrong['id']}']")
    expect(card.locator("[data-problems] li")).not_to_have_count(0)
    expect(card.locator("[data-correct]")).to_have_attribute(
        "href", f"#form/{visits[0]}/{wrong['id']}"
    )
    assert phone.run("return outbox.amend(given[0].id, {...given[0], men: 3});", wrong) is True
    expect(page.locator("[data-frame=status-main]")).to_contain_text("All sent")
    assert stored(engine, visits) == {good["id"]: 1, wrong["id"]: 1}


def keep_posted(request: Request, sent: list[dict[str, Any]]) -> None:
    if REPORTS in request.url:
        sent.append(dict(request.post_data_json or {}))


def test_more_than_an_envelope_holds_goes_in_several(phone: Handset, visits: list[int]) -> None:
    """A hundred at once at the most, however many there are; each is answered."""
    phone.switch_on()
    sent: list[dict[str, Any]] = []
    phone.page.on("request", lambda one: keep_posted(one, sent))
    phone.context.set_offline(True)
    phone.run(
        """for (let n = 0; n < 130; n += 1) {
          const id = uuid7();
          await outbox.add({id, kind: "report", visit_id: 1, body: {id, visit_id: 1}});
        }"""
    )
    sent.clear()
    phone.context.set_offline(False)
    phone.send()
    assert phone.network.count(f"POST {REPORTS}") == 2  # what was tried offline came to nothing
    assert [len(one["reports"]) for one in sent[-2:]] == [100, 30]
    assert [one["unsent"] for one in sent[-2:]] == [30, 100]  # the refused are still here
    assert set(phone.items().values()) == {"refused"}


def test_a_line_that_breaks_long_messages_gets_short_ones(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.send()
    phone.network.faults[REPORTS] = line.DEAD
    for visit in visits:
        phone.save(a_report(visit, today))
    sent: list[dict[str, Any]] = []
    phone.page.on("request", lambda one: keep_posted(one, sent))
    for _ in range(4):
        phone.send()
    assert len(sent[-1]["reports"]) == 1
    phone.network.faults.clear()
    phone.send()
    assert phone.left() == []
    assert list(stored(engine, visits).values()) == [1] * len(visits)


def test_one_that_the_server_fails_over_does_not_hold_up_the_others(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.send()
    poison = a_report(visits[0], today, place="poison")
    rest = [a_report(visit, today) for visit in visits[1:]]

    def answer(route: Any) -> None:
        if "poison" in route.request.post_data:
            route.fulfill(status=500, body="oh", content_type="text/html")
        else:
            route.continue_()

    phone.context.route(f"**{REPORTS}", answer)
    phone.context.set_offline(True)
    for report in (poison, *rest):
        phone.save(report)
    phone.context.set_offline(False)
    for _ in range(12):
        phone.send()
    assert phone.left() == [poison["id"]]
    assert stored(engine, visits) == {report["id"]: 1 for report in rest}
