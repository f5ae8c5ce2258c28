"""What an official's phone sends besides reports: answers to visits, pictures for reports."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from flask import jsonify, request
from pydantic import ValidationError

from outreach.errors import Invalid
from outreach.logbook.answers_in import AnswerItem, read_answer, read_items, take_answer
from outreach.logbook.evidence import EvidenceIn, answer_before, digest_of, store_evidence
from outreach.logbook.phone_state import MOST_WITH_OPENINGS
from outreach.logbook.pictures import MOST_BYTES, redraw
from outreach.logbook.sending import skew_of
from outreach.logbook.sync import Answer, Outcome
from outreach.logbook.tables import EvidenceKind
from outreach.people.tables import Role
from outreach.visits.offers import offers
from outreach.visits.tables import Visit, Work
from outreach.web.api import pages, told_json
from outreach.web.auth import current_login, person, phone_spoke
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running, writing_db, written
from outreach.web.item_words import told
from outreach.web.metrics import note_answers
from outreach.web.phone_api import opening
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

#: Of one envelope. A phone answers once, and again if that came too late; each look for the day
#: that was chosen is work of the planner.
MOST_TO_ONE_VISIT = 5
#: More than a phone can hold.
_MOST_UNSENT_DIGITS = 6
_DIGEST = re.compile("[0-9a-f]{64}")


@pages.post("/answers")
@allow(Role.OFFICIAL)
def send_answers() -> ResponseReturnValue:
    """Take answers to visits, each in a unit of work of its own: none waits for another's rows."""
    given = told_json()
    envelope: Mapping[str, Any] = given if isinstance(given, dict) else {}
    items = [read_answer(one) for one in read_items(envelope.get("answers"))]
    at = now()
    _note_phone(envelope.get("unsent"), envelope.get("sent_at"), at)
    answers = _take_each(items, at)
    note_answers(answers)
    late = [
        item.visit_id
        for item, answer in zip(items, answers, strict=True)
        if isinstance(item, AnswerItem) and answer.outcome is Outcome.CONFLICT
    ]
    with reading_db() as db:
        fresh = _other_days(db, late, at)
    both = zip(items, answers, strict=True)
    return jsonify(answers=[_with_other_days(*each, fresh) for each in both])


def _take_each(items: Iterable[AnswerItem | Answer], at: datetime) -> list[Answer]:
    """Take the answers in their order; of many to one visit the later ones are to come again."""
    taken: Counter[int] = Counter()
    answers = []
    for item in items:
        if isinstance(item, AnswerItem):
            taken[item.visit_id] += 1
            is_too_many = taken[item.visit_id] > MOST_TO_ONE_VISIT
            answers.append(Answer(str(item.id), Outcome.HELD) if is_too_many else _take(item, at))
        else:
            answers.append(item)
    return answers


def _take(item: AnswerItem, at: datetime) -> Answer:
    return written(lambda db: take_answer(db, item, person(), at))


def _other_days(db: Session, visit_ids: Iterable[int], at: datetime) -> dict[int, dict[str, Any]]:
    """Tell how the visits stand that answers came too late for, and what is free now.

    They are the official's own: an answer to a foreign visit is no conflict.
    """
    fresh = {}
    for visit_id in list(dict.fromkeys(visit_ids))[:MOST_WITH_OPENINGS]:
        visit = db.get(Visit, visit_id)
        if visit is not None and visit.work is Work.AWAITING:
            today = visit.zone.day(at)
            found = offers(db, visit_id, today=today)
            openings = [opening(one) for one in found]
            fresh[visit_id] = {"version": visit.version, "openings": openings}
    return fresh


def _with_other_days(
    item: AnswerItem | Answer, answer: Answer, fresh: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    if answer.outcome is not Outcome.CONFLICT or isinstance(item, Answer):
        return told(answer)
    return {**told(answer), **fresh.get(item.visit_id, {})}


@pages.get("/evidence/<uuid:item_id>")
@allow(Role.OFFICIAL, Role.COORDINATOR)
def ask_evidence(item_id: UUID) -> ResponseReturnValue:
    """Tell what would become of a picture before it is sent; nothing is stored or noted.

    The address is that of the PUT, with `report_id` and `kind`; `sha256`, the hex digest of the
    picture's bytes, may stand beside them. The answer has the form of the PUT's too:
    `{"answers": [{id, outcome, message, reason, problems, words}]}`, of status 200. An outcome
    `wanted` asks for the picture itself, by PUT; `duplicate`, `conflict`, `rejected` and `held`
    are what the PUT would answer, so that the picture need not be sent. Without `sha256` one that
    came under this id before is `wanted` once more, for only its bytes tell if it is the same.
    """
    try:
        given = _read(item_id)
        with reading_db() as db:
            answer = answer_before(db, given, _digest_told(), person())
    except Invalid as error:
        answer = _refused(item_id, error)
    return jsonify(answers=[_wanted(item_id) if answer is None else told(answer)])


def _wanted(item_id: UUID) -> dict[str, Any]:
    nothing: dict[str, Any] = {"message": "", "reason": "", "problems": {}, "words": {}}
    return {"id": str(item_id), "outcome": "wanted", **nothing}


def _digest_told() -> str | None:
    """Read the digest of a picture that is still on its phone; None for what is no digest."""
    digest = request.args.get("sha256", "").lower()
    return digest if _DIGEST.fullmatch(digest) else None


@pages.put("/evidence/<uuid:item_id>")
@allow(Role.OFFICIAL, Role.COORDINATOR)
def send_evidence(item_id: UUID) -> ResponseReturnValue:
    """Take one picture that belongs to a report; the body is the picture."""
    at = now()
    _note_phone(request.headers.get("X-Unsent"), request.headers.get("X-Sent-At"), at)
    try:
        answer = _take_picture(_read(item_id), at)
    except Invalid as error:
        answer = _refused(item_id, error)
    note_answers([answer])
    return jsonify(answers=[told(answer)])


def _refused(item_id: UUID, error: Invalid) -> Answer:
    problems: Any = error.facts["problems"]
    return Answer(str(item_id), Outcome.REJECTED, "invalid", problems)


def _read(item_id: UUID) -> EvidenceIn:
    try:
        given = EvidenceIn.model_validate({**request.args.to_dict(), "id": str(item_id)})
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False)
        raise Invalid(problems={str(line["loc"][0]): [line["type"]] for line in lines}) from None
    if given.kind is EvidenceKind.PHOTO and not running().settings.accept_photos:
        raise Invalid(problems={"kind": ["photos_not_accepted"]})
    return given


def _take_picture(given: EvidenceIn, at: datetime) -> Answer:
    content = request.stream.read(MOST_BYTES + 1)
    sha256 = digest_of(content)
    with reading_db() as db:
        before = answer_before(db, given, sha256, person())
    if before is not None:
        return before
    picture = redraw(content, given.kind)  # takes a while: no unit of work waits for it
    return written(lambda db: store_evidence(db, given, sha256, picture, person(), at))


def _note_phone(unsent: object, sent_at: object, at: datetime) -> None:
    """Note what a phone says of itself: how much it still holds, how far its clock is off."""
    login = current_login()
    if login is None or login.device_id is None:
        return
    left = str(unsent) if unsent is not None else ""
    count = int(left) if left.isdecimal() and len(left) <= _MOST_UNSENT_DIGITS else None
    with writing_db() as db:
        phone_spoke(db, at, unsent=count, skew_seconds=skew_of(sent_at, at))
