"""Takes aim: waits until there is something to break, and sees whether it was hit."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from tests.chaos.product import LEASE_SECONDS

if TYPE_CHECKING:
    from datetime import datetime

    from tests.chaos.product import Product
    from tests.chaos.programs import Program

    type Busy = tuple[Program, psutil.Process]

#: So long one waits for something to break.
AIM_SECONDS = 120.0
#: So often a plan is wished for that nobody asks for by himself, and by so much longer a child has
#: worked after a look that takes so long.
_WISH_SECONDS, _LOOK_SECONDS, _WORKED_SECONDS = 3.0, 0.1, 0.02
#: Who does nothing for so long has nothing to do.
_REST_SECONDS = 3.0
#: Longer than a lease and what sending a batch again takes on a busy machine.
_TAKEN_OVER_SECONDS = 120.0

#: Finds a part that somebody thinks about: its lease was renewed since it was claimed.
_PLANNING = (
    "SELECT id FROM batch WHERE state = 'running' "
    f"AND lease_until > started_at + interval '{LEASE_SECONDS} seconds'"
)
#: Finds how many lost what they held, once there are so many or nobody holds anything any more.
_LOST = (
    "SELECT lost FROM (SELECT count(*) FILTER (WHERE lease_lost_at > %s) AS lost, "
    "count(*) FILTER (WHERE state = 'running') AS held FROM batch) AS now "
    "WHERE lost >= %s OR held = 0"
)


def planning(product: Product) -> bool:
    """Wait until a part of a plan is being planned; wish for a plan where none is."""
    for _ in range(round(AIM_SECONDS / _WISH_SECONDS)):
        if product.postgres.wait_for(_PLANNING, _WISH_SECONDS) is not None:
            return True
        if product.is_over.is_set():
            break
        product.wishes.release()
    return False


def busy_worker(product: Product) -> Busy | None:
    """Wait until a worker's child works at a plan; tell both."""
    return next(iter(busy_workers(product, 1)), None)


def busy_workers(product: Product, number: int) -> list[Busy]:
    """Wait until children of so many workers work at plans; tell them, the busiest first."""
    deadline = time.monotonic() + AIM_SECONDS
    while time.monotonic() < deadline and planning(product):
        if len(found := _working(product)) >= number:
            return found[:number]
    return []


def _working(product: Product) -> list[Busy]:
    children = [(one, child) for one in product.workers for child in one.children()]
    before = [_worked_seconds(child) for _, child in children]
    time.sleep(_LOOK_SECONDS)
    worked = [
        _worked_seconds(child) - since for (_, child), since in zip(children, before, strict=True)
    ]
    order = sorted(range(len(children)), key=worked.__getitem__, reverse=True)
    return [children[n] for n in order if worked[n] >= _WORKED_SECONDS]


def _worked_seconds(child: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        spent = child.cpu_times()
        return float(spent.user + spent.system)
    return 0.0


def let_end(child: psutil.Process) -> None:
    """Wait until a child rests: it has written, or has not, what it was at."""
    for _ in range(round(AIM_SECONDS / _REST_SECONDS)):
        before = _worked_seconds(child)
        time.sleep(_REST_SECONDS)
        if _worked_seconds(child) - before < _WORKED_SECONDS:
            return


def is_taken_over(product: Product, since: datetime, parts: int = 1) -> bool:
    """Wait until so many lost what they held then, or all that was held is done."""
    return bool(product.postgres.wait_for(_LOST, _TAKEN_OVER_SECONDS, since, parts))
