"""What a process of the tests loads to live on the day of the tests' world, in the morning.

Its visits are over by the clock on the wall, and at night no village gets a mail.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from celery.signals import worker_process_init

from tests.visits.world import NOW

if TYPE_CHECKING:
    from datetime import tzinfo


class Morning(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return NOW.astimezone(tz)


def stop_the_clock(**_signal: object) -> None:
    """Set the clock of those who post; loads none of them, for that is what is tested."""
    for name in ("tasks.post", "tasks.sweeper"):
        if name in sys.modules:
            vars(sys.modules[name])["datetime"] = Morning


worker_process_init.connect(stop_the_clock)
