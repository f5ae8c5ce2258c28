"""The layers behind the map and beside its table: one figure for all, only of the own area."""

from __future__ import annotations

import html
import json
import re
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from outreach.maps.figures import NEVER
from outreach.people.tables import Role
from outreach.progress.layers import COLUMNS, Layer
from tests.web.test_manager import SURAKARTA, log_a_session, urls
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]


@pytest.fixture
def manager(login_as: LogIn) -> Visitor:
    return login_as(Role.MANAGER)


def named(row: list[int]) -> dict[str, int]:
    return dict(zip(COLUMNS, row, strict=True))


def read(client: Visitor, name: str, **told: str) -> Any:
    answer = client.get(urls(client)[name].format(**told))
    assert answer.status_code == 200
    return answer


def test_regencies_districts_and_villages_add_up_to_the_same(manager: Visitor) -> None:
    regencies = read(manager, "layers").get_json()["regencies"]
    assert list(regencies) == [OWN_REGENCY]
    whole = named(regencies[OWN_REGENCY])
    assert (whole["villages"], whole["signups"], whole["visited"]) == (SURAKARTA, 9, 1)
    districts = read(manager, "layer_districts", code="33").get_json()["rows"]
    assert all(code.startswith(f"{OWN_REGENCY}.") for code in districts)
    villages = read(manager, "layer_details", code=OWN_REGENCY).get_json()["rows"]
    assert len(villages) == SURAKARTA
    for rows in (list(districts.values()), villages):
        sums = np.array(rows)[:, :-1].sum(axis=0).tolist()
        assert sums == regencies[OWN_REGENCY][:-1]
        assert max(row[-1] for row in rows) == whole["last_day"]


def test_every_layer_says_its_source_and_its_date(manager: Visitor) -> None:
    manager.set_cookie("language", "en")
    notes = read(manager, "layers").get_json()["notes"]
    assert set(notes) == {layer.value for layer in Layer}
    assert all(re.search(r"\d\d/\d\d/\d{4}", note) for note in notes.values()), notes
    assert "Informal workers (estimate)" in notes["signups"]
    assert "covered (estimate)" in notes["gap"]


def test_a_village_has_its_class_and_the_week_of_its_first_session(manager: Visitor) -> None:
    silence = read(manager, "layer_villages", layer="silence").data
    classes = list(silence[12:])
    assert len(classes) == SURAKARTA
    assert classes.count(NEVER) == SURAKARTA - 1
    weeks = read(manager, "weeks").data
    _version, _start, count = struct.unpack("<QiI", weeks[4:20])
    first = list(weeks[20 : 20 + SURAKARTA])
    assert sum(week > 0 for week in first) == 1
    assert 1 <= max(first) <= count
    assert classes.index(min(classes)) == first.index(max(first))


@pytest.mark.parametrize("name", ["layers", "layer_villages", "layer_districts", "weeks"])
def test_nothing_is_sent_again_until_a_session_is_logged(
    app: Flask, world: World, manager: Visitor, name: str
) -> None:
    address = urls(manager)[name].format(layer="signups", code="33")
    first = manager.get(address)
    again = manager.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    log_a_session(app, world, world.own)
    after = manager.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert after.status_code == 200


def test_the_table_shows_the_figure_of_the_layer_with_what_it_is_made_from(
    manager: Visitor,
) -> None:
    manager.set_cookie("language", "en")
    whole = named(read(manager, "layers").get_json()["regencies"][OWN_REGENCY])
    text = manager.get(f"/map/table?area={OWN_REGENCY}&layer=signups").text
    assert "Sign-ups per 1,000 informal workers (estimate)</th>" in text
    share = f"{1000 * whole['signups'] / whole['informal']:.1f}"
    foot = re.search(r"<tfoot>.*</tfoot>", text, re.DOTALL)
    assert foot
    assert f'<td class="n layer">{share}</td>' in foot[0]
    assert "of the row." in text
    assert "Informal workers (estimate):" in text
    links = re.findall(r'href="(/map\?[^"]*)"', text)
    assert links
    assert all("layer=signups" in html.unescape(link) for link in links)
    plain = manager.get(f"/map/table?area={OWN_REGENCY}").text
    assert 'class="n layer"' not in plain
    never = manager.get(f"/map/table?area={OWN_VILLAGE[:8]}&layer=silence").text
    assert '<td class="n layer">Never visited</td>' in never
    confirmed = manager.get(f"/map/table?area={OWN_REGENCY}&layer=confirmed").text
    told = f"{whole['confirmed'] / whole['coming']:.1%} of {whole['coming']}"
    assert f'<td class="n layer">{told}</td>' in confirmed


def test_a_layer_that_is_none_and_a_region_of_others_are_not_found(login_as: LogIn) -> None:
    coordinator = login_as(Role.COORDINATOR)
    for address in (
        "/map?layer=nothing",
        "/map/table?layer=nothing",
        "/map/layers/villages/reached",
        "/map/layers/districts/33.72",
        "/map/layers/details/33",
        f"/map/layers/details/{FOREIGN_REGENCY}",
        "/map/layers/districts/34",
    ):
        assert coordinator.get(address).status_code == 404, address
    told = json.loads(coordinator.get("/map/layers").text)["regencies"]
    assert list(told) == [OWN_REGENCY]
