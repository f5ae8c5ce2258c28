"""The page on an official's phone against the plain pages: bytes, and time until it is usable.

Naive: what an official opens without it, the list of visits with Bootstrap, as this server renders
it. Both come down one line on which every byte is counted, headers and the service worker's own
requests included, and are opened in turn in fresh profiles, in a Chromium slowed six times; once
on a good line and once on what Chromium calls slow 3G. The phone's page brings all of its screens
with the first load; the plain ones fetch a page for every step.
"""

from __future__ import annotations

import logging
import secrets
import statistics
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import sync_playwright

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.web.app import create_app
from tests.benchmarks.databases import fresh_database
from tests.browser import find_chromium
from tests.builders import team
from tests.maps.map_app import serving
from tests.web.phone.bad_network import bad_network
from tests.web.phone.handset import SLOW_3G, SLOWER, Handset, enrol
from tests.web.world import OWN_REGENCY, OWN_VILLAGE, SECRET, _visit, build

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from playwright.sync_api import Page

ROUNDS = 3
PAINTED = """() => new Promise((seen) => requestAnimationFrame(
  () => requestAnimationFrame(() => seen(performance.now()))))"""
SHOWN = "[data-screen=visits] article, article.visit, .visit"


@dataclass(frozen=True, slots=True)
class Loads:
    """Bytes of a first and of a later load, and seconds until the visits stood there."""

    first_bytes: int
    later_bytes: int
    first_seconds: float
    later_seconds: float


def slow_down(phone: Handset, *, line: bool) -> None:
    told = phone.context.new_cdp_session(phone.page)
    told.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    if line:
        told.send("Network.enable")
        told.send("Network.emulateNetworkConditions", SLOW_3G)


def seconds_until_shown(page: Page, go: Callable[[], object]) -> float:
    go()
    page.wait_for_selector(SHOWN, timeout=120_000)
    # Seen is what was painted: a page whose stylesheet is still on its way shows nothing.
    return float(page.evaluate(PAINTED)) / 1000


def load(phone: Handset, path: str, *, line: bool) -> Loads:
    """Open the address twice in a fresh profile."""
    phone.start()
    page = phone.page
    slow_down(phone, line=line)
    before = phone.network.carried_bytes
    address = phone.network.address + path
    first = seconds_until_shown(page, lambda: page.goto(address, wait_until="commit"))
    settle(page)
    middle = phone.network.carried_bytes
    later = seconds_until_shown(page, lambda: page.reload(wait_until="commit"))
    settle(page)
    after = phone.network.carried_bytes
    phone.context.close()
    return Loads(middle - before, after - middle, first, later)


def settle(page: Page) -> None:
    page.wait_for_load_state("networkidle", timeout=120_000)
    if "/phone/" in page.url:
        page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    page.wait_for_timeout(4000)


def report(name: str, loads: list[Loads]) -> Loads:
    middle = Loads(
        *(
            type(getattr(loads[0], key))(statistics.median(getattr(one, key) for one in loads))
            for key in Loads.__slots__
        )
    )
    print(
        f"{name:24} first load {middle.first_bytes:>8,} bytes, shown after"
        f" {middle.first_seconds:5.2f} s; later loads {middle.later_bytes:>7,} bytes,"
        f" {middle.later_seconds:5.2f} s"
    )
    return middle


def main() -> int:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if find_chromium() is None:
        print("no Chromium on this machine: nothing measured", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, fresh_database("sqlite") as engine:
        world = build(engine)
        today = datetime.now(ZoneInfo("Asia/Jakarta")).date()
        with unit_of_work(engine) as db:
            branch_id = world.own["branch_id"]
            team_id = team(db, branch_id, name="Tim Kancil").id or 0
            for n in range(6):
                day = today + timedelta(days=n)
                told = (branch_id, team_id, OWN_VILLAGE, OWN_REGENCY, f"Tahap {n + 10}", day)
                _visit(db, *told)
        token = secrets.token_urlsafe(32)
        enrol(engine, world, token)
        url = engine.url.render_as_string(hide_password=False)
        app = create_app(
            Settings(_env_file=None, database_url=url, secret_key=SECRET, var_dir=Path(folder))
        )
        measure(app, token, Path(folder))
        app.extensions["outreach"].engine.dispose()
    return 0


def measure(app: Flask, token: str, folder: Path) -> None:
    with (
        sync_playwright() as playwright,
        serving(app) as address,
        bad_network(urlsplit(address).port or 0) as network,
    ):
        for line in (False, True):
            loads: dict[str, list[Loads]] = {"/my": [], "/phone/": []}
            for n in range(ROUNDS):
                for path, found in loads.items():
                    disk = folder / f"disk{line}{n}{len(path)}"
                    phone = Handset(playwright.chromium, disk, network, token)
                    found.append(load(phone, path, line=line))
            where = "slow 3G" if line else "a good line"
            naive = report(f"plain pages, {where}", loads["/my"])
            ours = report(f"phone's page, {where}", loads["/phone/"])
            print(
                f"ours against naive, {where}: first 1/{naive.first_bytes / ours.first_bytes:.1f}"
                f" of the bytes, later 1/{naive.later_bytes / ours.later_bytes:.1f};"
                f" time first 1/{naive.first_seconds / ours.first_seconds:.1f},"
                f" later 1/{naive.later_seconds / ours.later_seconds:.1f}"
            )


if __name__ == "__main__":
    sys.exit(main())
