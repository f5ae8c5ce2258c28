"""The pictures that come with an answered form: drawn anew and kept beside the report."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from flask import request

from outreach.errors import Invalid
from outreach.logbook.evidence import EvidenceIn, answer_before, digest_of, store_evidence
from outreach.logbook.pictures import MOST_BYTES, redraw
from outreach.logbook.sync import Outcome
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running, written

if TYPE_CHECKING:
    from outreach.logbook.submission import Submission
    from outreach.logbook.sync import Answer
    from outreach.logbook.tables import EvidenceKind
    from outreach.people.access import Person

_KEPT = (Outcome.ACCEPTED, Outcome.DUPLICATE)


def keep_pictures(submission: Submission, answer: Answer, by: Person) -> dict[EvidenceKind, str]:
    """Keep the pictures of this request; tell for those that were left out why, as a code.

    Pictures that the form names and the request does not hold come with another part.
    """
    if not running().settings.accept_photos:
        return {}
    left_out: dict[EvidenceKind, str] = {}
    for kind, name in submission.pictures.items():
        file = request.files.get(name)
        if file is None:
            continue
        if answer.outcome not in _KEPT:
            left_out[kind] = "report_not_stored"
            continue
        problem = _keep(kind, file.read(MOST_BYTES + 1), answer.id, by)
        if problem:
            left_out[kind] = problem
    return left_out


def _keep(kind: EvidenceKind, content: bytes, report_id: str, by: Person) -> str:
    """Keep a picture; the same again is the same, for its id is made of its report's."""
    report = UUID(report_id)
    given = EvidenceIn(id=uuid5(report, kind.value), report_id=report, kind=kind)
    sha256 = digest_of(content)
    with reading_db() as db:
        before = answer_before(db, given, sha256, by)
    if before is None:
        try:
            picture = redraw(content, kind)
        except Invalid as error:
            problems: dict[str, list[str]] = error.facts["problems"]  # type: ignore[assignment]
            return problems["picture"][0]
        before = written(lambda db: store_evidence(db, given, sha256, picture, by, now()))
    return "" if before.outcome in _KEPT else before.reason
