"""Real gunicorns with our worker, for tests that look at connections."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def served(folder: Path, configuration: str) -> Iterator[int]:
    """Run one by such a configuration; gives its port."""
    (folder / "gunicorn.conf.py").write_text(configuration, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listening, (folder / "log").open("wb") as log:
        number = listening.fileno()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{number}"]
        process = subprocess.Popen(
            [*command, "--config", "gunicorn.conf.py", "wsgiref.simple_server:demo_app"],
            cwd=folder, pass_fds=[number], stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield listening.getsockname()[1]
        finally:
            process.terminate()
            process.wait(timeout=60)
