"""What 1,000,000 villages and 500 workers need: simulated from costs measured on one machine.

    python -m tests.benchmarks.simulate_nation --villages 1000000 --workers 500

A heap of events, no chance: whoever asks writes runs branch by branch, the sweeper sends what the
queue has room for, workers claim, read, think, renew and save. PostgreSQL is so many cores that
serve one statement after another, Redis is one. `--before` simulates the product as it was: one
process asks, 64 messages wait at most, and every worker keeps a connection.
"""

from __future__ import annotations

import argparse
import heapq
import json
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import count
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.depth import Depth

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Costs:
    """Seconds of one quiet core for each step, and bytes of each row.

    Thinking is as `bench_nation` measured it in its worker, from 10,000 villages to all 83,762;
    what `bench_nation_tables --costs` writes takes the place of the others.
    """

    think_a_village: float = 0.034
    ask_a_branch: float = 0.12
    ask_a_branch_in_database: float = 0.03
    connect: float = 0.004
    claim_and_read: float = 0.012
    save_a_village: float = 0.0006
    renew: float = 0.002
    send: float = 0.001
    sweep: float = 0.01
    sweep_a_waiting_batch: float = 0.00002
    queue_operation: float = 0.0001
    beat: float = 0.006
    queue_message_bytes: int = 1000
    bytes_a_village: int = 1500


@dataclass(frozen=True)
class Setting:
    """What is simulated."""

    villages: int = 1_000_000
    workers: int = 500
    villages_a_branch: int = 163
    hands: int = 8
    database_cores: int = 8
    keeps_connections: bool = False
    fixed_depth: int | None = None
    lease_seconds: float = 30.0
    sweep_every: float = 1.0
    worker_children: int = 8
    costs: Costs = field(default_factory=Costs)

    @property
    def branches(self) -> int:
        return ceil(self.villages / self.villages_a_branch)


class Server:
    """So many cores that serve what comes in its order."""

    def __init__(self, cores: int) -> None:
        self.free = [0.0] * cores
        self.busy = 0.0
        self.longest_wait = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """Serve a request that comes now; tell when it is answered."""
        start = max(now, heapq.heappop(self.free))
        self.longest_wait = max(self.longest_wait, start - now)
        self.busy += seconds
        heapq.heappush(self.free, start + seconds)
        return start + seconds


class Nation:
    """One plan of the nation, from the first branch asked for to the last village planned."""

    def __init__(self, setting: Setting) -> None:
        self.set, self.costs = setting, setting.costs
        self.database, self.redis = Server(setting.database_cores), Server(1)
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.numbers = count()
        self.waiting: deque[int] = deque()  # batches asked for and not sent
        self.queue: deque[int] = deque()
        self.idle = setting.workers
        self.depth = Depth()
        self.to_ask, self.done = setting.branches, 0
        self.connected = self.most_connected = 0
        self.most_queue = self.claims = self.renewals = 0
        self.asked_at = self.over_at = self.thought = self.longest_sweep = 0.0

    def run(self) -> None:
        for _ in range(self.set.hands):
            self._at(0.0, self._ask)
        self._at(0.0, self._sweep)
        while self.events and self.done < self.set.branches:
            now, _, act = heapq.heappop(self.events)
            act(now)
            self.over_at = now

    def _at(self, when: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self.events, (when, next(self.numbers), act))

    def _use(self, now: float, seconds: float) -> float:
        """Have the database do something over a connection of one's own for so long."""
        self.connected += 1
        self.most_connected = max(self.most_connected, self.connected)
        end = self.database.serve(now, seconds)
        self._at(end, self._leave)
        return end

    def _leave(self, _now: float) -> None:
        self.connected -= 1

    def _ask(self, now: float) -> None:
        if not self.to_ask:
            return
        self.to_ask -= 1
        own = self.costs.ask_a_branch - self.costs.ask_a_branch_in_database
        end = self._use(now + own, self.costs.ask_a_branch_in_database)
        self._at(end, self._asked)

    def _asked(self, now: float) -> None:
        self.waiting.append(self.set.villages_a_branch)
        self.asked_at = now
        self._ask(now)

    def _sweep(self, now: float) -> None:
        self.depth.look(len(self.queue))
        room = max(0, (self.set.fixed_depth or self.depth.most) - len(self.queue))
        looking = self.costs.sweep + self.costs.sweep_a_waiting_batch * len(self.waiting)
        end = self._use(now, looking)
        sent = min(room, len(self.waiting))
        self.depth.left = len(self.queue) + sent  # as the sweeper reckons
        for _ in range(sent):
            end = self.redis.serve(end + self.costs.send, self.costs.queue_operation)
            self._at(end, self._sent)
        self.longest_sweep = max(self.longest_sweep, end - now)
        self._at(end + self.set.sweep_every, self._sweep)

    def _sent(self, now: float) -> None:
        if self.waiting:
            self.queue.append(self.waiting.popleft())
            self.most_queue = max(self.most_queue, len(self.queue))
            self._take(now)

    def _take(self, now: float) -> None:
        if not self.idle or not self.queue:
            return
        self.idle -= 1
        villages = self.queue.popleft()
        self.claims += 1
        told = self.redis.serve(now, self.costs.queue_operation)
        connecting = 0.0 if self.set.keeps_connections else 2 * self.costs.connect
        read = self._use(told, self.costs.claim_and_read + connecting)
        thinking = villages * self.costs.think_a_village
        self.thought += thinking
        for number in range(1, int(thinking / (self.set.lease_seconds / 3)) + 1):
            self._at(read + number * self.set.lease_seconds / 3, self._renew)
        self._at(read + thinking, lambda now: self._save(now, villages))

    def _renew(self, now: float) -> None:
        self.renewals += 1
        self._use(now, self.costs.renew)

    def _save(self, now: float, villages: int) -> None:
        connecting = 0.0 if self.set.keeps_connections else self.costs.connect
        end = self._use(now, connecting + villages * self.costs.save_a_village)
        self._at(end, self._saved)

    def _saved(self, now: float) -> None:
        self.done += 1
        self.idle += 1
        self._take(now)

    def connections(self) -> int:
        """Tell how many connections the product opens at once: its own, and those of workers."""
        beside = 2 + 15 * 2  # sweeper, command, two processes of a web
        kept = self.set.workers if self.set.keeps_connections else 0
        return beside + max(kept, self.most_connected) + self.set.hands

    def tell(self) -> None:
        """Print what came out."""
        one, seconds = self.set, self.over_at
        beats = one.workers / one.worker_children / 15
        shares = {
            "workers": self.thought / one.workers / seconds,
            "asking": one.branches * self.costs.ask_a_branch / one.hands / seconds,
            "database": self.database.busy / one.database_cores / seconds,
            "Redis": self.redis.busy / seconds,
        }
        told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
        print(
            f"{one.villages:,} villages, {one.branches:,} branches, {one.workers} workers,"
            f" {one.hands} hands, {one.database_cores} cores of the database:\n"
            f"  {seconds:,.0f} s, {one.villages / seconds:,.0f} villages/s;"
            f" asked for by {self.asked_at:,.0f} s\n"
            f"  busy: {told}; so {max(shares, key=lambda name: shares[name])} saturates first\n"
            f"  connections at once {self.connections()}; {self.claims / seconds:.1f} claims/s,"
            f" {self.renewals / seconds:.1f} renewals/s, {beats:.1f} beats/s\n"
            f"  a statement waits {self.database.longest_wait:.2f} s at most,"
            f" a sweep takes {self.longest_sweep:.2f} s at most\n"
            f"  Redis: {self.most_queue} messages,"
            f" {self.most_queue * self.costs.queue_message_bytes / 1e6:.2f} MB;"
            f" {one.villages * self.costs.bytes_a_village / 1e9:.1f} GB of rows"
        )


def simulated(setting: Setting) -> Nation:
    """Simulate one setting to its end."""
    made = Nation(setting)
    made.run()
    return made


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--villages", type=int, default=1_000_000)
    words.add_argument("--workers", type=int, default=500)
    words.add_argument("--hands", type=int, default=8)
    words.add_argument("--database-cores", type=int, default=8)
    words.add_argument("--villages-a-branch", type=int, default=163)
    words.add_argument("--before", action="store_true")
    words.add_argument("--costs", type=Path, help="What bench_nation_tables has measured.")
    told = vars(words.parse_args())
    is_before, measured = told.pop("before"), told.pop("costs")
    costs = json.loads(measured.read_text(encoding="utf-8")) if measured else {}
    setting = Setting(**told, costs=Costs(**costs))
    if is_before:
        setting = replace(setting, hands=1, keeps_connections=True, fixed_depth=64)
    simulated(setting).tell()


if __name__ == "__main__":
    main()
