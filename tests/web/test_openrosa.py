"""ODK Collect and KoboCollect fetch the form and send it answered, each report once."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from defusedxml.ElementTree import fromstring
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    HeldReport,
    ReportSource,
    SignUp,
)
from outreach.people.devices import revoke
from outreach.people.tables import Device, DeviceKind, Official
from outreach.visits.tables import Visit, Work
from tests.field import NOW
from tests.web.collect import (
    Collect,
    answered,
    form_xml,
    new_id,
    photo,
    set_up,
    signature,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"


@pytest.fixture
def collect(database_url: str, web_var: Path) -> Iterator[Collect]:
    """On both databases."""
    with set_up(database_url, web_var) as phone:
        yield phone


def rows(collect: Collect, table: Any) -> list[Any]:
    with reading(collect.engine) as db:
        return list(db.exec(select(table)))


def test_the_list_leads_to_the_form_and_to_the_officials_own_visits(collect: Collect) -> None:
    listed = collect.get("/formList")
    assert listed.headers["X-OpenRosa-Version"] == "1.0"
    assert listed.headers["Cache-Control"] == "no-store"
    (entry,) = fromstring(listed.data)
    told = {one.tag.removeprefix(LIST): one.text for one in entry}
    form = collect.client.get(told["downloadUrl"])
    assert told["hash"] == "md5:" + hashlib.md5(form.data).hexdigest()
    assert f'id="laporan_sesi" version="{told["version"]}"'.encode() in form.data
    (media,) = fromstring(collect.client.get(told["manifestUrl"]).data)
    file = {one.tag.removeprefix(MANIFEST): one.text for one in media}
    visits = collect.client.get(file["downloadUrl"])
    assert file["filename"] == "visits.csv"
    assert file["hash"] == "md5:" + hashlib.md5(visits.data).hexdigest()
    (row,) = csv.DictReader(io.StringIO(visits.text))
    assert (row["name"], row["day"]) == (str(collect.visit_id), "2026-11-18")
    assert "Rabu, 18 November 2026 09.00" in row["label"]


def test_the_list_holds_only_the_form_that_is_asked_for(collect: Collect) -> None:
    assert len(fromstring(collect.get("/formList?formID=laporan_sesi").data)) == 1
    assert len(fromstring(collect.get("/formList?formID=other").data)) == 0


def test_the_place_to_send_to_is_told_before(collect: Collect) -> None:
    answer = collect.client.head(f"/key/{collect.key}/submission", headers=collect.headers)
    assert answer.status_code == 204
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) > 1_000_000


def test_an_answered_form_becomes_a_report(collect: Collect) -> None:
    own = new_id()
    answers = answered(
        collect.visit_id,
        paid="3",
        minutes="90",
        place="Balai desa",
        location="-7.55661 110.77123 100.0 4.9",
        has_details="yes",
        detailed="7",
        details_agree="OK",
    )
    lines = (("farmer", "jkk_jkm", "self", "4"), ("fisher", "jkk_jkm_jht", "apbdes", "3"))
    answer = collect.send(form_xml(answers, instance_id=own, details=lines))
    assert answer.status_code == 201, words_of(answer)
    (stored,) = collect.stored()
    assert f"uuid:{stored.id}" == own
    assert (stored.men, stored.women, stored.signups, stored.paid) == (20, 22, 7, 3)
    assert (stored.held_at.isoformat(), stored.minutes, stored.place) == (
        "09:00:00",
        90,
        "Balai desa",
    )
    assert (stored.latitude, stored.longitude) == (-7.557, 110.771)
    assert (stored.source, stored.skew_seconds) == (ReportSource.ODK, 0)
    assert stored.reported_by == collect.at.official.account_id
    assert {(one.sector.value, one.workers) for one in rows(collect, SignUp)} == {
        ("farmer", 4),
        ("fisher", 3),
    }
    (device,) = rows(collect, Device)
    assert (device.id, device.last_seen_at) == (stored.device_id, NOW)
    assert "Tanda terima" in words_of(answer)


def test_a_visit_without_a_session_needs_no_numbers(collect: Collect) -> None:
    told = answered(collect.visit_id, met="not_met", men="", women="", signups="")
    assert collect.send(form_xml(told)).status_code == 201
    (stored,) = collect.stored()
    assert (stored.men, stored.signups, stored.result.value) == (0, 0, "not_met")


def test_the_same_form_again_counts_once(collect: Collect) -> None:
    xml = form_xml(answered(collect.visit_id))
    assert [collect.send(xml).status_code for _ in range(3)] == [201, 201, 201]
    assert len(collect.stored()) == 1
    assert rows(collect, DisputedReport) == []


def test_other_content_under_the_same_id_is_kept_for_a_person(collect: Collect) -> None:
    own = new_id()
    collect.send(form_xml(answered(collect.visit_id), instance_id=own))
    other = form_xml(answered(collect.visit_id, men="21"), instance_id=own)
    assert [collect.send(other).status_code for _ in range(2)] == [202, 202]
    (stored,) = collect.stored()
    assert stored.men == 20
    (dispute,) = rows(collect, DisputedReport)
    assert (dispute.content["men"], dispute.reason) == (21, "other_content")
    assert dispute.source is ReportSource.ODK


def test_a_second_form_of_a_reported_visit_is_kept_for_a_person(collect: Collect) -> None:
    collect.send(form_xml(answered(collect.visit_id)))
    assert collect.send(form_xml(answered(collect.visit_id, men="9"))).status_code == 202
    assert len(collect.stored()) == 1
    (dispute,) = rows(collect, DisputedReport)
    assert dispute.reason == "already_reported"


def test_an_edited_form_corrects_the_one_it_replaces(collect: Collect) -> None:
    first, second, third = new_id(), new_id(), new_id()
    collect.send(form_xml(answered(collect.visit_id), instance_id=first))
    for own, old, men in ((second, first, "25"), (third, second, "26")):
        edited = form_xml(answered(collect.visit_id, men=men), instance_id=own, deprecated_id=old)
        assert collect.send(edited).status_code == 201
    current = [one for one in collect.stored() if one.corrected_by is None]
    assert [(f"uuid:{one.id}", one.men) for one in current] == [(third, 26)]
    # What was sent can still be opened with its visit in the list.
    listed = collect.get("/forms/laporan_sesi/visits.csv").text
    assert f"{collect.visit_id}," in listed
    assert "(sudah dilaporkan)" in listed


def test_an_edit_that_comes_first_waits(collect: Collect) -> None:
    first, second = new_id(), new_id()
    edited = form_xml(answered(collect.visit_id, men="25"), instance_id=second, deprecated_id=first)
    assert collect.send(edited).status_code == 202
    assert len(rows(collect, HeldReport)) == 1
    collect.send(form_xml(answered(collect.visit_id), instance_id=first))
    current = [one for one in collect.stored() if one.corrected_by is None]
    assert [one.men for one in current] == [25]


@pytest.mark.parametrize("whose", ["foreign", "missing"])
def test_a_foreign_visit_looks_like_a_missing_one(collect: Collect, whose: str) -> None:
    visit_id = collect.at.visits[collect.at.codes[1]] if whose == "foreign" else 999_999
    answer = collect.send(form_xml(answered(visit_id)))
    assert answer.status_code == 422
    assert "tidak" in words_of(answer) or "does not belong" in words_of(answer)
    assert collect.stored() == []


def test_what_is_refused_is_told_by_the_question_that_was_asked(collect: Collect) -> None:
    told = answered(collect.visit_id, women="-1", remarks="Ketua: 3372011203900001")
    answer = collect.send(form_xml(told))
    assert answer.status_code == 422
    assert "Jumlah perempuan yang hadir: " in words_of(answer)
    assert "Catatan: " in words_of(answer)
    assert "3372011203900001" not in answer.text
    assert collect.stored() == []


def test_pictures_in_several_parts_belong_to_one_report(collect: Collect) -> None:
    told = answered(collect.visit_id, photo="1700.jpg", signature="1701.png")
    xml, drawn = form_xml(told), signature()
    more: dict[str, Any] = {
        "1700.jpg": (io.BytesIO(photo()), "1700.jpg", "image/jpeg"),
        "*isIncomplete*": "yes",
    }
    first = collect.send(xml, more)
    last = collect.send(xml, {"1701.png": (io.BytesIO(drawn), "1701.png", "image/png")})
    assert (first.status_code, last.status_code) == (202, 201)
    (stored,) = collect.stored()
    kept = {one.kind: one for one in rows(collect, Evidence)}
    assert set(kept) == set(EvidenceKind)
    assert {one.report_id for one in kept.values()} == {stored.id}
    again = collect.send(xml, {"1701.png": (io.BytesIO(drawn), "1701.png", "image/png")})
    assert (again.status_code, words_of(again)) == (201, words_of(last))
    assert len(rows(collect, Evidence)) == 2


def test_a_picture_that_cannot_be_used_costs_no_report(collect: Collect) -> None:
    xml = form_xml(answered(collect.visit_id, photo="1700.jpg"))
    answer = collect.send(xml, {"1700.jpg": (io.BytesIO(b"<svg/>"), "1700.jpg", "image/jpeg")})
    assert answer.status_code == 201
    assert len(collect.stored()) == 1
    assert rows(collect, Evidence) == []
    assert len(words_of(answer)) > len(words_of(collect.send(xml)))


@pytest.mark.parametrize(
    "path",
    ["/formList", *(f"/forms/laporan_sesi{end}" for end in (".xml", "/manifest", "/visits.csv"))],
)
def test_a_wrong_key_opens_nothing(collect: Collect, path: str) -> None:
    answer = collect.get(path, key="a" * 43)
    assert answer.status_code == 404
    assert words_of(answer)


@pytest.mark.parametrize("which", ["wrong", "revoked", "page"])
def test_keys_that_are_none_are_answered_alike(collect: Collect, which: str) -> None:
    with unit_of_work(collect.engine) as db:
        device = db.exec(select(Device)).one()
        if which == "revoked":
            revoke(db, device.id or 0, NOW, by=None)
        if which == "page":  # the cookie of the phone's page is no key for this
            device.kind = DeviceKind.PAGE
    key = "a" * 43 if which == "wrong" else collect.key
    answers = [
        collect.get("/formList", key=key),
        collect.send(form_xml(answered(collect.visit_id)), key=key),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({words_of(answer) for answer in answers}) == 1
    assert collect.client.head(f"/key/{key}/submission").status_code == 404
    assert collect.stored() == []


def test_whatever_a_program_comes_for_is_contact_and_noted_once_a_minute(collect: Collect) -> None:
    def seen() -> object:
        with reading(collect.engine) as db:
            return db.exec(select(Device.last_seen_at)).one()

    assert seen() is None
    assert collect.get("/formList").status_code == 200
    assert seen() == NOW
    clock = collect.client.application.extensions
    clock["clock"] = lambda: NOW + timedelta(seconds=59)
    collect.get("/forms/laporan_sesi.xml")
    assert seen() == NOW
    clock["clock"] = lambda: NOW + timedelta(seconds=60)
    collect.get("/forms/laporan_sesi/visits.csv")
    assert seen() == NOW + timedelta(seconds=60)


def test_out_of_office_a_key_opens_nothing_and_the_form_stays_on_the_phone(
    collect: Collect,
) -> None:
    def serve_until(last_day: date | None) -> None:
        with unit_of_work(collect.engine) as db:
            (one,) = db.exec(select(Official))
            one.term_ends, one.account_id = last_day, collect.at.official.account_id

    with unit_of_work(collect.engine) as db:
        code = collect.at.codes[0]
        db.add(Official(village_code=code, name="Sri Lestari", position="Lurah"))
    serve_until(date(2020, 1, 1))
    for answer in (
        collect.get("/forms/laporan_sesi/visits.csv"),
        collect.send(form_xml(answered(collect.visit_id))),
    ):
        assert answer.status_code == 401
        assert words_of(answer)
    assert collect.stored() == []
    serve_until(None)
    assert collect.send(form_xml(answered(collect.visit_id))).status_code == 201


def test_a_visit_that_was_called_off_is_kept_for_a_person(collect: Collect) -> None:
    with unit_of_work(collect.engine) as db:
        db.get_one(Visit, collect.visit_id).work = Work.CANCELLED
    assert collect.send(form_xml(answered(collect.visit_id))).status_code == 202
    assert len(rows(collect, DisputedReport)) == 1
