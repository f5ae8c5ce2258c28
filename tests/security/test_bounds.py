"""Whatever is asked for in an address: a page of bounded length, or a clear no."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.security.asked_names import looking_noted
from tests.security.walks import path_of, readings
from tests.web import samples
from tests.web.planned import hang_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from outreach.people.tables import Role
    from tests.security.walks import LogIn
    from tests.web.test_who_may import Case
    from tests.web.world import World

#: Sizes, numbers, areas, days and words that no page of ours ever asks for.
ABSURD = (
    "-1",
    "99999999999999999999",
    "33.72.01.1001.99",
    "9999-12-31",
    "% " * 150,
    "\U0001f3dd",
)
#: What a page may hold more of than when it is asked for nothing: an echo, or all of the nation.
MORE_BYTES = 60_000


@pytest.fixture
def looking(app: Flask) -> Iterator[dict[str, set[str]]]:
    hang_clock(app)
    with looking_noted(app) as looked:
        yield looked


def test_no_size_breaks_a_page_or_makes_it_longer(
    app: Flask, login_as: LogIn, looking: dict[str, set[str]], world: World
) -> None:
    wrong: list[str] = []
    asked = 0
    for case, role in _one_role_each():
        values = samples.values(world, set(case.arguments), "own", role) or {}
        browser = login_as(role)
        plain = browser.get(path_of(app, case, values))
        names = sorted(looking[case.endpoint])
        for told in _questions(names):
            asked += 1
            answer = browser.get(path_of(app, case, values, **told))
            if problem := _problem(answer, plain):
                shown = {name: value[:30] for name, value in told.items()}
                wrong.append(f"{case} {shown}: {problem}")
            answer.close()
        plain.close()
    assert not wrong, "\n".join(wrong)
    assert asked > 300


def _one_role_each() -> Iterator[tuple[Case, Role]]:
    told = set()
    for case, role in readings():
        if str(case) not in told:
            told.add(str(case))
            yield case, role


def _questions(names: list[str]) -> Iterator[dict[str, str]]:
    """Each absurd thing for one name after the other, and numbers for all at once."""
    if not names:
        return
    for number, absurd in enumerate(ABSURD):
        yield {names[number % len(names)]: absurd}
    for absurd in ABSURD[:2]:
        yield dict.fromkeys(names, absurd)


def _problem(answer: TestResponse, plain: TestResponse) -> str:
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if answer.status_code >= 400 and not _says_why(answer):
        return f"{answer.status_code} without a sentence"
    if len(answer.data) > len(plain.data) + MORE_BYTES:
        return f"{len(answer.data)} bytes, {len(plain.data)} else"
    return ""


def _says_why(answer: TestResponse) -> bool:
    if answer.is_json:
        told = answer.get_json()
        return bool(told.get("message") or told.get("detail"))
    marked_in_the_form = 'class="problem"' in answer.text
    return marked_in_the_form or bool(re.search(r"<h1[^>]*>\s*\w[^<]{8,}", answer.text))
