"""Borders brought in on the administrator's page: looked at first, then drawn, then taken back."""

from __future__ import annotations

import io
import re
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from outreach.maps.artefacts import Store
from outreach.maps.boundary_keeping import drawing
from outreach.people.tables import Role
from tests.maps.border_files import geojson

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from outreach.config import Settings
    from tests.web.conftest import Visitor

PAGE = "/admin/boundaries"
OWN = shapely.box(110.75, -7.6, 110.87, -7.52)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """A folder of maps of its own, for what is drawn stays in it."""
    shutil.copytree(settings.var_dir, tmp_path / "var")
    return settings.model_copy(update={"var_dir": tmp_path / "var"})


@pytest.fixture
def admin(english: Callable[[Role], Visitor]) -> Visitor:
    return english(Role.ADMIN)


def upload(admin: Visitor, content: bytes, **told: str) -> Any:
    facts = {"source": "Badan Informasi Geospasial", "as_of": "2024-06-30", **told}
    return admin.send(PAGE, {**facts, "file": (io.BytesIO(content), "batas.geojson")})


def stamp_in(page: str) -> str:
    (stamp,) = re.findall(r'name="stamp" value="([0-9a-f]+)"', page)
    return str(stamp)


def test_a_file_is_looked_at_drawn_and_taken_back(admin: Visitor, settings: Settings) -> None:
    store = Store(settings.var_dir / "maps")
    before = store.manifest()
    answer = upload(admin, geojson([("33.72", OWN), ("99.99", OWN)]))
    assert answer.status_code == 303
    page = admin.get(PAGE).text
    assert "Read, and not on the map yet" in page
    assert "not in the registry" in page
    assert "Kabupaten Sukoharjo" in page  # of the registry, and not in the file
    assert store.manifest() == before
    assert admin.send(f"{PAGE}/apply", {"stamp": stamp_in(page)}).status_code == 303
    # Pressed twice: a second drawing would fail beside the first, and say so in its place.
    assert admin.send(f"{PAGE}/apply", {"stamp": stamp_in(page)}).status_code == 409
    shown = wait_for(admin)
    told = "Badan Informasi Geospasial, 30/06/2024 (1 of 2 regencies and cities)"
    assert f"Borders: {told}; all others are approximate." in shown
    assert store.manifest()["areas"] != before["areas"]
    assert admin.send(f"{PAGE}/forget").status_code == 303
    assert store.manifest()["areas"] == before["areas"]
    assert "The map shows the approximate borders again." in admin.get(PAGE).text


def wait_for(admin: Visitor) -> str:
    """Read the page until nothing is being drawn any more."""
    for _ in range(120):
        answer = admin.get(PAGE)
        if "Refresh" not in answer.headers:
            return answer.text
        assert "The map is being drawn" in answer.text
        time.sleep(0.5)
    raise AssertionError("still being drawn")


def test_another_draft_than_the_one_seen_is_not_drawn(admin: Visitor) -> None:
    upload(admin, geojson([("33.72", OWN)]))
    seen = stamp_in(admin.get(PAGE).text)
    upload(admin, geojson([("33.11", OWN)]))
    answer = admin.send(f"{PAGE}/apply", {"stamp": seen})
    assert answer.status_code == 409
    assert "Another file was uploaded meanwhile." in answer.text


def test_nothing_is_read_or_thrown_away_while_the_map_is_drawn(
    admin: Visitor, settings: Settings
) -> None:
    store = Store(settings.var_dir / "maps")
    upload(admin, geojson([("33.72", OWN)]))
    seen = stamp_in(admin.get(PAGE).text)
    with drawing(store):
        for answer in (upload(admin, geojson([("33.11", OWN)])), admin.send(f"{PAGE}/discard")):
            assert answer.status_code == 409
            assert "The map is being drawn" in answer.text
    # What was looked at stays until the drawing is over, and is not lost to what came meanwhile.
    assert stamp_in(admin.get(PAGE).text) == seen


def test_a_draft_can_be_thrown_away(admin: Visitor) -> None:
    upload(admin, geojson([("33.72", OWN)]))
    assert admin.send(f"{PAGE}/discard").status_code == 303
    assert "not on the map yet" not in admin.get(PAGE).text


def test_what_is_wrong_is_said_and_what_was_typed_stays(admin: Visitor) -> None:
    answer = upload(admin, b"%PDF-1.7", column="kode_kab")
    assert answer.status_code == 422
    assert "This is neither GeoJSON nor a GeoPackage" in answer.text
    assert 'aria-invalid="true" aria-describedby="file-problem"' in answer.text
    assert 'value="kode_kab"' in answer.text
    assert 'value="Badan Informasi Geospasial"' in answer.text
    answer = upload(admin, geojson([("33.72", OWN)]), source="", as_of="soon")
    assert answer.status_code == 422
    answer = upload(admin, geojson([("33.72", OWN)]), as_of="2099-01-01")
    assert answer.status_code == 422
    assert "This day has not come yet." in answer.text
    assert 'name="as_of" value=""' in admin.get(PAGE).text, "no day but the one that is told"
    assert admin.send(PAGE, {"source": "X", "as_of": "2024-06-30"}).status_code == 422


def test_a_large_file_is_taken_of_the_administrator_alone(
    admin: Visitor, english: Callable[[Role], Visitor]
) -> None:
    large = geojson([("33.72", OWN)], note="x" * 3_000_000)
    assert send_whole(admin, PAGE, large).status_code == 303
    assert send_whole(english(Role.MANAGER), PAGE, large).status_code in (403, 413)
    assert send_whole(admin, "/admin/branches/new", large).status_code == 413


def send_whole(visitor: Visitor, path: str, content: bytes) -> Any:
    """Post a form with a file, as bytes: the client itself leaves a large one's own file open."""
    fields = {"csrf_token": visitor.token(), "source": "Badan", "as_of": "2024-06-30"}
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}' for n, v in fields.items()
    ]
    named = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.geojson"\r\n\r\n'
    body = "\r\n".join([*parts, named]).encode() + content + b"\r\n--x--\r\n"
    return visitor.post(path, data=body, content_type="multipart/form-data; boundary=x")
