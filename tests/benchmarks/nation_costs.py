"""What each step of planning the nation costs, and where each number is from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import ceil
from typing import Any

from outreach.db import SWEEPER, WEB, WORKER

#: Which line of which benchmark tells a number.
TABLES = "bench_nation_tables, "
#: Only a busy machine was at hand, on which all that is known took three times as long.
BUSY = "assumed, a third of what a busy machine told: " + TABLES


def _cost(usual: float, source: str) -> Any:
    return field(default=usual, metadata={"from": source})


@dataclass(frozen=True)
class Costs:
    """Seconds of one core for each step, and bytes.

    What `bench_nation_tables --costs=FILE` writes takes the place of what stands here. It measures
    by the clock, so that a busy machine tells several times too much. Steps of the sweeper and of
    the command's watching count as the database's as a whole, though most of them is their own.
    """

    think_a_village: float = _cost(0.034, "bench_nation, ms a village of a worker")
    ask_a_branch: float = _cost(0.12, TABLES + "ask for a branch")
    ask_a_branch_in_database: float = _cost(0.03, TABLES + "ask for a branch, in statements")
    connect: float = _cost(0.004, TABLES + "connect anew")
    claim_and_read: float = _cost(0.012, TABLES + "claim, read a question, in statements")
    save_a_village: float = _cost(0.0006, TABLES + "save a plan, in statements")
    renew: float = _cost(0.002, TABLES + "renew a lease, in statements")
    send: float = _cost(0.001, TABLES + "send a message")
    sweep: float = _cost(0.01, TABLES + "sweep, nothing to send")
    sweep_a_waiting_batch: float = _cost(0.00002, TABLES + "sweep, up to 1,024")
    tidy: float = _cost(0.12, TABLES + "tidy, all of its lines")
    watch: float = _cost(0.05, BUSY + "progress of the nation")
    beat: float = _cost(0.015, BUSY + "beat")
    queue_operation: float = _cost(0.0001, TABLES + "send a message, Redis's processor")
    queue_message_bytes: float = _cost(894, TABLES + "send a message, bytes")
    bytes_a_village: float = _cost(1000, "bench_nation, bytes a village of its five tables")
    worker_bytes: float = _cost(531e6, "bench_nation, memory of a worker process")

    def sources(self) -> dict[str, tuple[float, str]]:
        """Tell each number and where it is from, by its name."""
        told = {one.name: one.metadata["from"] for one in fields(self)}
        return {name: (getattr(self, name), source) for name, source in told.items()}


@dataclass(frozen=True)
class Setting:
    """What is asked for, and what there is to do it.

    With `shared_cores` all programs share so many, as on the machine of `bench_nation`; else each
    worker, each hand that asks and the sweeper have a core of their own, and so has Redis.
    """

    villages: int = 1_000_000
    workers: int = 500
    villages_a_branch: int = 163
    hands: int = 8
    database_cores: int = 8
    shared_cores: int = 0
    keeps_connections: bool = False
    fixed_depth: int | None = None
    lease_seconds: float = 30.0
    sweep_every: float = 1.0
    tidy_every: float = 10.0
    watch_every: float = 2.0
    beat_every: float = 15.0
    worker_children: int = 8
    web_processes: int = 4
    sweepers: int = 2
    costs: Costs = field(default_factory=Costs)

    @property
    def branches(self) -> int:
        return ceil(self.villages / self.villages_a_branch)

    @property
    def worker_machines(self) -> int:
        """How many workers' main processes there are, each of which beats."""
        return ceil(self.workers / self.worker_children)

    @property
    def connections_beside(self) -> int:
        """How many connections others than workers may hold: webs, sweepers, who asks."""
        webs = self.web_processes * WEB.connections
        return webs + self.sweepers * SWEEPER.connections + self.hands + 1

    @property
    def connections_bound(self) -> int:
        """How many connections there can never be more of, as the README reckons them."""
        workers = self.workers * WORKER.connections + self.worker_machines
        return workers + self.connections_beside
