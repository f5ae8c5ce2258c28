"""The PDFs: what stands on every kind of paper, on how many pages, and what never does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from pypdfium2.raw import FPDF_PAGEOBJ_PATH

from outreach.db import reading, unit_of_work
from outreach.papers.choosing import Wanted
from outreach.papers.letterhead import save_letterhead
from outreach.papers.reading import PrintedPaper, printed
from outreach.papers.tables import PaperKind
from outreach.papers.typesetting import AT_ONCE, contacts_of, qr, typeset
from outreach.papers.wording import Contact, shown
from outreach.people.officials import OfficialIn, add_official
from outreach.people.tables import Branch
from outreach.visits.moving import MoveIn, move_visit
from tests.papers.shop import FREE_DAY, LETTERHEAD, make, pages, some_visit, texts
from tests.visits.world import NOW, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.tables import Visit

HOSTILE = '#read("/etc/passwd") #import "x" $a$ *b* _c_ \\ @d <e> `f` // g'


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """The database is not the subject here."""
    return sqlite_engine


def _one(engine: Engine, world: World, kind: PaperKind) -> tuple[PrintedPaper, Visit]:
    visit = some_visit(engine)
    ids = make(engine, world, Wanted((kind,), visit_id=visit.id))
    with reading(engine) as db:
        return printed(db, world.coordinator, ids)[0], visit


def _set(*papers: PrintedPaper, contacts: dict[str, list[Contact]] | None = None) -> list[str]:
    return texts(typeset(papers, lambda one: f"https://desa.example/visits/{one}", contacts or {}))


def _with(paper: PrintedPaper, **plan: Any) -> PrintedPaper:
    content = json.loads(json.dumps(paper.content))
    content["plan"] |= plan
    return PrintedPaper(paper.id, paper.kind, paper.number, paper.edition, paper.first_day, content)


def test_the_assignment_letter_names_team_and_days(engine: Engine, world: World) -> None:
    paper, visit = _one(engine, world, PaperKind.ASSIGNMENT_LETTER)
    whole = " ".join(_set(paper))
    assert "SURAT TUGAS Nomor: ST/001/SURAKARTA/XI/2026" in whole
    assert "Ḥasanah Nurjannah 0" in whole
    assert "José Wibowo" in whole
    assert "Kampanye" not in whole
    assert "kampanye “Desa terlindungi”, Tahap 1" in whole
    for one in paper.content["plan"]["visits"]:
        assert one["village"] in whole
    assert "Selasa, 3 November 2026" in whole
    assert "WIB" in whole
    assert "Surakarta, 2 November 2026" in whole
    assert visit.day.year == 2026


def test_the_notice_asks_the_head_and_copies_the_district(engine: Engine, world: World) -> None:
    paper, visit = _one(engine, world, PaperKind.NOTICE)
    (page,) = _set(paper)
    told = paper.content["plan"]["visit"]
    assert f"Yth. Lurah {told['village']} di Kecamatan {told['district']}" in page
    assert re.search(r"Nomor : SP/001/SURAKARTA/XI/2026", page)
    assert "Perihal : Pemberitahuan" in page
    assert f"Tembusan: 1. Camat {told['district']} 2. Arsip" in page
    ends = (NOW.replace(hour=visit.starts_at.hour, minute=visit.starts_at.minute)) + timedelta(
        minutes=visit.session_minutes
    )
    assert f"pukul {visit.starts_at:%H.%M}–{ends:%H.%M} WIB" in page
    assert page.endswith("halaman 1 dari 1")


@pytest.mark.parametrize(
    ("kind", "code", "head", "district"),
    [
        ("desa", "33.11.01.2001", "Kepala Desa Gentan", "Camat Baki"),
        ("desa_adat", "91.03.01.3001", "Kepala Desa Adat Gentan", "Kepala Distrik Baki"),
    ],
)
def test_heads_have_the_titles_of_their_place(
    engine: Engine, world: World, kind: str, code: str, head: str, district: str
) -> None:
    paper, _ = _one(engine, world, PaperKind.NOTICE)
    visit = paper.content["plan"]["visit"] | {
        "village": "Gentan",
        "village_kind": kind,
        "village_code": code,
        "district": "Baki",
        "zone": "WIT",
    }
    (page,) = _set(_with(paper, visit=visit))
    assert f"Yth. {head}" in page
    assert f"1. {district}" in page
    assert "WIT" in page


def test_a_revised_letter_says_so(engine: Engine, world: World) -> None:
    ids = make(engine, world, Wanted((PaperKind.NOTICE,), visit_id=some_visit(engine).id))
    visit = some_visit(engine)
    with unit_of_work(engine) as db:
        to = MoveIn(team_id=visit.team_id, day=FREE_DAY, slot=1)
        by, version = world.coordinator, visit.version
        move_visit(db, visit.id or 0, to, version=version, by=by, now=NOW, reason="hajatan")
    make(engine, world, Wanted((PaperKind.NOTICE,), visit_id=visit.id))
    (page,) = pages(engine, world, ids)
    assert "Sabtu, 14 November 2026" in page
    assert "menggantikan surat bernomor sama" in page
    assert "edisi 2" in page


def test_the_attendance_list_has_forty_rows_and_asks_for_no_identity(
    engine: Engine, world: World
) -> None:
    paper, _ = _one(engine, world, PaperKind.ATTENDANCE_LIST)
    first, second = _set(paper)
    assert "No. Nama Alamat/dusun Pekerjaan Tanda tangan" in first
    assert "No. Nama Alamat/dusun Pekerjaan Tanda tangan" in second
    assert " 40 40" in second
    assert " 41" not in second
    assert "halaman 1 dari 2" in first
    assert second.endswith("halaman 2 dari 2")
    without_advice = first.replace("Mohon tidak menuliskan NIK atau nomor telepon", "")
    assert "NIK" not in without_advice
    assert "telepon" not in without_advice.lower()


def test_the_sum_of_the_attendance_list_stands_on_one_line(engine: Engine, world: World) -> None:
    paper, _ = _one(engine, world, PaperKind.ATTENDANCE_LIST)
    with pypdfium2.PdfDocument(typeset([paper], str, {})) as document:
        page = document[1]
        text = page.get_textpage()
        found = text.search("Jumlah hadir").get_next()
        assert found is not None
        _left, bottom, _right, top = text.get_charbox(found[0])
        # Between the table and the foot of the page only the three lines to write on are drawn.
        drawn = [one.get_bounds() for one in page.get_objects(filter=[FPDF_PAGEOBJ_PATH])]
    lines = [bounds for bounds in drawn if 60 < bounds[1] < top]
    assert len(lines) == 3
    assert all(abs(bounds[1] - bottom) < 6 for bounds in lines)


def test_blank_minutes_have_lines_and_filled_ones_figures(engine: Engine, world: World) -> None:
    paper, visit = _one(engine, world, PaperKind.MINUTES)
    (blank,) = _set(paper)
    assert "tanggal tiga bulan November tahun dua ribu dua puluh enam (03-11-2026)" in blank
    paper.content["report"] = {
        "visit_id": visit.id,
        "held_on": "2026-11-04",
        "held_at": "10:15",
        "place": "Balai RW 3",
        "men": 17,
        "women": 21,
        "signups": 9,
        "details": [
            {"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 4},
            {"sector": "trader", "package": "jkk_jkm", "payer": "apbdes", "workers": 2},
            {"sector": "fisher", "package": "jkk_jkm_jht", "payer": "self", "workers": 3},
        ],
    }
    (filled,) = _set(paper)
    assert "tanggal empat bulan November" in filled
    assert "mulai pukul 10.15 WIB, bertempat di Balai RW 3" in filled
    assert "laki-laki: 17 orang perempuan: 21 orang jumlah: 38 orang" in filled
    assert "Pedagang 6 0" in filled
    assert "Nelayan 0 3" in filled
    assert "Pekerja sendiri 7" in filled
    assert "Anggaran desa (APBDes) 2" in filled


def test_the_signatures_of_minutes_never_stand_alone(engine: Engine, world: World) -> None:
    paper, _visit = _one(engine, world, PaperKind.MINUTES)
    paper.content["revised"] = "2026-11-05"
    for lines in range(1, 12):
        paper.content["head"]["address"] = "Jalan Panjang Sekali Nomor 1 RT 02 RW 03 " * 3 * lines
        made = _set(paper)
        signed = next(page for page in made if "Demikian berita acara" in page)
        assert "Pendaftaran menurut pembayar iuran" in signed
    assert len(made) == 2


def test_an_assignment_letter_names_the_team_and_asks_for_no_number(
    engine: Engine, world: World
) -> None:
    paper, _visit = _one(engine, world, PaperKind.ASSIGNMENT_LETTER)
    text = " ".join(_set(paper))
    assert "No. Nama Jabatan dalam tim" in text
    assert text.count("NPK") == 2  # the signer's, above and below


@pytest.mark.parametrize(
    ("result", "because"),
    [
        ("not_met", "tidak dapat menemui perangkat desa/kelurahan maupun warga"),
        ("refused", "pihak desa/kelurahan tidak bersedia menerima kegiatan"),
    ],
)
def test_minutes_certify_no_session_that_never_was(
    engine: Engine, world: World, result: str, because: str
) -> None:
    paper, visit = _one(engine, world, PaperKind.MINUTES)
    paper.content["report"] = {
        "visit_id": visit.id,
        "held_on": "2026-11-04",
        "held_at": "10:15",
        "place": "",
        "men": 0,
        "women": 0,
        "signups": 0,
        "result": result,
        "details": [],
    }
    (page,) = _set(paper)
    assert "tidak dapat dilaksanakan sosialisasi" in page
    assert because in page
    assert "telah dilaksanakan" not in page
    assert "laki-laki" not in page
    assert "mendaftar" not in page


def test_the_route_sheet_tells_order_ways_and_whom_to_ask_for(engine: Engine, world: World) -> None:
    visit = some_visit(engine)
    given = OfficialIn(
        village_code=visit.village_code,
        name="Ibu Contoh",
        position="Lurah",
        phone="0812 3456 7890",
    )
    with unit_of_work(engine) as db:
        add_official(db, given, by=world.coordinator)
    paper, _ = _one(engine, world, PaperKind.ROUTE_SHEET)
    with reading(engine) as db:
        contacts = contacts_of(db, [paper])
    (page,) = _set(paper, contacts=contacts)
    stops = paper.content["plan"]["stops"]
    places = [page.index(f" {stop['village']} ") for stop in stops]
    assert places == sorted(places)
    assert f"perjalanan {stops[0]['travel_minutes']} menit" in page
    assert "Ibu Contoh Lurah 0812-3456-7890" in page
    assert "belum ada nama" in page
    base = paper.content["plan"]["team"]["base"]
    assert f"Berangkat : {base}, paling lambat pukul" in page
    links = shown(paper, lambda one: f"https://desa.example/visits/{one}", {})["stops"]
    assert links[0]["link"] == f"https://desa.example/visits/{visit.id}"


def test_the_route_sheet_tells_what_contributions_cost_and_when_they_rise(
    engine: Engine, world: World
) -> None:
    paper, _ = _one(engine, world, PaperKind.ROUTE_SHEET)
    paper.content["plan"]["day"] = "2026-12-31"
    (page,) = _set(paper)
    assert "Petani, Nelayan, Pedagang" in page
    assert "JKK dan JKM Rp8.400 sebulan; dengan JHT Rp28.400" in page
    assert "mulai 1 Januari 2027 menjadi Rp16.800; dengan JHT Rp36.800" in page
    assert "Ojek dan sopir" in page
    assert "mulai 1 April 2027" in page
    paper.content["plan"]["day"] = "2027-04-01"
    (page,) = _set(paper)
    assert "Semua sektor: JKK dan JKM Rp16.800 sebulan; dengan JHT Rp36.800." in page
    assert "Potongan" not in page


def test_a_code_of_a_visit_is_drawn_in_the_pdf(engine: Engine, world: World) -> None:
    paper, _ = _one(engine, world, PaperKind.ROUTE_SHEET)
    with_codes = typeset([paper], lambda one: f"https://desa.example/visits/{one}", {})
    others = typeset([paper], lambda one: f"https://lain.example/visits/{one}", {})
    assert with_codes != others
    assert "<svg" in qr("https://desa.example/visits/1")


def test_thirty_visits_go_over_pages_with_the_head_of_the_table(
    engine: Engine, world: World
) -> None:
    paper, _ = _one(engine, world, PaperKind.ASSIGNMENT_LETTER)
    visit = paper.content["plan"]["visits"][0]
    long = "Matang Glumpang Dua Meunasah Timu Kampung Pansur Ampang Pulai"
    many = [visit | {"village": f"{long} {n}"} for n in range(30)]
    made = _set(_with(paper, visits=many))
    assert len(made) == 4
    assert all("No. Hari, tanggal Pukul Desa/kelurahan" in page for page in made[:-1])
    assert f"{long} 29" in " ".join(made)
    assert made[0].endswith("halaman 1 dari 4")


@pytest.mark.parametrize("visits", range(1, 16))
def test_the_closing_of_a_letter_never_stands_alone(
    engine: Engine, world: World, visits: int
) -> None:
    paper, _ = _one(engine, world, PaperKind.ASSIGNMENT_LETTER)
    visit = paper.content["plan"]["visits"][0]
    many = [visit | {"village": f"Desa ke-{n}"} for n in range(1, visits + 1)]
    made = _set(_with(paper, visits=many))
    whole = " ".join(made)
    assert [whole.count(f"Desa ke-{n} ") for n in range(1, visits + 1)] == [1] * visits
    assert f"Desa ke-{visits} " in made[-1]
    assert "Demikian surat tugas" in made[-1]
    assert all(page.count("No. Hari, tanggal Pukul Desa/kelurahan") == 1 for page in made)
    assert all(f"lanjutan Surat tugas {paper.number}" in page for page in made[1:])


def test_hostile_text_stays_text(engine: Engine, world: World) -> None:
    for kind in PaperKind:
        paper, _ = _one(engine, world, kind)
        for name in ("visit",):
            if name in paper.content["plan"]:
                visit = paper.content["plan"][name] | {"village": HOSTILE, "district": HOSTILE}
                paper = _with(paper, visit=visit)
        for name in ("visits", "stops"):
            if name in paper.content["plan"]:
                first = paper.content["plan"][name][0] | {"village": HOSTILE}
                paper = _with(paper, **{name: [first]})
        paper.content["head"]["office"] = HOSTILE
        page = "".join(_set(paper)).replace(" ", "")
        assert '#read("/etc/passwd")#import"x"$a$*b*_c_\\@d<e>`f`//g' in page, kind
        assert "root:" not in page


def test_a_sign_that_no_font_has_does_not_stop_a_paper(engine: Engine, world: World) -> None:
    paper, _ = _one(engine, world, PaperKind.NOTICE)
    visit = paper.content["plan"]["visit"] | {"village": "ꦱꦭ Sala"}
    (page,) = _set(_with(paper, visit=visit))
    assert "Sala" in page


def test_a_letter_is_an_archive_s_pdf_with_its_fonts(engine: Engine, world: World) -> None:
    paper, _ = _one(engine, world, PaperKind.NOTICE)
    made = typeset([paper], str, {})
    assert b"pdfaid:part>2<" in made
    assert b"FontFile" in made
    assert made == typeset([paper], str, {})


def test_many_papers_come_in_one_pdf_each_counting_its_own_pages(
    engine: Engine, world: World
) -> None:
    ids = make(engine, world, Wanted((PaperKind.NOTICE, PaperKind.ATTENDANCE_LIST)))
    assert len(ids) > AT_ONCE
    made = pages(engine, world, ids)
    assert len(made) == len(ids) // 2 * 3
    assert ["lanjutan" in page for page in made] == ["halaman 1 dari" not in page for page in made]
    ends = [page[-len("halaman 1 dari 1") :] for page in made[:3]]
    assert ends == ["halaman 1 dari 1", "halaman 1 dari 2", "halaman 2 dari 2"]
    numbers = [found[1] for page in made if (found := re.search(r"Nomor ?: ?(\S+)", page))]
    with reading(engine) as db:
        wanted = [paper.number for paper in printed(db, world.coordinator, ids)]
    assert numbers == wanted


def test_without_a_signer_there_is_a_line_and_no_name(engine: Engine, world: World) -> None:
    paper, _ = _one(engine, world, PaperKind.NOTICE)
    assert paper.content["head"]["signer_name"] == ""
    (page,) = _set(paper)
    assert "Kepala Surakarta, NPK Tembusan" in page
    with unit_of_work(engine) as db:
        save_letterhead(db, world.branch_id, LETTERHEAD, version=0, by=world.coordinator)
    paper, _ = _one(engine, world, PaperKind.NOTICE)
    (page,) = _set(paper)
    assert "Kepala Kantor Cabang, Sri Contoh" in page
    assert "Jalan Contoh 1" in page
    asks = "Apabila Bapak/Ibu berhalangan pada hari atau waktu tersebut"
    assert f"{asks}, mohon segera memberi tahu kantor kami (0271-714000) agar" in page


def test_a_demonstration_never_looks_official(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Branch, world.branch_id).is_demo = True
    for kind in PaperKind:
        paper, _ = _one(engine, world, kind)
        assert "BUKAN SURAT RESMI" in _set(paper)[0], kind


def test_the_app_starts_without_the_typesetter() -> None:
    told = (
        "import sys; from outreach.web.app import create_app; import outreach.papers.typesetting;"
        "print([name for name in ('typst', 'segno') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
