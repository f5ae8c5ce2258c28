"""Names of files that lead out, hide, break lines or never end: only their plain end is kept."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.db import reading
from outreach.people.free_text import plain_file_name
from outreach.people.tables import Role
from outreach.sheets.tables import Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor

SHEET = (
    b"name;base_village_code;members;weekdays;sessions_per_day;day_starts;day_ends\n"
    b"Tim Lawu;33.72.01.1001;Dewi;Sen-Sab;3;08.00;17.00\n"
)
NAMES = (
    "../../../etc/passwd", "/etc/passwd", "C:\\Windows\\system.ini", "..\\..\\a.csv", "..", ".",
    "a\x00b.csv", "CON", "aux.csv", "tim.csv\r\nSet-Cookie: a=1", "a" * 5_000 + ".csv",
    "\u202egpj.vsc", "\u2066tim\u2069.csv", "%2e%2e%2fetc%2fpasswd", "{{7*7}}.csv", "tim .csv ",
    "<img src=x onerror=alert(1)>.csv", "\ud800.csv", "\ufeff.csv", "tim\u200b.csv",
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_only_the_plain_end_of_a_name_is_kept(number: int) -> None:
    kept = plain_file_name(NAMES[number], 120)
    assert kept.isprintable()
    assert 0 < len(kept) <= 120
    assert not set("/\\") & set(kept)


def test_such_names_do_no_more_than_be_shown(
    app: Flask, login_as: Callable[[Role], Visitor]
) -> None:
    coordinator = login_as(Role.COORDINATOR)
    for name in NAMES:
        if {"\ud800", "\n"} & set(name):  # no browser sends one
            continue
        sent = {"file": (io.BytesIO(SHEET), name)}
        answer = coordinator.send("/data/teams", sent, content_type="multipart/form-data")
        assert answer.status_code == 303, name
        assert len(answer.headers.getlist("Set-Cookie")) <= 1
        with reading(app.extensions["outreach"].engine) as db:
            kept = db.exec(select(Upload.file_name).order_by(col(Upload.id).desc())).first()
        assert kept
        assert kept.isprintable()
        assert len(kept) <= 120
        assert coordinator.get(answer.location).status_code == 200
