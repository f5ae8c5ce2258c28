"""How gunicorn serves the pages: some processes, threads for slow networks, warmed up early."""

from __future__ import annotations

import threading
from typing import Any

from outreach.config import read_settings
from outreach.web.pressure import load_of
from outreach.web.warm import warm_up

_settings = read_settings()
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.web_workers
worker_class = "gthread"
threads = 8
preload_app = False  # database connections must not be shared between processes
timeout = 60
graceful_timeout = 3  # honcho kills whoever has not stopped after five seconds
keepalive = 15
control_socket_disable = True
errorlog = "-"
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Warm a new process up in the background, while it answers already."""
    # What gunicorn has accepted and no thread has begun: the only place that knows of it.
    load_of(worker.wsgi).waiting = worker.tpool._work_queue.qsize  # noqa: SLF001
    threading.Thread(target=warm_up, args=(worker.wsgi,), daemon=True).start()
