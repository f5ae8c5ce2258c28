"""How gunicorn serves the pages: some processes, threads for slow networks, warmed up early."""

from __future__ import annotations

import resource
import sys
import threading
from typing import Any

from gunicorn.glogging import Logger

from outreach.saying import settings_to_serve
from outreach.watch.logs import set_up
from outreach.web import metric_files
from outreach.web.beats import Beats
from outreach.web.pressure import load_of
from outreach.web.warm import warm_up

_settings = settings_to_serve()
#: Whoever waits for the database a dozen times waits as often for a turn again: by Python's own
#: 5 ms one heavy page beside it would make each light one slower by a twentieth of a second.
SWITCH_SECONDS = 0.0005
#: Open at once in one process: connections, most with a file each, and those of the database.
FILES = 6000

_counted_in = metric_files.folder_for(_settings)

# The library of the metrics looks as it is imported where it has to count: in a child.
raw_env = [metric_files.setting_of(_counted_in)]
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.web_workers
worker_class = "outreach.web.patient_worker.PatientWorker"
threads = 8
#: More than all that wait in `patient_worker` together: else nobody new would be heard.
worker_connections = 2000
preload_app = False  # database connections must not be shared between processes
timeout = 60
graceful_timeout = 3  # what is cut short then is taken back as a whole, and asked for again
keepalive = 15
control_socket_disable = True
errorlog = "-"
loglevel = "warning"


class Log(Logger):  # type: ignore[misc] # untyped
    """What the server itself says goes the way of all other lines."""

    def setup(self, cfg: Any) -> None:
        """Leave the writing to the handlers of the whole process."""
        super().setup(cfg)
        set_up(_settings.log_format)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


logger_class = Log


def on_starting(_server: Any) -> None:
    """Count from zero: what an earlier server counted is told no more."""
    metric_files.begin_anew(_counted_in)


def post_worker_init(worker: Any) -> None:
    """Warm a new process up in the background, while it answers already."""
    # They count: see `raw_env`.
    from outreach.web.doorkeeper import doorkeeper_of  # noqa: PLC0415
    from outreach.web.metrics import note_turned_away  # noqa: PLC0415

    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_files()
    # What gunicorn has accepted and no thread has begun: the only place that knows of it.
    load_of(worker.wsgi).waiting = worker.tpool._work_queue.qsize  # noqa: SLF001
    doorkeeper_of(worker.wsgi).late = worker.answer_late
    worker.trusted_proxies = _settings.trusted_proxies
    worker.note_turned_away = note_turned_away
    worker.beats = Beats(worker.wsgi.extensions["outreach"].engine, _settings.secret)
    worker.beats.start()
    threading.Thread(target=warm_up, args=(worker.wsgi,), daemon=True).start()


def _allow_files() -> None:
    """Let each connection have a file for what it sends; the usual 1,024 would not do."""
    had, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if had != resource.RLIM_INFINITY and had < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def worker_exit(_server: Any, worker: Any) -> None:
    """Take the line of a process away that ends as it was told to."""
    if hasattr(worker, "beats"):
        worker.beats.stop()


def child_exit(_server: Any, worker: Any) -> None:
    """Keep what a process counted that has ended, and tidy its files away."""
    metric_files.add_to_gone(_counted_in, worker.pid)
