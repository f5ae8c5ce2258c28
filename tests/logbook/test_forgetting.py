"""Pictures, places and what phones asked are forgotten in time; what was counted never is."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import SQLModel, select

from outreach.db import reading, unit_of_work
from outreach.logbook import forgetting
from outreach.logbook.forgetting import PICTURES, PLACES, forget_old
from outreach.logbook.sync import take_in
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    HeldReport,
    ItemKind,
    Ruling,
    SessionReport,
    SignUp,
    TakenItem,
)
from outreach.people.tables import Device, Enrolment, Official
from tasks.sweeper import forget_once
from tests.builders import load_small_registry
from tests.field import NOW, Field, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

SEASON = timedelta(days=90)
MOMENT = timedelta(minutes=1)


@pytest.fixture
def field(engine: Engine) -> Field:
    """One of everything that is kept for a time, made now."""
    with unit_of_work(engine) as db:
        load_small_registry(db)
        field = make_field(db)
        code = field.codes[0]
        visit_id, by = field.visits[code], field.official.account_id
        told_where = {"latitude": -7.566, "longitude": 110.825}
        line = {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": 7}
        report = told(visit_id, **told_where, details=[line])
        take_in(db, [report], field.official, NOW)
        of_report: dict[str, Any] = {"visit_id": visit_id, "account_id": by, "received_at": NOW}
        db.add_all([_picture(report["id"], code, of_report), *_waiting(code, of_report)])
        db.add_all([*_phones(by), _code(db, code, by)])
    return field


def _picture(report_id: str, code: str, of_report: dict[str, Any]) -> Evidence:
    return Evidence(
        id=str(uuid.uuid4()),
        report_id=report_id,
        village_code=code,
        kind=EvidenceKind.PHOTO,
        content=b"picture",
        media_type="image/png",
        width=1,
        height=1,
        sha256="0",
        **of_report,
    )


def _waiting(code: str, of_report: dict[str, Any]) -> list[SQLModel]:
    """What waits for a person or for another report, and what a person has ruled on."""
    dispute: dict[str, Any] = {
        "content": {"men": 3},
        "reason": "already_reported",
        "village_code": code,
        **of_report,
    }
    ruled: dict[str, Any] = {"ruling": Ruling.SET_ASIDE, "ruled_at": NOW}
    return [
        DisputedReport(report_id="a", fingerprint="a", **ruled, **dispute),
        DisputedReport(report_id="b", fingerprint="b", **dispute),
        HeldReport(id="c", waits_for="d", content={}, fingerprint="c", **of_report),
        TakenItem(id="e", kind=ItemKind.ANSWER, fingerprint="e", outcome="accepted", **of_report),
    ]


def _phones(account_id: int) -> list[Device]:
    """One that was taken back, and one in use."""
    told: dict[str, Any] = {"account_id": account_id, "enrolled_at": NOW}
    return [
        Device(token_hash="f", label="HP lama", revoked_at=NOW, **told),
        Device(token_hash="g", label="HP baru", **told),
    ]


def _code(db: Session, code: str, account_id: int) -> Enrolment:
    official = Official(village_code=code, name="Sri", position="Lurah")
    db.add(official)
    db.flush()
    return Enrolment(
        official_id=official.id or 0,
        issued_by=account_id,
        issued_at=NOW - timedelta(days=3),
        expires_at=NOW,
    )


def forget(engine: Engine, at: datetime) -> int:
    with unit_of_work(engine) as db:
        return forget_old(db, at)


def kept(engine: Engine) -> dict[str, Any]:
    with reading(engine) as db:
        report = db.exec(select(SessionReport)).one()
        disputes = db.exec(select(DisputedReport).order_by(DisputedReport.report_id))
        return {
            "picture": db.exec(select(Evidence)).one().content,
            "place": (report.latitude, report.longitude),
            "disputes": [one.content for one in disputes],
            "held": len(db.exec(select(HeldReport)).all()),
            "items": len(db.exec(select(TakenItem)).all()),
            "codes": len(db.exec(select(Enrolment)).all()),
            "labels": sorted(one.label for one in db.exec(select(Device))),
        }


EVERYTHING = {
    "picture": b"picture",
    "place": (-7.566, 110.825),
    "disputes": [{"men": 3}, {"men": 3}],
    "held": 1,
    "items": 1,
    "codes": 1,
    "labels": ["HP baru", "HP lama"],
}


def test_nothing_is_forgotten_before_its_time(engine: Engine, field: Field) -> None:
    assert forget(engine, NOW + SEASON - MOMENT) == 0
    assert kept(engine) == EVERYTHING


def test_after_a_season_only_the_pictures_and_what_waits_for_a_person_are_left(
    engine: Engine, field: Field
) -> None:
    periods = {getattr(forgetting, name) for name in ("PLACES", "RULED", "HELD", "ITEMS", "CODES")}
    assert periods | {forgetting.LABELS} == {SEASON}
    assert forget(engine, NOW + SEASON) == 6
    assert kept(engine) == {
        "picture": b"picture",
        "place": (None, None),
        "disputes": [{}, {"men": 3}],
        "held": 0,
        "items": 0,
        "codes": 0,
        "labels": ["", "HP baru"],
    }
    assert forget(engine, NOW + SEASON + PLACES) == 0


def test_pictures_are_erased_after_a_year(engine: Engine, field: Field) -> None:
    forget(engine, NOW + PICTURES - MOMENT)
    assert kept(engine)["picture"] == b"picture"
    forget_once(engine, NOW + PICTURES)
    assert kept(engine)["picture"] == b""


def test_what_was_counted_stays_as_it_was(engine: Engine, field: Field) -> None:
    def counted() -> list[dict[str, Any]]:
        with reading(engine) as db:
            rows = [*db.exec(select(SessionReport)), *db.exec(select(SignUp))]
            return [one.model_dump(exclude={"latitude", "longitude"}) for one in rows]

    before = counted()
    forget(engine, NOW + timedelta(days=4000))
    assert counted() == before
    assert len(before) == 2


def test_a_code_that_still_opens_something_stays(engine: Engine, field: Field) -> None:
    with unit_of_work(engine) as db:
        code = db.exec(select(Enrolment)).one()
        code.expires_at = NOW + SEASON + timedelta(days=1)
        code.used_at = NOW + MOMENT
    forget(engine, NOW + SEASON)
    assert kept(engine)["codes"] == 1
    forget(engine, NOW + SEASON + MOMENT)
    assert kept(engine)["codes"] == 0
