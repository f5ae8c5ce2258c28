"""Draws faults from a seed and does them one after the other while people work."""

from __future__ import annotations

import threading
import time
import traceback
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Self

from tests.chaos.faults import FAULTS
from tests.chaos.faults.aim import NothingThere

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from tests.chaos.product import Product


#: A fault that took aim and hit nothing is tried again so often.
MOST_TRIES = 5
#: So long in all one waits for something to break: this long no plan was asked for, nothing sent.
MOST_WAITED_SECONDS = 1800.0


def rounds(seed: int, names: Sequence[str]) -> Iterator[str]:
    """Draw all faults in some order, then all in another, for ever; the same for the same seed."""
    drawn = Random(seed)
    while True:
        yield from drawn.sample(sorted(names), len(names))


#: Where an outcome is counted, and the words for it in the log.
_COUNTED = {
    True: ("done", ""),
    False: ("missed", ", hit nothing"),
    None: ("idle", ", nothing there to break"),
}


class Nemesis(threading.Thread):
    """Does faults until each has hit once, and goes on until the work beside it is over.

    Attributes
    ----------
    done, missed, idle
        How often which fault hit what it was meant for, how often it aimed and did not, and how
        often there was nothing to break.
    is_through
        Each has hit, or nothing comes any more.
    failed
        Why nothing comes any more.
    """

    def __init__(self, product: Product, seed: int, names: Sequence[str], pause: float) -> None:
        super().__init__(daemon=True)
        self._product = product
        self._seed = seed
        self._names = names
        self.pause = pause
        self._is_given_up = threading.Event()
        self.is_through = threading.Event()
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.idle: Counter[str] = Counter()
        self._waited = 0.0
        self.failed = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        """Let it end what it is at; unless all is given up, not before each fault has hit."""
        if kind is not None:
            self._is_given_up.set()
        self._product.is_over.set()
        self.join()

    def run(self) -> None:
        try:
            self._break_all()
        except Exception:  # noqa: BLE001 - told with the seed's outcome
            self.failed = traceback.format_exc()
        finally:
            self.is_through.set()

    @property
    def share(self) -> float:
        """How much of the faults has hit or is at hand, up to 1."""
        return 1.0 if self.is_through.is_set() else (len(self.done) + 1) / len(self._names)

    def _break_all(self) -> None:
        drawn = Random(self._seed + 1)
        began = time.monotonic()
        for name in rounds(self._seed, self._names):
            if self._product.is_over.is_set() and self.is_through.is_set():
                return
            if name in self.done and not self.is_through.is_set():
                continue
            if self._is_given_up.wait(drawn.uniform(0.5, 1.5) * self.pause):
                return
            self._note(name, began, *self._timed(name, drawn))

    def _timed(self, name: str, drawn: Random) -> tuple[float, bool | None]:
        """Do a fault; tell when it began and whether it hit, None where it had nothing to."""
        at = time.monotonic()
        try:
            return at, FAULTS[name](self._product, drawn)
        except NothingThere:
            return at, None

    def _note(self, name: str, began: float, at: float, has_hit: bool | None) -> None:
        took = time.monotonic() - at
        counted, words = _COUNTED[has_hit]
        getattr(self, counted)[name] += 1
        with (self._product.folder / "faults.log").open("a") as log:
            log.write(f"{at - began:7.1f} s: {name}, {took:.1f} s{words}\n")
        if len(self.done) == len(self._names):
            self.is_through.set()
        elif name not in self.done:
            self._give_up(name, took if has_hit is None else 0.0)

    def _give_up(self, name: str, waited: float) -> None:
        """End it once a fault has missed too often, or too long there was nothing to break."""
        self._waited += waited
        if self.missed[name] >= MOST_TRIES:
            raise TimeoutError(f"{name} hit nothing {MOST_TRIES} times")
        if self._waited > MOST_WAITED_SECONDS or (waited and self._product.is_over.is_set()):
            raise TimeoutError(f"nothing was there to break for {self._waited:.0f} s, now: {name}")
