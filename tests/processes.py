"""Programs that tests run beside themselves."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


#: Our web server.
WEB = (
    str(Path(sys.executable).with_name("gunicorn")),
    "--config",
    "python:outreach.web.server",
    "outreach.web.app:create_app()",
)


@contextmanager
def running(
    command: Sequence[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in the folder of its log, and tell it to end when the test is through."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=file, stderr=file
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)
