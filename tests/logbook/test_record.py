"""What a report must look like at the door."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from outreach.errors import Invalid
from outreach.logbook.record import fingerprint, read_report, refuse_wrong_day, result_of
from outreach.logbook.sending import skew_of
from outreach.people.identity import holds_identity_number
from outreach.villages.tables import Zone
from outreach.visits.tables import Result
from tests.field import told

FARMER = {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": 4}
FISHER = {"sector": "fisher", "package": "jkk_jkm_jht", "payer": "apbdes", "workers": 3}


def problems(**other: Any) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        read_report({**told(1), **other})
    found: dict[str, list[str]] = caught.value.facts["problems"]  # type: ignore[assignment]
    return found


def test_all_problems_are_told_at_once() -> None:
    found = problems(men=-1, women="many", held_on="tomorrow", place="x" * 201, id="7")
    assert set(found) == {"men", "women", "held_on", "place", "id"}


@pytest.mark.parametrize(
    ("other", "field", "code"),
    [
        ({"signups": 8, "details": [FARMER, FISHER]}, "signups", "details_do_not_add_up"),
        ({"men": 0, "women": 0, "signups": 0}, "men", "nobody_was_there"),
        ({"met": "not_met"}, "met", "people_without_session"),
        ({"remarks": "NIK 3372014107800001"}, "remarks", "identity_number"),
        ({"place": "rumah 3372 0141 0780 0001"}, "place", "identity_number"),
        ({"remarks": "a\x00b"}, "remarks", "unreadable_text"),
        ({"held_at": "09:00+07:00"}, "held_at", "not_local_time"),
        ({"visit_id": 2**31}, "visit_id", "less_than_equal"),
        ({"reported_by": 1}, "reported_by", "extra_forbidden"),
        ({"men": 20_001}, "men", "less_than_equal"),
        ({"paid": 8}, "paid", "more_paid_than_signups"),
        ({"paid": -1}, "paid", "greater_than_equal"),
        ({"minutes": 0}, "minutes", "greater_than_equal"),
        ({"minutes": 1441}, "minutes", "less_than_equal"),
        ({"latitude": -7.5}, "latitude", "half_a_place"),
        ({"latitude": 91, "longitude": 110}, "latitude", "less_than_equal"),
        ({"latitude": "NaN", "longitude": 110}, "latitude", "finite_number"),
        ({"details": [{**FARMER, "workers": 0}]}, "details.0.workers", "greater_than_equal"),
    ],
)
def test_what_cannot_be_is_refused(other: dict[str, Any], field: str, code: str) -> None:
    assert problems(**other)[field] == [code]


def test_the_id_of_a_report_is_not_its_own_correction() -> None:
    one = told(1)
    with pytest.raises(Invalid):
        read_report({**one, "corrects_id": one["id"]})


@pytest.mark.parametrize("raw", [None, [], "report", 7, {"id": "x"}])
def test_what_is_no_report_is_refused(raw: object) -> None:
    with pytest.raises(Invalid):
        read_report(raw)


def test_details_alone_make_the_total() -> None:
    raw = told(1, details=[FARMER, FISHER])
    del raw["signups"]
    assert read_report(raw).signups == 7
    assert read_report({**raw, "signups": ""}).signups == 7


def test_one_kind_of_detail_told_twice_is_one() -> None:
    report = read_report(told(1, signups=8, details=[FARMER, FARMER]))
    assert [row.workers for row in report.details] == [8]


@pytest.mark.parametrize(
    ("zone", "hour", "taken"),
    [(Zone.WIT, 15, True), (Zone.WIB, 15, False), (Zone.WIB, 17, True), (Zone.WITA, 15, False)],
)
def test_a_day_is_in_the_future_by_the_clock_of_the_village(
    zone: Zone, hour: int, taken: bool
) -> None:
    now = datetime(2026, 11, 17, hour, tzinfo=UTC)
    if taken:
        refuse_wrong_day(read_report(told(1)), zone, now)
    else:
        with pytest.raises(Invalid, match="in_the_future"):
            refuse_wrong_day(read_report(told(1)), zone, now)


def test_a_day_of_another_year_is_refused() -> None:
    report = read_report(told(1, held_on="2016-11-18"))
    with pytest.raises(Invalid, match="too_long_ago"):
        refuse_wrong_day(report, Zone.WIB, datetime(2026, 11, 20, tzinfo=UTC))


def test_results_are_those_of_the_visit() -> None:
    nobody = {"men": 0, "women": 0, "signups": 0}
    assert result_of(read_report(told(1))) is Result.SIGNED_UP
    assert result_of(read_report(told(1, signups=0))) is Result.ATTENDED
    assert result_of(read_report(told(1, **nobody, met="not_met"))) is Result.NOT_MET
    assert result_of(read_report(told(1, **nobody, met="refused"))) is Result.REFUSED


def test_a_fingerprint_sees_the_content_and_not_its_writing() -> None:
    raw = told(1, signups=7, details=[FARMER, FISHER])
    again = {**raw, "details": [FISHER, FARMER], "men": "20", "held_at": "09:00:30"}
    assert fingerprint(read_report(raw)) == fingerprint(read_report(dict(reversed(again.items()))))
    assert fingerprint(read_report(raw)) != fingerprint(read_report({**raw, "men": 21}))
    assert read_report(again).held_at == time(9)


@pytest.mark.parametrize(
    "text",
    [
        "3372014107800001",
        "NIK:3372014107800001.",
        "3372 0141 0780 0001",
        "3372-0141-0780-0001 dan 5 orang",
        "33 72 01 41 07 80 0001 5 orang",
        "３３７２０１４１０７８００００１",
        "1234567890123456",
    ],
)
def test_identity_numbers_are_seen(text: str) -> None:
    assert holds_identity_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "33.72.01.1001 12-05-26",
        "0812-3456-7890",
        "42 orang, 7 mendaftar",
        "20261120 20261121",
        "Rp 1.234.567.890.123.456",
        "",
    ],
)
def test_other_numbers_are_let_through(text: str) -> None:
    assert not holds_identity_number(text)


#: A report as it was before anything else could be told with it, and its fingerprint then.
AS_EVER = {
    "id": "0190c0de-0000-7000-8000-000000000001",
    "visit_id": 1,
    "held_on": "2026-11-18",
    "held_at": "09:00",
    "place": "Balai desa",
    "men": 20,
    "women": 22,
    "signups": 7,
}
ITS_FINGERPRINT = "faf772fb58fe53c45b0d82d1620276a1fb25771a586273b7a4dc406a4c615971"


def test_a_report_without_what_came_later_keeps_its_fingerprint() -> None:
    assert fingerprint(read_report(AS_EVER)) == ITS_FINGERPRINT
    empty = {"paid": "", "minutes": None, "latitude": "", "longitude": None, "saved_at": "?"}
    assert fingerprint(read_report({**AS_EVER, **empty})) == ITS_FINGERPRINT


def test_the_clock_of_a_phone_is_no_content() -> None:
    early, late = ({**AS_EVER, "saved_at": f"2026-11-{day}T09:00:00Z"} for day in (18, 19))
    assert fingerprint(read_report(early)) == fingerprint(read_report(late))
    assert fingerprint(read_report({**AS_EVER, "paid": 0})) != ITS_FINGERPRINT


def test_a_place_is_known_to_a_hundred_metres_and_no_better() -> None:
    one, two = (
        read_report({**AS_EVER, "latitude": -7.5678 + off, "longitude": 110.82449})
        for off in (0, 0.0001)
    )
    assert (one.latitude, one.longitude) == (-7.568, 110.824)
    assert fingerprint(one) == fingerprint(two)


@pytest.mark.parametrize(
    "garbage", ["", "yesterday", 7, None, [], "2026-11-18T09:00:00", "9999-12-31T23:59:59-12:00"]
)
def test_a_broken_clock_never_refuses_a_report(garbage: object) -> None:
    assert read_report({**AS_EVER, "saved_at": garbage}).saved_at is None
    assert skew_of(garbage, datetime(2026, 11, 20, tzinfo=UTC)) is None


def test_how_far_a_clock_is_ahead_is_counted_in_seconds() -> None:
    now = datetime(2026, 11, 20, 4, tzinfo=UTC)
    assert skew_of("2026-11-20T11:10:00+07:00", now) == 600
    assert skew_of("2026-11-20T03:59:00Z", now) == -60
    assert skew_of("1970-01-01T00:00:00Z", now) == -1_795_147_200
    assert skew_of("9000-01-01T00:00:00Z", now) == 2_000_000_000
