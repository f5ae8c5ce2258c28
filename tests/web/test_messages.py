"""Messages to officials on the coordinator's pages, and visits that are given back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.messages.announce import announce
from outreach.messages.remind import remind
from outreach.messages.sent_back import tell_sent_back
from outreach.messages.tables import Matter, Medium, Message, MessageState
from outreach.people.tables import Account, Device, Official, Role
from outreach.visits.links import issue_links
from outreach.visits.tables import Visit, VisitEvent, Work
from tests.web.connected import planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

PHONE = "+6281234567890"
DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 16, 4, tzinfo=UTC)


@pytest.fixture
def coordinator(app: Flask, world: World, login_as: Callable[[Role], Visitor]) -> Visitor:
    """A coordinator two days before a visit that awaits its village's answer."""
    app.extensions["clock"] = lambda: NOW
    with _write(app) as db:
        db.execute(update(Official).values(phone=PHONE, email="kantor@desa.example"))
        db.execute(
            update(Visit).where(col(Visit.id) == world.own["visit_id"]).values(work=Work.AWAITING)
        )
        issue_links(db, [world.own["visit_id"]], NOW)
    return login_as(Role.COORDINATOR)


def _write(app: Flask) -> Any:
    return unit_of_work(app.extensions["outreach"].engine)


def _message(app: Flask, world: World) -> Message:
    with reading(app.extensions["outreach"].engine) as db:
        return db.get_one(Message, world.own["message_id"])


def _visit(app: Flask, world: World) -> Visit:
    with reading(app.extensions["outreach"].engine) as db:
        return db.get_one(Visit, world.own["visit_id"])


def test_one_tap_carries_the_text_and_the_villages_own_link(
    coordinator: Visitor, world: World
) -> None:
    page = coordinator.get("/messages").text
    (link,) = re.findall(r'href="(https://wa\.me/[^"]+)"', page)
    assert link.startswith("https://wa.me/6281234567890?text=")
    text = unquote(link.partition("?text=")[2])
    assert text.startswith("Yth. Bapak/Ibu Sri Lestari\n")
    assert len(re.findall(r"https?://\S+/k/[a-z2-7]+", text)) == 1
    assert "Rabu, 18 November 2026" in text
    assert PHONE in page


def test_a_message_is_marked_and_taken_back(app: Flask, coordinator: Visitor, world: World) -> None:
    path = f"/messages/{world.own['message_id']}"
    assert coordinator.send(f"{path}/sent").status_code == 303
    assert _message(app, world).state is MessageState.SENT
    page = coordinator.get("/messages").text
    assert "wa.me" not in page
    assert f"{path}/again" in page
    coordinator.send(f"{path}/again")
    assert _message(app, world).state is MessageState.WAITING
    coordinator.send(f"{path}/told")
    assert (_message(app, world).state, _message(app, world).error) == (
        MessageState.DROPPED,
        "told_otherwise",
    )


def test_the_script_hears_whether_it_was_marked(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    path = f"/messages/{world.own['message_id']}/sent?from=tap"
    assert coordinator.send(path).status_code == 204
    with _write(app) as db:
        db.execute(update(Message).values(state=MessageState.DROPPED, error="overtaken"))
    refused = coordinator.send(path)
    assert (refused.status_code, refused.mimetype) == (409, "text/plain")
    by_button = coordinator.send(path.partition("?")[0], follow_redirects=True)
    assert refused.text in unescape(by_button.text)
    assert refused.text not in unescape(coordinator.get("/messages").text)


@pytest.mark.parametrize("path", ["/visits/{visit_id}", "/stages/{stage_id}/ask"])
def test_the_other_pages_taps_mark_the_message_too(
    app: Flask, coordinator: Visitor, world: World, path: str
) -> None:
    page = coordinator.get(path.format(**world.own)).text
    number = world.own["message_id"]
    assert f'data-tap="sent-{number}"' in page
    form = re.search(rf'<form id="sent-{number}" method="post" action="([^"]+)"', page)
    assert form
    assert coordinator.send(f"{form[1]}?from=tap").status_code == 204
    assert _message(app, world).state is MessageState.SENT
    assert "data-tap" not in coordinator.get(path.format(**world.own)).text


def test_a_failed_mail_tells_why_and_can_be_tried_again(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    with _write(app) as db:
        db.execute(
            update(Message).values(
                medium=Medium.EMAIL,
                state=MessageState.FAILED,
                error="refused_550",
                settled_at=NOW - timedelta(hours=1),
            )
        )
    page = coordinator.get("/messages").text
    assert "(550)" in page
    assert f"/messages/{world.own['message_id']}/again" in page
    coordinator.send(f"/messages/{world.own['message_id']}/again")
    assert _message(app, world).state is MessageState.WAITING


def test_a_village_without_a_phone_has_to_be_called(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    assert 'id="call-title"' not in coordinator.get("/messages").text
    with _write(app) as db:
        db.execute(update(Official).values(phone=""))
    page = coordinator.get("/messages").text
    assert 'id="call-title"' in page
    assert f"/visits/{world.own['visit_id']}" in page


def test_phones_stand_on_the_coordinators_pages_alone(
    app: Flask, coordinator: Visitor, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    path = f"/visits/{world.own['visit_id']}"
    assert "Sri Lestari" in coordinator.get(path).text
    answer = login_as(Role.MANAGER).get(path)
    assert answer.status_code == 200
    assert PHONE not in answer.text
    assert "kantor@desa.example" not in answer.text


def test_the_team_returns_a_visit_and_says_why(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    path = f"/visits/{world.own['visit_id']}"
    version = _visit(app, world).version
    refused = coordinator.send(f"{path}/status", {"happening": "returned", "version": version})
    assert refused.status_code == 422
    assert _visit(app, world).work is Work.AWAITING
    told = {"happening": "returned", "version": version, "remark": "Jembatan putus"}
    assert coordinator.send(f"{path}/status", told).status_code == 303
    assert _visit(app, world).work is Work.RETURNED
    assert "Jembatan putus" in coordinator.get(path).text


def test_an_official_says_that_the_village_cannot_host(
    app: Flask, coordinator: Visitor, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    official = login_as(Role.OFFICIAL)
    path = f"/my/visits/{world.own['visit_id']}/return"
    version = _visit(app, world).version
    assert official.get(path).status_code == 200
    empty = official.send(path, {"version": version})
    assert empty.status_code == 422
    number = official.send(path, {"version": version, "reason": "NIK 3372011203850001"})
    assert number.status_code == 422
    assert "3372011203850001" in number.text  # what was typed is not lost
    assert _visit(app, world).work is Work.AWAITING
    answer = official.send(path, {"version": version, "reason": "Panen raya"})
    assert answer.status_code == 303
    assert _visit(app, world).work is Work.RETURNED
    assert official.get(path).status_code == 409
    with reading(app.extensions["outreach"].engine) as db:
        event = db.scalars(
            select(VisitEvent)
            .where(col(VisitEvent.visit_id) == world.own["visit_id"])
            .order_by(col(VisitEvent.id).desc())
        ).first()
    assert event is not None
    assert event.reason == "Panen raya"


def test_an_official_does_not_return_over_a_change_unseen(
    app: Flask, coordinator: Visitor, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    path = f"/my/visits/{world.own['visit_id']}/return"
    version = _visit(app, world).version
    with _write(app) as db:
        db.execute(update(Visit).values(version=version + 1))
    told = {"version": version, "reason": "Panen raya"}
    answer = login_as(Role.OFFICIAL).send(path, told)
    assert answer.status_code == 409
    assert "Panen raya" in answer.text
    assert _visit(app, world).work is Work.AWAITING


def test_an_overdue_report_stays_within_reach(
    app: Flask, coordinator: Visitor, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    from outreach.visits.returns import run_out_leases

    with _write(app) as db:
        run_out_leases(db, datetime(2026, 11, 18, 5, tzinfo=UTC))
    assert _visit(app, world).work is Work.RETURNED
    official = login_as(Role.OFFICIAL)
    page = official.get("/my").text
    report = f"/my/visits/{world.own['visit_id']}/report"
    assert report in page
    assert "harinya tiba" in page.lower()  # nobody answered: that no report came is another thing
    assert official.get(report).status_code == 200


@pytest.fixture
def reminded(app: Flask, coordinator: Visitor, world: World) -> Visitor:
    """The day before, the first message being sent: now the reminder waits."""
    with _write(app) as db:
        first = db.get_one(Message, world.own["message_id"])
        first.state, first.settled_at = MessageState.SENT, NOW - timedelta(days=5)
        remind(db, NOW + timedelta(days=1))
    app.extensions["clock"] = lambda: NOW + timedelta(days=1)
    return coordinator


def _reminder(app: Flask) -> Message:
    with reading(app.extensions["outreach"].engine) as db:
        query = select(Message).where(col(Message.matter) == Matter.REMINDER)
        return db.scalars(query).one()


def test_a_reminder_waits_for_a_tap_with_its_own_text(reminded: Visitor, world: World) -> None:
    page = reminded.get("/messages").text
    links = re.findall(r'href="(https://wa\.me/\d[^"]+)"', page)
    assert len(links) == 1
    text = unquote(links[0].partition("?text=")[2])
    assert "Mengingatkan: kami masih menunggu jawaban" in text
    assert re.search(r"/k/[a-z2-7]+", text)
    visit = reminded.get(f"/visits/{world.own['visit_id']}").text
    assert "Mengingatkan" in unquote(visit)


def _tapped_text(page: str) -> str:
    (link,) = re.findall(r'href="(https://wa\.me/\d[^"]+)"', page)
    return unquote(link.partition("?text=")[2])


def test_a_confirmed_visit_s_reminder_leads_to_what_opens_for_its_official(
    app: Flask, reminded: Visitor, world: World
) -> None:
    with _write(app) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.CONFIRMED
        db.execute(update(Device).values(revoked_at=NOW))
    text = _tapped_text(reminded.get("/messages").text)
    assert "Mohon disiapkan" in text
    assert "http" not in text  # neither a phone that still speaks nor a password
    with _write(app) as db:
        officials = update(Account).where(col(Account.role) == Role.OFFICIAL)
        db.execute(officials.values(password_hash="hash"))
    text = _tapped_text(reminded.get("/messages").text)
    assert re.findall(r"https?://\S+", text) == ["http://localhost/my"]
    planted(app, world.own["official_id"])
    text = _tapped_text(reminded.get("/messages").text)
    assert re.findall(r"https?://\S+", text) == ["http://localhost/phone/"]


def test_a_report_sent_back_waits_for_a_tap_with_its_reason(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    with _write(app) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.work = Work.DONE
        version = visit.version
    coordinator.set_cookie("language", "en")
    told = {"happening": "sent_back", "version": version, "remark": "Jumlahnya tidak cocok"}
    path = f"/visits/{world.own['visit_id']}"
    assert coordinator.send(f"{path}/status", told).status_code == 303
    with _write(app) as db:
        announce(db, NOW)
        assert tell_sent_back(db, NOW) == 1
    page = coordinator.get("/messages").text
    assert "Asks for a correction" in page
    text = _tapped_text(page)
    assert "Laporan sosialisasi BPJS Ketenagakerjaan berikut perlu diperbaiki" in text
    assert "Yang perlu diperbaiki: Jumlahnya tidak cocok\n" in text
    assert re.search(r"https?://\S+/phone/\n", text)
    number = re.findall(r'data-tap="sent-(\d+)"', page)[0]
    assert coordinator.send(f"/messages/{number}/sent").status_code == 303
    assert ">Sent<" in coordinator.get(path).text


def test_the_text_for_a_group_gives_nobody_a_neighbour_s_link(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    page = coordinator.get(f"/stages/{world.own['stage_id']}/ask").text
    area = re.search(r'<textarea[^>]* id="text"[^>]*>([^<]+)<', page)
    assert area
    assert "Rabu, 18 November 2026" in area[1]
    assert "Yang belum menjawab:" in area[1]
    assert "http" not in area[1]
    (group,) = re.findall(r'href="(https://wa\.me/\?text=[^"]+)"', page)
    assert "http" not in unquote(group.partition("?text=")[2])
    assert re.search(r'<input[^>]* value="https?://[^"]+/k/[a-z2-7]+"', page)  # each its own
    assert re.search(r"/k/[a-z2-7]+", _tapped_text(page))


def test_the_reminders_of_a_day_go_out_as_one_text(
    app: Flask, reminded: Visitor, world: World
) -> None:
    page = reminded.get("/messages").text
    area = re.search(r'<textarea[^>]* id="day-2026-11-18"[^>]*>([^<]+)<', page)
    assert area
    assert area[1].startswith("Mengingatkan: ")
    assert "Rabu, 18 November 2026" in area[1]
    assert ": belum dijawab" in area[1]
    assert "http" not in area[1]  # who holds a village's link answers for it
    ids = re.findall(r'name="ids" value="(\d+)"', page)
    assert ids == [str(_reminder(app).id)]
    assert reminded.send("/messages/sent", {"ids": ids}).status_code == 303
    assert _reminder(app).state is MessageState.SENT
    assert "day-2026-11-18" not in reminded.get("/messages").text


def test_messages_of_others_are_not_marked_with_ones_own(
    app: Flask, reminded: Visitor, world: World
) -> None:
    ids = [str(_reminder(app).id), str(world.foreign["message_id"])]
    assert reminded.send("/messages/sent", {"ids": ids}).status_code == 404
    assert _reminder(app).state is MessageState.WAITING
    assert reminded.send("/messages/sent", {}).status_code == 422
