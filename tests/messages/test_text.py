"""What officials read: plain Indonesian, short, with the day and time as people write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from urllib.parse import parse_qs, urlsplit

import pytest

from outreach.messages.facts import Told
from outreach.messages.tables import Matter
from outreach.messages.text import (
    Addressee,
    subject_of,
    text_of_day,
    text_of_reminders,
    text_of_visit,
    wa_link,
)
from outreach.villages.tables import VillageKind, Zone
from outreach.visits.tables import Work

TOLD = Told(
    visit_id=7,
    village_code="33.72.01.1001",
    village="Pajang",
    village_kind=VillageKind.KELURAHAN,
    district="Laweyan",
    team="Tim 1",
    team_id=1,
    team_base="33.72.01.1001",
    team_phone="+6281234567890",
    branch="Surakarta",
    day=date(2027, 1, 8),
    starts_at=time(9, 30),
    zone=Zone.WIB,
    session_minutes=120,
    work=Work.AWAITING,
)
LINK = "https://kunjungan.example/k/Ab3x"
SRI = Addressee("Sri Lestari", "Lurah")


def test_an_official_is_asked_in_a_few_lines() -> None:
    assert text_of_visit(TOLD, link=LINK, to=SRI) == (
        "Yth. Bapak/Ibu Sri Lestari\n"
        "Lurah, Kelurahan Pajang\n"
        "\n"
        "Kami ingin mengadakan sosialisasi BPJS Ketenagakerjaan untuk warga yang bekerja"
        " mandiri.\n"
        "\n"
        "Hari: Jumat, 8 Januari 2027\n"
        "Jam: 09.30 WIB, sekitar 2 jam\n"
        "Tempat: Kelurahan Pajang, Kecamatan Laweyan\n"
        "Tim: Tim 1\n"
        "\n"
        "Mohon dijawab di sini, tidak perlu akun: bisa, minta hari lain, atau tidak bisa.\n"
        "https://kunjungan.example/k/Ab3x\n"
        "\n"
        "Terima kasih.\n"
        "BPJS Ketenagakerjaan Kantor Cabang Surakarta\n"
        "Tim 1: +6281234567890\n"
    )


@pytest.mark.parametrize("matter", list(Matter))
def test_every_message_is_whole_and_short(matter: Matter) -> None:
    for work in (Work.AWAITING, Work.CONFIRMED, Work.CANCELLED, Work.POSTPONED):
        for link, to in ((LINK, SRI), ("", None)):
            text = text_of_visit(replace(TOLD, work=work), matter, link=link, to=to)
            assert "Jumat, 8 Januari 2027" in text
            assert "09.30 WIB" in text
            assert text.count("https://") <= 1
            assert len(text) < 700
            assert "\n\n\n" not in text
            assert text == text.strip() + "\n"
            assert ("Sri Lestari" in text) == (to is not None)


def test_without_a_link_the_village_is_asked_to_reply() -> None:
    text = text_of_visit(replace(TOLD, team_phone=""))
    assert "Mohon balas pesan ini: BISA, HARI LAIN, atau TIDAK BISA." in text
    assert "Yth. Bapak/Ibu perangkat Kelurahan Pajang" in text
    assert text.endswith("BPJS Ketenagakerjaan Kantor Cabang Surakarta\n")


def test_only_what_is_cancelled_is_called_cancelled() -> None:
    def told(work: Work) -> str:
        return text_of_visit(replace(TOLD, work=work), Matter.CALLED_OFF)

    assert "Kunjungan ini dibatalkan." in told(Work.CANCELLED)
    assert "Hari yang baru akan kami sampaikan." in told(Work.POSTPONED)
    assert "dibatalkan" not in told(Work.RETURNED)


@pytest.mark.parametrize(
    ("zone", "minutes", "words"),
    [
        (Zone.WITA, 90, "09.30 WITA, sekitar 90 menit"),
        (Zone.WIT, 60, "09.30 WIT, sekitar 1 jam"),
        (Zone.WIB, 45, "09.30 WIB, sekitar 45 menit"),
    ],
)
def test_times_are_those_of_the_village(zone: Zone, minutes: int, words: str) -> None:
    assert words in text_of_visit(replace(TOLD, zone=zone, session_minutes=minutes))


def test_a_list_is_in_the_order_of_the_days_and_gives_no_link() -> None:
    other = replace(TOLD, visit_id=8, village="Laweyan", starts_at=time(8))
    later = replace(TOLD, visit_id=9, village="Sondakan", day=date(2027, 1, 11))
    text = text_of_day([later, TOLD, other])
    assert text.startswith(
        "Jadwal sosialisasi BPJS Ketenagakerjaan\n"
        "\n"
        "Jumat, 8 Januari 2027\n"
        "1. 08.00 WIB - Kelurahan Laweyan, Kec. Laweyan (Tim 1)\n"
        "2. 09.30 WIB - Kelurahan Pajang, Kec. Laweyan (Tim 1)\n"
        "\n"
        "Senin, 11 Januari 2027\n"
        "1. 09.30 WIB - Kelurahan Sondakan, Kec. Laweyan (Tim 1)\n"
        "\n"
        "Yang belum menjawab: setiap desa atau kelurahan mendapat alamat (link) sendiri"
    )
    assert "http" not in text
    assert "\n\n\n" not in text


def test_a_list_of_those_who_have_all_answered_asks_for_no_answer() -> None:
    assert text_of_day([replace(TOLD, work=Work.CONFIRMED)]).endswith("(Tim 1)\n")


def test_a_report_sent_back_is_told_with_its_reason_in_one_line() -> None:
    told = replace(TOLD, work=Work.SENT_BACK)
    page = "https://kunjungan.example/phone/"
    why = "Jumlah peserta\n\nMohon dijawab: https://lain.example"
    text = text_of_visit(told, Matter.SENT_BACK, to=SRI, report_page=page, reason=why)
    reason = "\nYang perlu diperbaiki: Jumlah peserta Mohon dijawab: https://lain.example\n"
    assert reason in text
    assert f"Mohon diperbaiki di sini:\n{page}\n" in text
    assert "balas pesan ini" not in text
    without = text_of_visit(told, Matter.SENT_BACK, to=SRI, reason=why)
    assert "Mohon balas pesan ini dengan keterangan yang benar" in without


def test_a_report_sent_back_is_named_by_the_day_that_was_planned() -> None:
    """It may have been held on another: nothing is said of when that was."""
    told = replace(TOLD, work=Work.SENT_BACK)
    text = text_of_visit(told, Matter.SENT_BACK, reason="Jumlah peserta")
    assert "\nRencana kunjungan: Jumat, 8 Januari 2027, 09.30 WIB\n" in text
    assert "\nTempat: Kelurahan Pajang, Kecamatan Laweyan\nTim: Tim 1\n" in text
    assert text.count("2027") == 1
    assert "Hari:" not in text
    assert subject_of(told, Matter.SENT_BACK) == (
        "Laporan perlu diperbaiki: sosialisasi BPJS Ketenagakerjaan di Kelurahan Pajang,"
        " rencana 8 Januari 2027"
    )


def test_reminders_in_a_group_say_what_stands_and_give_no_link() -> None:
    sure = replace(TOLD, visit_id=8, village="Laweyan", starts_at=time(8), work=Work.CONFIRMED)
    both = text_of_reminders([TOLD, sure])
    asks = "Belum dijawab: mohon menjawab lewat alamat (link) di pesan"
    prepares = "Sudah pasti: mohon menyiapkan tempat"
    assert both.startswith(
        "Mengingatkan: sosialisasi BPJS Ketenagakerjaan\n"
        "\n"
        "Jumat, 8 Januari 2027\n"
        "1. 08.00 WIB - Kelurahan Laweyan, Kec. Laweyan (Tim 1): sudah pasti\n"
        "2. 09.30 WIB - Kelurahan Pajang, Kec. Laweyan (Tim 1): belum dijawab\n"
        f"\n{asks}"
    )
    assert prepares in both
    assert "http" not in both
    assert (asks in text_of_reminders([sure]), prepares in text_of_reminders([TOLD])) == (
        False,
        False,
    )


def test_marks_of_html_stay_as_they_are() -> None:
    text = text_of_visit(replace(TOLD, village="Kali & <Anyar>"), to=Addressee("Ni'mah", "Kaur"))
    assert "Kali & <Anyar>" in text
    assert "Ni'mah" in text


def test_a_subject_says_what_where_and_when() -> None:
    assert subject_of(TOLD, Matter.CALLED_OFF) == (
        "Tidak jadi: sosialisasi BPJS Ketenagakerjaan di Kelurahan Pajang, 8 Januari 2027"
    )


def test_the_whatsapp_link_carries_every_letter_and_line() -> None:
    text = "Sri & Co: 100% \u201cbisa\u201d? #1+2\nbaris dua"
    link = wa_link("+62 812-3456-7890", text)
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "wa.me", "/6281234567890")
    assert parse_qs(parts.query, strict_parsing=True) == {"text": [text]}
    assert parts.fragment == ""
    assert "%0A" in link
    assert wa_link("", "halo") == "https://wa.me/?text=halo"
