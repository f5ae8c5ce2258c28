"""No cell of any file that goes out is a formula, and none that comes in is worked out."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from defusedxml.ElementTree import fromstring
from python_calamine import CalamineWorkbook
from sqlmodel import col, select

from outreach.db import reading
from outreach.people.tables import Role, Team
from outreach.sheets.cells import FORMULA_STARTS
from outreach.sheets.kinds import Cell, Column
from outreach.sheets.tables import Upload
from outreach.sheets.writing import text_file
from tests.security import everywhere
from tests.security.hostile_files import workbook
from tests.web import samples
from tests.web.test_who_may import READING, every_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from outreach.sheets.kinds import Value
    from tests.web.conftest import Visitor
    from tests.web.world import World

#: What programs for tables have worked out, or sent somewhere, without asking.
FORMULAS = (
    '=HYPERLINK("http://127.0.0.1/"&A1,"klik")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "|calc",
)
#: For the form on a phone, which shows a village's name and its day, and works nothing out.
FOR_PHONES = {"openrosa.visits", "coordinator.session_form_visits"}
_NUMBER = re.compile(r"-?\d+([.,]\d+)*")
_CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
#: The ways in which the same table can be asked for.
WRITINGS: tuple[dict[str, str], ...] = (
    {},
    {"sep": "comma"},
    {"hxl": "1"},
    {"hxl": "1", "sep": "comma"},
)
#: Which of several tables is meant, where an address holds more than one.
LISTS = {"/follow-ups/list.xlsx": "promised", "/follow-ups/list.csv": "promised"}


def files(
    login_as: Callable[[Role], Visitor], app: Flask, world: World
) -> Iterator[tuple[str, bytes]]:
    """Ask for every table that anybody may take along, in every writing of it."""
    for case in every_case():
        if case.method not in READING or case.endpoint in FOR_PHONES:
            continue
        if not case.rule.endswith((".xlsx", ".csv")):
            continue
        role = min((Role(one) for one in case.roles if one in set(Role)), default=None)
        values = samples.values(world, set(case.arguments), "own", role) or {}
        which = {"list": LISTS[case.rule]} if case.rule in LISTS else {}
        for writing in WRITINGS:
            told: dict[str, Any] = {**values, **which, **writing}
            with app.test_request_context():
                path = app.url_for(case.endpoint, **told)
            visitor = login_as(role) if role else app.test_client()
            with visitor.get(path, follow_redirects=True) as answer:
                assert (answer.status_code, answer.mimetype == "text/html") == (200, False), path
                yield path, answer.data


def cells_of(content: bytes) -> Iterator[str]:
    """Read the cells of a text file, whatever parts them."""
    told = content.decode("utf-8-sig")
    separator = ";" if told.partition("\n")[0].count(";") else ","
    for line in csv.reader(io.StringIO(told, newline=""), delimiter=separator):
        yield from line


def formulas_of(content: bytes) -> list[str]:
    """Find cells of a workbook that are worked out, and links that open by themselves."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheets = [xml for name, xml in parts.items() if name.startswith("xl/worksheets/sheet")]
    cells = [cell for xml in sheets for cell in fromstring(xml).iter(f"{_CELL}c")]
    assert cells
    return [
        *(str(cell.get("r")) for cell in cells if cell.find(f"{_CELL}f") is not None),
        *(name for name in parts if "externalLink" in name or "calcChain" in name),
    ]


def test_no_cell_of_any_file_is_a_formula(
    app: Flask, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    engine = app.extensions["outreach"].engine
    assert everywhere.write(engine, lambda number: FORMULAS[number % len(FORMULAS)]) > 40
    seen, quoted, told = 0, 0, []
    for path, content in files(login_as, app, world):
        seen += 1
        if content.startswith(b"PK"):
            told += [(path, cell) for cell in formulas_of(content)]
            continue
        cells = list(cells_of(content))
        quoted += sum(cell.startswith("'") for cell in cells)
        told += [(path, cell) for cell in cells if is_formula(cell)]
    assert told == []
    assert seen > 30
    assert quoted > 20  # the names were there, and stayed text


def is_formula(cell: str) -> bool:
    bare = cell.lstrip(" \u200b\ufeff")
    return bare.startswith(FORMULA_STARTS) and _NUMBER.fullmatch(bare) is None


def test_numbers_stay_numbers_also_below_nought() -> None:
    columns = (Column("a", "A", Cell.WHOLE), Column("b", "B", Cell.DECIMAL), Column("c", "C"))
    rows: list[dict[str, Value]] = [
        {"a": -12, "b": -1250.5, "c": "-12"},
        {"a": 3, "b": 0.5, "c": "+62"},
    ]
    (_, below, above) = text_file(columns, rows).decode("utf-8-sig").splitlines()
    assert below == "-12;-1250,5;'-12"
    assert above == "3;0,5;'+62"


def _upload(visitor: Visitor, content: bytes, name: str) -> int:
    sent = {"file": (io.BytesIO(content), name)}
    answer = visitor.send("/data/teams", sent, content_type="multipart/form-data")
    return int(answer.status_code)


HEADERS = (
    "name", "base_village_code", "members", "weekdays", "sessions_per_day", "day_starts",
    "day_ends",
)  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_that_comes_in_is_kept_as_text_or_refused(
    app: Flask, login_as: Callable[[Role], Visitor], formula: str
) -> None:
    out = io.StringIO(newline="")
    lines = csv.writer(out, delimiter=";")
    lines.writerows([HEADERS, (formula, "33.72.01.1001", "Dewi", "Sen-Sab", "3", "08.00", "17.00")])
    coordinator = login_as(Role.COORDINATOR)
    assert _upload(coordinator, out.getvalue().encode(), "tim.csv") in (303, 422)
    with reading(app.extensions["outreach"].engine) as db:
        upload = db.exec(select(Upload).order_by(col(Upload.id).desc())).first()
        assert upload is not None
        given = upload.rows[0]["given"]["name"]
        assert given in (formula.strip(), formula.strip().removeprefix("'"))
        assert db.exec(select(Team).where(Team.name == "2")).first() is None


def test_a_formula_of_a_workbook_counts_as_what_it_shows() -> None:
    from outreach.sheets.opening import open_file

    cell = '<c r="A1" t="str"><f>HYPERLINK("http://127.0.0.1/")</f><v>Tim Lawu</v></c>'
    lost = '<c r="B1"><f>WEBSERVICE("http://127.0.0.1/")</f></c>'
    content = workbook(f'<sheetData><row r="1">{cell}{lost}</row></sheetData>')
    assert open_file(content, "Tim", len).rows[0][0] == "Tim Lawu"
    assert CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names == ["Tim"]
