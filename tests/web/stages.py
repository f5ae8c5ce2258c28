"""A stage drafted by its form, and the coordinator who drafts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from sqlmodel import col, select

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.maps.artefacts import Store
from outreach.maps.topology import encode_topology
from outreach.people.tables import Role
from outreach.villages.tables import District
from outreach.web.map_data import MapData
from tests.web.planned import engine_of, hang_clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

FORM: dict[str, object] = {
    "name": "Tahap 2",
    "starts": "2026-11-09",
    "ends": "2026-11-20",
    "area_codes": ["33.72.02", "33.72.05"],
    "kinds": ["kelurahan"],
}


@pytest.fixture
def client(app: Flask, english: Callable[[Role], Visitor]) -> Visitor:
    hang_clock(app)
    return english(Role.COORDINATOR)


def draft_shapes(app: Flask, folder: Path) -> None:
    """Give the app's maps a square for every district of the city."""
    with reading(engine_of(app)) as db:
        codes = db.exec(
            select(District.code).where(col(District.code).startswith("33.72.")).order_by("code")
        ).all()
    boxes = [shapely.box(110 + n / 10, -7.5, 110.1 + n / 10, -7.4) for n in range(len(codes))]
    middles = [{"p": np.round(box.bounds[:2], 3).tolist()} for box in boxes]
    store = Store(folder)
    body = encode_topology(list(codes), boxes, middles)
    store.note(districts={"33": store.keep("districts-33", ".json", body)})
    app.extensions["map_data"] = MapData(store)


def stored(app: Flask, stage_id: int) -> Stage:
    with reading(engine_of(app)) as db:
        return db.get_one(Stage, stage_id)


def change(app: Flask, stage_id: int, **values: object) -> None:
    with unit_of_work(engine_of(app)) as db:
        stage = db.get_one(Stage, stage_id)
        for name, value in values.items():
            setattr(stage, name, value)


def drafted(client: Visitor, world: World, **values: object) -> int:
    path = f"/campaigns/{world.own['campaign_id']}/stages/new"
    answer = client.send(path, {**FORM, "go": "next", **values})
    assert answer.status_code == 303
    return int(answer.location.split("/")[2])
