"""Coordinators who ask for plans over the web and do not give up when a page does not come."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import DBAPIError

from outreach.db import reading
from tests.acceptance.many import Browser
from tests.builders import PASSWORD
from tests.chaos.checker import plan_faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from tests.chaos.history import History
    from tests.chaos.nemesis import Nemesis
    from tests.chaos.product import Product
    from tests.chaos.world import Asked

GIVES_UP_SECONDS = 3600.0
#: So often one who has planned looks whether all is over.
_WISHED_SECONDS = 0.5
#: All of them together look this often in a second, as people watch pages.
LOOKS_PER_SECOND = 8.0
#: A page that does not come, or comes with an error.
_TROUBLE = (OSError, HTTPException, DBAPIError, pytest.fail.Exception)


@dataclass
class Patience:
    """How often somebody looks, and until when; `over` ends it for all."""

    wait_seconds: float
    over: threading.Event = field(default_factory=threading.Event)
    until: float = field(default_factory=lambda: time.monotonic() + GIVES_UP_SECONDS)

    @classmethod
    def of(cls, people: int) -> Patience:
        return cls(max(1.0, people / LOOKS_PER_SECOND))

    def insist[Done](self, act: Callable[[], Done | None]) -> Done | None:
        """Do it until it goes well."""
        while time.monotonic() < self.until:
            with suppress(*_TROUBLE):
                if done := act():
                    return done
            if self.over.wait(self.wait_seconds):
                break
        return None


def keep_planning(
    asked: Asked, product: Product, nemesis: Nemesis, history: History, patience: Patience
) -> bool:
    """Plan a stage, and anew whenever a fault wishes for a plan; False once they give up."""
    engine = product.postgres.engine
    browser = Browser(tuple(f"http://127.0.0.1:{port}" for port in product.ports))
    patience.insist(lambda: _log_in(browser, asked.login))
    is_planned = False
    while not (is_planned and nemesis.is_through.is_set()) and not patience.over.is_set():
        if nemesis.is_through.is_set() or product.wishes.acquire(timeout=_WISHED_SECONDS):
            is_planned = _plan(browser, asked, history, patience)
            if not (is_planned and patience.insist(lambda: _look_at(engine, asked, history))):
                return False
    return is_planned


def _log_in(browser: Browser, login: str) -> bool:
    """Log in, unless it was done already and only the page after it never came."""
    browser.get("/login")
    if 'name="password"' in browser.page:
        browser.submit("/login", login=login, password=PASSWORD)
    return True


def _plan(browser: Browser, asked: Asked, history: History, patience: Patience) -> bool:
    """Ask for the plan of a stage and watch it to its end; False once they give up."""
    run_id = patience.insist(lambda: _ask(browser, asked, history))
    return bool(run_id and patience.insist(lambda: _is_planned(browser, run_id, history)))


def _ask(browser: Browser, asked: Asked, history: History) -> int | None:
    """Press the button, unless it was pressed already and the answer never came."""
    known = history.runs[asked.stage_id]
    new = _runs_named(browser.get(f"/stages/{asked.stage_id}")) - known
    if not new:
        new = _runs_named(browser.submit(rf"/stages/{asked.stage_id}/runs$")) - known
    known |= new
    return max(new, default=None)


def _runs_named(page: str) -> set[int]:
    return {int(number) for number in re.findall(r"/runs/(\d+)", page)}


def _is_planned(browser: Browser, run_id: int, history: History) -> bool:
    """Look at the run; take up parts that failed for good."""
    page = browser.get(f"/runs/{run_id}/progress")
    if browser.headers.get("Run-State") != "done":
        return False
    if "/retry" not in page:
        return True
    history.retried_batches += 1
    browser.submit(r"/retry$")
    return False


def _look_at(engine: Engine, asked: Asked, history: History) -> bool:
    """Hold a plan against itself before the next one takes its place."""
    with reading(engine) as db:
        found = list(plan_faults(db, asked))
    history.of_plans += found
    return True
