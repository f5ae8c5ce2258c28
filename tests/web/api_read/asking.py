"""Asks the API what its document promises: schemathesis makes the questions and holds the answers.

Of questions that the document allows some are still refused, for reasons no schema can tell: a
cursor that nobody was given, an end before its start, too many weeks, a 31st of February.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask
    from schemathesis import Case

#: By parameter, what may be wrong with one that is as the document says.
BEYOND_A_SCHEMA = {
    "cursor": {"not_our_cursor"},
    "from": {"date_from_datetime_parsing", "date_parsing"},
    "until": {
        "date_from_datetime_parsing",
        "date_parsing",
        "ends_before_it_starts",
        "span_too_long",
    },
}
#: Within or around the area of the tokens.
AREAS = ("33.72", "33.72.01", "33", "3372011001")
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def ask_all(app: Flask, tokens: Sequence[str], cases: int, *, start: int = 1) -> Counter[int]:
    """Ask so many questions of each address and kind; count the answers by status.

    The tokens take turns, so that none of them is refused for asking too often.
    """
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    turns = itertools.cycle(tokens)
    statuses: Counter[int] = Counter()
    for number, found in enumerate(document.get_all_operations()):
        for mode in MODES:
            operation: Any = found.ok()  # type: ignore[union-attr]
            strategy = operation.as_strategy(generation_mode=mode)

            @seed(start + number)
            @settings(
                max_examples=cases,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def ask(case: Case[Any]) -> None:
                count = statuses.total()
                if mode is GenerationMode.POSITIVE and count % 3:  # noqa: B023 - this very round
                    _make_answerable(case, AREAS[count % len(AREAS)])
                statuses[_ask(case, next(turns))] += 1

            ask()
    return statuses


def _make_answerable(case: Case[Any], area: str) -> None:
    """Take out of a question what chance hardly ever gets right, so that more than rules answer."""
    query = case.query or {}
    query.pop("cursor", None)
    if "area" in query:
        query["area"] = area
    if {"from", "until"} <= query.keys():
        query["from"] = query["until"] = "2026-11-04"


def _ask(case: Case[Any], token: str) -> int:
    # The client of the tests does not unpack.
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    lacked_token = "Authorization" not in (case.headers or {})
    answer = case.call(headers=headers)
    assert answer.status_code != 429, "the tokens were to take turns"
    excluded: list[Any] = [positive_data_acceptance] if _is_beyond_a_schema(answer) else []
    if lacked_token and not _names_sent(answer) - _names_known(case):
        # All that was wrong was the token, and ours has put that right.
        excluded.append(negative_data_rejection)
    case.validate_response(answer, headers=headers, excluded_checks=excluded)
    return int(answer.status_code)


def _names_sent(answer: Any) -> set[str]:
    return set(parse_qs(urlsplit(answer.request.url).query, keep_blank_values=True))


def _names_known(case: Case[Any]) -> set[str]:
    return {one.name for one in case.operation.query}


def _is_beyond_a_schema(answer: Any) -> bool:
    if answer.status_code != 422:
        return False
    problems = answer.json()["facts"]["problems"]
    return all(set(codes) <= BEYOND_A_SCHEMA.get(name, set()) for name, codes in problems.items())
