"""How gunicorn serves the pages; one process per core, threads for slow networks."""

from outreach.config import read_settings

_settings = read_settings()
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.web_workers
worker_class = "gthread"
threads = 8
preload_app = False  # database connections must not be shared between processes
timeout = 60
keepalive = 15
control_socket_disable = True
errorlog = "-"
loglevel = "warning"
