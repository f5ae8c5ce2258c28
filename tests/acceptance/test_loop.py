"""The main job, end to end, through the pages alone, on a product brought up from nothing."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.acceptance.conftest import Product

pytestmark = pytest.mark.browser

COORDINATOR = "koordinator.surakarta"
OFFICIAL = "perangkat.desa"
MANAGER = "manajer.pusat"
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
SOON_MS = 90_000


def _number(text: str | None) -> int:
    return int(re.sub(r"\D", "", text or "") or 0)


def _totals(page: Page, product: Product) -> dict[str, int]:
    """The nation's numbers behind the table beside the map."""
    stats = page.request.get(f"{product.address}/map/stats").json()["regencies"]
    columns = list(zip(*stats.values(), strict=True))
    return {"villages": sum(map(sum, columns[:4])), "reached": sum(columns[3]),
            "signups": sum(columns[4])}  # fmt: skip


def _plan_a_stage(page: Page) -> int:
    """Open the drafted stage, plan it, wait for the plan; answer how many villages it placed."""
    page.click("a[href^='/campaigns/']:has-text('Desa Terlindungi')")
    page.click("a[href^='/stages/']:has-text('Tahap 3')")
    page.click("form[action$='/open'] button")
    page.click("form[action$='/runs'] button")
    page.wait_for_url(re.compile(r"/runs/\d+"))
    expect(page.locator("#run")).to_have_attribute("data-state", "done", timeout=SOON_MS)
    placed = _number(page.locator(".run-figures dd").nth(1).inner_text().split()[0])
    page.click("a[href$='/plan']")
    return placed


def _have_it_approved(coordinator: Page, manager: Page) -> int:
    """Hand the plan in from its page; the manager approves it; answer how many are asked."""
    coordinator.click("#standing a[href$='/hand-in']")
    # The quota leaves two districts at zero: the plan is held back until somebody says why.
    coordinator.click("main .alert a[href$='/omissions']")
    coordinator.fill("#reason", "Menyusul pada tahap berikutnya")
    coordinator.click("form[action$='/omissions'] button")
    coordinator.click("ol.crumbs a[href^='/stages/']")
    coordinator.click("#standing a[href$='/hand-in']")
    coordinator.fill("#note", "Mohon disetujui")
    coordinator.click("form[action$='/hand-in'] button")
    expect(coordinator.locator("#standing .tag.awaiting")).to_be_visible()
    manager.click("nav a[href='/approvals']")
    manager.click("article:has-text('Tahap 3') a.btn")
    expect(manager.locator("main")).to_contain_text("Mohon disetujui")
    manager.click("form[action$='/approve'] button")
    asked = _number(manager.locator("main .alert").inner_text())
    coordinator.reload()
    expect(coordinator.locator("#standing .tag.confirmed")).to_be_visible()
    return asked


@pytest.mark.usefixtures("browser_type_launch_args")
def test_from_plan_to_map(product: Product, browser: Browser) -> None:
    coordinator = product.log_in(browser, COORDINATOR)
    placed = _plan_a_stage(coordinator)
    assert placed == 450
    assert _number(coordinator.locator("table caption").first.inner_text().split()[0]) == placed

    coordinator.click("a[href$='/plan/calendar']")
    expect(coordinator.locator("main")).to_contain_text("Tim")
    coordinator.click("a[href$='/plan/map']")
    trips = coordinator.frame_locator("iframe.trips")
    expect(trips.locator("canvas").first).to_be_visible(timeout=SOON_MS)

    manager = product.log_in(browser, MANAGER)
    coordinator.click("a[href$='/plan']")
    assert _have_it_approved(coordinator, manager) == placed
    manager.click("nav a[href='/map']")
    expect(manager.frame_locator("iframe.map").locator("canvas").first).to_be_visible(
        timeout=SOON_MS
    )
    before = _totals(manager, product)
    assert before["villages"] == 83_762
    assert before["reached"] > 300

    official = product.log_in(browser, OFFICIAL, **PHONE)
    _log_a_session(official)
    logged = time.monotonic()

    summary = manager.frame_locator("iframe.map").locator(".o-summary")
    wanted = f"{before['signups'] + 9:,}".replace(",", ".")
    expect(summary).to_contain_text(wanted, timeout=3_000)
    assert time.monotonic() - logged < 3
    after = _totals(manager, product)
    assert after == {**before, "reached": before["reached"] + 1, "signups": before["signups"] + 9}

    assert product.foreign_requests() == set()


def _log_a_session(official: Page) -> None:
    """Log one of today on the phone's page; it is logged once the server has named it."""
    # Before the hour that was planned the phone asks whether it was really held.
    official.on("dialog", lambda dialog: dialog.accept())
    official.locator(".visit a[href^='#form/']").first.tap()
    for name, value in {"men": 20, "women": 22, "signups": 9}.items():
        official.fill(f"#f-{name}", str(value))
    official.check("[name=which_day][value=other]", force=True)  # the chip covers its button
    official.fill("#f-held_on", _today())
    official.fill("#f-held_at", "00:05")
    official.tap("[data-form] [type=submit]")
    receipt = official.locator("[data-screen=saved] [data-slot=receipt]")
    expect(receipt).to_be_visible(timeout=SOON_MS)


def _today() -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat()
