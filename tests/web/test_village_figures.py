"""The page of a village for those who read the board: its target, ledger and dues, as elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import unit_of_work
from outreach.logbook.tables import LedgerEntry, SignupChannel
from outreach.people.tables import Role
from outreach.sheets.ledger_file import import_ledger
from tests.web.boards import look_after, row, rows
from tests.web.world import OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

PAGE = f"/villages/{OWN_VILLAGE}"
DISTRICT = OWN_VILLAGE[:8]
READERS = (Role.MANAGER, Role.COORDINATOR)


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(page)).split())


@pytest.mark.parametrize("role", READERS)
def test_the_targets_are_those_of_the_boards_rows(
    english: Callable[[Role], Visitor], role: Role
) -> None:
    client = english(role)
    board = client.get(f"/board?area={DISTRICT}").text
    villages = rows(board)
    assert PAGE in villages.values()
    for name, way in villages.items():
        told = re.search(r" 33[.\d]+ ([\d,]+) ", row(board, name))
        assert told
        assert f"Target (estimate) {told[1]} " in plain(client.get(way).text)
    assert f'href="/board?area={DISTRICT}"' in client.get(PAGE).text


def test_a_target_is_that_of_the_board_also_for_who_sees_a_part(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.MANAGER)
    look_after(app, world, OWN_VILLAGE)
    board = plain(client.get(f"/board?area={DISTRICT}").text)
    told = re.search(rf"{OWN_VILLAGE} ([\d,]+) ", board)
    assert told
    assert f"Target (estimate) {told[1]} " in plain(client.get(PAGE).text)


def test_counts_that_are_brought_in_show_at_once(
    app: Flask, english: Callable[[Role], Visitor], tmp_path: Path
) -> None:
    client = english(Role.MANAGER)
    before = plain(client.get(PAGE).text)
    assert "none brought in yet" in before
    assert "Workers by step, confirmed" not in before
    sheet = tmp_path / "counts.csv"
    sheet.write_text(
        "Kode wilayah,Bulan daftar,Saluran,Berminat,Formulir,Terdaftar,"
        "Bayar pertama,Per tanggal,Sumber\n"
        f"{OWN_VILLAGE},10/2026,Agen PERISAI,61,52,43,34,31/10/2026,Rekap Oktober\n"
    )
    with unit_of_work(app.extensions["outreach"].engine) as db:
        done = import_ledger(
            db, sheet, now=datetime(2026, 11, 20, tzinfo=UTC), today=date(2026, 11, 20)
        )
    assert (done.refused, sum(done.changes.values())) == (0, 1)
    page = plain(client.get(PAGE).text)
    assert "Interested 61" in page
    assert "First contribution paid 34" in page
    assert "October 2026, PERISAI agent 0 confirmed: 43 registered, 34 paid" in page
    assert "newest of 31/10/2026" in page
    assert "Rekap Oktober" in page
    dues = page.split("Due this month, by who pays")[1]
    assert "34 workers, 0 of them only claimed" in dues
    assert "Tariff: " in dues


def test_claimed_stands_beside_confirmed_with_what_does_not_agree(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    confirm(app, date(2026, 9, 1), forms=20, registered=20, first_paid=20)
    confirm(app, date(2026, 7, 1), forms=11, registered=11, first_paid=9, paid_1=8)
    page = english(Role.COORDINATOR).get(PAGE).text
    assert "Claimed against confirmed, by month of signing up" in page
    told = plain(page)
    assert "September 2026: Confirmed without a session" in told
    assert "Forms claimed 0, Forms confirmed 20" in told
    table = plain(page.split("<caption>Every step by month and channel</caption>")[1])
    assert "July 2026 On their own 0 – 11 11 9 8 – – 31/10/2026" in table


@pytest.mark.parametrize("role", READERS)
def test_rates_stand_over_all_three_denominators(
    english: Callable[[Role], Visitor], role: Role
) -> None:
    page = plain(english(role).get(PAGE).text)
    part = page.split("Sign-ups against three denominators")[1].split("Sign-up ledger")[0]
    for of in ("informal workers (estimate)", "vulnerable workers, deciles 1-4", "already active"):
        assert of in part


def test_an_official_sees_no_more_than_before(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    """Who may read neither the board nor the ledger finds nothing of them here."""
    confirm(app, date(2026, 9, 1), forms=20, registered=20, first_paid=20)
    page = english(Role.OFFICIAL).get(PAGE)
    assert page.status_code == 200
    for word in ("Target", "edger", "Due this month", "/board", "denominators", "Cost of travel"):
        assert word not in page.text.split("<main")[1]


def confirm(app: Flask, month: date, **told: Any) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.add(
            LedgerEntry(
                village_code=OWN_VILLAGE,
                month=month,
                channel=SignupChannel.OWN,
                as_of=date(2026, 10, 31),
                source="Rekap",
                **told,
            )
        )
