"""The Celery app: how messages travel; each carries one number and may come twice."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from celery import Celery

from outreach.config import read_settings
from outreach.db import make_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Where a Redis server of this machine listens when no other is named.
LOCAL_REDIS = "redis://127.0.0.1:6379/0"

TASKS = ("tasks.assignment", "tasks.post", "tasks.what_if", "tasks.certificate", "tasks.digest")

CONFIGURATION: dict[str, Any] = {
    "task_ignore_result": True,
    # A message stays in Redis until its task has ended, also when the worker is killed.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_time_limit": 120,
    "task_soft_time_limit": 90,
    "worker_soft_shutdown_timeout": 30,
    "worker_max_tasks_per_child": 200,
    "accept_content": ["json"],
    "task_serializer": "json",
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.1},
    "broker_transport_options": {
        # Many times the time limit, or a long task would run beside itself.
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 25,
    },
    # The database tells what happened; events would only fill Redis.
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
}


def make_app(redis_url: str) -> Celery:
    """Make the Celery app that talks to one Redis server."""
    made = Celery("outreach", broker=redis_url, include=TASKS)
    made.conf.update(CONFIGURATION)
    return made


@cache
def engine() -> Engine:
    """Make this process's engine when its first task needs it, so that no fork inherits one."""
    return make_engine(read_settings().database)


def count_waiting(celery: Celery | None = None) -> int:
    """Count the messages that no worker has taken yet."""
    asked = celery or app
    with asked.connection_for_write() as connection:
        queue = asked.amqp.queues[asked.conf.task_default_queue]
        # Declaring it tells its length; asking passively, an empty one would not be found.
        return int(queue(connection.default_channel).queue_declare().message_count)


app = make_app(read_settings().redis_url or LOCAL_REDIS)
