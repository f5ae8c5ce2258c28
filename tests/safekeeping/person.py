"""Somebody with unmistakable data in every place of the product that holds any, to be erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    HeldReport,
    ItemKind,
    SessionReport,
    TakenItem,
    WaitingPicture,
)
from outreach.messages.tables import Matter, Medium, Message
from outreach.people.tables import Account, ApiToken, Device, Enrolment, Official, Role
from outreach.progress.tables import Digest, SavedView
from outreach.sheets.tables import SheetKind, Upload
from outreach.visits.tables import Happening, Visit, VisitEvent
from tests.field import NOW, account, told

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.field import Field

NAME, LOGIN = "Kenari Unik Wulandari", "kenari.unik"
PHONE, EMAIL = "+6281398765432", "kenari.unik@desa.example"
WROTE, HANDSET = "Kata-kata Kenari sendiri", "HP Kenari"
#: By any of these they would be found.
TRACES = ("kenari", "81398765432")


@dataclass(frozen=True)
class Somebody:
    """Their rows, and those of the official beside them in the same village."""

    official_id: int
    account_id: int
    device_id: int
    other_id: int
    village: str


def settle(engine: Engine, field: Field) -> Somebody:
    """Let an official of the first village live in the product, and another one beside."""
    with unit_of_work(engine) as db:
        village = field.codes[0]
        person = account(db, LOGIN, Role.OFFICIAL, (village,))
        row = db.get_one(Account, person.account_id)
        row.name = NAME
        told_of: dict[str, Any] = {"village_code": village, "position": "Kepala Desa"}
        mine = Official(
            name=NAME, phone=PHONE, email=EMAIL, account_id=person.account_id, **told_of
        )
        other = Official(name="Orang Sebelah", phone="+6281200000001", email="", **told_of)
        device = Device(
            account_id=person.account_id, token_hash="a" * 64, label=HANDSET, enrolled_at=NOW,
            last_seen_at=NOW, unsent=1, skew_seconds=2,
        )  # fmt: skip
        db.add_all([mine, other, device])
        db.flush()
        found = Somebody(_id(mine), _id(row), _id(device), _id(other), village)
        _reach(db, field, found)
        _have_sent(db, field, found)
    with unit_of_work(engine) as db:
        report = told(field.visits[field.codes[3]], remarks=WROTE, place=f"Rumah {NAME}")
        done = take_in(db, [report], field.coordinator, NOW)
        assert done[0].outcome.value == "accepted"
        _as_theirs(db, report["id"], found)
    return found


def _id(row: Any) -> int:
    assert isinstance(row.id, int)
    return row.id


def _reach(db: Session, field: Field, found: Somebody) -> None:
    """Codes, messages, tokens, views, letters and a sheet that name or reach them."""
    visit = field.visits[field.codes[0]]
    for number, official_id in enumerate((found.official_id, found.other_id)):
        db.add(
            Message(
                dedupe_key=f"k{number}", visit_id=visit, official_id=official_id,
                medium=Medium.EMAIL, matter=Matter.ASKED, next_try_at=NOW, created_at=NOW,
            )
        )  # fmt: skip
    code: dict[str, Any] = {"issued_by": field.coordinator.account_id, "issued_at": NOW}
    until = NOW + timedelta(days=3)
    db.add(Enrolment(official_id=found.official_id, expires_at=until, **code))
    db.add(Enrolment(official_id=found.other_id, expires_at=until, **code))
    mine: dict[str, Any] = {"account_id": found.account_id}
    db.add(
        ApiToken(name="Dasbor Kenari", token_hash="b" * 64, made_at=NOW, expires_at=until, **mine)
    )
    db.add(SavedView(name="Pandangan Kenari", address="/board", saved_at=NOW, **mine))
    db.add(Digest(email=EMAIL, asked_at=NOW, **mine))
    row = {"name": NAME, "phone": PHONE, "village_code": found.village}
    db.add(
        Upload(
            kind=SheetKind.OFFICIALS, branch_id=field.coordinator.branch_id or 0,
            file_name="perangkat.xlsx", uploaded_by=field.coordinator.account_id, uploaded_at=NOW,
            rows=[row], changes=[row], accepted=1,
        )
    )  # fmt: skip


def _have_sent(db: Session, field: Field, found: Somebody) -> None:
    """Reports that wait, pictures, a late answer and a line of history."""
    visit, code = field.visits[field.codes[0]], field.codes[0]
    from_them: dict[str, Any] = {"account_id": found.account_id, "received_at": NOW}
    report_id = _report_of(db, visit)
    content = {"remarks": WROTE, "men": 3, "women": 2, "signups": 1, "latitude": -7.5}
    db.add(
        HeldReport(
            id="h", waits_for="w", visit_id=visit, content=content, fingerprint="f", **from_them
        )
    )
    db.add(
        DisputedReport(
            report_id=report_id, visit_id=visit, village_code=code, content=content,
            fingerprint="g", reason="counts", **from_them,
        )
    )  # fmt: skip
    picture: dict[str, Any] = {
        "report_id": report_id, "visit_id": visit, "village_code": code, "media_type": "image/png",
        "width": 1, "height": 1, "content": b"ink", "sha256": "s", **from_them,
    }  # fmt: skip
    for number, kind in enumerate(EvidenceKind):
        db.add(Evidence(id=f"e{number}", kind=kind, **picture))
    db.add(WaitingPicture(id="w", kind=EvidenceKind.SIGNATURE, fingerprint="g", **picture))
    db.add(
        TakenItem(
            id="t", kind=ItemKind.ANSWER, visit_id=visit, fingerprint="f", outcome="conflict",
            content={"reason": WROTE}, **from_them,
        )
    )  # fmt: skip
    db.add(
        VisitEvent(
            visit_id=visit, village_code=code, happening=Happening.CALLED, at=NOW,
            account_id=found.account_id, reason="tidak diangkat",
        )
    )  # fmt: skip


def told_of_them(engine: Engine, found: Somebody) -> int:
    """Let somebody else name them in a line of history, which nobody changes; give its number."""
    with unit_of_work(engine) as db:
        visit = db.exec(select(Visit).where(Visit.village_code == found.village)).one()
        line = VisitEvent(
            visit_id=_id(visit), village_code=found.village, happening=Happening.CALLED, at=NOW,
            reason=f"Ditelepon oleh {NAME}",
        )  # fmt: skip
        db.add(line)
        db.flush()
        return _id(line)


def _report_of(db: Session, visit: int) -> str:
    found = db.exec(select(SessionReport.id).where(SessionReport.visit_id == visit)).first()
    assert found is not None
    return found


def _as_theirs(db: Session, report_id: str, found: Somebody) -> None:
    report = db.get_one(SessionReport, report_id)
    report.reported_by, report.device_id = found.account_id, found.device_id
    report.latitude, report.longitude = -7.5, 110.8
