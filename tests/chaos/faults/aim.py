"""Takes aim: waits until there is something to break, and sees whether it was hit."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, LiteralString

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.product import Product
    from tests.chaos.programs import Program

    type Busy = tuple[Program, psutil.Process]

#: So long one waits for something to break.
AIM_SECONDS = 120.0
#: So many plans are kept under way that nobody asks for by himself, and one more after each so long
#: in vain; by so much longer a child has worked after a look that takes so long.
_PLANS, _WISH_SECONDS, _LOOK_SECONDS, _WORKED_SECONDS = 2, 15.0, 0.1, 0.02
#: So often what is waited for is looked for, and so long before plans are wished for again.
_TICK_SECONDS, _MOMENT_SECONDS = 0.02, 1.0
#: Who does nothing for so long has nothing to do.
_REST_SECONDS = 3.0
#: Longer than a lease and what sending a batch again takes on a busy machine.
_TAKEN_OVER_SECONDS = 120.0

#: Finds a part that a worker holds.
_PLANNING = "SELECT id FROM batch WHERE state = 'running' AND lease_until > now()"
#: Finds how many parts lost whoever held them then, once there are so many or none is left of those
#: that were held: whoever takes one over begins it anew.
_LOST = (
    "SELECT lost FROM (SELECT count(*) FILTER (WHERE lease_lost_at > %(at)s) AS lost, "
    "count(*) FILTER (WHERE state = 'running' AND started_at <= %(at)s) AS held FROM batch) AS now "
    "WHERE lost >= %(parts)s OR held = 0"
)


class NothingThere(Exception):
    """There was nothing to break within the time: nothing was done, and nothing was missed."""


def wish_until[Found](product: Product, look: Callable[[float], Found | None]) -> Found:
    """Look again and again, for a moment each, until it finds something; keep plans under way.

    Raises
    ------
    NothingThere
        If nothing was found within the time, or there is no more work to find it in.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < AIM_SECONDS and not product.is_over.is_set():
        product.wishes.keep(_PLANS + int(waited / _WISH_SECONDS))
        if found := look(_MOMENT_SECONDS):
            return found
    raise NothingThere


def wait_in(product: Product, query: LiteralString) -> None:
    """Wait until a query finds something; plans are wished for as long as it does not."""
    wish_until(product, lambda seconds: product.postgres.wait_for(query, seconds))


def planning(product: Product) -> None:
    """Wait until a part of a plan is being planned."""
    wait_in(product, _PLANNING)


def waited_for(look: Callable[[], bool], seconds: float) -> bool:
    """Wait for so long until it is so; tell whether it is."""
    until = time.monotonic() + seconds
    while not look():
        if time.monotonic() >= until:
            return False
        time.sleep(_TICK_SECONDS)
    return True


def busy_worker(product: Product) -> Busy:
    """Wait until a worker's child works at a plan; tell both."""
    return busy_workers(product, 1)[0]


def busy_workers(product: Product, number: int) -> list[Busy]:
    """Wait until children of so many workers work at plans; tell them, the busiest first."""

    def look(seconds: float) -> list[Busy]:
        is_held = product.postgres.wait_for(_PLANNING, seconds) is not None
        found = _working(product) if is_held else []
        return found[:number] if len(found) >= number else []

    return wish_until(product, look)


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


def now() -> datetime:
    """Read the clock, which is that of all programs."""
    return datetime.now(UTC)


def is_taken_over(product: Product, at: datetime, parts: int = 1) -> bool:
    """Wait until so many of the parts that were held then were taken over; False if they end."""
    told = {"at": at, "parts": parts}
    lost = product.postgres.wait_for(_LOST, _TAKEN_OVER_SECONDS, told)
    return lost is not None and lost >= parts
