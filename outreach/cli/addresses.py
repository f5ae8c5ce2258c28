"""Where the product that runs here is opened: told to whoever starts it and whoever asks later."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

    from outreach.config import Settings

_WAIT_SECONDS = 1.0


def local_address(settings: Settings) -> str:
    """Write the address at which this machine opens the web that it serves."""
    return f"http://{_written(settings.host)}:{settings.port}"


def own_address(settings: Settings) -> str:
    """Write the address to open: PUBLIC_URL, else where `outreach up` serves now, else PORT.

    Another shell may know nothing of the PORT that the product was started with.
    """
    return settings.public_url or _noted(settings) or local_address(settings)


def note_address(settings: Settings) -> Path:
    """Note where this machine serves, for commands called in another shell."""
    note = _note(settings)
    note.write_text(local_address(settings))
    return note


def _note(settings: Settings) -> Path:
    return settings.var_dir / "address"


def _noted(settings: Settings) -> str:
    """Read the note; one that was left behind by a killed program leads nowhere and is none."""
    with suppress(OSError, ValueError):
        address = _note(settings).read_text().strip()
        told = urlsplit(address)
        where = (told.hostname or "", told.port or 0)
        with socket.create_connection(where, timeout=_WAIT_SECONDS):
            return address
    return ""


def _written(host: str) -> str:
    """Write a host for an address; whoever serves everywhere is found on the machine itself."""
    try:
        told = ip_address(host)
    except ValueError:
        return host
    if told.is_unspecified:
        return "localhost"
    return f"[{told}]" if told.version == 6 else str(told)
