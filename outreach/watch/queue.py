"""Whether the queue is there: Redis, which carries hints and may be away without any loss."""

from __future__ import annotations

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

#: A page that tells of it waits no longer.
PATIENCE_SECONDS = 0.5


def redis_answers(url: str) -> bool:
    """Tell whether the Redis server at an address answers; where none is named, nothing is away."""
    if not url:
        return True
    patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    try:
        with Redis.from_url(url, retry=Retry(NoBackoff(), 0), **patience) as asked:
            return bool(asked.ping())
    except RedisError:
        return False
