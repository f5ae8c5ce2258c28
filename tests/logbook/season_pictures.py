"""Pictures that come with the forms of a season, and where each must be at its end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.form_pictures import FormPicture, keep
from outreach.logbook.pictures import Picture
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

_PIXEL = Picture("image/png", 1, 1, b"drawn anew")

type Form = tuple[str, int]


@dataclass
class Album:
    """By digest the form, its id and its visit, of each picture that we said was kept."""

    kept: dict[str, Form] = field(default_factory=dict)
    refused: int = 0

    def bring(
        self, engine: Engine, by: Person, forms: Iterable[tuple[dict[str, Any], str]]
    ) -> None:
        """Bring the photo of each form, as it comes after the form itself was answered."""
        with unit_of_work(engine) as db:
            for told, outcome in forms:
                digest = hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()
                may_wait = outcome in ("held", "conflict")
                given = FormPicture(
                    told["id"], told["visit_id"], EvidenceKind.PHOTO, digest, may_wait
                )
                answer = keep(db, given, _PIXEL, by, NOW)
                if answer.outcome in ("accepted", "held"):
                    self.kept[digest] = told["id"], told["visit_id"]
                elif answer.outcome == "conflict":
                    self.refused += 1
                else:
                    assert digest in self.kept

    def check(self, engine: Engine) -> None:
        """Nothing kept is lost, and what waits has a reason to."""
        with reading(engine) as db:
            there = {one.sha256: (one.report_id, one.visit_id) for one in db.exec(select(Evidence))}
            waits = {
                one.sha256: (one.report_id, one.visit_id) for one in db.exec(select(WaitingPicture))
            }
            stored = {(one.id, one.visit_id) for one in db.exec(select(SessionReport))}
            held = {(one.id, one.visit_id) for one in db.exec(select(HeldReport))}
            disputed = {(one.report_id, one.visit_id) for one in db.exec(select(DisputedReport))}
        assert there.keys() & waits.keys() == set()
        assert there | waits == self.kept
        assert set(there.values()) <= stored
        assert set(waits.values()) <= held | disputed
        # What is stored has a photo of its own; the one that waits came with other numbers.
        assert set(waits.values()) & stored <= set(there.values()) & disputed
