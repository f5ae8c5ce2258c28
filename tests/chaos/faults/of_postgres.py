"""Faults of PostgreSQL and of the disk below it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.product import Product

AWAY_SECONDS = 60.0
#: For so long one waits for a transaction to break.
BUSY_WITHIN_SECONDS = 30.0
FULL_SECONDS = 8.0
#: Finds who is in the middle of a transaction that writes.
WRITING = "SELECT pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
#: What PostgreSQL says then.
NO_ROOM = b"No space left on device"


def restart(product: Product, drawn: Random) -> bool:
    """Stop it in the middle of a transaction and start it again."""
    writing = product.postgres.wait_for(WRITING, BUSY_WITHIN_SECONDS)
    product.postgres.stop_at_once()
    product.postgres.start()
    return writing is not None


def go_away(product: Product, drawn: Random) -> bool:
    """Stop it for a minute."""
    product.postgres.stop_at_once()
    time.sleep(AWAY_SECONDS)
    product.postgres.start()
    return True


def half_open(product: Product, drawn: Random) -> bool:
    """Lose the network to it without a word; whoever waits is told of it only later."""
    return product.postgres.wire.half_open(drawn.uniform(2.0, 5.0))


def fill_disk(product: Product, drawn: Random) -> bool:
    """Fill its disk until it can write nothing more, and make room again."""
    disk, log = product.postgres.disk, product.postgres.program.log
    before = log.stat().st_size
    disk.fill()
    try:
        time.sleep(FULL_SECONDS)
    finally:
        disk.free()
    product.postgres.heal()
    return NO_ROOM in log.read_bytes()[before:]
