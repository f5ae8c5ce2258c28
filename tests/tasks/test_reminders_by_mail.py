"""Reminders from the sweeper over a real mail server on this machine to the village, once each."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from outreach.db import unit_of_work
from outreach.visits.tables import Visit, Work
from tasks import post
from tasks.post import mail_server, post_one
from tasks.sweeper import post_once, tidy_once
from tests.messages.conftest import Outreach
from tests.tasks.test_post import ADDRESS, Received, installation, received, server
from tests.visits.world import build_world

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
        field.official(self.visit.village_code, "Nur Aini", phone="", email=ADDRESS)

    def sweep(self, days_before: int, clock: time) -> None:
        """Do what the sweeper and a worker do at a moment of the village's clock."""
        visit = self.field.visits()[self.visit.village_code]
        day = visit.day - timedelta(days=days_before)
        now = datetime.combine(day, clock, ZoneInfo(visit.zone.value))
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
