"""The form to note a session on by hand: one page, its code, and the picture that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pypdfium2
import pytest
import segno

from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.logbook.wording import SECTORS
from outreach.papers.form_codes import address_of, code_of, find, key_of, report_id_of, shown_code
from outreach.papers.session_forms import HAS_FORM, forms_of
from outreach.papers.typesetting import AT_ONCE, typeset_told
from outreach.visits.listing import visit_row, visits_of_stage
from outreach.visits.tables import Visit, Work
from tests.papers.shop import move_away, some_visit, texts
from tests.visits.world import TODAY, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.rows import VisitRow

KEY = key_of("a secret of the tests alone")
URL = "https://kunjungan.example"
HOSTILE = '#read("/etc/passwd") $a$ *b* _c_ \\ @d <e> `f`'
LONG = "Matang Glumpang Dua Meunasah Timu Kampung Pansur Ampang Pulai"


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """The database is not the subject here."""
    return sqlite_engine


def _rows(engine: Engine, world: World) -> list[VisitRow]:
    with reading(engine) as db:
        return visits_of_stage(db, world.coordinator, world.stage_id)


def _forms(engine: Engine, world: World, rows: list[VisitRow]) -> list[dict[str, Any]]:
    with reading(engine) as db:
        return forms_of(db, rows, key=KEY, public_url=URL, today=TODAY)


def test_a_form_is_one_page_with_what_is_known_and_room_for_the_rest(
    engine: Engine, world: World
) -> None:
    row = _rows(engine, world)[0]
    (told,) = _forms(engine, world, [row])
    (page,) = texts(typeset_told([told]))
    code = shown_code(code_of(row.id, row.village_code, KEY))
    assert page.endswith("halaman 1 dari 1")
    assert f"Kode formulir {code}" in page
    assert f"Kelurahan {row.village} ({row.village_code})" in page
    assert "Ḥasanah Nurjannah" in page
    assert "Laki-laki Perempuan Pendaftaran Sudah bayar" in page
    assert all(name in page for name in SECTORS.values())
    assert "Jangan menulis nama peserta, NIK" in page
    assert f"Mengetahui, Lurah {row.village}" in page
    assert "kunjungan.example/f dan tulis kode" in page
    assert "Nomor" not in page


def test_the_longest_names_stay_on_one_page(engine: Engine, world: World) -> None:
    (told,) = _forms(engine, world, _rows(engine, world)[:1])
    told["visit"] |= {"place": f"Desa Adat {LONG}", "district": f"Distrik {LONG}", "regency": LONG}
    told |= {"village_head": f"Kepala Desa Adat {LONG}", "members": [LONG] * 2, "campaign": LONG}
    told["head"] |= {"office": f"Kantor Cabang {LONG}", "is_demo": True}
    assert len(texts(typeset_told([told]))) == 1


def test_hostile_names_stay_text(engine: Engine, world: World) -> None:
    (told,) = _forms(engine, world, _rows(engine, world)[:1])
    told["visit"] |= {"place": HOSTILE}
    (page,) = texts(typeset_told([told]))
    assert HOSTILE.replace(" ", "") in page.replace(" ", "")
    assert "root:" not in page


def test_many_forms_come_in_one_file(engine: Engine, world: World) -> None:
    rows = _rows(engine, world) * 2
    assert len(rows) > AT_ONCE
    made = texts(typeset_told(_forms(engine, world, rows)))
    assert len(made) == len(rows)
    for row, page in zip(rows, made, strict=True):
        assert shown_code(code_of(row.id, row.village_code, KEY)) in page


def test_only_what_awaits_a_report_has_a_form(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    for work in Work:
        with unit_of_work(engine) as db:
            db.get_one(Visit, visit.id).work = work
        with reading(engine) as db:
            row = visit_row(db, world.coordinator, visit.id or 0)
            made = forms_of(db, [row], key=KEY, public_url=URL, today=TODAY)
        assert bool(made) is (work in HAS_FORM), work


def test_the_picture_on_the_page_is_the_code_of_the_address(engine: Engine, world: World) -> None:
    """Read the squares off the rendered page, as a camera sees them."""
    row = _rows(engine, world)[0]
    (told,) = _forms(engine, world, [row])
    address = address_of(code_of(row.id, row.village_code, KEY), URL)
    assert address.startswith("https://kunjungan.example/f/")
    wanted = [[bool(one) for one in line] for line in segno.make(address, error="m").matrix]
    assert _squares(typeset_told([told]), len(wanted)) == wanted


def _squares(pdf: bytes, modules: int) -> list[list[bool]]:
    """Tell dark from light in the middle of each square of the picture above its code."""
    scale = 6
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        text = page.get_textpage()
        found = text.search("Kode formulir").get_next()
        assert found
        left, _bottom, _right, top = text.get_charbox(found[0])
        image = page.render(scale=scale).to_pil().convert("L")
        height = page.get_height()
    # The picture stands above its words, a little wider than they are.
    box = (int((left - 40) * scale), int((height - top - 90) * scale))
    around = image.crop((*box, image.width, int((height - top - 1) * scale)))
    dark = around.point(lambda light: 255 if light < 128 else 0)
    x0, y0, x1, y1 = dark.getbbox()
    size = (x1 - x0) / modules
    assert abs((y1 - y0) / modules - size) < 0.5
    return [
        [
            dark.getpixel((int(x0 + (column + 0.5) * size), int(y0 + (line + 0.5) * size))) > 0
            for column in range(modules)
        ]
        for line in range(modules)
    ]


def test_a_code_is_found_however_it_is_typed(engine: Engine, world: World) -> None:
    row = _rows(engine, world)[3]
    code = code_of(row.id, row.village_code, KEY)
    shown = shown_code(code)
    with reading(engine) as db:
        for typed in (
            code,
            shown,
            f" {shown.lower()} ",
            shown.replace("-", " "),
            _as_digits(shown),
        ):
            assert find(db, world.coordinator, typed, KEY).id == row.id


def _as_digits(shown: str) -> str:
    """Type digits for the letters that look like them."""
    return shown.replace("O", "0").replace("I", "1").replace("B", "8")


def test_a_wrong_code_and_a_foreign_one_look_the_same(engine: Engine, world: World) -> None:
    row = _rows(engine, world)[0]
    code = code_of(row.id, row.village_code, KEY)
    other = "a" if code[-1] != "a" else "b"
    with reading(engine) as db:
        for typed in ("", "a", code[:-1], code[:-1] + other, other + code[1:], "a" * 500, "?"):
            with pytest.raises(NotFound):
                find(db, world.coordinator, typed, KEY)
        with pytest.raises(NotFound):
            find(db, world.coordinator, code, key_of("another installation"))
        with pytest.raises(NotFound):
            find(db, world.foreigner, code, KEY)


def test_the_report_of_a_form_has_an_id_that_never_changes(engine: Engine, world: World) -> None:
    rows = _rows(engine, world)
    ids = {row.id: report_id_of(row.id, row.village_code, KEY) for row in rows}
    assert len(set(ids.values())) == len(rows)
    for one in ids.values():
        assert one.variant == UUID(int=0x8 << 76 | 0x2 << 62).variant
        assert str(one)[14] == "8"
    visit = some_visit(engine)
    move_away(engine, world, visit)
    moved = next(row for row in _rows(engine, world) if row.id == visit.id)
    assert moved.day != visit.day
    assert report_id_of(moved.id, moved.village_code, KEY) == ids[moved.id]
    assert report_id_of(moved.id, moved.village_code, key_of("another")) != ids[moved.id]
