"""What all answers to programs share: reading what is asked, parts, versions, problems."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, request
from itsdangerous import BadData, URLSafeSerializer

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import Invalid, NotFound, OutreachError, TokenRequired
from outreach.people.access import NATION
from outreach.progress.scope import Scope, scope_for
from outreach.progress.versions import figures_version
from outreach.villages.reading import names_of
from outreach.web.database import reading_db, running
from outreach.web.forms import check
from outreach.web.i18n import language
from outreach.web.read_answers import Problem
from outreach.web.status_words import status_words
from outreach.web.token_holder import reader
from outreach.web.words import problems_in_words, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session
    from werkzeug.exceptions import HTTPException

    from outreach.web.read_answers import Page, Source
    from outreach.web.read_asked import Asked

#: Stands in every version, so that what is kept is asked for anew once answers are made otherwise.
FORM = 1
PREFIX = "/api/v1/read"
PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, checked, and the key after which the part begins; None for the first."""

    asked: Any
    scope: Scope
    after: Any

    def part[Found](
        self, rows: Sequence[Found], key: Callable[[Found], str | int]
    ) -> tuple[Sequence[Found], str | int | None]:
        """Cut rows to the part asked for; tell after which key the next part begins, if any."""
        kept = rows[: self.asked.limit]
        return kept, key(kept[-1]) if len(rows) > len(kept) else None


@dataclass(frozen=True, slots=True)
class Found:
    """A part of a list: its items, the key of the last one if more follow, the sources."""

    items: Sequence[Any]
    last: str | int | None = None
    sources: Sequence[Source] = ()
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address below /api/v1/read: what may be asked, what is answered, and by what.

    One that `counts_choice` tells how many villages were chosen for stages.
    """

    path: str
    name: str
    asked: type[Asked]
    answer: type[Page]
    words: str
    work: Callable[[Session, Question], Found]
    counts_choice: bool = False

    def reply(self) -> Response:
        """Answer the request; one who has the same figures already is told just that."""
        asked = check(self.asked, _given())
        after = _key(self, asked)
        with reading_db() as db:
            question = Question(asked, _scope(db, asked), after)
            version = _version(db, self, question)
            if request.if_none_match.contains_weak(version):
                return _answered(b"", version, HTTPStatus.NOT_MODIFIED)
            found = self.work(db, question)
        following = None if found.last is None else _cursors(self, asked).dumps(found.last)
        page = self.answer.model_validate(
            {"next": following, "sources": found.sources, "items": found.items, **found.more}
        )
        return _answered(page.model_dump_json().encode(), version)


def _given() -> dict[str, str]:
    """Read the parameters of the address.

    Raises
    ------
    Invalid
        If one stands there more than once: which of them would count?
    """
    several = [name for name, values in request.args.lists() if len(values) > 1]
    if several:
        raise Invalid(problems={name: ["given_twice"] for name in several})
    return request.args.to_dict()


def _cursors(endpoint: Endpoint, asked: Asked) -> URLSafeSerializer:
    """Sign keys for one question alone: a cursor of another one would skip rows of this."""
    salt = f"read {endpoint.name} {sorted(asked.question().items())}"
    return URLSafeSerializer(running().settings.secret, salt=salt)


def _key(endpoint: Endpoint, asked: Asked) -> Any:
    if asked.cursor is None:
        return None
    try:
        return _cursors(endpoint, asked).loads(asked.cursor)
    except BadData:
        raise Invalid(problems={"cursor": ["not_our_cursor"]}) from None


def _scope(db: Session, asked: Asked) -> Scope:
    """Cut what is asked for out of what the token reads; foreign and missing look the same."""
    area = getattr(asked, "area", None) or NATION
    campaign, kind = getattr(asked, "campaign", None), getattr(asked, "kind", None)
    if campaign is not None:
        campaign_of(db, reader(), campaign)
    scope = scope_for(
        reader(), region=area, campaign_id=campaign, kinds=[kind] if kind is not None else []
    )
    if area and not names_of(db, [area]):
        raise NotFound(region=area)
    return scope


def _version(db: Session, endpoint: Endpoint, question: Question) -> str:
    """Name the answer by what it is made from."""
    of_choice = endpoint.counts_choice or question.scope.campaign_id is not None
    figures = figures_version(db, datetime.now(UTC), with_choice=of_choice)
    asked = question.asked.model_dump(mode="json")
    told = (FORM, endpoint.name, asked, reader().areas, language(), figures)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _answered(body: bytes, version: str, status: int = HTTPStatus.OK) -> Response:
    answer = Response(body, status, mimetype="application/json")
    answer.set_etag(version, weak=True)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.vary.add("Authorization")
    return answer


def refuse(error: OutreachError) -> ResponseReturnValue:
    """Tell a program why there is no answer."""
    facts: dict[str, Any] = {}
    if isinstance(error, Invalid):
        facts = {"problems": error.facts["problems"], "words": problems_in_words(error)}
    answer = problem(error.status, error.code, sentence(error), facts)
    if isinstance(error, TokenRequired):
        shown = ', error="invalid_token"' if request.authorization else ""
        answer.headers["WWW-Authenticate"] = f'Bearer realm="outreach"{shown}'
    return answer


def refuse_by_status(error: HTTPException) -> ResponseReturnValue:
    """Tell a program what the server refuses by itself, such as asking too often."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    return problem(status, f"http_{status}", status_words(status), {})


def problem(status: int, code: str, message: str, facts: dict[str, Any]) -> Response:
    """Say why there is no answer in the one form that the document knows."""
    told = Problem(status=status, code=code, message=message, facts=facts)
    answer = Response(told.model_dump_json(), status, mimetype=PROBLEM_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Authorization")
    return answer
