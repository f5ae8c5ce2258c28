"""A phone in the hand of the official, and what the office finds in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from outreach.db import unit_of_work
from outreach.logbook.tables import Evidence, SessionReport, SignUp
from outreach.people.tables import Role, Team
from outreach.visits.tables import Visit, Work
from tests.maps.map_app import serving
from tests.web.planned import engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize
    from sqlalchemy import Engine

    from tests.web.conftest import Visitor
    from tests.web.world import World

SCREEN: ViewportSize = {"width": 360, "height": 740}


def village_today() -> date:
    """The phone hears the time of the server, so the visit has to be today by the real clock."""
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date()


@dataclass(frozen=True)
class Office:
    """The visit that is to be reported, and what has come of it."""

    engine: Engine
    visit_id: int

    def visit(self) -> Visit:
        with unit_of_work(self.engine) as db:
            return db.get_one(Visit, self.visit_id)

    def set_visit(self, **told: object) -> None:
        with unit_of_work(self.engine) as db:
            visit = db.get_one(Visit, self.visit_id)
            for name, value in told.items():
                setattr(visit, name, value)

    def reports(self) -> list[SessionReport]:
        """All reports of the visit, the first one first."""
        with unit_of_work(self.engine) as db:
            query = select(SessionReport).where(SessionReport.visit_id == self.visit_id)
            return list(db.exec(query.order_by(col(SessionReport.id))))

    def signups(self) -> dict[str, int]:
        """Workers by work, package and payer of all reports of the visit."""
        with unit_of_work(self.engine) as db:
            query = select(SignUp).join(SessionReport)
            lines = db.exec(query.where(SessionReport.visit_id == self.visit_id))
            return {f"{one.sector} {one.package} {one.payer}": one.workers for one in lines}

    def evidence(self) -> list[Evidence]:
        with unit_of_work(self.engine) as db:
            return list(db.exec(select(Evidence).where(Evidence.visit_id == self.visit_id)))


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    office = Office(engine_of(app), world.own["visit_id"])
    # From midnight on, so that at whatever hour the tests run the session may have been held.
    office.set_visit(day=village_today(), starts_at=time(0, 0), work=Work.CONFIRMED)
    with unit_of_work(office.engine) as db:
        db.get_one(Team, office.visit().team_id).phone = "+6281234567890"
    return office


@pytest.fixture
def address(app: Flask, office: Office) -> Iterator[str]:
    with serving(app) as served:
        yield served


@pytest.fixture
def cookies(address: str, login_as: Callable[[Role], Visitor]) -> list[dict[str, str]]:
    visitor = login_as(Role.OFFICIAL)
    visitor.get("/")
    login = visitor.get_cookie("outreach")
    assert login is not None
    told = {"outreach": login.value, "language": "en"}
    return [{"name": name, "value": value, "url": address} for name, value in told.items()]


def spoil_the_day(context: BrowserContext) -> None:
    """Change the day of reports on the way: what a phone cannot know is the server's to refuse."""

    def spoil(route: Route) -> None:
        told = (route.request.post_data or "").replace(
            f'"held_on":"{village_today()}"', '"held_on":"2099-01-01"'
        )
        route.continue_(post_data=told)

    context.route("**/api/v1/reports", spoil)


def finish_routes(context: BrowserContext) -> None:
    """Wait for what tests do to requests under way: it must not fall into the closing."""
    for page in context.pages:
        page.unroute_all(behavior="wait")
    context.unroute_all(behavior="wait")


@pytest.fixture
def context(
    browser: Browser, address: str, cookies: list[dict[str, str]]
) -> Iterator[BrowserContext]:
    """A cheap phone that somebody is logged in with."""
    context = browser.new_context(
        base_url=address,
        viewport=SCREEN,
        is_mobile=True,
        has_touch=True,
        # Axe is put into the page from outside, which its own policy would refuse.
        bypass_csp=True,
        geolocation={"latitude": -7.5655123, "longitude": 110.8167456},
    )
    context.add_cookies(cookies)  # type: ignore[arg-type]
    yield context
    finish_routes(context)
    context.close()


@pytest.fixture
def handset(context: BrowserContext) -> Page:
    """The phone, on its first screen and with the visits on it."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto("/phone/")
    page.wait_for_selector(".visit [data-act]")
    # All of the page is here: whatever a test does to the network, the screens open.
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return page
