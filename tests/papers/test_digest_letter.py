"""The weekly digest in words: every figure, its source and date, and nobody's name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from outreach.papers.digest_letter import DigestLetter, address_mail, as_mail, digest_letter
from outreach.papers.digest_words import changed, month_span, percent
from outreach.papers.source_words import source_words
from outreach.people.identity import holds_identity_number
from outreach.progress.digest_sending import TakenDigest
from outreach.progress.week_figures import Plans
from outreach.villages.tables import Zone
from tests.progress.planned_board import world  # noqa: F401 - a fixture
from tests.progress.test_week_figures import NOW, figures_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.messages.mail import Letter
    from outreach.people.access import Person
    from tests.progress.planned_board import World

URL = "https://kunjungan.example"


@pytest.fixture
def letter(engine: Engine, world: World) -> DigestLetter:  # noqa: F811
    return digest_letter(figures_of(engine, world.field.manager), 1, Zone.WIB, URL)


def test_it_tells_the_figures_with_what_they_are_of(letter: DigestLetter) -> None:
    text = letter.text
    assert letter.subject == "Ringkasan mingguan Indonesia: 16–22 November 2026"
    for told in (
        "Keadaan per Selasa, 24 November 2026.",
        "Sosialisasi: 4 (pekan sebelumnya 0, naik 4)",
        "Pendaftaran: 20 (pekan sebelumnya 0, naik 20)",
        "Menurut rencana: 9 dari 9 desa/kelurahan harinya sudah lewat: tertinggal",
        "Diketahui sudah membayar: 11 dari 20 pendaftaran (pekan sebelumnya 0 dari 0 pendaftaran)",
        "Membayar: 11 dari 15 pendaftaran yang diketahui (73,3%)",
        "1 laporan bertanda yang belum disetujui",
        "1 kunjungan dengan dua laporan yang berbeda",
        "2 laporan belum terkirim di 1 HP",
        "yang terbaru 20 Nov 2026 pukul 11.00 WIB",
        "Surel ini dikirim setiap Senin",
    ):
        assert told in text, told
    assert len(re.findall(r"Pendaftaran dibanding: .* dari [\d.]+ .*\(perkiraan\)", text)) == 3
    assert text.count("Sumber: ") == len(letter.sections) == 7
    assert "31 Mar 2025" in text  # of when the estimates are


def test_it_names_nobody(letter: DigestLetter) -> None:
    for told in (letter.text, letter.html):
        assert not holds_identity_number(told)
        for name in ("Sri", "Lurah", "Manajer", "Koordinator", "Perangkat"):
            assert name not in told


def test_its_page_says_the_same_and_fetches_nothing(letter: DigestLetter) -> None:
    page = letter.html
    for section in letter.sections:
        for line in (section.title, *section.lines):
            assert line.replace("'", "&#39;") in page
    assert not re.search(r"<(img|link|script|iframe|style|form|input)\b|src=|url\(", page)
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 8
    assert all(link.startswith(f"{URL}/") for link in links)
    assert f"{URL}/board?by=branch" in links


def test_a_name_cannot_become_part_of_the_page(letter: DigestLetter) -> None:
    evil = replace(letter, opening=("<script>alert(1)</script>",))
    assert "<script" not in evil.html
    assert "<script>" in evil.text


def test_without_an_address_of_the_web_it_has_no_link(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    bare = digest_letter(figures_of(engine, world.field.manager, "33.72"), 5, Zone.WIB, "")
    assert "http" not in bare.text + bare.html
    assert "href" not in bare.html
    assert "Surel ini dikirim setiap Jumat" in bare.text
    linked = replace(bare, public_url=URL)
    assert f"{URL}/board?area=33.72\n" in linked.text


def test_a_region_that_somebody_governs_has_its_page_to_print(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    def papers(person: Person, area: str = "") -> list[str]:
        told = digest_letter(figures_of(engine, person, area), 1, Zone.WIB, URL)
        return re.findall(r"\(PDF\): (\S+)", told.text)

    manager, coordinator = world.field.manager, world.field.coordinator
    assert papers(manager, "33.72.01") == [f"{URL}/map/onepage.pdf?area=33.72.01"]
    assert papers(coordinator) == [f"{URL}/map/onepage.pdf"]
    assert papers(manager) == papers(manager, "33.72.01.1001") == []


def test_it_says_no_branch_is_on_schedule_that_only_has_no_target(
    letter: DigestLetter,
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    figures = figures_of(engine, world.field.manager)
    nobody = digest_letter(replace(figures, behind=(), behind_count=0), 1, Zone.WIB, URL).text
    assert "Tidak ada cabang dengan kekurangan yang masih dapat dikejar" in nobody
    assert "yang tertinggal" not in nobody
    assert re.search(
        r"- Kantor Cabang Surakarta: [\d.]+ dari [\d.]+ pendaftaran yang kurang ke target"
        r" sampai 31 Des 2026 \(perkiraan\)\n",
        letter.text,
    )
    assert "Cabang Kantor" not in letter.text


def test_plans_of_other_branches_are_counted_apart(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    figures = figures_of(engine, world.field.manager)
    told = replace(figures, plans=Plans(1, 3))
    text = digest_letter(told, 1, Zone.WIB, URL).text
    assert "1 rencana menunggu persetujuan Anda, dari 3 seluruhnya" in text
    assert f"Persetujuan: {URL}/approvals" in text
    elsewhere = digest_letter(replace(figures, plans=Plans(0, 3)), 1, Zone.WIB, URL).text
    assert "persetujuan" not in elsewhere.lower()


def test_an_area_without_anything_is_told_as_such(
    engine: Engine,
    world: World,  # noqa: F811
) -> None:
    text = digest_letter(figures_of(engine, world.field.manager, "33.11.12"), 1, Zone.WIB, "").text
    assert "Terjangkau: 0 dari 12 desa/kelurahan (0,0%)" in text
    assert "Belum ada desa/kelurahan dalam rencana" in text
    assert "Membayar: belum ada laporan yang menyebutkannya" in text
    assert "belum ada yang masuk" in text
    assert "data masih terlalu sedikit untuk perkiraan" in text


def _taken(world: World) -> TakenDigest:  # noqa: F811
    return TakenDigest(world.field.manager, "r@k.example", "", 1, NOW, True, "digest-1", 1, NOW)


def test_it_is_addressed_with_the_way_to_end_it(letter: DigestLetter, world: World) -> None:  # noqa: F811
    mail = as_mail(letter, _taken(world), "kodenya", NOW)
    ending = f"{URL}/digest/end/kodenya"
    assert (mail.to, mail.key, mail.unsubscribe) == ("r@k.example", "digest-1", ending)
    assert f"Berhenti menerima: {ending}\n" in mail.text
    assert f'href="{ending}"' in mail.html
    # What is only shown on a page holds no code.
    assert "/digest/end" not in letter.text + letter.html
    bare = as_mail(replace(letter, public_url=""), _taken(world), "kodenya", NOW)
    assert bare.unsubscribe == ""
    assert "kodenya" not in bare.text + bare.html


def test_the_letter_to_an_address_tells_no_figure(world: World) -> None:  # noqa: F811
    mail: Letter = address_mail(_taken(world), "kodenya", URL, NOW)
    assert f"{URL}/digest/confirm/kodenya\n" in mail.text
    assert "Berlaku sampai 27 Nov 2026 pukul 17.00 WIB." in mail.text
    bare = address_mail(_taken(world), "kodenya", "", NOW)
    assert "http" not in bare.text
    assert "ketik kode ini:\nkodenya\n" in bare.text


def test_days_shares_and_changes_read_as_people_write_them() -> None:
    november = datetime(2026, 11, 30, tzinfo=UTC).date()
    assert month_span(november, datetime(2026, 12, 6, tzinfo=UTC).date()) == "30 Nov – 6 Des 2026"
    december = datetime(2026, 12, 28, tzinfo=UTC).date()
    assert month_span(december, datetime(2027, 1, 3, tzinfo=UTC).date()) == (
        "28 Des 2026 – 3 Jan 2027"
    )
    assert (percent(0.125), percent(0.0046, 2), percent(0)) == ("12,5%", "0,46%", "0,0%")
    assert changed(3, 3) == "3 (sama dengan pekan sebelumnya)"
    assert changed(1_200, 1_300) == "1.200 (pekan sebelumnya 1.300, turun 100)"


def test_sources_of_ours_are_told_in_indonesian() -> None:
    ours = "BPJS Ketenagakerjaan: target for 2024"
    assert source_words(ours) != ours
    assert source_words("Rapat kerja cabang") == "Rapat kerja cabang"
