"""Lists as files hold what their pages show, narrowed alike and whole."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.logbook.tables import LedgerEntry, SignupChannel
from outreach.people.tables import Role
from outreach.web.ledger import ROWS_A_PAGE
from tests.web.boards import look_after, manager, national
from tests.web.test_ledger import confirm_many, plain, rows
from tests.web.test_table_files import lines, sheets
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, OWN_REGENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

__all__ = ["manager", "national"]

FILES = ("/ledger/pairs", "/ledger/dues", "/outlook/branches")


def confirm_foreign(app: Flask) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.add(
            LedgerEntry(
                village_code=FOREIGN_VILLAGE,
                month=date(2026, 8, 1),
                channel=SignupChannel.OWN,
                forms=900,
                as_of=date(2026, 10, 31),
                source="Rekap",
            )
        )


def test_what_does_not_agree_goes_out_whole_and_in_the_order_of_the_page(
    app: Flask, manager: Visitor
) -> None:
    confirm_many(app, ROWS_A_PAGE + 3)
    confirm_foreign(app)
    page = manager.get("/ledger").text
    told = lines(manager.get("/ledger/pairs.csv"))
    (caption,) = re.findall(r"<caption>(What does not agree[^<]*)<", page)
    shown = rows(page, caption)
    assert len(told) == ROWS_A_PAGE + 3
    assert [row["Desa/kelurahan"] for row in told][:ROWS_A_PAGE] == list(shown)
    assert {row["Selisih"] for row in told} == {"50"}
    assert FOREIGN_VILLAGE not in {row["Kode wilayah"] for row in told}
    head, *body = sheets(manager.get("/ledger/pairs.xlsx"))[0]
    assert len(body) == len(told)
    assert body[0][head.index("Bulan daftar")] == date(2026, 7, 1)


def test_dues_go_out_by_month_and_payer_as_the_page_has_them(app: Flask, manager: Visitor) -> None:
    confirm_many(app, 2)
    confirm_foreign(app)
    page = manager.get("/ledger").text
    shown = {
        payer: re.findall(r"[\d,]+", told)[:3]
        for payer, told in rows(page, "Due by who pays").items()
    }
    assert shown
    told = lines(manager.get("/ledger/dues.csv"))
    first = [row for row in told if row["Perkiraan"] == "tidak"][-len(shown) :]
    columns = ("Pekerja", "Pekerja: baru menurut laporan", "Iuran jatuh tempo (Rp)")
    assert sorted([row[name] for name in columns] for row in first) == sorted(
        [number.replace(",", "") for number in figures] for figures in shown.values()
    )
    assert {row["Perkiraan"] for row in told} == {"ya", "tidak"}
    assert "Tarif:" in told[0]["Sumber"]


def test_branches_go_out_against_their_targets(world: World, national: Visitor) -> None:
    page = national.get("/outlook").text
    shown = rows(page, "Sign-ups against the target of each branch")
    told = lines(national.get("/outlook/branches.csv"))
    assert [row["Kantor cabang"] for row in told] == list(shown)
    for row in told:
        missing, target = re.findall(r"[\d,]+", shown[row["Kantor cabang"]])[:2]
        figures = (row["Masih kurang"], row["Target"])
        assert figures == (missing.replace(",", ""), target.replace(",", ""))
        assert row["Target berlaku sampai"] == "31/12/2026"


@pytest.mark.parametrize("path", FILES)
def test_they_are_narrowed_told_of_and_refused_like_their_pages(
    app: Flask, english: Callable[[Role], Visitor], manager: Visitor, world: World, path: str
) -> None:
    assert manager.get(f"{path}.csv?area={FOREIGN_REGENCY}").status_code == 404
    assert english(Role.OFFICIAL).get(f"{path}.csv").status_code == 403
    look_after(app, world, OWN_REGENCY, FOREIGN_REGENCY)
    answer = english(Role.MANAGER).get(f"{path}.xlsx?area={OWN_REGENCY}")
    about = dict(sheets(answer)[1])
    assert about["Wilayah"] == f"Kota Surakarta ({OWN_REGENCY})"
    assert about["Alamat"].endswith(f"{path.rpartition('/')[0]}?area={OWN_REGENCY}")


def test_the_pages_lead_to_them(app: Flask, national: Visitor) -> None:
    confirm_many(app, 1)
    linked = " ".join(
        plain(link)
        for page in ("/ledger", "/outlook")
        for link in re.findall(r'href="([^"]+)" download', unescape(national.get(page).text))
    )
    assert all(f"{path}.xlsx" in linked for path in FILES)
