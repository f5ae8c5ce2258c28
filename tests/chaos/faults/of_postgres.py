"""Faults of PostgreSQL and of the disk below it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.chaos.faults.aim import wait_in
from tests.chaos.servers import WRITING

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.product import Product

AWAY_SECONDS = 60.0
FULL_SECONDS = 8.0
#: What PostgreSQL says then.
NO_ROOM = b"No space left on device"


def restart(product: Product, drawn: Random) -> bool:
    """Stop it in the middle of a transaction and start it again."""
    return _stop_for(product, 0.0)


def go_away(product: Product, drawn: Random) -> bool:
    """Stop it for a minute, in the middle of a transaction as well."""
    return _stop_for(product, AWAY_SECONDS)


def _stop_for(product: Product, seconds: float) -> bool:
    """Stop it while somebody writes; tell whether any of that came to nothing."""
    wait_in(product, WRITING)
    writing = product.postgres.stop_at_once()
    time.sleep(seconds)
    product.postgres.start()
    return product.postgres.came_to_nothing(writing)


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
