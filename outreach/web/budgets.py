"""What each person may take of the server: seconds of work saved up, and requests at once.

A bucket of seconds that fills by itself. Who begins a request puts aside what it will probably
take, and settles when it is through. What a process had put aside that died is never settled:
it fills up again like all that was spent, and its place among the requests at once ends by itself.

All processes share the buckets in Redis. Where that is away each keeps its own: then somebody has
as many buckets as there are processes, and nobody is kept out for want of Redis.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

#: Whoever began so long ago is not there any more.
LEASE_SECONDS = 120
#: A frozen Redis holds up one request so long, and then nobody for a while.
_PATIENCE_SECONDS, _AWAY_SECONDS = 0.25, 10.0
#: Who was told that all places are taken asks again so soon.
NEXT_PLACE_SECONDS = 1.0
#: Buckets of one process; whoever was not seen for longest is forgotten when there are more.
_MOST_OWN = 10_000
#: How a ticket tells that one process alone knows of it.
_OWN = "own-"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What somebody may take."""

    #: The most that is saved up.
    seconds: float
    #: What is added each second.
    per_second: float
    at_once: int
    #: As soon as less than half is left.
    at_once_when_scarce: int

    @property
    def most_owed(self) -> float:
        """Seconds: whoever had one large file made reads pages again soon, but makes no other."""
        return self.seconds / 4


class Answer(NamedTuple):
    """Whether a request may begin: then `wait_seconds` is 0; `ticket` is given back after it."""

    wait_seconds: float
    ticket: str = ""


#: Both ways reckon the same: tests/web/test_budgets.py asks both the same things.
_ENTER = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local most, per_second = tonumber(ARGV[1]), tonumber(ARGV[2])
local at_once, when_scarce = tonumber(ARGV[3]), tonumber(ARGV[4])
local expected, lease = tonumber(ARGV[5]), tonumber(ARGV[6])
local owed = tonumber(ARGV[8])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(kept[1] or most), tonumber(kept[2] or now)
level = math.min(most, math.max(-owed, level) + math.max(0, now - at) * per_second)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local needed = math.min(expected, most / 2)
if level < needed then return {tostring((needed - level) / per_second), 1} end
local places = level < most / 2 and when_scarce or at_once
if redis.call('ZCARD', KEYS[2]) >= places then return {'0', 2} end
redis.call('HSET', KEYS[1], 'level', tostring(level - expected), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil(2000 * most / per_second))
redis.call('ZADD', KEYS[2], now + lease, ARGV[7])
redis.call('PEXPIRE', KEYS[2], math.ceil(1000 * lease))
return {'0', 0}
"""
_LEAVE = """
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HINCRBYFLOAT', KEYS[1], 'level', ARGV[2])
end
"""


class SharedBudgets:
    """The buckets in Redis; raises RedisError where it does not answer at once."""

    def __init__(self, url: str) -> None:
        redis: Any = Redis.from_url(
            url,
            socket_connect_timeout=_PATIENCE_SECONDS,
            socket_timeout=_PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._enter = redis.register_script(_ENTER)
        self._leave = redis.register_script(_LEAVE)

    def enter(self, who: str, allowed: Allowance, expected_seconds: float) -> Answer:
        """Begin a request of somebody."""
        ticket = secrets.token_hex(8)
        given = (
            allowed.seconds,
            allowed.per_second,
            allowed.at_once,
            allowed.at_once_when_scarce,
            expected_seconds,
            LEASE_SECONDS,
            ticket,
            allowed.most_owed,
        )
        wait, refused = self._enter(keys=_keys(who), args=given)
        if refused == 2:
            return Answer(NEXT_PLACE_SECONDS)
        return Answer(float(wait)) if refused else Answer(0.0, ticket=ticket)

    def leave(self, who: str, ticket: str, less_seconds: float) -> None:
        """End a request that took so many seconds less than expected."""
        self._leave(keys=_keys(who), args=(ticket, less_seconds))


def _keys(who: str) -> tuple[str, str]:
    # In one part of a Redis of several machines.
    return f"outreach:work:{{{who}}}", f"outreach:work:{{{who}}}:now"


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float
    #: Tickets, and when each ends by itself.
    now: dict[str, float] = field(default_factory=dict)


class OwnBudgets:
    """The buckets of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Bucket] = OrderedDict()

    def enter(self, who: str, allowed: Allowance, expected_seconds: float) -> Answer:
        """Begin a request of somebody."""
        with self._lock:
            bucket, most = self._filled(who, allowed), allowed.seconds
            needed = min(expected_seconds, most / 2)
            if bucket.level < needed:
                return Answer((needed - bucket.level) / allowed.per_second)
            scarce = bucket.level < most / 2
            if len(bucket.now) >= (allowed.at_once_when_scarce if scarce else allowed.at_once):
                return Answer(NEXT_PLACE_SECONDS)
            ticket = _OWN + secrets.token_hex(8)
            bucket.level -= expected_seconds
            bucket.now[ticket] = bucket.at + LEASE_SECONDS
            return Answer(0.0, ticket=ticket)

    def leave(self, who: str, ticket: str, less_seconds: float) -> None:
        """End a request that took so many seconds less than expected."""
        with self._lock:
            bucket = self._kept.get(who)
            if bucket is not None:
                bucket.now.pop(ticket, None)
                bucket.level += less_seconds

    def _filled(self, who: str, allowed: Allowance) -> _Bucket:
        """Fill a bucket up to this moment, and let go what ended by itself."""
        now, most = self._clock(), allowed.seconds
        bucket = self._kept.setdefault(who, _Bucket(most, now))
        self._kept.move_to_end(who)
        if len(self._kept) > _MOST_OWN:
            self._kept.popitem(last=False)
        gained = max(0.0, now - bucket.at) * allowed.per_second
        bucket.level, bucket.at = min(most, max(-allowed.most_owed, bucket.level) + gained), now
        bucket.now = {ticket: ends for ticket, ends in bucket.now.items() if ends > now}
        return bucket


class Budgets:
    """The shared buckets, or this process's own as long as those are away."""

    def __init__(self, redis_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = SharedBudgets(redis_url) if redis_url else None
        self._own = OwnBudgets(clock)
        self._clock = clock
        self._away_until = 0.0

    def enter(self, who: str, allowed: Allowance, expected_seconds: float) -> Answer:
        """Begin a request of somebody that will probably take so much work."""
        shared = self._ask_shared("enter", who, allowed, expected_seconds)
        return shared or self.enter_here(who, allowed, expected_seconds)

    def enter_here(self, who: str, allowed: Allowance, expected_seconds: float) -> Answer:
        """Begin a request that this process alone counts: it waits for no Redis."""
        return self._own.enter(who, allowed, expected_seconds)

    def leave(self, who: str, ticket: str, less_seconds: float) -> None:
        """End a request that took so many seconds less than expected; more if negative.

        It ends where it began: what Redis was told of and cannot be settled there ends by itself.
        """
        if ticket.startswith(_OWN):
            self._own.leave(who, ticket, less_seconds)
        else:
            self._ask_shared("leave", who, ticket, less_seconds)

    def _ask_shared(self, what: str, *told: Any) -> Any:
        if self._shared is None or self._clock() < self._away_until:
            return None
        try:
            return getattr(self._shared, what)(*told)
        except RedisError:
            self._away_until = self._clock() + _AWAY_SECONDS
            log.warning("Redis does not answer: what people take is counted by each process")
            return None
