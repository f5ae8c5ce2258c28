"""What a worker of the tests loads to plan longer than its lease, or never to an end.

PLANNER names the manner; the limits of time are those of a task that has little of it.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from outreach.planning.assign import assign
from tasks import assignment

if TYPE_CHECKING:
    from collections.abc import Callable

    from outreach.planning.model import Plan, Problem

    type Tell = Callable[[int, int], None]

#: Several times the lease that the tests give.
SLOW_SECONDS = 4.0
SOFT_SECONDS, HARD_SECONDS = 3, 5


def slowly(problem: Problem, tell: Tell) -> Plan:
    """Plan well, and first think for a long time without a word."""
    time.sleep(SLOW_SECONDS)
    return assign(problem, tell)


def never(_problem: Problem, _tell: Tell) -> Plan:
    """Think for ever, and hear when it is enough."""
    while True:
        time.sleep(0.01)


def deaf(problem: Problem, tell: Tell) -> Plan:
    """Think for ever and hear nothing."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    return never(problem, tell)


MANNERS = {"slowly": slowly, "never": never, "deaf": deaf}

if manner := MANNERS.get(os.environ.get("PLANNER", "")):
    vars(assignment)["assign"] = manner
    if manner is not slowly:
        task = assignment.assign_batch
        task.soft_time_limit, task.time_limit = SOFT_SECONDS, HARD_SECONDS
