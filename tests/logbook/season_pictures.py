"""Pictures that come with the forms of a season, and where each must be at its end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.form_pictures import FormPicture, keep
from outreach.logbook.pictures import Picture
from outreach.logbook.record import fingerprint, read_report
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    HeldReport,
    SessionReport,
    WaitingPicture,
)
from tests.field import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from outreach.people.access import Person

_STORED = ("accepted", "duplicate")
_PIXEL = Picture("image/png", 1, 1, b"drawn anew")

type Form = tuple[str, str]


@dataclass
class Album:
    """By digest the form, its id and its fingerprint, of each picture that we said was kept."""

    kept: dict[str, Form] = field(default_factory=dict)

    def bring(
        self, engine: Engine, by: Person, forms: Iterable[tuple[dict[str, Any], str]]
    ) -> None:
        """Bring the photo of each form, as it comes after the form itself was answered."""
        with unit_of_work(engine) as db:
            for told, outcome in forms:
                digest = hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()
                form = told["id"], fingerprint(read_report(told))
                given = FormPicture(form[0], told["visit_id"], form[1], EvidenceKind.PHOTO, digest)
                answer = keep(db, given, _PIXEL, by, NOW).outcome.value
                if digest in self.kept:
                    assert answer in ("duplicate", "held")
                else:
                    assert answer == ("accepted" if outcome in _STORED else "held")
                    self.kept[digest] = form

    def check(self, engine: Engine) -> None:
        """Nothing kept is lost, all of it is with what it came with, what waits has a reason to."""
        report = col(SessionReport.id) == col(Evidence.report_id)
        with reading(engine) as db:
            stored = db.execute(
                select(Evidence.sha256, SessionReport.id, SessionReport.fingerprint).where(report)
            )
            there = {row[0]: (row[1], row[2]) for row in stored}
            waits = {
                one.sha256: (one.report_id, one.fingerprint)
                for one in db.exec(select(WaitingPicture))
            }
            held = {(one.id, one.fingerprint) for one in db.exec(select(HeldReport))}
            disputed = {(one.report_id, one.fingerprint) for one in db.exec(select(DisputedReport))}
        assert there.keys() & waits.keys() == set()
        assert there | waits == self.kept
        assert set(waits.values()) <= held | disputed
