"""Where the product that runs here is opened: told to whoever starts it and whoever asks later."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from outreach.config import Settings


def local_address(settings: Settings) -> str:
    """Write the address at which this machine opens the web that it serves."""
    return f"http://{_written(settings.host)}:{settings.port}"


def own_address(settings: Settings) -> str:
    """Write the address to open: PUBLIC_URL, else where `outreach up` serves now, else PORT.

    Another shell may know nothing of the PORT that the product was started with.
    """
    return settings.public_url or _noted(settings) or local_address(settings)


@contextmanager
def noted_address(settings: Settings) -> Iterator[None]:
    """Note where this machine serves, for commands called in another shell, as long as it does.

    The note is locked, and a lock ends with its program however that ends: a port that somebody
    else got meanwhile is never told as ours. Where no note can be written, there is none.
    """
    with ExitStack() as held:
        with suppress(OSError):
            _note(settings).unlink(missing_ok=True)  # what a killed `up` left running may hold it
            file = held.enter_context(_note(settings).open("wb", buffering=0))
            flock(file, LOCK_SH)
            file.write(local_address(settings).encode())
        yield


def _note(settings: Settings) -> Path:
    return settings.var_dir / "address"


def _noted(settings: Settings) -> str:
    """Read the note; one that nobody holds was left behind and is none."""
    with suppress(OSError), _note(settings).open() as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return file.read()
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
