"""Faults of workers and sweepers."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import psutil

from tests.chaos.faults.aim import (
    busy_worker,
    busy_workers,
    is_taken_over,
    let_end,
    now,
    wait_in,
)
from tests.chaos.product import LEASE_SECONDS
from tests.chaos.programs import frozen

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.product import Product

#: How long whoever looks after programs takes to start one again.
RESTART_SECONDS = 1.0
#: So long one looks whether what was seen is still there.
_GLANCE_SECONDS = 0.1
#: Finds a part of a plan that no sweeper has sent yet.
_UNSENT = "SELECT id FROM batch WHERE state = 'ready' AND sent_at IS NULL"


def kill_worker(product: Product, drawn: Random) -> bool:
    """Kill a worker and its child in mid-plan, as a machine that goes down does."""
    found, at = busy_worker(product), now()
    found[0].kill()
    time.sleep(RESTART_SECONDS)
    found[0].start()
    return is_taken_over(product, at)


def orphan_child(product: Product, drawn: Random) -> bool:
    """Kill a worker alone; Celery has the system kill the child of one that dies, in mid-plan."""
    (worker, _), at = busy_worker(product), now()
    orphans = worker.children()
    worker.kill(alone=True)
    time.sleep(RESTART_SECONDS)
    worker.start()
    _, left = psutil.wait_procs(orphans, timeout=2 * LEASE_SECONDS)
    for one in left:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    return is_taken_over(product, at)


def kill_child(product: Product, drawn: Random) -> bool:
    """Kill the child that does the work, as a machine short of memory does."""
    found, at = busy_worker(product), now()
    with suppress(psutil.NoSuchProcess):
        found[1].kill()
    return is_taken_over(product, at)


def freeze_child(product: Product, drawn: Random) -> bool:
    """Let a child stand still until others have taken over what it holds; then it goes on."""
    found, at = busy_worker(product), now()
    with frozen(found[1].pid):
        has_hit = is_taken_over(product, at)
    # No other fault takes from it what it still wants to write.
    let_end(found[1])
    return has_hit


def freeze_two_children(product: Product, drawn: Random) -> bool:
    """Let two stand still until both have lost their parts, the first of which may be done.

    Of one plan, as long as the second is open, the first would be written twice but for its fence.
    """
    found, at = busy_workers(product, 2), now()
    with ExitStack() as stack:
        for _, child in found:
            stack.enter_context(frozen(child.pid))
        has_hit = is_taken_over(product, at, parts=len(found))
    for _, child in found:
        let_end(child)
    return has_hit


def kill_sweeper(product: Product, drawn: Random) -> bool:
    """Kill one of the two sweepers while there is something for it to send."""
    sweeper = drawn.choice(product.sweepers)
    wait_in(product, _UNSENT)
    with frozen(sweeper.pid):
        has_hit = product.postgres.wait_for(_UNSENT, _GLANCE_SECONDS) is not None
        sweeper.kill()
    time.sleep(RESTART_SECONDS)
    sweeper.start()
    return has_hit
