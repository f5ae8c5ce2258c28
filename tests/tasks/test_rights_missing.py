"""A worker whose role in the database lacks rights says so in a sentence, not for each message."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tasks.app import make_app
from tests.roles import role_beside
from tests.tasks.runner import worker

if TYPE_CHECKING:
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

CHILDREN = 2


@pytest.mark.postgres
@pytest.mark.redis
def test_each_child_says_it_once(
    postgres_engine: Engine, redis_url: str, queue: redis.Redis, tmp_path: Path
) -> None:
    app = make_app(redis_url)
    for number in range(8):
        app.send_task("outreach.assign_batch", [number])
    with (
        role_beside(postgres_engine) as (_role, address),
        worker(address, redis_url, tmp_path, LOG_FORMAT="json") as started,
    ):
        until = time.monotonic() + 60
        while queue.llen("planning") or queue.hlen("unacked"):
            assert time.monotonic() < until, started.log.read_text()
            time.sleep(0.1)
        started.stop()
        log = started.log.read_text()
    assert 1 <= log.count("the database answers, but its role lacks rights") <= CHILDREN
    assert "permission denied for table batch" in log
    assert "came_through" not in log
    assert "Traceback" not in log
