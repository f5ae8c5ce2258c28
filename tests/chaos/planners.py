"""Coordinators who ask for plans over the web and do not give up when a page does not come."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import DBAPIError

from outreach.db import reading
from tests.acceptance.many import Browser, PageRefused
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
#: No answer at all.
_SILENCE = (OSError, HTTPException, DBAPIError)
#: What a person may be answered while servers come and go: somebody was quicker, come again.
EXPECTED = (
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


@dataclass
class Patience:
    """How often somebody looks, and until when; `over` ends it for all.

    What nobody should be answered is noted in the history.
    """

    history: History
    wait_seconds: float
    over: threading.Event = field(default_factory=threading.Event)
    until: float = field(default_factory=lambda: time.monotonic() + GIVES_UP_SECONDS)

    @classmethod
    def of(cls, people: int, history: History) -> Patience:
        return cls(history, max(1.0, people / LOOKS_PER_SECOND))

    def insist[Done](self, act: Callable[[], Done | None]) -> Done | None:
        """Do it until it goes well; whoever is bidden to come again later does."""
        while time.monotonic() < self.until:
            done, bidden = self._try(act)
            if done:
                return done
            if self.over.wait(max(bidden, self.wait_seconds)):
                break
        return None

    def _try[Done](self, act: Callable[[], Done | None]) -> tuple[Done | None, float]:
        """Do it once; give what came of it, and how long one is bidden to wait."""
        try:
            return act(), 0.0
        except PageRefused as refused:
            if refused.status not in EXPECTED:
                self.history.astonishing.append(f"a person was answered {refused}")
            return None, refused.wait_seconds
        except pytest.fail.Exception as failed:  # a page that is not what it should be
            self.history.astonishing.append(f"a person was shown {failed}")
        except _SILENCE:
            pass
        return None, 0.0


@dataclass
class Planner:
    """One who asks for the plans of a stage and watches them."""

    asked: Asked
    browser: Browser
    patience: Patience
    history: History
    #: The page with the button, once it was seen: to make it takes the product longer than to plan.
    page: str = ""

    def log_in(self) -> bool:
        """Log in, unless it was done already and only the page after it never came."""
        self.browser.get("/login")
        if 'name="password"' in self.browser.page:
            self.browser.submit("/login", login=self.asked.login, password=PASSWORD)
        return True

    def plan(self) -> bool:
        """Ask for the plan of the stage and watch it to its end; False once they give up."""
        run_id = self.patience.insist(self._ask)
        return bool(run_id and self.patience.insist(lambda: self._is_planned(run_id)))

    def _ask(self) -> int | None:
        """Press the button, unless it was pressed already and the answer never came."""
        known = self.history.runs[self.asked.stage_id]
        new = set() if self.page else self._look() - known
        if new:
            self.page = ""  # it has no button while that run is on
        else:
            new = self._press() - known
        known |= new
        return max(new, default=None)

    def _look(self) -> set[int]:
        self.page = self.browser.get(f"/stages/{self.asked.stage_id}")
        return _runs_named(self.page)

    def _press(self) -> set[int]:
        """Press the button of the page that was seen last; look anew unless all goes well."""
        self.browser.page, self.page = self.page, ""
        seen = self.browser.page
        named = _runs_named(self.browser.submit(rf"/stages/{self.asked.stage_id}/runs$"))
        self.page = seen
        return named

    def _is_planned(self, run_id: int) -> bool:
        """Look at the run; take up parts that failed for good."""
        page = self.browser.get(f"/runs/{run_id}/progress")
        if self.browser.headers.get("Run-State") != "done":
            return False
        if "/retry" not in page:
            return True
        self.history.retried_batches += 1
        self.browser.submit(r"/retry$")
        return False


def _runs_named(page: str) -> set[int]:
    return {int(number) for number in re.findall(r"/runs/(\d+)", page)}


def keep_planning(
    asked: Asked, product: Product, nemesis: Nemesis, history: History, patience: Patience
) -> bool:
    """Plan a stage, and anew whenever a fault wishes for a plan; False once they give up."""
    engine = product.postgres.engine
    browser = Browser(tuple(f"http://127.0.0.1:{port}" for port in product.ports))
    planner = Planner(asked, browser, patience, history)
    patience.insist(planner.log_in)
    is_planned = False
    while not (is_planned and nemesis.is_through.is_set()) and not patience.over.is_set():
        with product.wishes.granting(_WISHED_SECONDS) as is_wished:
            if is_wished or nemesis.is_through.is_set():
                is_planned = planner.plan()
                if not (is_planned and patience.insist(lambda: _look_at(engine, asked, history))):
                    return False
    return is_planned


def _look_at(engine: Engine, asked: Asked, history: History) -> bool:
    """Hold a plan against itself before the next one takes its place."""
    with reading(engine) as db:
        found = list(plan_faults(db, asked))
    history.of_plans += found
    return True
