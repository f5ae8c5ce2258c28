"""A session logged on the phone's page against the plain pages: bytes, and time until the receipt.

Naive: the same session, logged by the pages that an official opens without it, with Bootstrap, as
this server renders them: the list of visits, the form, and the report that is stored. Both come
down one line on which every byte is counted, headers and the service worker's own requests
included, and are used in turn in fresh profiles, in a Chromium slowed six times; once on a good
line and once on what Chromium calls slow 3G. Both type the same four numbers at once and wait for
the server's receipt. The second session is logged by the same browser later: what it keeps of the
first it may use.
"""

from __future__ import annotations

import logging
import secrets
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import sync_playwright
from sqlalchemy import delete, update
from sqlmodel import col

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Role
from outreach.visits.tables import Visit, VisitEvent, Work
from outreach.web.app import create_app
from tests.benchmarks.databases import fresh_database
from tests.browser import find_chromium
from tests.builders import team
from tests.maps.map_app import serving
from tests.rewriting import unlock_history
from tests.web.conftest import Visitor
from tests.web.phone.bad_network import bad_network
from tests.web.phone.handset import SLOW_3G, SLOWER, Handset, enrol
from tests.web.world import OWN_REGENCY, OWN_VILLAGE, SECRET, _visit, build

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.web.world import World

ROUNDS = 3
VISITS = 6
PATIENCE_MS = 180_000
PAINTED = """() => new Promise((seen) => requestAnimationFrame(
  () => requestAnimationFrame(() => seen())))"""
FOUR = {"men": "18", "women": "27", "signups": "12", "paid": "9"}


@dataclass(frozen=True, slots=True)
class Way:
    """Where a session is logged, and by which parts of the page."""

    name: str
    path: str
    listed: str
    link: str
    form: str
    kept: str
    receipt: str

    def form_of(self, visit_id: int) -> str:
        return self.link.format(visit_id=visit_id)


PLAIN = Way(
    "plain pages",
    "/my",
    "article.visit, .visit",
    "a[href='/my/visits/{visit_id}/report']",
    "form[data-report]",
    ".receipt .code",
    ".receipt .code",
)
PHONE = Way(
    "phone's page",
    "/phone/",
    "[data-screen=visits]:not([hidden]) article",
    "a[href='#form/{visit_id}']:visible",
    "[data-form]:not([hidden])",
    "[data-screen=saved]:not([hidden])",
    "[data-outcome=sent] .receipt strong",
)


@dataclass(frozen=True, slots=True)
class Logged:
    """What one session cost: bytes, and seconds until each thing stood there.

    Those are the list, the word that the report is kept, and the server's receipt.
    """

    bytes: int
    listed_seconds: float
    kept_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Office:
    """The visits that are reported again in each round, and who reports them."""

    engine: Engine
    visits: list[int]
    token: str
    login: str

    def forget(self) -> None:
        """Let the visits be as they were before a round."""
        told = col(SessionReport.visit_id).in_(self.visits)
        with unit_of_work(self.engine) as db:
            db.execute(delete(SessionReport).where(told))
            unlock_history(db)
            db.execute(delete(VisitEvent).where(col(VisitEvent.visit_id).in_(self.visits)))
            mine = update(Visit).where(col(Visit.id).in_(self.visits))
            db.execute(mine.values(work=Work.CONFIRMED, result=None, version=1))


def slow_down(phone: Handset, *, line: bool) -> None:
    told = phone.context.new_cdp_session(phone.page)
    told.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    if line:
        told.send("Network.enable")
        told.send("Network.emulateNetworkConditions", SLOW_3G)


def seconds_since(began: float, page: Page) -> float:
    # Seen is what was painted: a page whose stylesheet is still on its way shows nothing.
    page.evaluate(PAINTED)
    return time.perf_counter() - began


def log_session(phone: Handset, way: Way, visit_id: int) -> Logged:
    page = phone.page
    page.goto("about:blank")
    before = phone.network.carried_bytes
    began = time.perf_counter()
    page.goto(phone.network.address + way.path, wait_until="commit")
    page.locator(way.listed).first.wait_for()
    listed = seconds_since(began, page)
    page.locator(way.form_of(visit_id)).first.click()
    for name, number in FOUR.items():
        page.locator(f"{way.form} [name={name}]").fill(number)
    page.locator(f"{way.form} [type=submit]").click()
    page.locator(way.kept).wait_for()
    kept = seconds_since(began, page)
    page.locator(way.receipt).wait_for()
    seconds = seconds_since(began, page)
    phone.until_quiet()
    return Logged(phone.network.carried_bytes - before, listed, kept, seconds)


def log_two(phone: Handset, way: Way, office: Office, *, line: bool) -> list[Logged]:
    """Log two sessions in a fresh profile, the second with what the browser kept of the first."""
    office.forget()
    phone.start(enrolled=way is PHONE)
    if way is PLAIN:
        phone._give_cookie("outreach", office.login)
    phone.page.set_default_timeout(PATIENCE_MS)
    slow_down(phone, line=line)
    found = []
    for visit_id in office.visits[:2]:
        found.append(log_session(phone, way, visit_id))
        if way is PHONE:
            phone.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
            phone.until_quiet()
    phone.context.close()
    return found


def report(name: str, sessions: list[Logged]) -> Logged:
    def middle(key: str) -> float:
        return float(statistics.median(getattr(one, key) for one in sessions))

    times = (middle(key) for key in ("listed_seconds", "kept_seconds", "seconds"))
    found = Logged(int(middle("bytes")), *times)
    print(
        f"{name:46} {found.bytes:>8,} bytes; list after {found.listed_seconds:5.2f} s,"
        f" kept after {found.kept_seconds:5.2f} s, receipt after {found.seconds:5.2f} s"
    )
    return found


def main() -> int:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if find_chromium() is None:
        print("no Chromium on this machine: nothing measured", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, fresh_database("sqlite") as engine:
        world = build(engine)
        visits = make_visits(engine, world)
        token = secrets.token_urlsafe(32)
        enrol(engine, world, token)
        url = engine.url.render_as_string(hide_password=False)
        app = create_app(
            Settings(_env_file=None, database_url=url, secret_key=SECRET, var_dir=Path(folder))
        )
        measure(app, Office(engine, visits, token, login_of(app, world)), Path(folder))
        app.extensions["outreach"].engine.dispose()
    return 0


def make_visits(engine: Engine, world: World) -> list[int]:
    """The visits of the last days, which wait for their reports."""
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()
    with unit_of_work(engine) as db:
        branch_id = world.own["branch_id"]
        team_id = team(db, branch_id, name="Tim Kancil").id or 0
        told = (branch_id, team_id, OWN_VILLAGE, OWN_REGENCY)
        made = [
            _visit(db, *told, stage=f"Tahap {n + 10}", day=today - timedelta(days=n + 1))
            for n in range(VISITS)
        ]
    return [one["visit_id"] for one in made]


def login_of(app: Flask, world: World) -> str:
    visitor = Visitor(app).log_in(world.accounts[Role.OFFICIAL])
    visitor.get("/")
    login = visitor.get_cookie("outreach")
    assert login is not None
    return login.value


def measure(app: Flask, office: Office, folder: Path) -> None:
    with (
        sync_playwright() as playwright,
        serving(app) as address,
        bad_network(urlsplit(address).port or 0) as network,
    ):
        for line in (False, True):
            found: dict[Way, list[list[Logged]]] = {PLAIN: [], PHONE: []}
            for n in range(ROUNDS):
                for way, rounds in found.items():
                    disk = folder / f"disk{line}{n}{len(way.path)}"
                    phone = Handset(playwright.chromium, disk, network, office.token)
                    rounds.append(log_two(phone, way, office, line=line))
            compare("slow 3G" if line else "a good line", found)


def compare(where: str, found: dict[Way, list[list[Logged]]]) -> None:
    for number, which in enumerate(("first session", "later session")):
        naive, ours = (
            report(f"{way.name}, {where}, {which}", [one[number] for one in found[way]])
            for way in (PLAIN, PHONE)
        )
        print(
            f"ours against naive, {where}, {which}:"
            f" 1/{naive.bytes / ours.bytes:.1f} of the bytes,"
            f" 1/{naive.seconds / ours.seconds:.1f} of the time until the receipt"
        )


if __name__ == "__main__":
    sys.exit(main())
