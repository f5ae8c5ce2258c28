"""A PostgreSQL that is gone without a word holds up nobody for long."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from outreach.db import WEB, make_engine
from tests.chaos.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="of Linux alone"),
]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server reached over TCP, as one of another machine is; those of other tests are not."""
    server = Postgres.make(tmp_path, own_disk=False)
    try:
        server.start()
        yield server.url(by_wire=False)
    finally:
        server.remove()


def _option(url: str, name: int) -> int:
    engine = make_engine(url, WEB)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.fileno())) as seen:
            told = seen.getsockopt(socket.IPPROTO_TCP, name)
    engine.dispose()
    return told


def test_who_waits_for_a_vanished_server_gives_up_within_half_a_minute(url: str) -> None:
    silent = _option(url, socket.TCP_KEEPIDLE)
    asked = _option(url, socket.TCP_KEEPINTVL) * _option(url, socket.TCP_KEEPCNT)
    assert silent + asked <= 30
    assert 0 < _option(url, socket.TCP_USER_TIMEOUT) <= 30_000
    # The URL has the last word here too.
    assert _option(f"{url}?tcp_user_timeout=7000", socket.TCP_USER_TIMEOUT) == 7000
