"""Programs that are started, killed, frozen and started again; each has a log of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: Longer than the slowest and busiest machine takes to start or end a program.
PATIENCE_SECONDS = 1200.0
#: Whoever was told to end and has not by then is killed, as by whatever looks after programs.
GRACE_SECONDS = 45.0


@dataclass
class Program:
    """One program: what it is called with, and the process that it is at the moment."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    user: str | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, or start it again behind the same log."""
        if self.is_running():
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,
            )

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Tell the number of its process."""
        assert self.process is not None
        return self.process.pid

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def children(self) -> list[psutil.Process]:
        """Every process that it has started and these have, in the order of their numbers."""
        if self.process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.process.pid).children(recursive=True)
            return sorted(found, key=lambda one: one.pid)
        return []

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.is_running():
            self.process.send_signal(number)

    def kill(self, *, alone: bool = False) -> None:
        """Kill it at once with all that it has started, or *alone*, so that those are orphans."""
        orphans = [] if alone else self.children()
        self.signal(signal.SIGKILL)
        for one in orphans:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.wait()

    def wait(self) -> None:
        if self.process is not None:
            self.process.wait(PATIENCE_SECONDS)

    def tell_to_end(self) -> None:
        self.signal(signal.SIGTERM)

    def end(self) -> None:
        """Tell it to end as it should; kill what has not by then."""
        self.tell_to_end()
        try:
            if self.process is not None:
                self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Let a process stand still, its sockets open."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def until[Found](
    look: Callable[[], Found | None], what: str, seconds: float = PATIENCE_SECONDS
) -> Found:
    """Wait for what happens elsewhere and give it; what is not there yet may raise OSError."""
    for _ in _ticks(seconds):
        with suppress(OSError):
            if found := look():
                return found
    raise TimeoutError(what)


def _ticks(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)
