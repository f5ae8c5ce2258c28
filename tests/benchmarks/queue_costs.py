"""What a message costs who sends it, and the Redis server that keeps it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis

from outreach.cli.redis_server import configuration_for, find_redis_server, own_redis_url
from tasks.app import PLANNING, make_app
from tests.conftest import wait_for_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

MESSAGES = 500


def measure_queue() -> dict[str, float]:
    """Send messages and take them again, on a Redis server of its own; tell seconds and bytes."""
    with _redis_server() as url, redis.Redis.from_url(url) as client, make_app(url) as app:
        app.send_task("outreach.assign_batch", [0])  # connects, and is taken with the others
        empty, idle = _memory(client), _processor(client)
        begun = time.perf_counter()
        for number in range(MESSAGES):
            app.send_task("outreach.assign_batch", [number])
        seconds = (time.perf_counter() - begun) / MESSAGES
        size = (_memory(client) - empty) / MESSAGES
        _take_all(app)
        busy = (_processor(client) - idle) / MESSAGES
    print(
        f"{'send a message':26} {1000 * seconds:8.2f} ms; Redis keeps {size:.0f} bytes and is busy"
        f" for {1000 * busy:.2f} ms until it is taken and done"
    )
    # Sending is one of its operations, taking the other.
    return {"send": seconds, "queue_operation": busy / 2, "queue_message_bytes": size}


@contextmanager
def _redis_server() -> Iterator[str]:
    url = own_redis_url()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "redis.conf"
        file.write_text(configuration_for(url, Path(folder)), encoding="utf-8")
        with subprocess.Popen([find_redis_server(), str(file)]) as server:
            wait_for_redis(url)
            try:
                yield url
            finally:
                server.terminate()


def _take_all(app: Celery) -> None:
    """Take each message as a worker does, and say that it is done."""
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(app.amqp.queues[PLANNING])
        for _ in range(MESSAGES + 1):
            queue.get(timeout=10).ack()
        queue.close()


def _memory(client: redis.Redis) -> float:
    told: Any = client.info("memory")
    return float(told["used_memory"])


def _processor(client: redis.Redis) -> float:
    told: Any = client.info("cpu")
    return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])
