"""A phone, a bad line and a real server."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from outreach.db import unit_of_work
from tests.builders import team
from tests.maps.map_app import serving
from tests.web.phone.bad_network import bad_network
from tests.web.phone.handset import Handset, enrol
from tests.web.phone_screens.conftest import finish_routes
from tests.web.world import OWN_REGENCY, OWN_VILLAGE, _visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from flask import Flask
    from playwright.sync_api import BrowserType
    from sqlalchemy import Engine

    from tests.web.phone.bad_network import BadNetwork
    from tests.web.world import World

VISITS = 6


@pytest.fixture
def engine(app: Flask) -> Engine:
    return cast("Engine", app.extensions["outreach"].engine)


@pytest.fixture
def today() -> date:
    return datetime.now(ZoneInfo("Asia/Jakarta")).date()


@pytest.fixture
def visits(engine: Engine, world: World, today: date) -> list[int]:
    """Visits to the official's village: one each day up to yesterday, each of its own stage."""
    branch_id = world.own["branch_id"]
    with unit_of_work(engine) as db:
        # A team of their own: on some day that of the world is out already.
        team_id = team(db, branch_id, name="Tim Kancil").id or 0
        told = (branch_id, team_id, OWN_VILLAGE, OWN_REGENCY)
        made = [
            _visit(db, *told, stage=f"Tahap {n + 10}", day=today - timedelta(days=n + 1))
            for n in range(VISITS)
        ]
    return [one["visit_id"] for one in made]


@pytest.fixture
def network(app: Flask) -> Iterator[BadNetwork]:
    with serving(app) as address, bad_network(urlsplit(address).port or 0) as line:
        yield line


@pytest.fixture
def phone(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, object],
    network: BadNetwork,
    engine: Engine,
    world: World,
    tmp_path: Path,
) -> Iterator[Handset]:
    """An enrolled phone, switched off."""
    token = secrets.token_urlsafe(32)
    enrol(engine, world, token)
    handset = Handset(browser_type, tmp_path / "disk", network, token)
    yield handset
    if handset.running is not None:
        finish_routes(handset.running)
        handset.running.close()
    assert handset.errors == []
