"""Faults of Redis, which may forget everything at any time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.chaos.programs import frozen

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.product import Product

#: Longer than any of our programs waits for an answer of Redis.
SILENT_SECONDS = 6.0


def kill(product: Product, drawn: Random) -> bool:
    """Kill it; it comes back with nothing in it."""
    product.redis.program.kill()
    time.sleep(drawn.uniform(0.2, 2.0))
    product.redis.start()
    return True


def flush(product: Product, drawn: Random) -> bool:
    """Let it forget everything."""
    product.redis.forget_all()
    return True


def freeze(product: Product, drawn: Random) -> bool:
    """Let it stand still: its connections stay, nothing answers."""
    process = product.redis.program.process
    if process is None:
        return False
    with frozen(process.pid):
        time.sleep(SILENT_SECONDS)
    return True


def half_open(product: Product, drawn: Random) -> bool:
    """Lose the network to it without a word."""
    return product.redis.wire.half_open(SILENT_SECONDS)
