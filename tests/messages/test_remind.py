"""Who is reminded, when, of what and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from outreach.db import reading, unit_of_work
from outreach.messages import outbox
from outreach.messages.remind import EARLY, LATE
from outreach.messages.tables import Matter, Medium
from outreach.people.tables import Official
from outreach.villages.tables import Zone
from outreach.visits.lifecycle import turn
from outreach.visits.tables import Channel, Happening, Work
from tests.messages.conftest import EMAIL, Outreach
from tests.messages.reminding import DROPPED, SENT, WAITING, Reminding, latest_visit

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def field(engine: Engine, field: Outreach) -> Reminding:
    return latest_visit(engine, field)


def test_an_official_is_reminded_three_days_and_one_day_before(field: Reminding) -> None:
    field.change(work=Work.CONFIRMED)
    for days in range(8, 3, -1):
        field.sweep(field.at(days))
    assert field.states() == []
    for hour in (0, 6, 12, 23):
        field.sweep(field.at(3, time(hour)))
    assert field.states() == [(EARLY, WAITING)]
    field.send_all(field.at(3, time(23)))
    field.sweep(field.at(2))
    field.sweep(field.at(1, time(12)))
    assert field.states() == [(EARLY, SENT), (LATE, WAITING)]
    assert {one.for_day for one in field.reminders()} == {field.visit().day}
    field.send_all(field.at(1, time(13)))
    for days in (1, 0, -1):
        field.sweep(field.at(days, time(23)))
    assert field.states() == [(EARLY, SENT), (LATE, SENT)]


@pytest.mark.parametrize(("days", "lead"), [(3, EARLY), (2, EARLY), (1, LATE)])
def test_a_product_that_starts_late_sends_one_reminder(
    field: Reminding, days: int, lead: int
) -> None:
    field.sweep(field.at(days))
    assert field.states() == [(lead, WAITING)]


def test_on_the_day_itself_nobody_is_reminded_any_more(field: Reminding) -> None:
    field.sweep(field.at(0, time(5)))
    assert field.states() == []


def test_the_early_reminder_gives_way_to_the_late_one(field: Reminding) -> None:
    field.sweep(field.at(2, time(23)))
    field.sweep(field.at(1, time(0, 1)))
    assert field.states() == [(EARLY, DROPPED), (LATE, WAITING)]


def test_the_village_s_own_clock_decides_the_day(field: Reminding) -> None:
    """Two hours after it is another day in Papua it still is the same in Java."""
    midnight_in_java = field.at(3, time(0))
    field.change(zone=Zone.WIT)
    field.sweep(midnight_in_java - timedelta(hours=2, minutes=1))
    assert field.states() == []
    field.sweep(midnight_in_java - timedelta(hours=1, minutes=59))
    assert field.states() == [(EARLY, WAITING)]


def test_an_e_mail_keeps_the_quiet_hours(field: Reminding) -> None:
    field.official(field.visit().village_code, "Carik", phone="", email=EMAIL)
    field.sweep(field.at(6), by_email=True)
    field.send_all(field.at(6))
    field.sweep(field.at(3, time(0, 5)), by_email=True)
    mail = next(one for one in field.reminders() if one.medium is Medium.EMAIL)
    for clock, is_due in ((time(0, 6), False), (time(5, 59), False), (time(6), True)):
        now = field.at(3, clock)
        with unit_of_work(field.engine) as db:
            assert (outbox.take(db, mail.id or 0, now) is not None) is is_due
            assert outbox.due(db, now) == []  # nothing else waits, and this one was just taken


def test_without_a_mail_server_only_whatsapp_waits(field: Reminding) -> None:
    field.official(field.visit().village_code, "Carik", email=EMAIL)
    field.sweep(field.at(6))
    field.send_all(field.at(6))
    field.sweep(field.at(3))
    assert {one.medium for one in field.reminders()} == {Medium.WHATSAPP}
    assert len(field.reminders()) == 2
    with unit_of_work(field.engine) as db:
        tapped = outbox.to_send_by_hand(db, field.world.coordinator)
    assert [one.message.matter for one in tapped] == [Matter.REMINDER] * 2


@pytest.mark.parametrize(
    "work", [one for one in Work if one not in (Work.AWAITING, Work.CONFIRMED)]
)
def test_only_a_visit_that_stands_is_reminded_of(field: Reminding, work: Work) -> None:
    field.sweep(field.at(3))
    assert field.states() == [(EARLY, WAITING)]
    field.change(work=work)
    field.sweep(field.at(3, time(11)))
    assert field.states() == [(EARLY, DROPPED)]
    field.sweep(field.at(1))
    assert field.states() == [(EARLY, DROPPED)]


def test_who_leaves_office_or_loses_the_number_is_not_reminded(field: Reminding) -> None:
    field.sweep(field.at(3))
    for change in ({"phone": ""}, {"is_active": False, "phone": "+628123"}):
        with unit_of_work(field.engine) as db:
            official = db.scalars(select(Official)).one()
            for name, value in change.items():
                setattr(official, name, value)
        field.sweep(field.at(3, time(11)))
        assert field.states() == [(EARLY, DROPPED)]


def test_a_reminder_ends_when_the_session_begins(field: Reminding) -> None:
    field.sweep(field.at(1))
    starts = field.visit().starts_at
    before = (datetime.combine(date(2026, 1, 1), starts) - timedelta(minutes=1)).time()
    field.sweep(field.at(0, before))
    assert field.states() == [(LATE, WAITING)]
    field.sweep(field.at(0, starts))
    assert field.states() == [(LATE, DROPPED)]


def test_who_asked_for_another_day_is_not_asked_again(field: Reminding) -> None:
    now = field.at(4)
    with unit_of_work(field.engine) as db:
        by, reason = field.world.coordinator, "hajatan"
        turn(
            db, field.visit_id, Happening.WISHED, by=by, now=now, reason=reason,
            channel=Channel.PHONE,
        )  # fmt: skip
    field.sweep(field.at(3))
    assert field.states() == []
    field.change(work=Work.CONFIRMED)
    field.sweep(field.at(3))
    assert field.states() == [(EARLY, WAITING)]


def test_a_reminder_says_what_stands(field: Reminding) -> None:
    field.sweep(field.at(3))
    with reading(field.engine) as db:
        (waiting,) = outbox.to_send_by_hand(db, field.world.coordinator)
    link, web = "https://desa.example/k/abc", "https://desa.example"
    asks = replace(waiting, report_path="/phone/").text(link, web)
    assert "menunggu jawaban" in asks
    assert link in asks
    assert "/phone/" not in asks
    field.change(work=Work.CONFIRMED)
    with reading(field.engine) as db:
        (waiting,) = outbox.to_send_by_hand(db, field.world.coordinator)
    tells = replace(waiting, report_path="/phone/").text("", web)
    assert "Mohon disiapkan" in tells
    assert "https://desa.example/phone/\n" in tells
    assert "BISA" not in tells
    assert field.visit().starts_at.strftime("%H.%M") in tells
    assert "https://" not in waiting.text("", web)  # no page of ours opens for this official
    assert waiting.letter("", field.at(3), web).subject.startswith("Pengingat: ")
