"""The form for phones asks what a report holds, within a report's limits."""

from __future__ import annotations

import io
import re
import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from outreach.errors import Invalid
from outreach.logbook import xlsform
from outreach.logbook.record import (
    LONGEST_PLACE,
    MOST_DETAILS,
    MOST_MINUTES,
    MOST_PEOPLE,
    DetailIn,
    Met,
    SessionReportIn,
    read_report,
)
from outreach.logbook.submission import read_submission
from outreach.logbook.tables import EvidenceKind, Package, Payer, Sector
from outreach.logbook.xform import convert, xform
from outreach.logbook.xlsform import IDENTITY_NUMBER, form, version_of
from outreach.people.free_text import LONGEST_REMARK
from outreach.people.identity import holds_identity_number
from outreach.sheets.xlsform import xlsform_workbook
from tests.security.identity_numbers import numbers
from tests.web.collect import answered, form_xml

if TYPE_CHECKING:
    from enum import StrEnum

XFORMS = "{http://www.w3.org/2002/xforms}"
#: What a report holds and the form does not ask: it makes the one itself, the other is in meta.
NOT_ASKED = {"id", "corrects_id", "latitude", "longitude"}


def question(name: str) -> dict[str, str]:
    return next(row for row in form(with_photo=True)["survey"] if row["name"] == name)


def limits(model: Any, name: str) -> set[int]:
    """The numbers that stand in the type of a field."""
    schema = model.model_json_schema()["properties"][name]
    kinds = [schema, *schema.get("anyOf", ())]
    keys = ("minimum", "maximum", "maxLength", "maxItems")
    return {one[key] for one in kinds for key in keys if key in one}


def test_every_field_of_a_report_is_asked() -> None:
    names = {row["name"] for row in form(with_photo=True)["survey"]}
    assert set(SessionReportIn.model_fields) - NOT_ASKED <= names
    assert set(DetailIn.model_fields) <= names
    assert {one.value for one in EvidenceKind} <= names


@pytest.mark.parametrize(
    ("name", "enum"), [("met", Met), ("sector", Sector), ("package", Package), ("payer", Payer)]
)
def test_every_member_is_a_choice(name: str, enum: type[StrEnum]) -> None:
    rows = [row for row in form(with_photo=True)["choices"] if row["list_name"] == name]
    assert [row["name"] for row in rows] == [one.value for one in enum]
    assert all(row["label"] for row in rows)
    assert question(name)["type"] == f"select_one {name}"


@pytest.mark.parametrize("name", ["men", "women", "signups", "minutes", "place", "remarks"])
def test_limits_are_those_of_a_report(name: str) -> None:
    numbers = {int(one) for one in re.findall(r"(?:<=|>=) (\d+)", question(name)["constraint"])}
    assert numbers == limits(SessionReportIn, name)


def test_limits_of_details_are_those_of_a_report() -> None:
    assert f". >= 1 and . <= {MOST_PEOPLE}" == question("workers")["constraint"]
    assert limits(DetailIn, "workers") == {1, MOST_PEOPLE}
    assert f"<= {MOST_DETAILS}" in question("details_agree")["constraint"]
    assert limits(SessionReportIn, "details") == {MOST_DETAILS}
    assert {LONGEST_PLACE} == limits(SessionReportIn, "place")
    assert {LONGEST_REMARK} == limits(SessionReportIn, "remarks")
    assert {1, MOST_MINUTES} == limits(SessionReportIn, "minutes")


#: Numbers with signs of all kinds between them, as far as the phone's own pattern knows digits.
WRITTEN = [text for _, text in numbers(3_000) if text.isascii()]


@given(
    st.from_regex(
        r"\A[a-z ]{0,5}[1-9][0-9]{5}[ .\-/]?[0-9]{2}[ .\-/]?[01][0-9][ .\-/]?[0-9]{2}"
        r"[ .\-/]?[0-9]{4}[a-z0-9 ]{0,5}\Z"
    )
    | st.text(alphabet="0123456789 .-/a", max_size=40)
    | st.sampled_from(WRITTEN)
)
def test_no_number_passes_on_the_phone_that_is_refused_here(text: str) -> None:
    if holds_identity_number(text):
        assert re.search(IDENTITY_NUMBER, text)


@pytest.mark.parametrize(
    "text",
    [
        "Telepon 0812 3456 7890 atau 0813-9876-5432", "HP 0812-3456-7890 / 0813-9876-5432",
        "Rp 1.500.000.000", "10.30-12.00", "",
    ],
)  # fmt: skip
def test_other_numbers_pass_on_the_phone(text: str) -> None:
    assert not re.search(IDENTITY_NUMBER, text)


def test_where_no_photos_are_wanted_the_signature_is_asked_and_the_version_is_another() -> None:
    with_it, without = form(with_photo=True), form(with_photo=False)
    pictures = {one.value for one in EvidenceKind}
    asked = [pictures & {row["name"] for row in one["survey"]} for one in (with_it, without)]
    assert asked == [pictures, {"signature"}]
    assert version_of(with_it) != version_of(without)
    assert re.fullmatch(r"[0-9a-f]{12}", version_of(without))


@pytest.mark.parametrize("with_photo", [True, False])
def test_pyxform_makes_a_form_of_it(with_photo: bool) -> None:
    made = xform(with_photo=with_photo)
    root = fromstring(made.xml)
    (data,) = [one for one in root.iter() if one.get("id") == xlsform.FORM_ID]
    assert data.get("version") == made.version
    asked = {one.tag.removeprefix(XFORMS) for one in data}
    assert ("photo" in asked) is with_photo
    assert "signature" in asked
    assert xform(with_photo=with_photo) is made


@pytest.mark.skipif(shutil.which("java") is None, reason="ODK's validator needs Java")
@pytest.mark.parametrize("with_photo", [True, False])
def test_odk_finds_nothing_wrong_with_it(with_photo: bool) -> None:
    convert(form(with_photo=with_photo), validate=True)


def test_the_workbook_is_the_same_form() -> None:
    sheets = form(with_photo=True)
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsform_workbook(sheets)))
    assert book.sheet_names == ["survey", "choices", "settings"]
    for name, rows in sheets.items():
        header, *lines = book.get_sheet_by_name(name).to_python()
        read = [
            {str(key): value for key, value in zip(header, line, strict=True) if value != ""}
            for line in lines
        ]
        assert read == [{key: value for key, value in row.items() if value} for row in rows]


def test_an_answered_form_is_read_as_a_report() -> None:
    given_id = "uuid:0192f5a2-5f0c-7cc0-8000-000000000001"
    lines = (("farmer", "jkk_jkm", "self", "7"), ("", "", "", ""))
    xml = form_xml(answered(12, location="-7.5 110.8 0 5"), instance_id=given_id, details=lines)
    report = read_report(read_submission(xml.encode()).report)
    assert (f"uuid:{report.id}", report.visit_id, report.held_on) == (
        given_id,
        12,
        date(2026, 11, 18),
    )
    assert (report.latitude, report.longitude) == (-7.5, 110.8)
    assert [row.workers for row in report.details] == [7]
    assert report.paid is None
    assert report.saved_at == datetime(2026, 11, 20, 3, 58, tzinfo=UTC)


@pytest.mark.parametrize("zone", [":00.000+07:00", ":00.000Z", "", ":00.000-03"])
def test_an_hour_is_the_villages_own_whatever_the_phones_zone(zone: str) -> None:
    xml = form_xml(answered(12, held_at=f"09:30{zone}"))
    report = read_report(read_submission(xml.encode()).report)
    assert report.held_at.isoformat("minutes") == "09:30"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE data [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><data id="laporan_sesi">&b;</data>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE data [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<data id="laporan_sesi"><remarks>&x;</remarks></data>"""


@pytest.mark.parametrize(
    ("xml", "problem"),
    [
        (b"", "not_xml"),
        (b"\x00\xff", "not_xml"),
        (b"<data", "not_xml"),
        (b'<?xml version="1.0" encoding="klingon"?><data/>', "not_xml"),
        (BOMB, "not_xml"),
        (OUTSIDE, "not_xml"),
        (b"<data/>", "other_form"),
        (form_xml(answered(1), form_id="other").encode(), "other_form"),
        (b'<data id="laporan_sesi"/>', "no_id"),
        (form_xml(answered(1), instance_id="uuid:12").encode(), "no_id"),
        (form_xml(answered(1), deprecated_id="uuid:12").encode(), "no_id"),
        (form_xml(answered(1, remarks="a" * 300_000)).encode(), "too_long"),
    ],
)
def test_what_is_no_answered_form_is_refused(xml: bytes, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_submission(xml)
    assert refused.value.facts["problems"] == {"submission": [problem]}
