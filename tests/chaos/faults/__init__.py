"""Everything that is done to the product while people work with it; each fault heals itself.

Each waits until there is something to break – a worker in mid-plan, a message in Redis, an answer
to a phone – and answers whether it hit that; it raises `NothingThere` where nothing came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.faults import of_postgres, of_redis, of_webs, of_workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.chaos.product import Product

    Fault = Callable[[Product, Random], bool]

#: Needs a disk that we may make, which only root may.
DISK_FULL = "disk full"

FAULTS: dict[str, Fault] = {
    "worker killed": of_workers.kill_worker,
    "worker's child killed": of_workers.kill_child,
    "worker orphaned its child": of_workers.orphan_child,
    "worker stood still beyond its lease": of_workers.freeze_child,
    "two workers stood still beyond their leases": of_workers.freeze_two_children,
    "sweeper killed": of_workers.kill_sweeper,
    "Redis killed": of_redis.kill,
    "Redis flushed": of_redis.flush,
    "Redis frozen": of_redis.freeze,
    "Redis half open": of_redis.half_open,
    "PostgreSQL restarted in mid-transaction": of_postgres.restart,
    "PostgreSQL away": of_postgres.go_away,
    "PostgreSQL half open": of_postgres.half_open,
    DISK_FULL: of_postgres.fill_disk,
    "web killed after commit before answer": of_webs.kill_before_answer,
    "web killed": of_webs.kill,
    "web half open": of_webs.half_open,
    "deploy in mid-plan": of_webs.deploy,
}

#: One of each kind of target, the quickest: what the test of a small seed has time for.
QUICK = (
    "worker stood still beyond its lease",
    "Redis flushed",
    "PostgreSQL restarted in mid-transaction",
    "PostgreSQL half open",
    "web killed after commit before answer",
)
