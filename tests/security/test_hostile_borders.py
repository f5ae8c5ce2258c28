"""Borders that lead elsewhere by a query, and what of a file is kept that names a person."""

from __future__ import annotations

import io
import sqlite3
from typing import TYPE_CHECKING

import pytest

from outreach.errors import Invalid
from outreach.maps.artefacts import Store
from outreach.maps.boundary_keeping import draft_of
from outreach.maps.boundary_reading import read_borders
from outreach.people.tables import Role
from tests.maps.border_files import SQUARES, geojson, package, table
from tests.security.identity_numbers import numbers
from tests.security.senders import BORDERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.web.conftest import Visitor

#: Each shows the reader of the list one thing and whoever reads the layer another.
QUERIES = {
    "a layer": (
        "ALTER TABLE batas RENAME TO kept",
        "CREATE VIEW batas AS SELECT * FROM kept",
    ),
    "the list of layers": (
        "ALTER TABLE gpkg_contents RENAME TO kept",
        "CREATE VIEW gpkg_contents AS SELECT * FROM kept",
    ),
    "the list of geometries": (
        "ALTER TABLE gpkg_geometry_columns RENAME TO kept",
        "CREATE VIEW gpkg_geometry_columns AS SELECT * FROM kept",
    ),
    "a layer that is a program's": (
        "CREATE VIRTUAL TABLE lured USING rtree(id, a, b)",
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('lured', 'features')",
    ),
}


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_a_package_of_queries_is_refused(tmp_path: Path, query: str) -> None:
    path = tmp_path / "made.gpkg"
    path.write_bytes(package(tmp_path, table(SQUARES)))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA legacy_alter_table = ON")  # as another program would write it
        for statement in QUERIES[query]:
            db.execute(statement)
    db.close()
    with pytest.raises(Invalid) as refused:
        read_borders(path.read_bytes())
    assert refused.value.facts["problem"] == "borders_not_tables"


def test_a_plain_package_is_read(tmp_path: Path) -> None:
    assert len(read_borders(package(tmp_path, table(SQUARES))).shapes) == len(SQUARES)


def test_what_is_kept_of_borders_names_nobody(
    app: Flask, login_as: Callable[[Role], Visitor], web_var: Path
) -> None:
    (number, _), *_ = numbers(1)
    shapes = list(SQUARES.values())
    content = geojson([("33.72", shapes[0]), ("33.11", shapes[1]), (number, shapes[2])])
    admin = login_as(Role.ADMIN)
    sent = {**BORDERS, "file": (io.BytesIO(content), f"ktp {number}.geojson")}
    path = "/admin/boundaries"
    try:
        answer = admin.send(path, sent, content_type="multipart/form-data")
        assert answer.status_code == 303, answer.text
        assert "(nomor identitas)" in admin.get(path).text
        assert number not in admin.get(path).text
        draft = draft_of(Store(web_var / "maps"))
        assert draft is not None
        assert number not in repr(draft)
    finally:
        admin.send(f"{path}/discard")
