"""How a worker tells that it lives: from its main process, between two messages.

No thread of its own, because the children are forked from this process; and no connection of the
work's, because they would inherit it. Who cannot reach the queue leaves no line: it does no work.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from celery import bootsteps
from celery.signals import setup_logging, task_postrun, worker_process_init, worker_shutdown
from sqlalchemy.exc import SQLAlchemyError

from outreach.config import read_settings
from outreach.db import unit_of_work
from outreach.watch.beating import (
    BEAT_EVERY,
    beat_carefully,
    impatient_engine,
    leave_carefully,
    name_of,
    note_errors,
    this_process,
)
from outreach.watch.logs import set_up, take_errors
from outreach.watch.tables import ProcessKind
from tasks.app import app, engine

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.watch.beating import Process

log = logging.getLogger(__name__)


class Beats(bootsteps.StartStopStep):  # type: ignore[misc]
    """A step of the worker that is taken anew whenever it has found the queue again."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **told: Any) -> None:
        super().__init__(consumer, **told)
        settings = read_settings()
        self._engine: Engine = impatient_engine(settings.database)
        self._process: Process = this_process(
            ProcessKind.WORKER, settings.secret, consumer.app.amqp.queues.consume_from
        )
        self._timer: Any = None
        worker_shutdown.connect(self._leave, weak=False)

    def start(self, consumer: Any) -> None:
        """Leave a line now, and every few seconds from the worker's own timer."""
        self._beat()
        self._timer = consumer.timer.call_repeatedly(BEAT_EVERY.total_seconds(), self._beat)

    def stop(self, _consumer: Any) -> None:
        """Leave none while the queue is away."""
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        beat_carefully(self._engine, self._process)
        self._engine.dispose()

    def _leave(self, **_told: Any) -> None:
        # Nobody waits any more, and a line that stays looks like a silent worker for a day: this
        # one has the patience of the work.
        leave_carefully(engine(), self._process)
        engine().dispose()


app.steps["consumer"].add(Beats)


@setup_logging.connect  # type: ignore[untyped-decorator]
def _log_as_all_do(**_told: Any) -> None:
    set_up(read_settings().log_format)


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _begin_at_zero(**_told: Any) -> None:
    take_errors()  # those of the main process are its own


@task_postrun.connect  # type: ignore[untyped-decorator]
def _tell_errors(**_told: Any) -> None:
    """Count what a child has logged as errors to the line of its worker."""
    errors = take_errors()
    if not errors:
        return
    try:
        with unit_of_work(engine()) as db:
            note_errors(db, name_of(ProcessKind.WORKER, os.getppid()), errors)
    except SQLAlchemyError as error:
        log.info("errors are not counted: %s", type(error).__name__)
