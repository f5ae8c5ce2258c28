"""The whole product as many processes: webs, workers, sweepers, their PostgreSQL and Redis."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.request import urlopen

from outreach.config import ROOT
from outreach.migrations import upgrade
from tests.acceptance.many import SWEEPER, WORKER
from tests.chaos.programs import Program, until
from tests.chaos.servers import Postgres, Redis
from tests.chaos.wires import Wire
from tests.chaos.wishes import Wishes
from tests.conftest import free_port
from tests.processes import WEB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: Short, so that what a dead worker held is soon taken up by another.
LEASE_SECONDS = 4


@dataclass
class Web:
    """A gunicorn, and the wire that people reach it by."""

    program: Program
    wire: Wire

    def start(self) -> None:
        until(self._is_up, f"{self.program.name} does not answer")

    def _is_up(self) -> bool:
        self.program.start()  # again, should it have ended meanwhile
        with urlopen(f"http://127.0.0.1:{self.wire.far_port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)


@dataclass
class Product:
    """All that runs; faults are done to it, and each leaves it whole again."""

    folder: Path
    postgres: Postgres
    redis: Redis
    webs: list[Web]
    workers: list[Program]
    sweepers: list[Program]
    wishes: Wishes = field(default_factory=Wishes)
    #: All work is over: no fault waits for any more of it.
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def ports(self) -> list[int]:
        """Where people and phones reach the webs."""
        return [web.wire.port for web in self.webs]

    def programs(self) -> list[Program]:
        """Everything of ours that is no server."""
        return [*self.workers, *self.sweepers, *(web.program for web in self.webs)]

    def start(self) -> None:
        for program in self.programs():
            program.start()
        for web in self.webs:
            web.start()

    def heal(self) -> None:
        """Start whatever is down."""
        self.redis.start()
        self.postgres.heal()
        self.start()

    def remove(self) -> None:
        for program in self.programs():
            program.tell_to_end()
        for program in self.programs():
            program.end()
        for web in self.webs:
            web.wire.close()

    def logs(self, most: int = 3000) -> str:
        """Tell how all logs end, each below its name."""
        files = sorted(self.folder.glob("*.log"))
        return "".join(f"== {file.stem}\n{file.read_text()[-most:]}\n" for file in files)


@contextmanager
def servers(folder: Path, *, own_disk: bool) -> Iterator[tuple[Postgres, Redis]]:
    """Bring PostgreSQL with all tables and Redis up; take them away afterwards."""
    postgres, redis = Postgres.make(folder, own_disk=own_disk), Redis.make(folder)
    try:
        postgres.start()
        redis.start()
        upgrade(postgres.engine)
        yield postgres, redis
    finally:
        redis.remove()
        postgres.remove()


@contextmanager
def product(
    folder: Path, postgres: Postgres, redis: Redis, *, workers: int, broken: str = ""
) -> Iterator[Product]:
    """Start two webs, the workers and two sweepers upon them; end them all afterwards.

    `broken` names the wall that each program goes without.
    """
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": postgres.url(by_wire=True),
        "REDIS_URL": redis.url,
        "SECRET_KEY": "chaos-" * 8,
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "DEMO": "0",
        "LOCALE": "en",
        "WEB_WORKERS": "1",
        "TASK_WORKERS": "1",
    }

    def program(name: str, command: Sequence[str], **more: str) -> Program:
        return Program(name, [*STARTED, broken, *command], {**given, **more}, folder)

    made = Product(folder, postgres, redis, [], [], [])
    for number in range(2):
        port = free_port()
        told = {"PORT": str(port), "VAR_DIR": str(folder / f"machine-{number}")}
        made.webs.append(Web(program(f"web-{number}", WEB, **told), Wire(port)))
    for number in range(workers):
        command = (*WORKER, "-n", f"w{number}@%h")
        made.workers.append(program(f"worker-{number}", command))
    made.sweepers += [program(f"sweeper-{number}", SWEEPER) for number in range(2)]
    try:
        made.start()
        yield made
    finally:
        made.remove()


#: What starts each program of ours.
STARTED = (sys.executable, "-m", "tests.chaos.started")
