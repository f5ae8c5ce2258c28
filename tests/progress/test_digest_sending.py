"""What happens when a digest goes out: tried again, given up, refused, and sent once."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from outreach.db import unit_of_work
from outreach.errors import Conflict
from outreach.messages.outbox import MOST_LOST, QUIET_FROM, QUIET_UNTIL
from outreach.people.tables import Account, AccountArea, Role
from outreach.progress.digest_sending import (
    LEASE,
    MOST_TRIES,
    digest_failed,
    digest_sent,
    given_up_for,
)
from outreach.progress.digests import (
    LINK_LIVES,
    PAUSE,
    send_link_again,
    send_now,
)
from tests.at_once import at_once
from tests.progress.digest_office import MINUTE, MONDAY, NOW, WEEK, Office, office, weekly

__all__ = ["office", "weekly"]

JAKARTA = ZoneInfo("Asia/Jakarta")


def test_weeks_missed_are_one_letter_by_day(weekly: Office) -> None:
    night = MONDAY + 3 * WEEK + timedelta(days=2, hours=17)  # 23:00 in Jakarta
    assert weekly.due(night) == []
    assert weekly.due(night + timedelta(hours=1)) == []
    morning = night + timedelta(hours=7)
    weekly.send(morning)
    assert weekly.row().sent_for == date(2026, 12, 14)
    for hours in range(24):
        assert weekly.due(morning + timedelta(hours=hours)) == []
    assert weekly.row().next_try_at == MONDAY + 4 * WEEK


def test_the_next_letter_stands_for_one_missed_if_it_is_less_than_a_day_away(
    weekly: Office,
) -> None:
    sunday = MONDAY + WEEK - timedelta(hours=16)
    assert weekly.due(sunday) == []
    assert weekly.row().next_try_at == MONDAY + WEEK
    weekly.send(MONDAY + WEEK)


def test_a_letter_is_tried_again_under_the_same_name_and_then_given_up(weekly: Office) -> None:
    at, keys = MONDAY, set()
    for tried in range(1, MOST_TRIES + 1):
        if not QUIET_UNTIL <= at.astimezone(JAKARTA).time() < QUIET_FROM:
            assert weekly.due(at) == []
            morning = weekly.row().next_try_at
            assert morning is not None
            assert morning.astimezone(JAKARTA).time() == QUIET_UNTIL
            at = morning
        keys.add(weekly.fail(at))
        row = weekly.row()
        assert row.error == "refused_451"
        if tried < MOST_TRIES:
            assert (row.attempts, given_up_for(row)) == (tried, None)
            assert row.next_try_at is not None
            assert weekly.due(row.next_try_at - MINUTE) == []
            at = row.next_try_at
    assert len(keys) == 1
    assert at - MONDAY > timedelta(days=1), "a mail server may be away for a day"
    assert given_up_for(row) == date(2026, 11, 23)
    assert (row.attempts, row.next_try_at, row.sent_at) == (0, MONDAY + WEEK, None)
    assert weekly.send(MONDAY + WEEK).key not in keys
    assert (weekly.row().error, given_up_for(weekly.row())) == ("", None)


def test_a_refusal_for_good_is_final_for_this_week(weekly: Office) -> None:
    weekly.fail(MONDAY, "refused_550", is_final=True)
    row = weekly.row()
    assert (row.error, given_up_for(row)) == ("refused_550", date(2026, 11, 23))
    assert row.next_try_at == MONDAY + WEEK


def test_a_refused_address_waits_for_the_person(office: Office) -> None:
    office.ask()
    office.fail(NOW, "refused_550", is_final=True)
    assert (office.row().error, office.row().next_try_at) == ("refused_550", None)
    with pytest.raises(Conflict, match="digest_too_soon"):
        office.act(lambda db: send_link_again(db, by=office.manager, now=NOW + MINUTE))
    old = office.code()
    office.act(lambda db: send_link_again(db, by=office.manager, now=NOW + PAUSE))
    assert office.code() != old
    assert office.row().error == ""
    office.send(NOW + PAUSE)


def test_a_link_that_waited_long_is_dated_anew(office: Office) -> None:
    office.ask()
    later = NOW + LINK_LIVES + timedelta(days=2)
    assert office.send(later).asked_at == later
    office.confirm(later + MINUTE)


def test_workers_that_die_end_it_for_this_week(weekly: Office) -> None:
    at = MONDAY
    for _ in range(MOST_LOST):
        weekly.taken(at)
        assert weekly.due(at + MINUTE) == []
        at += LEASE + MINUTE
    assert weekly.take(at) is None
    assert weekly.due(at) == []
    assert (weekly.row().error, weekly.row().next_try_at) == ("worker_lost", MONDAY + WEEK)


def test_whoever_comes_late_settles_nothing(weekly: Office) -> None:
    slow = weekly.taken(MONDAY)
    weekly.send(MONDAY + LEASE + MINUTE)
    weekly.act(
        lambda db: digest_failed(
            db, slow, "refused_550", MONDAY + 2 * LEASE, is_final=True, spread=0
        )
    )
    assert (weekly.row().error, weekly.row().sent_at) == ("", MONDAY + LEASE + MINUTE)


def test_an_address_given_while_a_letter_is_on_its_way_stays_unconfirmed(weekly: Office) -> None:
    on_its_way = weekly.taken(MONDAY)
    weekly.ask(MONDAY + MINUTE, 1, email="lain@kantor.example")
    weekly.act(lambda db: digest_sent(db, on_its_way, MONDAY + MINUTE))
    row = weekly.row()
    assert (row.confirmed_at, row.sent_at, row.next_try_at) == (None, None, MONDAY + MINUTE)


def test_one_now_comes_beside_the_weekly_one_and_not_often(weekly: Office) -> None:
    def now(at: datetime) -> None:
        weekly.act(lambda db: send_now(db, by=weekly.manager, now=at))

    now(NOW)
    with pytest.raises(Conflict, match="digest_under_way"):
        now(NOW + timedelta(seconds=1))
    first = weekly.send(NOW + MINUTE)
    with pytest.raises(Conflict, match="digest_too_soon"):
        now(NOW + 2 * MINUTE)
    assert weekly.row().next_try_at == MONDAY
    now(NOW + MINUTE + PAUSE)
    second = weekly.send(NOW + MINUTE + PAUSE)
    third = weekly.send(MONDAY)
    assert len({first.key, second.key, third.key}) == 3


def test_an_unconfirmed_address_gets_none_now(office: Office) -> None:
    office.ask()
    with pytest.raises(Conflict, match="digest_unconfirmed"):
        office.act(lambda db: send_now(db, by=office.manager, now=NOW))


def test_whoever_sees_the_area_no_more_gets_nothing_and_hears_why(weekly: Office) -> None:
    weekly.ask(NOW, 1, area="33.72.01")
    with unit_of_work(weekly.engine) as db:
        db.delete(db.get_one(AccountArea, (weekly.manager.account_id, "33.72")))
        db.add(AccountArea(account_id=weekly.manager.account_id, code="33.11"))
    assert weekly.due(MONDAY) == [weekly.manager.account_id]
    assert weekly.take(MONDAY) is None
    row = weekly.row()
    assert (row.error, given_up_for(row)) == ("area_lost", date(2026, 11, 23))
    with unit_of_work(weekly.engine) as db:
        db.add(AccountArea(account_id=weekly.manager.account_id, code="33.72.01"))
    assert weekly.send(MONDAY + WEEK).area == "33.72.01"


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.ADMIN}])
def test_a_closed_account_or_another_role_gets_nothing(
    weekly: Office, change: dict[str, Any]
) -> None:
    with unit_of_work(weekly.engine) as db:
        account = db.get_one(Account, weekly.manager.account_id)
        for name, value in change.items():
            setattr(account, name, value)
    weekly.due(MONDAY)
    assert weekly.take(MONDAY) is None


def test_of_two_workers_one_takes_it(weekly: Office) -> None:
    weekly.due(MONDAY)
    start, found = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        found.append(weekly.take(MONDAY))

    at_once(work, work)
    assert sorted(one is None for one in found) == [False, True]
    assert weekly.row().attempts == 1
