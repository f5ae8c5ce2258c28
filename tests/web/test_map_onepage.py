"""The page for the head of an area: what it tells, what it leaves out, and that it is one page."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from PIL import Image
from sqlalchemy import delete, update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.maps.artefacts import Store
from outreach.papers.one_page import MOST_NAMED, MOST_VISITS, Area, NextVisits, one_page
from outreach.papers.typesetting import typeset_told
from outreach.people.tables import AccountArea, Branch, BranchRegency, Official, Role
from outreach.progress.scope import Scope
from outreach.progress.totals import Total, totals_by
from outreach.villages.codes import Level
from outreach.visits.tables import Visit, Work
from tests.web.planned import engine_of, hang_clock
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type SignIn = Callable[[Role], Visitor]
DISTRICT = OWN_VILLAGE[:8]
PAGE = "/map/onepage.pdf"


@pytest.fixture
def manager(login_as: SignIn) -> Visitor:
    return login_as(Role.MANAGER)


def words(answer: Any) -> str:
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    return words_of_pdf(answer.data)


def words_of_pdf(made: bytes) -> str:
    pdf = pypdfium2.PdfDocument(made)
    assert len(pdf) == 1
    return " ".join(pdf[0].get_textpage().get_text_range().split())


def test_the_page_tells_what_the_table_of_the_map_counts(app: Flask, manager: Visitor) -> None:
    told = words(manager.get(f"{PAGE}?area={OWN_REGENCY}"))
    with reading(engine_of(app)) as db:
        totals = totals_by(db, Scope((OWN_REGENCY,)), Level.DISTRICT)
    whole = totals.whole
    assert "untuk Wali Kota Surakarta" in told
    share = f"{100 * whole.reached / whole.villages:.1f}".replace(".", ",")
    assert f"{whole.reached} dari {whole.villages} ({share}%)" in told
    assert f"Pendaftaran {whole.signups} dalam {whole.sessions} sosialisasi" in told
    informal = f"{whole.informal:,}".replace(",", ".")
    assert f"dari {informal} pekerja informal (perkiraan)" in told
    assert f"Belum direncanakan: {whole.not_planned}" in told
    assert "kampanye: semua; jenis desa: semua" in told
    assert totals.as_of is not None
    assert f"terbaru {totals.as_of:%d/%m/%Y}" in told
    assert "BPJS Ketenagakerjaan" in told.partition("Sumber:")[2]


def test_the_visits_to_come_stand_there_without_anybody_to_call(
    app: Flask, manager: Visitor, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.work = Work.CONFIRMED
        official = db.get_one(Official, world.own["official_id"])
        name, official.phone = official.name, "+6281234567890"
        day = visit.day
    hang_clock(app, datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
    told = words(manager.get(f"{PAGE}?area={DISTRICT}"))
    assert "untuk Camat Laweyan" in told
    assert "terkonfirmasi" in told
    assert f"{day.year} 0" in told
    assert "1 kunjungan akan datang" in told
    assert name not in told
    assert "7890" not in told
    hang_clock(app, datetime(day.year + 1, day.month, 1, 1, tzinfo=UTC))
    assert "Belum ada kunjungan" in words(manager.get(f"{PAGE}?area={DISTRICT}"))


def test_a_visit_that_has_begun_by_the_clock_of_its_village_is_not_the_next(
    app: Flask, manager: Visitor, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.work = Work.CONFIRMED
        begins = datetime.combine(visit.day, visit.starts_at, ZoneInfo(visit.zone))
    minute = timedelta(minutes=1)
    hang_clock(app, (begins - minute).astimezone(UTC))
    assert "1 kunjungan akan datang" in words(manager.get(f"{PAGE}?area={DISTRICT}"))
    hang_clock(app, (begins + minute).astimezone(UTC))
    told = words(manager.get(f"{PAGE}?area={DISTRICT}"))
    assert "Belum ada kunjungan" in told
    assert "akan datang" not in told


def test_a_branch_heads_the_page_of_what_it_serves_as_a_whole(
    app: Flask, login_as: SignIn, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        first, second = db.exec(select(Branch).order_by(col(Branch.id))).all()
        first.name, first.regional_office = "Kantor Cabang Satu", "Kanwil Jateng"
        second.name, second.regional_office = "Kantor Cabang Dua", "Kanwil Jateng"
        db.exec(update(AccountArea).values(code="33"))
    manager = login_as(Role.MANAGER)

    def head(area: str) -> str:
        return words(manager.get(f"{PAGE}?area={area}")).partition(" untuk ")[0]

    assert "Kantor Cabang Satu" in head(DISTRICT)
    assert "Kantor Cabang Satu" in head(OWN_REGENCY)
    # Both belong to one office, and the province has these two regencies alone.
    province = head("33")
    assert "Kanwil Jateng" in province
    assert "Kantor Cabang" not in province
    with unit_of_work(engine_of(app)) as db:
        db.exec(delete(BranchRegency).where(col(BranchRegency.regency_code) == FOREIGN_REGENCY))
    assert "KETENAGAKERJAAN Jawa Tengah" in head("33")


def test_a_proposal_is_told_to_nobody_outside(app: Flask, manager: Visitor, world: World) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.work, day = Work.PROPOSED, visit.day
    hang_clock(app, datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
    assert "Belum ada kunjungan" in words(manager.get(f"{PAGE}?area={DISTRICT}"))


def test_the_villages_without_a_plan_are_named_where_they_are_few(
    app: Flask, manager: Visitor
) -> None:
    with reading(engine_of(app)) as db:
        rows = totals_by(db, Scope((DISTRICT,)), Level.VILLAGE).rows
    unplanned = [row.name for row in rows if not (row.reached or row.confirmed or row.planned)]
    assert 0 < len(unplanned) < len(rows) <= MOST_NAMED
    asked = words(manager.get(f"{PAGE}?area={DISTRICT}")).partition("Yang kami mohon")[2]
    assert f"yang belum direncanakan ({'; '.join(unplanned)}) agar" in asked
    whole = words(manager.get(f"{PAGE}?area={OWN_REGENCY}")).partition("Yang kami mohon")[2]
    assert "desa/kelurahan yang belum direncanakan agar" in whole, "which are too many"


def test_borders_that_were_brought_in_are_told_with_source_and_date(
    app: Flask, manager: Visitor
) -> None:
    store = Store(app.extensions["outreach"].settings.var_dir / "maps")
    before = store.manifest()
    facts = {"level": "district", "regions": 5, "missing": 7280, "as_of": "2024-06-30"}
    store.note(borders=[{**facts, "source": "BIG", "file": "none"}])
    told = words(manager.get(f"{PAGE}?area={DISTRICT}"))
    store.note(**{"borders": [], **before})
    shown = told[told.index("Batas") : told.index("Terjangkau: sedikitnya")]
    assert shown == (
        "Batas wilayah: BIG, 30/06/2024 (5 dari 7.285 kecamatan); selebihnya perkiraan. "
    )


def test_the_picture_is_the_same_page(manager: Visitor) -> None:
    answer = manager.get(f"/map/onepage.png?area={DISTRICT}")
    assert answer.status_code == 200
    picture = Image.open(io.BytesIO(answer.data))
    assert (picture.format, picture.size) == ("PNG", (1240, 1754))


def test_a_part_of_an_area_says_so(manager: Visitor) -> None:
    told = words(manager.get(f"{PAGE}?area={OWN_REGENCY[:2]}"))
    assert "untuk Gubernur Jawa Tengah" in told
    assert "Hanya bagian wilayah ini yang dihitung." in told


def test_the_code_leads_to_the_map_where_the_web_has_an_address(
    app: Flask, manager: Visitor
) -> None:
    assert "bagi yang memiliki akun" not in words(manager.get(f"{PAGE}?area={DISTRICT}"))
    running = app.extensions["outreach"]
    settings = running.settings.model_copy(update={"public_url": "https://desa.example"})
    app.extensions["outreach"] = replace(running, settings=settings)
    assert "bagi yang memiliki akun" in words(manager.get(f"{PAGE}?area={DISTRICT}"))


@pytest.mark.parametrize("area", [FOREIGN_REGENCY, OWN_VILLAGE, "99", "nothing"])
def test_only_own_regions_that_are_governed_have_a_page(manager: Visitor, area: str) -> None:
    for ending in ("pdf", "png"):
        assert manager.get(f"/map/onepage.{ending}?area={area}").status_code == 404


def test_the_map_leads_to_the_page_with_its_filters(manager: Visitor) -> None:
    page = manager.get(f"/map?area={DISTRICT}&kind=kelurahan").text
    assert f'href="{PAGE}?kind=kelurahan&amp;area={DISTRICT}"' in page


def test_the_fullest_page_is_one_page() -> None:
    whole = Total("", "", 9999, 5000, 900, 800, 9999, 999_999, 999_999, 999_999, 9**9, 9**8, 9**8)
    row = {
        "day": "Rabu, 30 September 2026",
        "hours": "08.00–10.00 WITA",
        "place": "Desa " + "Panjang Sekali " * 3,
        "district": "Kepulauan Panjang Sekali Utara",
        "work": "menunggu jawaban desa",
    }
    area = Area(
        code="71.01.01",
        name="Nama Kecamatan yang Panjang Sekali Sampai Ujung",
        above=["Kabupaten Kepulauan Siau Tagulandang Biaro", "Sulawesi Utara"],
        part="Hanya bagian wilayah ini yang dihitung.",
        filters=["kampanye: " + "Nama kampanye yang panjang " * 4, "jenis desa: Kelurahan"],
        head={"office": "Kantor Cabang " + "Panjang " * 6, "is_demo": True},
        address="",
    )
    square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9Z"/></svg>'
    told = one_page(
        area,
        whole,
        [],
        NextVisits([row] * MOST_VISITS, 999),
        ["Panjang Sekali Namanya, Kepulauan Panjang Sekali Utara"] * MOST_NAMED,
        square,
        [square] * 4,
        as_of="30/09/2026 10.00 WIB",
        borders="Batas perkiraan. " * 12,
        today=datetime(2026, 9, 30, tzinfo=UTC).date(),
    )
    told["rates"] = [{"share": "99,99%", "of": "dari 999.999.999 pekerja (perkiraan) " * 2}] * 3
    told["sources"] = ["Sumber dengan nama yang panjang sekali, " * 3] * 3
    assert "999" in words_of_pdf(typeset_told([told]))
