"""What the tests of pictures that come with forms do: bring them, look where they are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.disputes import rule
from outreach.logbook.evidence import digest_of
from outreach.logbook.forgetting import forget_old
from outreach.logbook.form_pictures import FormPicture, keep, look
from outreach.logbook.pictures import redraw
from outreach.logbook.record import fingerprint, read_report
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    Ruling,
    WaitingPicture,
)
from tests.field import NOW
from tests.logbook.pictures import drawn, written

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.logbook.sync import Answer
    from outreach.people.access import Person

PHOTO, SIGNATURE = EvidenceKind.PHOTO, EvidenceKind.SIGNATURE


@cache
def shot(width: int) -> bytes:
    """A photo that is told from others by its width."""
    return written(drawn((width, 30)))


def of_form(item: dict[str, Any], kind: EvidenceKind, sha256: str) -> FormPicture:
    told = fingerprint(read_report(item))
    return FormPicture(item["id"], item["visit_id"], told, kind, sha256)


def bring(
    engine: Engine,
    by: Person,
    item: dict[str, Any],
    width: int = 40,
    kind: EvidenceKind = PHOTO,
) -> Answer:
    """Bring a picture as it comes with a form, after the report that the form holds."""
    content = shot(width)
    given = of_form(item, kind, digest_of(content))
    with reading(engine) as db:
        before = look(db, given, by)
    if before is not None:
        return before
    with unit_of_work(engine) as db:
        return keep(db, given, redraw(content, kind), by, NOW)


def evidence(engine: Engine) -> set[tuple[str, int]]:
    """By report, how wide the pictures are that are evidence."""
    with reading(engine) as db:
        return {(one.report_id, one.width) for one in db.exec(select(Evidence))}


def waiting(engine: Engine) -> set[tuple[str, int]]:
    with reading(engine) as db:
        return {(one.report_id, one.width) for one in db.exec(select(WaitingPicture))}


def decide(engine: Engine, by: Person, report_id: str, ruling: Ruling, now: Any = NOW) -> str:
    with unit_of_work(engine) as db:
        query = select(DisputedReport).where(DisputedReport.report_id == report_id)
        row = db.exec(query.where(col(DisputedReport.ruling).is_(None))).one()
        rule(db, row.id or 0, ruling, version=row.version, why="Dicocokkan", by=by, now=now)
        return row.taken_as or ""


def forget(engine: Engine, now: Any) -> None:
    with unit_of_work(engine) as db:
        forget_old(db, now)
