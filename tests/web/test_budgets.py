"""Buckets of work: the shared ones and a process's own reckon the same."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import redis

from outreach.web import budgets
from outreach.web.budgets import (
    NEXT_PLACE_SECONDS,
    Allowance,
    Budgets,
    OwnBudgets,
    SharedBudgets,
)
from outreach.web.floods import PLACE  # read before the tests widen it
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Nothing comes in by itself within a test.
SLOW = Allowance(seconds=12.0, per_second=0.0001, at_once=3, at_once_when_scarce=1)


@pytest.fixture(params=["shared", "own"])
def kept(request: pytest.FixtureRequest) -> SharedBudgets | OwnBudgets:
    if request.param == "own":
        return OwnBudgets()
    shared: SharedBudgets = request.getfixturevalue("shared")
    return shared


@pytest.fixture
def shared(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> SharedBudgets:
    """Buckets in an empty Redis; on a busy machine it may take its time."""
    monkeypatch.setattr(budgets, "_PATIENCE_SECONDS", 30.0)
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    return SharedBudgets(redis_url)


def test_one_more_at_once_is_refused_and_others_are_not(kept: SharedBudgets | OwnBudgets) -> None:
    first = kept.enter("a", SLOW, 0.1)
    assert [kept.enter("a", SLOW, 0.1).wait_seconds for _ in range(2)] == [0, 0]
    refused = kept.enter("a", SLOW, 0.1)
    assert refused.wait_seconds == NEXT_PLACE_SECONDS
    assert kept.enter("b", SLOW, 0.1).wait_seconds == 0
    kept.leave("a", first.ticket, 0.0)
    assert kept.enter("a", SLOW, 0.1).wait_seconds == 0


def test_who_took_too_much_waits_until_it_has_come_in_again(
    kept: SharedBudgets | OwnBudgets,
) -> None:
    allowed = Allowance(seconds=12.0, per_second=0.5, at_once=3, at_once_when_scarce=1)
    ticket = kept.enter("a", allowed, 0.1).ticket
    began = time.time()
    kept.leave("a", ticket, -14.0)  # much more than was expected
    refused = kept.enter("a", allowed, 1.0)
    # As much as is missing takes, less what has come in meanwhile.
    longest = (2.1 + 1.0) / 0.5
    assert longest - (time.time() - began) - 0.1 <= refused.wait_seconds <= longest + 0.001
    assert kept.enter("b", allowed, 1.0).wait_seconds == 0


def test_little_is_owed_whatever_was_taken(kept: SharedBudgets | OwnBudgets) -> None:
    """After one large file pages open again soon, and the next file waits for half a bucket."""
    allowed = Allowance(seconds=12.0, per_second=0.5, at_once=3, at_once_when_scarce=1)
    kept.leave("a", kept.enter("a", allowed, 0.1).ticket, -500.0)
    for expected, needed in ((1.0, 1.0), (500.0, 6.0)):
        refused, longest = kept.enter("a", allowed, expected), (3.0 + needed) / 0.5
        assert longest - 5.0 <= refused.wait_seconds <= longest + 0.001


def test_large_work_is_refused_before_small_work(kept: SharedBudgets | OwnBudgets) -> None:
    kept.leave("a", kept.enter("a", SLOW, 9.0).ticket, 0.0)
    assert kept.enter("a", SLOW, 5.0).wait_seconds > NEXT_PLACE_SECONDS
    assert kept.enter("a", SLOW, 0.1).wait_seconds == 0
    # Who has little left has one at once.
    assert kept.enter("a", SLOW, 0.1).wait_seconds == NEXT_PLACE_SECONDS


def test_nobody_owes_or_saves_more_than_a_bucket_full(kept: SharedBudgets | OwnBudgets) -> None:
    quick = Allowance(seconds=2.0, per_second=20.0, at_once=9, at_once_when_scarce=9)
    kept.leave("a", kept.enter("a", quick, 0.1).ticket, -1_000.0)
    assert kept.enter("a", quick, 0.1).wait_seconds <= (2.0 + 0.1) / 20.0
    kept.leave("b", kept.enter("b", quick, 0.1).ticket, 1_000.0)
    for _ in range(3):
        kept.enter("b", SLOW, 6.0)
    assert kept.enter("b", SLOW, 0.1).wait_seconds > 0


def test_both_ways_answer_the_same(shared: SharedBudgets) -> None:
    """Whatever is asked: a thousand random requests of three people."""
    chance, own, began = random.Random(7), OwnBudgets(), time.monotonic()
    open_ones: list[tuple[str, str, str]] = []
    refusals = 0
    for _ in range(1_000):
        who = chance.choice("xyz")
        if open_ones and chance.random() < 0.5:
            name, there, here = open_ones.pop(chance.randrange(len(open_ones)))
            less = chance.uniform(-0.4, 0.5)
            shared.leave(name, there, less)
            own.leave(name, here, less)
            continue
        expected = chance.choice([0.01, 0.2, 3.0])
        one, other = shared.enter(who, SLOW, expected), own.enter(who, SLOW, expected)
        assert bool(one.ticket) is bool(other.ticket)
        # Reckoned at different moments, and Redis tells those to a ten thousandth of a second.
        apart = time.monotonic() - began + 1.0
        assert one.wait_seconds == pytest.approx(other.wait_seconds, abs=apart)
        refusals += not one.ticket
        if one.ticket:
            open_ones.append((who, one.ticket, other.ticket))
    assert 100 < refusals < 900


def test_what_redis_counts_is_forgotten_by_itself(redis_url: str, shared: SharedBudgets) -> None:
    assert shared.enter("a", PLACE, 0.1).ticket
    with redis.Redis.from_url(redis_url) as client:
        kept = [key for key in client.scan_iter() if key.startswith(b"outreach:work:")]
        assert len(kept) == 2
        assert all(0 < client.ttl(key) <= 300 for key in kept)


HOLDS_A_PLACE = """
import sys, time
from outreach.web import budgets
from outreach.web.budgets import Allowance, SharedBudgets
budgets._PATIENCE_SECONDS = 30.0
allowed = Allowance(12.0, 0.0001, 1, 1)
assert SharedBudgets(sys.argv[1]).enter("a", allowed, 0.1).ticket
print("in", flush=True)
time.sleep(60)
"""


def test_the_place_of_a_killed_process_comes_free_by_itself(
    redis_url: str, shared: SharedBudgets
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        command = [sys.executable, "-c", HOLDS_A_PLACE, redis_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"in\n"
            process.send_signal(signal.SIGKILL)
        allowed = Allowance(12.0, 0.0001, 1, 1)
        assert shared.enter("a", allowed, 0.1).wait_seconds == 1.0
        # Its two minutes are over.
        (ticket, ends), *_ = client.zrange("outreach:work:{a}:now", 0, -1, withscores=True)
        assert ends <= time.time() + budgets.LEASE_SECONDS
        client.zadd("outreach:work:{a}:now", {ticket: time.time() - 1})
        assert shared.enter("a", allowed, 0.1).ticket


def test_a_place_of_ones_own_process_comes_free_as_well() -> None:
    now = [100.0]
    kept = OwnBudgets(lambda: now[0])
    allowed = Allowance(12.0, 0.0001, 1, 1)
    assert kept.enter("a", allowed, 0.1).ticket
    assert kept.enter("a", allowed, 0.1).wait_seconds == 1.0
    now[0] += budgets.LEASE_SECONDS + 1
    assert kept.enter("a", allowed, 0.1).ticket


def test_without_redis_each_process_counts_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [100.0]
    kept = Budgets(f"redis://127.0.0.1:{free_port()}/0", lambda: now[0])
    tickets = [kept.enter("a", SLOW, 0.1).ticket for _ in range(4)]
    assert [bool(one) for one in tickets] == [True, True, True, False]
    kept.leave("a", tickets[0], 0.0)
    assert kept.enter("a", SLOW, 0.1).ticket
    assert len(caplog.records) == 1
    now[0] += 60  # it is tried again
    kept.enter("b", SLOW, 0.1)
    assert len(caplog.records) == 2


def test_a_request_ends_in_the_book_where_it_began(
    redis_url: str, shared: SharedBudgets, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    one = Allowance(12.0, 0.0001, 1, 1)
    kept = Budgets(redis_url, lambda: now[0])

    @contextmanager
    def redis_is_away() -> Iterator[None]:
        kept._away_until = now[0] + 1
        yield
        now[0] += 2

    begun_there = kept.enter("a", one, 0.1).ticket
    with redis_is_away():
        # Nothing is known here of what began there, nor changed by its end.
        begun_here = kept.enter("a", one, 0.1).ticket
        kept.leave("a", begun_there, 5.0)
        assert not kept.enter("a", one, 0.1).ticket
    assert not shared.enter("a", one, 0.1).ticket
    kept.leave("a", begun_here, 0.0)
    assert not shared.enter("a", one, 0.1).ticket
    kept.leave("a", begun_there, 0.0)
    assert shared.enter("a", one, 0.1).ticket
    with redis_is_away():
        assert kept.enter("a", one, 0.1).ticket


def test_a_frozen_redis_holds_up_one_request_and_then_none() -> None:
    now = [100.0]
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        frozen.setblocking(False)
        kept = Budgets(f"redis://127.0.0.1:{frozen.getsockname()[1]}/0", lambda: now[0])
        assert all(kept.enter("b", SLOW, 0.01).ticket for _ in range(3))
        assert _connections(frozen) == 1
        now[0] += 60  # it is tried again
        assert kept.enter("c", SLOW, 0.01).ticket
        assert _connections(frozen) == 1


def _connections(server: socket.socket) -> int:
    count = 0
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            count += 1
    return count


def test_one_process_forgets_whom_it_has_not_seen_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budgets, "_MOST_OWN", 3)
    kept = OwnBudgets()
    allowed = Allowance(2.0, 1.0, 1, 1)
    for who in "abc":
        kept.enter(who, allowed, 0.1)
    kept.enter("a", allowed, 0.1)
    kept.enter("d", allowed, 0.1)
    assert list(kept._kept) == ["c", "a", "d"]
