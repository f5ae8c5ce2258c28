"""Faults of workers and sweepers."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psutil

from tests.chaos.faults.aim import busy_worker, busy_workers, is_taken_over, let_end
from tests.chaos.product import LEASE_SECONDS
from tests.chaos.programs import frozen

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.product import Product

#: How long whoever looks after programs takes to start one again.
RESTART_SECONDS = 1.0


def kill_worker(product: Product, drawn: Random) -> bool:
    """Kill a worker and its child in mid-plan, as a machine that goes down does."""
    at, found = datetime.now(UTC), busy_worker(product)
    if found is None:
        return False
    worker, _ = found
    worker.kill()
    time.sleep(RESTART_SECONDS)
    worker.start()
    return is_taken_over(product, at)


def orphan_child(product: Product, drawn: Random) -> bool:
    """Kill a worker alone; its child may end what it is at, and nobody takes its word for it."""
    found = busy_worker(product)
    if found is None:
        return False
    worker, _ = found
    orphans = worker.children()
    worker.kill(alone=True)
    time.sleep(RESTART_SECONDS)
    worker.start()
    _, left = psutil.wait_procs(orphans, timeout=2 * LEASE_SECONDS)
    for one in left:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    return True


def kill_child(product: Product, drawn: Random) -> bool:
    """Kill the child that does the work, as a machine short of memory does."""
    at, found = datetime.now(UTC), busy_worker(product)
    if found is None:
        return False
    with suppress(psutil.NoSuchProcess):
        found[1].kill()
    return is_taken_over(product, at)


def freeze_child(product: Product, drawn: Random) -> bool:
    """Let a child stand still until others have taken over what it holds; then it goes on."""
    at, found = datetime.now(UTC), busy_worker(product)
    if found is None:
        return False
    with frozen(found[1].pid):
        has_hit = is_taken_over(product, at)
    # No other fault takes from it what it still wants to write.
    let_end(found[1])
    return has_hit


def freeze_two_children(product: Product, drawn: Random) -> bool:
    """Let two stand still until both have lost their parts, the first of which may be done.

    Of one plan, as long as the second is open, the first would be written twice but for its fence.
    """
    at, found = datetime.now(UTC), busy_workers(product, 2)
    with ExitStack() as stack:
        for _, child in found:
            stack.enter_context(frozen(child.pid))
        has_hit = bool(found) and is_taken_over(product, at, parts=2)
    for _, child in found:
        let_end(child)
    return has_hit


def kill_sweeper(product: Product, drawn: Random) -> bool:
    """Kill one of the two sweepers."""
    sweeper = drawn.choice(product.sweepers)
    sweeper.kill()
    time.sleep(RESTART_SECONDS)
    sweeper.start()
    return True
