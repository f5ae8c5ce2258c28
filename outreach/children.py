"""Runs programs in processes of their own, and counts what they take of the processor.

A thread pays for the children it waited for, and for no other thread's; the system itself counts
only those of the whole process.
"""

from __future__ import annotations

import os
import threading
from subprocess import PIPE, CompletedProcess, Popen
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class _Taken(threading.local):
    seconds = 0.0


_taken = _Taken()


class _Child(Popen[bytes]):
    # Of the library's own, for it alone ends the process; tests/test_children.py sees it counted.
    def _try_wait(self, flags: int) -> tuple[int, int]:
        pid, status, used = os.wait4(self.pid, flags)
        _taken.seconds += used.ru_utime + used.ru_stime
        return pid, status


def run_child(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout_seconds: float,
    sent: bytes = b"",
    **how: Any,
) -> CompletedProcess[bytes]:
    """Run a program to its end with nothing but *sent* to read; `how` is as Popen takes it.

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes longer; then it is killed.
    """
    pipes = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}
    with _Child(command, env=env, **{**pipes, **how}) as child:
        try:
            told, complained = child.communicate(sent, timeout=timeout_seconds)
        except BaseException:
            child.kill()
            raise
    return CompletedProcess(command, child.returncode, told, complained)


def children_seconds() -> float:
    """Tell how much of the processor this thread's children have taken that have ended."""
    return _taken.seconds
