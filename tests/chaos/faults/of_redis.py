"""Faults of Redis, which may forget everything at any time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.chaos.faults.aim import waited_for, wish_until
from tests.chaos.programs import frozen

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.product import Product

#: Longer than any of our programs waits for an answer of Redis.
SILENT_SECONDS = 6.0
#: So long one waits for a message that no worker has taken; then one that has been taken will do.
QUEUED_WITHIN_SECONDS = 5.0


def kill(product: Product, drawn: Random) -> bool:
    """Kill it; it comes back with nothing in it."""
    _messages(product)
    product.redis.program.kill()
    time.sleep(drawn.uniform(0.2, 2.0))
    product.redis.start()
    return True


def flush(product: Product, drawn: Random) -> bool:
    """Let it forget everything."""
    _messages(product)
    return any(product.redis.messages(forget=True))


def freeze(product: Product, drawn: Random) -> bool:
    """Let it stand still: its connections stay, nothing answers."""
    _messages(product)
    with frozen(product.redis.program.pid):
        time.sleep(SILENT_SECONDS)
    return any(product.redis.messages())


def half_open(product: Product, drawn: Random) -> bool:
    """Lose the network to it without a word."""
    _messages(product)
    return product.redis.wire.half_open(SILENT_SECONDS)


def _messages(product: Product) -> None:
    """Wait until it holds a message: best one that nobody has taken, for then it alone knows it."""

    began = time.monotonic()

    def is_there() -> bool:
        queued, taken = product.redis.messages()
        return queued > 0 or (taken > 0 and time.monotonic() - began > QUEUED_WITHIN_SECONDS)

    wish_until(product, lambda seconds: waited_for(is_there, seconds))
