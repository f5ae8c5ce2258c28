"""Reminders from the sweeper over a real mail server on this machine to the village, once each."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from outreach.db import unit_of_work
from outreach.people.access import person_of
from outreach.people.tables import Device, Role
from outreach.visits.lifecycle import turn
from outreach.visits.tables import Happening, Visit, Work
from tasks import post
from tasks.post import mail_server, post_one
from tasks.sweeper import post_once, tidy_once
from tests.messages.conftest import Outreach
from tests.tasks.test_post import ADDRESS, Received, installation, received, server
from tests.visits.world import NOW, account, build_world

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.config import Settings

__all__ = ["installation", "received", "server"]


class Town:
    """One visit, its official's mail box, and a sweeper with a clock of ours."""

    def __init__(self, field: Outreach, installation: Settings, patch: pytest.MonkeyPatch) -> None:
        self.field, self.installation, self.patch = field, installation, patch
        field.publish()
        self.visit = max(field.visits().values(), key=lambda one: (one.day, one.id or 0))
        with unit_of_work(field.engine) as db:
            self.account_id = account(
                db, "nuraini", Role.OFFICIAL, self.visit.village_code
            ).account_id
            db.add(Device(account_id=self.account_id, token_hash="hers", enrolled_at=NOW))
        told = {"phone": "", "email": ADDRESS, "account_id": self.account_id}
        field.official(self.visit.village_code, "Nur Aini", **told)

    def at(self, days_before: int, clock: time) -> datetime:
        """A moment so many days before the visit, by the village's clock."""
        visit = self.field.visits()[self.visit.village_code]
        day = visit.day - timedelta(days=days_before)
        return datetime.combine(day, clock, ZoneInfo(visit.zone.value))

    def sweep(self, days_before: int, clock: time) -> None:
        """Do what the sweeper and a worker do at a moment of the village's clock."""
        now = self.at(days_before, clock)
        self.patch.setattr(post, "_now", lambda: now)
        engine, mail = self.field.engine, mail_server(self.installation)
        tidy_once(engine, now, by_email=True)
        post_once(engine, now, lambda one: post_one(engine, one, mail, self.installation))

    def change(self, **values: object) -> None:
        with unit_of_work(self.field.engine) as db:
            visit = db.get_one(Visit, self.visit.id)
            for name, value in values.items():
                setattr(visit, name, value)


@pytest.fixture
def town(
    engine: Engine,
    installation: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Town:
    return Town(Outreach(engine, build_world(engine)), installation, monkeypatch)


def _subjects(received: Received) -> list[str]:
    return [letter["Subject"].partition(":")[0] for letter in received.letters]


def test_a_village_gets_both_reminders_by_mail_once_each_and_by_day(
    town: Town,
    received: Received,
) -> None:
    town.change(work=Work.CONFIRMED)
    for days, clock in ((5, time(10)), (3, time(4)), (3, time(5, 59))):
        town.sweep(days, clock)
    assert _subjects(received) == []
    for days in (3, 3, 2, 1, 1, 0):
        for hour in (7, 12, 20):
            town.sweep(days, time(hour))
    assert _subjects(received) == ["Pengingat", "Pengingat"]
    first, second = received.letters
    assert first["To"] == second["To"] == ADDRESS
    assert first["Message-ID"] != second["Message-ID"]
    text = first.get_content()
    assert "https://kunjungan.example/phone/" in text
    assert "Mohon disiapkan" in text


def test_who_has_not_answered_is_reminded_with_the_link_to_answer(
    town: Town,
    received: Received,
) -> None:
    town.sweep(9, time(10))
    town.sweep(3, time(10))
    assert _subjects(received)[-1] == "Pengingat"
    assert "https://kunjungan.example/k/" in received.letters[-1].get_content()


def test_who_has_no_phone_enrolled_is_not_led_to_its_page(town: Town, received: Received) -> None:
    with unit_of_work(town.field.engine) as db:
        db.execute(delete(Device))
    town.change(work=Work.CONFIRMED)
    town.sweep(3, time(10))
    assert _subjects(received) == ["Pengingat"]
    assert "https://" not in received.letters[0].get_content()


def test_a_report_sent_back_is_told_by_mail_once_after_the_night(
    town: Town, received: Received
) -> None:
    with unit_of_work(town.field.engine) as db:
        own = person_of(db, town.account_id)
        assert own is not None
        late = town.at(-1, time(22))
        for happening, by in (
            (Happening.REPORTED, own),
            (Happening.SENT_BACK, town.field.world.coordinator),
        ):
            turn(db, town.visit.id or 0, happening, by=by, now=late, reason="Salah hitung")
    for days, clock in ((-1, time(22)), (-2, time(5)), (-2, time(6)), (-2, time(7))):
        town.sweep(days, clock)
    assert _subjects(received) == ["Laporan perlu diperbaiki"]
    (letter,) = received.letters
    text = letter.get_content()
    assert "Yang perlu diperbaiki: Salah hitung" in text
    assert "https://kunjungan.example/phone/" in text


def test_a_reminder_that_could_not_go_out_before_the_visit_moved_never_does(
    town: Town,
    received: Received,
) -> None:
    town.change(work=Work.CONFIRMED)
    received.at_text = "451 later"
    town.sweep(3, time(10))
    received.at_text = "250 taken"
    town.change(work=Work.POSTPONED)
    for hour in (11, 12, 20):
        town.sweep(3, time(hour))
    assert _subjects(received) == []
