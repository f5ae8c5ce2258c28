"""Redis and the web as the product runs them, for benchmarks that ask over the network."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import redis

from outreach.cli.redis_server import find_redis_server
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

SECRET = "benchmark " * 4


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a Redis server; give its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [find_redis_server(), "--port", str(port), "--bind", "127.0.0.1"]
        process = subprocess.Popen([*command, "--dir", folder], stdout=subprocess.DEVNULL)
        url = f"redis://127.0.0.1:{port}/0"
        try:
            with redis.Redis.from_url(url) as client:
                _until(client.ping)
            yield url
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def web_server(
    engine: Engine, redis_url: str, var_dir: Path | None = None
) -> Iterator[tuple[int, int]]:
    """Run the web as the Procfile does, with its two processes of eight threads.

    Gives its port and the id of its first process.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "PORT": str(port),
            "VAR_DIR": str(var_dir or folder),
            "DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "REDIS_URL": redis_url,
            "SECRET_KEY": SECRET,
            "DEMO": "false",
            "WEB_WORKERS": "2",
        }
        command = [str(Path(sys.executable).with_name("gunicorn"))]
        command += ["--config", "python:outreach.web.server", "outreach.web.app:create_app()"]
        process = subprocess.Popen(command, env={**os.environ, **settings})
        try:
            _until(lambda: urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read())
            time.sleep(8)  # both processes prepare their maps first, as after every start
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(20)


def cpu_seconds(pid: int) -> float:
    """Add up the processor time of a process and those it has started, as Linux counts it."""
    process = Path(f"/proc/{pid}")
    if not process.exists():
        return 0.0
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    started = (process / "task" / str(pid) / "children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in started)


def _until(act: Any) -> None:
    for _ in range(300):
        try:
            act()
        except (OSError, redis.ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError
