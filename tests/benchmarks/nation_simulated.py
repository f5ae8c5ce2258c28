"""One plan of the nation as events in the order of time, without chance: see `bench_nation_needs`.

Whoever asks writes runs branch by branch, the sweeper sends what the queue has room for, workers
claim, read, think, renew, save and beat. PostgreSQL is so many cores that serve one statement
after another, Redis is one.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import inf
from typing import TYPE_CHECKING

from tasks.depth import Depth

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.nation_costs import Setting

type Act = Callable[[], None]

#: On cores that all share nobody thinks longer at a stretch while others wait.
SHARED_SLICE_SECONDS = 0.02


class Clock:
    """What is to happen, in the order of time; what is due at the same moment, as it was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Act]] = []
        self._numbers = count()

    def after(self, seconds: float, act: Act) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), act))

    @property
    def is_over(self) -> bool:
        return not self._events

    def step(self) -> None:
        self.now, _, act = heapq.heappop(self._events)
        act()


@dataclass
class Job:
    """Something a core is busy with for so many seconds."""

    came: float
    left: float
    then: Act
    is_begun: bool = False


class Server:
    """So many cores that serve what comes, first come first served."""

    def __init__(self, clock: Clock, cores: int, slice_seconds: float = inf) -> None:
        self.clock, self.cores, self.slice = clock, cores, slice_seconds
        self.idle = cores
        self.waiting: deque[Job] = deque()
        self.busy = self.longest_wait = 0.0

    def serve(self, seconds: float, then: Act) -> None:
        """Work on a request that comes now, as soon as a core is free; act when it is done."""
        self.waiting.append(Job(self.clock.now, seconds, then))
        self._begin()

    def _begin(self) -> None:
        while self.idle and self.waiting:
            self.idle -= 1
            job = self.waiting.popleft()
            if not job.is_begun:
                job.is_begun = True
                self.longest_wait = max(self.longest_wait, self.clock.now - job.came)
            piece = min(self.slice, job.left)
            self.busy += piece
            self.clock.after(piece, partial(self._end, job, piece))

    def _end(self, job: Job, piece: float) -> None:
        self.idle += 1
        job.left -= piece
        if job.left > 0:
            self.waiting.append(job)
        self._begin()
        if job.left <= 0:
            job.then()

    def share(self, seconds: float) -> float:
        """Tell how much of so many seconds the cores were busy, 0 to 1."""
        return self.busy / self.cores / seconds


class Nation:
    """One plan of the nation, from the first branch asked for to the last village planned."""

    def __init__(self, setting: Setting) -> None:
        self.set, self.costs = setting, setting.costs
        self.clock = Clock()
        self._staff()
        self.waiting: deque[int] = deque()  # batches asked for and not sent, by their number
        self.queue: deque[int] = deque()
        self.thinking: set[int] = set()
        self.idle = setting.workers
        self.depth = Depth()
        self.asked = self.done = 0
        self.connected = self.most_connected = 0
        self.most_queue = self.claims = self.renewals = self.beats = 0
        self.asked_at = self.over_at = self.longest_sweep = 0.0

    def _staff(self) -> None:
        one, clock = self.set, self.clock
        machine = Server(clock, one.shared_cores, SHARED_SLICE_SECONDS)
        own = (one.database_cores, 1, one.workers, one.hands, 1)
        self.database, self.redis, self.workers, self.asking, self.sweeper = (
            machine if one.shared_cores else Server(clock, cores) for cores in own
        )

    def run(self) -> None:
        for _ in range(self.set.hands):
            self._ask()
        self._sweep()
        self._regularly(self.set.tidy_every, self.costs.tidy)
        self._regularly(self.set.watch_every, self.costs.watch)
        self._beat()
        while self.done < self.set.branches:
            self.clock.step()
        self.over_at = self.clock.now

    def _use(self, seconds: float, then: Act, *, anew: int = 0) -> None:
        """Have the database do something over a connection; `anew` ones are made for it."""
        made = 0 if self.set.keeps_connections else anew
        self.connected += 1
        self.most_connected = max(self.most_connected, self.connected)
        self.database.serve(seconds + made * self.costs.connect, partial(self._leave, then))

    def _leave(self, then: Act) -> None:
        self.connected -= 1
        then()

    def _ask(self) -> None:
        if self.asked == self.set.branches:
            return
        self.asked += 1
        inside = self.costs.ask_a_branch_in_database
        written = partial(self._written, self.asked)
        self.asking.serve(self.costs.ask_a_branch - inside, lambda: self._use(inside, written))

    def _written(self, batch: int) -> None:
        self.waiting.append(batch)
        self.asked_at = self.clock.now
        self._ask()

    def _sweep(self) -> None:
        begun = self.clock.now
        self.depth.look(len(self.queue))
        room = max(0, (self.set.fixed_depth or self.depth.most) - len(self.queue))
        looking = self.costs.sweep + self.costs.sweep_a_waiting_batch * len(self.waiting)
        counted = len(self.queue)
        self._use(looking, lambda: self._found(min(room, len(self.waiting)), counted, begun))

    def _found(self, sent: int, counted: int, begun: float) -> None:
        self.depth.left = counted + sent  # as the sweeper reckons
        self._send(sent, begun)

    def _send(self, left: int, begun: float) -> None:
        if left:
            sent = partial(self._sent, left - 1, begun)
            seconds = self.costs.queue_operation
            self.sweeper.serve(self.costs.send, lambda: self.redis.serve(seconds, sent))
            return
        self.longest_sweep = max(self.longest_sweep, self.clock.now - begun)
        self.clock.after(self.set.sweep_every, self._sweep)

    def _sent(self, left: int, begun: float) -> None:
        self.queue.append(self.waiting.popleft())
        self.most_queue = max(self.most_queue, len(self.queue))
        self._take()
        self._send(left, begun)

    def _take(self) -> None:
        if not self.idle or not self.queue:
            return
        self.idle -= 1
        self.claims += 1
        read = partial(self._read, self.queue.popleft())
        seconds = self.costs.claim_and_read
        # To claim and to read are two units of work.
        self.redis.serve(self.costs.queue_operation, lambda: self._use(seconds, read, anew=2))

    def _read(self, batch: int) -> None:
        self.thinking.add(batch)
        self.clock.after(self.set.lease_seconds / 3, partial(self._renew, batch))
        seconds = self.set.villages_a_branch * self.costs.think_a_village
        self.workers.serve(seconds, partial(self._save, batch))

    def _renew(self, batch: int) -> None:
        if batch in self.thinking:
            self.renewals += 1
            self._use(self.costs.renew, _nothing, anew=1)
            self.clock.after(self.set.lease_seconds / 3, partial(self._renew, batch))

    def _save(self, batch: int) -> None:
        self.thinking.remove(batch)
        seconds = self.set.villages_a_branch * self.costs.save_a_village
        self._use(seconds, self._saved, anew=1)

    def _saved(self) -> None:
        self.done += 1
        self.idle += 1
        self._take()

    def _regularly(self, every: float, seconds: float) -> None:
        self._use(seconds, _nothing)
        self.clock.after(every, lambda: self._regularly(every, seconds))

    def _beat(self) -> None:
        """Let one worker say that it lives; they do so one after the other."""
        self.beats += 1
        self._use(self.costs.beat, _nothing)
        self.clock.after(self.set.beat_every / self.set.worker_machines, self._beat)

    def connections(self) -> int:
        """Tell how many connections were open at once, with those that are kept open."""
        one = self.set
        kept = one.workers if one.keeps_connections else 0
        return max(kept, self.most_connected) + one.connections_beside

    def shares(self) -> dict[str, float]:
        """Tell how busy each was, 0 to 1."""
        staff = {
            "workers": self.workers,
            "asking": self.asking,
            "database": self.database,
            "Redis": self.redis,
        }
        return {name: server.share(self.over_at) for name, server in staff.items()}


def _nothing() -> None:
    pass


def simulated(setting: Setting) -> Nation:
    """Simulate one setting to its end."""
    made = Nation(setting)
    made.run()
    return made
