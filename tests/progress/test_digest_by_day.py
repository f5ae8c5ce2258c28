"""No digest arrives at night or beside the next one because workers or the server were away."""

from __future__ import annotations

from datetime import datetime, timedelta

from outreach.progress.digest_sending import MOST_TRIES
from outreach.progress.digests import send_now
from tests.progress.digest_office import MINUTE, MONDAY, NOW, WEEK, Office, office, weekly

__all__ = ["office", "weekly"]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def sweep_in_vain(weekly: Office, first: datetime, last: datetime) -> list[datetime]:
    """Let a sweeper run while no worker lives; tell when it sent anything to one."""
    moments = [first + number * 10 * MINUTE for number in range((last - first) // (10 * MINUTE))]
    return [at for at in moments if weekly.due(at)]


def test_workers_that_come_back_at_night_send_nothing_before_the_morning(weekly: Office) -> None:
    """All workers are away since Monday morning; the queue still holds the letter's number."""
    night = MONDAY + 20 * HOUR  # 02:00 in Jakarta
    listed = sweep_in_vain(weekly, MONDAY, night)
    assert max(listed) < MONDAY + 15 * HOUR, "nothing is listed from nine in the evening"
    assert weekly.take(night) is None
    assert weekly.due(night) == []
    assert weekly.row().next_try_at == MONDAY + DAY
    weekly.send(MONDAY + DAY)
    assert weekly.row().next_try_at == MONDAY + WEEK


def test_a_number_left_in_the_queue_sends_nothing_at_night(weekly: Office) -> None:
    evening = MONDAY + 15 * HOUR - MINUTE / 2
    assert weekly.due(evening)
    assert weekly.take(evening + MINUTE) is None
    assert weekly.row().attempts == 0


def test_workers_that_come_back_after_days_leave_it_to_the_next_letter(weekly: Office) -> None:
    sunday = MONDAY + 6 * DAY + 10 * HOUR
    sweep_in_vain(weekly, MONDAY + 5 * DAY, sunday)
    assert weekly.take(sunday) is None
    assert weekly.due(MONDAY + WEEK - MINUTE) == []
    weekly.send(MONDAY + WEEK)


def test_a_server_away_for_a_day_loses_no_letter(weekly: Office) -> None:
    at, keys = MONDAY, []
    while at < MONDAY + DAY + 2 * HOUR:
        if weekly.due(at):
            keys.append(weekly.fail_again(at, "server_unreachable"))
        at += 10 * MINUTE
    assert 5 < len(keys) < MOST_TRIES
    while not weekly.due(at):
        at += 10 * MINUTE
    sent = weekly.take(at)
    assert sent is not None
    assert {sent.key} == set(keys)
    assert at < MONDAY + DAY + 6 * HOUR


def test_whoever_asks_at_night_gets_it_at_night(weekly: Office) -> None:
    night = NOW + 10 * HOUR  # 22:00 in Jakarta
    weekly.act(lambda db: send_now(db, by=weekly.manager, now=night))
    weekly.send(night + MINUTE)
    weekly.act(lambda db: send_now(db, by=weekly.manager, now=night + HOUR))
    assert weekly.due(night + 3 * HOUR) == [], "nobody waits for it any more"
    weekly.send(NOW + 18 * HOUR)


def test_a_link_waits_for_the_morning_too(office: Office) -> None:
    office.ask(NOW + 10 * HOUR)
    assert office.due(NOW + 10 * HOUR + MINUTE)
    assert office.take(NOW + 14 * HOUR) is None
    assert office.due(NOW + 18 * HOUR - MINUTE) == []
    assert not office.send(NOW + 18 * HOUR).is_confirmed
