"""The Celery app: how messages travel; each carries one number and may come twice."""

from __future__ import annotations

import ssl
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.signals import celeryd_init
from kombu.utils.url import parse_url

from outreach.config import read_settings
from outreach.db import WORKER, make_engine
from outreach.errors import UnsafeSettings
from outreach.saying import explain_settings, settings_to_serve
from outreach.watch.tables import WorkKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Where a Redis server of this machine listens when no other is named.
LOCAL_REDIS = "redis://127.0.0.1:6379/0"

TASKS = (
    "tasks.assignment",
    "tasks.post",
    "tasks.what_if",
    "tasks.certificate",
    "tasks.digest",
    "tasks.beats",
)

#: By kind of work, so that none waits behind a flood of another; the name of each says which.
#: A worker serves those that `TASK_QUEUES` or its option `-Q` names, and without them all.
PLANNING, QUESTIONS, POST = (work.value for work in WorkKind)
#: Where versions before there were kinds sent everything: what they left is still worked off.
BEFORE_KINDS = "celery"

QUEUE_OF = {
    "outreach.assign_batch": PLANNING,
    "outreach.answer_what_if": QUESTIONS,
    "outreach.certify_batch": QUESTIONS,
    "outreach.post_message": POST,
    "outreach.send_digest": POST,
}

#: What plans goes by rounds and not by the clock: a slow or busy machine answers late, and only
#: what never would is ended. Whoever asked may call it off sooner.
THINKING = {"soft_time_limit": 3600, "time_limit": 3900}

CONFIGURATION: dict[str, Any] = {
    "task_queues": {
        name: {"exchange": name, "routing_key": name}
        for name in (PLANNING, QUESTIONS, POST, BEFORE_KINDS)
    },
    "task_routes": QUEUE_OF,
    # A name that was mistyped is refused; else its worker would wait for ever.
    "task_create_missing_queues": False,
    "task_ignore_result": True,
    # A message stays in Redis until its task has ended, also when the worker is killed.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_time_limit": 120,
    "task_soft_time_limit": 90,
    "task_annotations": {
        name: THINKING for name, queue in QUEUE_OF.items() if queue in {PLANNING, QUESTIONS}
    },
    "worker_soft_shutdown_timeout": 30,
    "worker_max_tasks_per_child": 200,
    "accept_content": ["json"],
    "task_serializer": "json",
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.1},
    "broker_transport_options": {
        # Longer than the longest task, or it would be sent again beside itself. What a killed
        # worker held does not wait for it: its lease runs out.
        "visibility_timeout": 3 * THINKING["time_limit"],
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
    if redis_url.startswith("rediss:"):
        # Unless told, it would take any server for ours; what the URL says of TLS has to be told.
        told = parse_url(redis_url).get("ssl", {})
        made.conf.broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED, **told}
    return made


def _own_app() -> Celery:
    """Make the app of the settings; settings that cannot be used are told in one sentence."""
    try:
        settings = read_settings()
    except UnsafeSettings as error:
        sys.exit(explain_settings(error))
    made = make_app(settings.redis_url or LOCAL_REDIS)
    made.conf.worker_concurrency = settings.task_workers
    if settings.task_queues:
        made.amqp.queues.select(settings.task_queues.split(","))
    return made


@cache
def engine() -> Engine:
    """Make this process's engine when its first task needs it, so that no fork inherits one."""
    return make_engine(read_settings().database, WORKER)


def count_waiting(queue: str, celery: Celery | None = None) -> int:
    """Count the messages of one queue that no worker has taken yet."""
    asked = celery or app
    with asked.connection_for_write() as connection:
        # Declaring it tells its length; asking passively, an empty one would not be found.
        declared = asked.amqp.queues[queue](connection.default_channel).queue_declare()
        return int(declared.message_count)


@celeryd_init.connect  # type: ignore[untyped-decorator]
def _refuse_unsafe_settings(**_told: object) -> None:
    """End a worker that could do no task, or that would sign with no key or a weak one."""
    settings_to_serve()


app = _own_app()
