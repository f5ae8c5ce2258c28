"""ODK's own engine fetches our form from our running server, fills it in and sends it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.disputes import rule
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    ReportSource,
    Ruling,
    SessionReport,
    SignUp,
    WaitingPicture,
)
from tests.web.collect import photo, signature

if TYPE_CHECKING:
    from pathlib import Path

    from tests.openrosa.conftest import Phone

COUNTS = {"men": 12, "women": 30, "signups": 9}
DETAILS = [
    {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": 5},
    {"sector": "trader", "package": "jkk_jkm_jht", "payer": "apbdes", "workers": 4},
]


def stored(phone: Phone) -> list[SessionReport]:
    with reading(phone.engine) as db:
        return list(db.exec(select(SessionReport).order_by(col(SessionReport.received_at))))


def names(out: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["condition"] for one in out["problems"]}


def test_the_four_numbers_are_enough(phone: Phone) -> None:
    out = phone.fill_in(answers={"visit_id": str(phone.visit_id), **COUNTS}, again=True)
    assert out["problems"] == []
    # The day and the hour of the visit stand there as soon as it is chosen.
    assert out["heldOn"] == phone.today.isoformat()
    assert len(out["offered"]) == 1
    assert [one["status"] for one in out["answers"] + out["again"]] == [201, 201]
    (report,) = stored(phone)
    assert f"uuid:{report.id}" == out["instanceId"]
    assert (report.men, report.women, report.signups) == (12, 30, 9)
    assert (report.visit_id, report.held_on, report.held_at.isoformat("minutes")) == (
        phone.visit_id,
        phone.today,
        "09:00",
    )
    assert report.source is ReportSource.ODK
    assert abs(report.skew_seconds or 0) <= 60
    assert report.saved_at is not None


def test_details_pictures_in_parts_and_an_edit(phone: Phone, tmp_path: Path) -> None:
    (tmp_path / "foto.jpg").write_bytes(photo())
    (tmp_path / "tanda.png").write_bytes(signature())
    out = phone.fill_in(
        answers={"visit_id": str(phone.visit_id), **COUNTS, "has_details": "yes"},
        details=DETAILS,
        afterwards={
            "details_agree": True,
            "paid": 3,
            "minutes": 75,
            "place": "Balai kelurahan",
            "remarks": "Ramai.\nMinta dikunjungi lagi.",
            "photo": ["foto.jpg", str(tmp_path / "foto.jpg"), "image/jpeg"],
            "signature": ["tanda.png", str(tmp_path / "tanda.png"), "image/png"],
        },
        mostBytes=(tmp_path / "foto.jpg").stat().st_size + 4000,
        edit={"answers": {"men": 14}},
    )
    assert out["problems"] == []
    assert [one["status"] for one in out["answers"]] == [202, 201], "in two parts"
    assert [one["status"] for one in out["edited"]["answers"]] == [201]
    first, second = stored(phone)
    assert (f"uuid:{first.id}", f"uuid:{second.id}") == (
        out["instanceId"],
        out["edited"]["instanceId"],
    )
    assert (second.corrects_id, second.men, first.men) == (first.id, 14, 12)
    assert (second.paid, second.minutes, second.place) == (3, 75, "Balai kelurahan")
    assert second.remarks == "Ramai.\nMinta dikunjungi lagi."
    with reading(phone.engine) as db:
        kept = db.exec(select(Evidence)).all()
        lines = db.exec(select(SignUp).where(SignUp.report_id == second.id)).all()
    assert {one.kind for one in kept if one.report_id == first.id} == set(EvidenceKind)
    assert {(one.sector.value, one.workers) for one in lines} == {("farmer", 5), ("trader", 4)}


def test_pictures_of_a_form_that_differs_are_kept_until_it_is_decided(
    phone: Phone, tmp_path: Path
) -> None:
    (tmp_path / "foto.jpg").write_bytes(photo())
    (tmp_path / "tanda.png").write_bytes(signature())
    told = {"visit_id": str(phone.visit_id), **COUNTS}
    assert [one["status"] for one in phone.fill_in(answers=told)["answers"]] == [201]
    out = phone.fill_in(
        answers={**told, "men": 99},
        afterwards={
            "photo": ["foto.jpg", str(tmp_path / "foto.jpg"), "image/jpeg"],
            "signature": ["tanda.png", str(tmp_path / "tanda.png"), "image/png"],
        },
        mostBytes=(tmp_path / "foto.jpg").stat().st_size + 4000,
        again=True,
    )
    assert [one["status"] for one in out["answers"] + out["again"]] == [202] * 4, "in parts"
    with reading(phone.engine) as db:
        waiting = db.exec(select(WaitingPicture)).all()
        assert db.exec(select(Evidence)).all() == []
    assert {f"uuid:{one.report_id}" for one in waiting} == {out["instanceId"]}
    assert {one.kind for one in waiting} == set(EvidenceKind)
    with unit_of_work(phone.engine) as db:
        row = db.exec(select(DisputedReport)).one()
        by, at = phone.at.coordinator, row.received_at
        rule(db, row.id or 0, Ruling.TAKEN, version=1, why="Dicocokkan", by=by, now=at)
        taken_as = row.taken_as
    with reading(phone.engine) as db:
        assert {one.report_id for one in db.exec(select(Evidence))} == {taken_as}
        assert db.exec(select(WaitingPicture)).all() == []


def test_the_form_refuses_on_the_phone_what_we_would_refuse(sqlite_phone: Phone) -> None:
    wrong = sqlite_phone.fill_in(
        answers={
            "visit_id": str(sqlite_phone.visit_id),
            "men": 0,
            "women": 0,
            "signups": 9,
            "has_details": "yes",
        },
        details=[DETAILS[0]],
        afterwards={
            "details_agree": True,
            "paid": 10,
            "minutes": 1441,
            "remarks": "NIK 3372011203900001",
        },
    )
    assert names(wrong) == {
        "women": "constraint",
        "details_agree": "constraint",
        "paid": "constraint",
        "minutes": "constraint",
        "remarks": "constraint",
    }
    told = {one["name"]: one["words"] for one in wrong["problems"]}
    assert "NIK" in told["remarks"]
    assert "rincian" in told["details_agree"]
    assert names(sqlite_phone.fill_in(answers={})) == {
        "visit_id": "required",
        "held_on": "required",
        "held_at": "required",
        "men": "required",
        "women": "required",
        "signups": "required",
    }
    assert stored(sqlite_phone) == []


def test_a_visit_without_a_session_asks_for_no_numbers(sqlite_phone: Phone) -> None:
    out = sqlite_phone.fill_in(answers={"visit_id": str(sqlite_phone.visit_id), "met": "refused"})
    assert [one["status"] for one in out["answers"]] == [201]
    (report,) = stored(sqlite_phone)
    assert (report.result.value, report.men) == ("refused", 0)


def test_the_code_leads_to_the_server_and_the_key_comes_into_no_log(sqlite_phone: Phone) -> None:
    settings = json.loads(zlib.decompress(base64.b64decode(sqlite_phone.code)))
    assert settings["general"]["server_url"] == sqlite_phone.server
    sqlite_phone.fill_in(answers={"visit_id": str(sqlite_phone.visit_id), "met": "not_met"})
    assert sqlite_phone.server.rpartition("/")[2] not in sqlite_phone.log.read_text()
