"""A phone in an official's hand: a real Chromium with a disk of its own that can be killed."""

from __future__ import annotations

import os
import signal
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

import psutil
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from sqlalchemy import func
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.devices import digest_of
from outreach.people.tables import Device, Role
from tests.browser import ARGUMENTS, find_chromium
from tests.visits.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from playwright.sync_api import BrowserContext, BrowserType, ConsoleMessage, Page
    from sqlalchemy import Engine

    from tests.web.phone.bad_network import BadNetwork
    from tests.web.world import World

#: What the phone's page offers to a test, as its own modules see it.
_STORE = """const url = document.querySelector('link[href$="store.js"]').href;
const {outbox, drafts, settings, state} = await import(url);
const {sendNow, condition} = await import(url.replace("store.js", "outbox.js"));
const {uuid7} = await import(url.replace("store.js", "ids.js"));"""
#: How Chromium tells of a line that was cut, under a request or while it fetches the worker.
_CUT = ("Failed to load resource", "An unknown error occurred when fetching the script.")
#: An old phone: a sixth of the machine's speed, and the line Chromium calls "Slow 3G".
SLOWER = 6
SLOW_3G = {
    "offline": False,
    "latency": 2000,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}


@contextmanager
def answering(page: Page, *, yes: bool) -> Iterator[None]:
    """Answer the question that what is done within leads to, and wait until it was asked."""
    page.once("dialog", lambda asked: asked.accept() if yes else asked.dismiss())
    with page.expect_event("dialog"):
        yield


@dataclass
class Handset:
    """The phone; `token` makes it an official's own."""

    chromium: BrowserType
    disk: Path
    network: BadNetwork
    token: str
    #: A name under which the browser finds this machine, though not as its own: plain HTTP there is
    #: what it is on a village's Wi-Fi, without a protected context.
    host: str = ""
    running: BrowserContext | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.network.port}" if self.host else self.network.address

    @property
    def context(self) -> BrowserContext:
        assert self.running is not None, "the phone is switched off"
        return self.running

    @property
    def page(self) -> Page:
        return self.context.pages[0]

    def switch_on(
        self, *, offline: bool = False, enrolled: bool = True, room: int | None = None
    ) -> Page:
        """Start the browser on the disk that it left and open the page.

        `room` is how many bytes the browser grants; once it wrote there it no longer looks.
        """
        self.start(enrolled=enrolled)
        self.context.set_offline(offline)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)
        if room is not None:
            told = self.context.new_cdp_session(self.page)
            asked = {"origin": self.address, "quotaSize": room}
            told.send("Storage.overrideQuotaForOrigin", asked)
        self.open()
        self.run("")  # what tests call is here before they do anything to the line
        return self.page

    def _give_cookie(self, name: str, value: str) -> None:
        self.context.add_cookies([{"name": name, "value": value, "url": self.address}])

    def _note(self, told: ConsoleMessage) -> None:
        # A request that failed is told there too: that is what these tests do to it.
        if told.type == "error" and not any(cut in told.text for cut in _CUT):
            self.errors.append(told.text)

    def start(self, *, enrolled: bool = True) -> None:
        """Start the browser and open nothing."""
        self.running = self.chromium.launch_persistent_context(
            self.disk,
            executable_path=find_chromium(),
            args=[*ARGUMENTS, *self._names()],
            viewport={"width": 360, "height": 740},
            is_mobile=True,
            has_touch=True,
            locale="id-ID",
            timezone_id="Asia/Jakarta",
            accept_downloads=True,
        )
        self._give_cookie("language", "en")
        if enrolled:
            self._give_cookie("phone", self.token)

    def _names(self) -> list[str]:
        return [f"--host-resolver-rules=MAP {self.host} 127.0.0.1"] if self.host else []

    def open(self, where: str = "", *, shows: str = "") -> None:
        """Open the page, or one of its screens, and wait until it is shown.

        `shows` is the screen that is shown instead of the one that was asked for.
        """
        self.page.goto(f"{self.address}/phone/{where}")
        name = shows or where.removeprefix("#").split("/")[0]
        screen = f"[data-screen={name}]" if name else "[data-screen]"
        shown = f"{screen}:not([hidden]), [data-frame=lock]:not([hidden])"
        self.page.wait_for_selector(shown, state="attached")

    def until(self, holds: Callable[[], bool], *, seconds: float = 20) -> None:
        """Wait until something holds that the page itself does not tell."""
        until = monotonic() + seconds
        while not holds():
            assert monotonic() < until, "it has not come to be in time"
            self.page.wait_for_timeout(50)

    def until_quiet(self) -> None:
        """Wait until each request has its answer and the page asks for nothing more."""
        before = -1
        while before != len(self.network.asked):
            before = len(self.network.asked)
            self.page.wait_for_timeout(500)
            self.until(lambda: self.network.under_way == 0)

    @contextmanager
    def answering(self, *, yes: bool) -> Iterator[None]:
        """Answer the question that what is done within leads to, and wait until it was asked."""
        with answering(self.page, yes=yes):
            yield

    def keep_the_page(self) -> None:
        """Wait until the phone holds the page, so that it opens without a network."""
        held = "() => navigator.serviceWorker.controller !== null"
        try:
            self.page.wait_for_function(held, timeout=15_000)
        except PlaywrightTimeout:
            # It was loaded in the very moment in which the worker took over.
            self.page.reload()
            self.page.wait_for_function(held)

    def kill(self) -> None:
        """End the browser as the system of a phone does: at once, with all its processes."""
        mine = [
            process
            for process in psutil.Process(os.getpid()).children(recursive=True)
            if any(str(self.disk) in word for word in _words(process))
        ]
        for process in mine:
            for child in (*_children(process), process):
                _end(child)
        self.running = None
        (self.disk / "SingletonLock").unlink(missing_ok=True)

    def run(self, script: str, *given: Any) -> Any:
        """Run a script that sees the page's own modules; `given` are its arguments."""
        return self.page.evaluate(f"async (given) => {{{_STORE}\n{script}}}", list(given))

    def save(self, report: dict[str, Any]) -> bool:
        """Save a report as the form does."""
        return bool(
            self.run(
                """return outbox.add({id: given[0].id, kind: "report",
                visit_id: given[0].visit_id, body: given[0]});""",
                report,
            )
        )

    def items(self) -> dict[str, str]:
        """What stands in the outbox: the state of each item."""
        found: dict[str, str] = self.run(
            "return Object.fromEntries((await outbox.all()).map((item) => [item.id, item.state]));"
        )
        return found

    def send(self) -> None:
        """Tap "send now"."""
        self.run("await sendNow({fresh: true});")

    def status(self) -> str:
        return self.page.inner_text("[data-frame=status]")

    def left(self) -> list[str]:
        """The ids of what has not left the phone."""
        return [key for key, state in self.items().items() if state not in ("sent", "disputed")]


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _end(process: psutil.Process) -> None:
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return


def enrol(engine: Engine, world: World, token: str) -> int:
    """Make the phone that holds the token the official's own."""
    with unit_of_work(engine) as db:
        account_id = world.accounts[Role.OFFICIAL][0]
        device = Device(account_id=account_id, token_hash=digest_of(token), enrolled_at=NOW)
        db.add(device)
        db.flush()
        return device.id or 0


def a_report(visit_id: int, held_on: date, **other: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "visit_id": visit_id,
        "held_on": held_on.isoformat(),
        "held_at": "09:00",
        "met": "held",
        "place": "",
        "men": 11,
        "women": 14,
        "signups": 6,
        **other,
    }


def stored(engine: Engine, visit_ids: list[int]) -> dict[str, int]:
    """Count the rows of reports in the database, by the id the phone gave them."""
    with reading(engine) as db:
        query = (
            select(SessionReport.id, func.count())
            .where(col(SessionReport.visit_id).in_(visit_ids))
            .group_by(SessionReport.id)
        )
        return dict(db.exec(query).all())
