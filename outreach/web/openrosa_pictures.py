"""The pictures that come with an answered form: drawn anew and kept, whatever its report becomes.

The program on the phone lets go of them as soon as we have the form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from outreach.errors import Invalid
from outreach.logbook.evidence import digest_of
from outreach.logbook.form_pictures import FormPicture, keep, look
from outreach.logbook.pictures import MOST_BYTES, redraw
from outreach.logbook.record import fingerprint, read_report
from outreach.logbook.sync import Outcome
from outreach.logbook.tables import EvidenceKind
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running, written

if TYPE_CHECKING:
    from outreach.logbook.submission import Submission
    from outreach.logbook.sync import Answer
    from outreach.people.access import Person

_STORED = (Outcome.ACCEPTED, Outcome.DUPLICATE)


def keep_pictures(submission: Submission, answer: Answer, by: Person) -> dict[EvidenceKind, str]:
    """Keep the pictures of this request; tell of those that are not simply stored with the report.

    That is `waits` for one that is kept with a report that does not count yet, else the code of
    why it was left out. Pictures that the form names and the request does not hold come with
    another part.
    """
    told: dict[EvidenceKind, str] = {}
    report = read_report(submission.report)
    waits = answer.outcome not in _STORED
    for kind, name in submission.pictures.items():
        file = request.files.get(name)
        if file is None:
            continue
        content = file.read(MOST_BYTES + 1)
        given = FormPicture(
            answer.id, report.visit_id, fingerprint(report), kind, digest_of(content)
        )
        if code := _keep(given, content, by):
            told[kind] = code
        elif waits:
            told[kind] = "waits"
    return told


def _keep(given: FormPicture, content: bytes, by: Person) -> str:
    """Keep a picture; empty if it is kept, else the code of why it is left out."""
    if given.kind is EvidenceKind.PHOTO and not running().settings.accept_photos:
        return "photos_not_accepted"
    with reading_db() as db:
        answer = look(db, given, by)
    if answer is None:
        try:
            picture = redraw(content, given.kind)  # takes a while: nobody waits for it
        except Invalid as error:
            problems: dict[str, list[str]] = error.facts["problems"]  # type: ignore[assignment]
            return problems["picture"][0]
        answer = written(lambda db: keep(db, given, picture, by, now()))
    return "" if answer.outcome in (*_STORED, Outcome.HELD) else answer.reason
