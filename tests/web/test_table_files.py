"""Tables as files hold what their pages show, narrowed alike, and no program runs what they say."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Role
from outreach.progress.follow_up import Case
from outreach.progress.ledger import ledger_by
from outreach.progress.scope import Scope
from outreach.progress.tables import Sponsorship
from outreach.progress.totals import totals_by
from outreach.sheets.seen_tables import follow_up_table
from outreach.villages.codes import Level
from outreach.villages.tables import Village
from outreach.visits.tables import Visit, Work
from tests.web.conftest import Visitor
from tests.web.planned import hang_clock
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.world import World

type SignIn = Callable[[Role], Visitor]
FILES = ("/board/table", "/map/table", "/ledger/areas")
LISTED = "/follow-ups/list.{}?list=promised"
DISTRICT = OWN_VILLAGE[:8]


def sheets(answer: Any) -> list[list[list[Any]]]:
    assert answer.status_code == 200
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def lines(answer: Any, delimiter: str = ";") -> list[dict[str, str]]:
    assert answer.status_code == 200
    text = answer.data.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=delimiter))


def number(text: str) -> float:
    return float(text.replace(",", "."))


@pytest.fixture
def manager(login_as: SignIn) -> Visitor:
    """Looks after Kota Surakarta alone."""
    return login_as(Role.MANAGER)


def test_the_workbook_of_the_map_holds_what_its_function_counts(
    app: Flask, manager: Visitor
) -> None:
    head, *rows, whole = sheets(manager.get(f"/map/table.xlsx?area={OWN_REGENCY}"))[0]
    with reading(app.extensions["outreach"].engine) as db:
        totals = totals_by(db, Scope((OWN_REGENCY,)), Level.DISTRICT)
    expected = [
        [
            *(row.code, row.name, row.villages, row.reached),
            round(100 * (row.reached_share or 0), 2),
            *(row.confirmed, row.planned, row.not_planned, row.signups),
            *(row.informal, row.covered, row.gap),
        ]
        for row in totals.rows
    ]
    assert rows == expected
    assert (head[0], head[2], head[8]) == ("Kode wilayah", "Desa", "Pendaftaran")
    assert whole[0] == "Jumlah"
    assert whole[2:4] == [totals.whole.villages, totals.whole.reached]
    assert totals.whole.signups == whole[8] > 0


def test_the_ledger_goes_out_as_it_is_counted(app: Flask, manager: Visitor) -> None:
    rows = lines(manager.get(f"/ledger/areas.csv?area={OWN_REGENCY}"))
    with reading(app.extensions["outreach"].engine) as db:
        until = max(db.scalars(select(col(SessionReport.held_on))))
        counted = ledger_by(db, Scope((OWN_REGENCY,)), Level.DISTRICT, until=until)
    assert [row["Kode wilayah"] for row in rows] == list(counted)
    for row in rows:
        totals = counted[row["Kode wilayah"]]
        assert int(row["Desa"]) == totals.villages
        assert int(row["Formulir menurut laporan"]) == totals.claimed_forms
        assert int(row["Desa menghasilkan"]) == totals.producing
        told = totals.steps["first_paid"].workers
        assert row["Iuran pertama dibayar"] == ("" if told is None else str(told))
    assert sum(int(row["Formulir menurut laporan"]) for row in rows) > 0


def test_the_board_goes_out_with_the_rows_and_the_figures_of_its_page(
    english: SignIn,
) -> None:
    manager = english(Role.MANAGER)
    query = f"?area={OWN_REGENCY}"
    page = manager.get(f"/board{query}").text
    head, *rows, whole = sheets(manager.get(f"/board/table.xlsx{query}"))[0]
    told = re.findall(r'<span class="hint code">([\d.]+)</span>', page)
    assert [row[0] for row in rows] == told
    place = head.index("Pendaftaran")
    assert sum(row[place] for row in rows) == whole[place] > 0
    villages, reached = head.index("Desa"), head.index("Desa terjangkau")
    share = head.index("Desa terjangkau (%)")
    for row in rows:
        assert row[share] == round(100 * row[reached] / row[villages], 2)
    weeks = [place for place, name in enumerate(head) if name.startswith("Minggu ")]
    assert len(weeks) == 26
    for row in rows:
        assert sum(row[place] for place in weeks) <= row[head.index("Pendaftaran")]


def test_of_teams_goes_out_what_their_page_shows(manager: Visitor) -> None:
    (row,) = lines(manager.get(f"/board/table.csv?area={OWN_REGENCY}&by=team"))
    assert (row["Tim"], row["Cabang"]) == ("Tim Satu", "Surakarta")
    assert int(row["Target: sudah tercapai"]) == int(row["Pendaftaran"]) > 0
    assert int(row["Pekerja informal (perkiraan)"]) > int(row["Desa"]) > 0
    assert row["HP dipakai"].isdecimal()


@pytest.mark.parametrize("path", [f"{one}.{{}}?area={OWN_REGENCY}" for one in FILES])
def test_text_and_workbook_hold_the_same(manager: Visitor, path: str) -> None:
    head, *rows = sheets(manager.get(path.format("xlsx")))[0]
    text = lines(manager.get(path.format("csv")))
    assert text
    assert len(text) in (len(rows), len(rows) - 1)  # the sum is in the workbook alone
    for row, line in zip(rows, text, strict=False):
        for name, cell in zip(head, row, strict=True):
            written = line[name]
            if isinstance(cell, float | int):
                assert number(written) == cell
            elif isinstance(cell, date):
                assert written == cell.strftime("%d/%m/%Y")
            else:
                assert written == cell


def test_commas_come_with_points(manager: Visitor) -> None:
    path = f"/map/table.csv?area={OWN_REGENCY}&layer=signups"
    (local, *_), (plain, *_) = (
        lines(manager.get(path)),
        lines(manager.get(f"{path}&sep=comma"), ","),
    )
    (layer,) = (name for name in plain if name.startswith("Pendaftaran per"))
    assert "," in local[layer]
    assert local[layer].replace(",", ".") == plain[layer]


def test_a_share_stands_beside_what_it_is_a_share_of(manager: Visitor) -> None:
    rows = lines(manager.get(f"/map/table.csv?area={OWN_REGENCY}&layer=confirmed"))
    share = next(name for name in rows[0] if name.startswith("Persentase kunjungan"))
    told = {row[share]: row["dari kunjungan mendatang"] for row in rows}
    assert told[""] == "0"
    assert any(int(of) > 0 for words, of in told.items() if words)


def test_every_file_tells_filter_source_date_and_address(
    manager: Visitor, login_as: Callable[[Role], Visitor]
) -> None:
    path = f"/board/table.xlsx?area={OWN_REGENCY}&kind=kelurahan&hxl=1"
    told = dict(sheets(manager.get(path))[1])
    assert told["Wilayah"] == f"Kota Surakarta ({OWN_REGENCY})"
    assert told["Jenis desa"] == "Kelurahan"
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d\.\d\d WIB", told["Keadaan per"])
    assert told["Alamat"].endswith(f"/board?area={OWN_REGENCY}&kind=kelurahan")
    for page in ("/map/table", "/board/table", "/ledger/areas"):  # of the reader's own area
        told = dict(sheets(login_as(Role.COORDINATOR).get(f"{page}.xlsx?sep=comma"))[1])
        assert re.search(r"\?(area|branch)=[\d.]+$", told["Alamat"]), page
    told = dict(sheets(manager.get(path))[1])
    (line, *_) = lines(manager.get(f"/map/table.csv?area={OWN_REGENCY}&kind=kelurahan"))
    assert "Jenis desa: Kelurahan" in line["Saringan"]
    assert "Laporan sosialisasi yang berlaku" in line["Sumber"]
    assert "Pekerja informal (perkiraan): " in line["Sumber"]
    assert "Pekerja rentan" not in line["Sumber"], "of whom the table tells nothing"
    assert line["Keadaan per"] == told["Keadaan per"]
    (line, *_) = lines(manager.get(f"/map/table.csv?area={OWN_REGENCY}&sep=comma"), ",")
    assert datetime.fromisoformat(line["Keadaan per"]).tzinfo is not None


def test_the_tags_stand_below_the_header_one_for_each_column(manager: Visitor) -> None:
    path = f"/map/table.csv?area={OWN_REGENCY}&hxl=1"
    for layer, tag in (("paid", "pct+layer+paid"), ("silence", "num+layer+silence")):
        (tags, *_) = lines(manager.get(f"{path}&layer={layer}"))
        assert f"#indicator+{tag}" in tags.values()
    (tags, *rows) = lines(manager.get(path))
    assert (tags["Kode wilayah"], tags["Pendaftaran"]) == ("#adm3+code", "#reached+signups")
    assert all(re.fullmatch(r"#[a-z]\w*(\+[a-z]\w*)*", tag) for tag in tags.values())
    assert [row["Kode wilayah"] for row in rows] == [
        row["Kode wilayah"] for row in lines(manager.get(path.replace("&hxl=1", "")))
    ]
    for path in (f"/board/table.xlsx?area={OWN_REGENCY}&hxl=1", LISTED.format("xlsx") + "&hxl=1"):
        head, tags_of_book, *_ = sheets(manager.get(path))[0]
        assert len(set(tags_of_book)) == len(head)


def test_a_name_never_becomes_a_formula(app: Flask, manager: Visitor) -> None:
    trap = '=HYPERLINK("http://x","y")'
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Village, OWN_VILLAGE).name = trap
    path = f"/map/table.{{}}?area={DISTRICT}"
    answer = manager.get(path.format("xlsx"))
    rows = sheets(answer)[0]
    assert trap in [row[1] for row in rows]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    names = [row["Desa/kelurahan"] for row in lines(manager.get(path.format("csv")))]
    assert f"'{trap}" in names
    assert trap not in names


@pytest.mark.parametrize("path", [*(f"{one}.csv" for one in FILES), "/follow-ups/list.csv"])
def test_a_foreign_area_is_not_there(manager: Visitor, path: str) -> None:
    query = f"?area={FOREIGN_REGENCY}&list=promised"
    assert manager.get(path + query).status_code == 404


def test_a_file_of_no_list_leads_to_the_page_that_says_so(manager: Visitor) -> None:
    answer = manager.get("/follow-ups/list.csv?list=none&hxl=1")
    assert (answer.status_code, answer.location) == (303, "/follow-ups?list=none")
    assert manager.get(answer.location).status_code == 422


def test_the_list_goes_out_with_its_rule(login_as: SignIn, app: Flask, world: World) -> None:
    hang_clock(app, datetime(2026, 11, 20, 3, tzinfo=UTC))
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.POSTPONED
        # Its last session was held a week before the time to ask begins.
        db.get_one(Sponsorship, world.own["sponsorship_id"]).conversion_days = 50
    coordinator = login_as(Role.COORDINATOR)
    path = "/follow-ups/list.{}?list=sponsor_ending"
    (row,) = lines(coordinator.get(path.format("csv")))
    assert row["Kode wilayah"] == world.own["code"]
    assert (row["Pekerja dibayari (perkiraan)"], row["Dibayari sampai"]) == ("100", "31/12/2026")
    told = dict(sheets(coordinator.get(path.format("xlsx")))[1])
    assert told["Desa di daftar"] == "1"
    assert told["Aturan"]


def test_the_sponsorships_go_out_with_payer_quota_term_and_source(
    manager: Visitor, app: Flask, world: World
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        own = db.get_one(Sponsorship, world.own["sponsorship_id"])
        own.source, own.sponsor = "SK Wali Kota", "=1+1"
        quota, ends = own.quota, own.ends
        over = {**own.model_dump(exclude={"id"}), "sponsor": "Sudah berakhir"}
        db.add(Sponsorship(**over | {"starts": date(2020, 1, 1), "ends": date(2020, 12, 31)}))
    (row,) = lines(manager.get(f"/sponsorships/list.csv?area={OWN_REGENCY}"))
    assert (row["Dibayari oleh"], row["Pekerja"]) == ("'=1+1", str(quota))
    assert (row["Berakhir"], row["Sumber kepesertaan"]) == (f"{ends:%d/%m/%Y}", "SK Wali Kota")
    assert row["Tidak diperpanjang"] == str(quota)
    assert "Laporan sosialisasi" not in row["Sumber"]
    answer = manager.get(f"/sponsorships/list.xlsx?kind=kelurahan&area={OWN_REGENCY}")
    told = dict(sheets(answer)[1])
    assert told["Jenis desa"] == "semua jenis", "of whom the page counts them, too"
    assert told["Wilayah"] == f"Kota Surakarta ({OWN_REGENCY})"
    assert told["Alamat"].endswith(f"/sponsorships?kind=kelurahan&area={OWN_REGENCY}")
    (tags, _row) = lines(manager.get(f"/sponsorships/list.csv?area={OWN_REGENCY}&hxl=1"))
    assert all(re.fullmatch(r"#[a-z]\w*(\+[a-z]\w*)*", tag) for tag in tags.values())
    assert len(set(tags.values())) == len(tags)
    foreign = manager.get(f"/sponsorships/list.csv?area={FOREIGN_REGENCY}")
    assert foreign.status_code == 404


def test_workers_at_stake_are_whole_people_as_on_the_page() -> None:
    cases = [Case("33.72.01.1001", 12.85, at_stake=12.85), Case("33.72.01.1002", 3.0)]
    table = follow_up_table(cases, {}, lambda _case: "", lambda _case: "")
    place = [one.header for one in table.columns].index("Pekerja dibayari (perkiraan)")
    assert [row[place] for row in table.rows] == [13, None]


@pytest.mark.parametrize(
    ("page", "file"),
    [
        (f"/board?area={OWN_REGENCY}&kind=kelurahan", "/board/table"),
        (f"/map?area={OWN_REGENCY}&layer=gap", "/map/table"),
        (f"/ledger?area={OWN_REGENCY}", "/ledger/areas"),
        (f"/sponsorships?area={OWN_REGENCY}", "/sponsorships/list"),
    ],
)
def test_the_pages_lead_to_the_files_of_what_they_show(
    manager: Visitor, page: str, file: str
) -> None:
    links = [
        unescape(link)
        for link in re.findall(r'href="([^"]+)" download', manager.get(page).text)
        if file in link
    ]
    assert len(links) == 4
    for link in links:
        assert set(parse_qsl(urlsplit(page).query)) <= set(parse_qsl(urlsplit(link).query))
        assert manager.get(link).status_code == 200
