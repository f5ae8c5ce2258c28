"""The metrics as Prometheus reads them, for whoever shows the token of the settings."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import NotFound, Unauthorized

from outreach.db import lacks_rights
from outreach.watch.beating import living
from outreach.watch.queue import redis_answers
from outreach.watch.waiting import read_waiting
from outreach.web.database import reading_db, running
from outreach.web.metrics import measured
from outreach.web.routing import for_monitors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import StrEnum

    from flask.typing import ResponseReturnValue
    from prometheus_client import Metric

    from outreach.watch.tables import ProcessKind
    from outreach.watch.waiting import Waiting

pages = Blueprint("metrics", __name__)


def require_monitor() -> None:
    """Let through only who shows the token of the settings; without the setting there is no page.

    Raises
    ------
    NotFound
        If the settings name no token.
    Unauthorized
        If the request shows none, or another.
    """
    wanted = running().settings.metrics_token.get_secret_value()
    if not wanted:
        raise NotFound
    shown = request.authorization
    told = shown.token if shown is not None and shown.type == "bearer" else None
    if not hmac.compare_digest((told or "").encode(), wanted.encode()):
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "metrics"}))


@pages.get("/metrics")
@for_monitors
def metrics() -> ResponseReturnValue:
    """Tell what was counted since the server started, and what waits right now."""
    told = CollectorRegistry()
    told.register(_Told())
    answer = Response(generate_latest(told), content_type=CONTENT_TYPE_LATEST)
    answer.headers["Cache-Control"] = "no-store"
    return answer


class _Told(Collector):
    """What is answered to one question: nothing of it is kept."""

    def collect(self) -> Iterator[Metric]:
        """Give the counters of the processes, then what Redis and the database tell."""
        yield from measured()
        answers = redis_answers(running().settings.redis_url)
        yield _one("outreach_redis_up", "Whether Redis answers", answers)
        now = datetime.now(UTC)
        try:
            with reading_db() as db:
                waiting, alive = read_waiting(db, now), living(db, now)
        except SQLAlchemyError as error:
            refuses = lacks_rights(error)
            current_app.logger.warning(
                "metrics without the database: %s",
                type(error).__name__,
                exc_info=error if refuses else None,
            )
            yield from _of_database(answers=refuses, refuses=refuses)
            return
        yield from _of_database(answers=True, refuses=False)
        yield from _of_waiting(waiting)
        yield _of_processes(alive)


def _of_database(*, answers: bool, refuses: bool) -> Iterator[Metric]:
    yield _one("outreach_database_up", "Whether the database answers", answers)
    words = "Whether the database answers and its role lacks rights"
    yield _one("outreach_rights_missing", words, refuses)


def _of_waiting(waiting: Waiting) -> Iterator[Metric]:
    yield _one(
        "outreach_oldest_waiting_batch_seconds",
        "How long the batch waits that waits longest",
        waiting.oldest_seconds,
    )
    yield _one(
        "outreach_leases_lost_last_hour",
        "Background work that a worker left without a word within an hour",
        waiting.leases_lost,
    )
    yield _by("outreach_batches", "Batches of plans by state", "state", waiting.batches)
    yield _by("outreach_questions", "What-ifs and bounds by state", "state", waiting.questions)
    yield _by(
        "outreach_messages_waiting",
        "Messages that wait to be sent, by medium",
        "medium",
        waiting.messages,
    )


def _of_processes(alive: Mapping[ProcessKind, int]) -> Metric:
    words = "Processes that have told lately that they live, by kind"
    return _by("outreach_processes", words, "kind", alive)


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _by[Key: StrEnum](name: str, words: str, label: str, values: Mapping[Key, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key.value], value)
    return family
