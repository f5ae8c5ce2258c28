"""How a command ends that is told to: in order, so that no copy of a database is left behind."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: By these a reboot, a timer's limit and a terminal that is closed end a command.
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let what tells the process to end be an end as by Ctrl-C: all that is open is tidied."""
    was = {one: signal.getsignal(one) for one in _ENDINGS}
    for one, handler in was.items():
        if handler is signal.SIG_DFL:  # who is to outlive the terminal does
            signal.signal(one, _end)
    try:
        yield
    finally:
        for one, handler in was.items():
            signal.signal(one, handler)


def _end(told: int, _: object) -> None:
    for one in _ENDINGS:
        signal.signal(one, signal.SIG_IGN)  # nothing breaks off the tidying
    sys.exit(128 + told)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Do what takes a moment and must not be done by half; who is told to end does so after it."""
    told: list[int] = []
    was = {one: signal.getsignal(one) for one in _ENDINGS}
    handled = {one: handler for one, handler in was.items() if callable(handler)}
    for one in handled:
        signal.signal(one, lambda number, _: told.append(number))
    try:
        yield
    finally:
        for one, handler in handled.items():
            signal.signal(one, handler)
    for number in told[:1]:
        signal.raise_signal(number)
