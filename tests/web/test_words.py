"""Everything that can be told to people has words."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import outreach
from outreach.errors import Conflict, Invalid, OutreachError
from outreach.web.enum_words import ENUM_WORDS
from outreach.web.turning_away import ANSWERS, TurnedAway
from outreach.web.words import CONFLICTS, PROBLEMS, SENTENCES, problem_words, sentence, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

ROOT = Path(outreach.__file__).parent
#: Rooms that speak to programs or operators, with words of their own.
ELSEWHERE = {"cli", "migrations"}
#: Never shown by their own word: each is told by a sentence or a heading of the pages, or by a
#: command alone.
TOLD_OTHERWISE = {
    "Cell",
    "ChangeKind",
    "CodeState",
    "Hindrance",
    "LinkState",
    "Separator",
    "TurnedAway",
    "Which",
}


def _kinds(root: type[Any]) -> Iterator[type[Any]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _load_everything() -> None:
    for module in pkgutil.walk_packages([str(ROOT)], "outreach."):
        if module.name.split(".")[1] not in ELSEWHERE:
            importlib.import_module(module.name)


def _sources() -> Iterator[ast.AST]:
    for path in ROOT.rglob("*.py"):
        if path.relative_to(ROOT).parts[0] not in ELSEWHERE:
            yield from ast.walk(ast.parse(path.read_text()))


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _texts(node: ast.AST | None) -> set[str]:
    found = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant)) if node else ()
    return {text for text in found if isinstance(text, str)}


def problems_in_code() -> set[str]:
    """Codes that our code gives to Pydantic or puts into `problems`."""
    codes: set[str] = set()
    for node in _sources():
        if isinstance(node, ast.Call) and _name(node) == "PydanticCustomError":
            codes |= _texts(node.args[0])
        if isinstance(node, ast.Call) and _name(node) == "Invalid":
            for keyword in node.keywords:
                if keyword.arg == "problems" and isinstance(keyword.value, ast.Dict):
                    codes |= {t for value in keyword.value.values for t in _texts(value)}
    return codes


def conflicts_in_code() -> set[str]:
    return {
        text
        for node in _sources()
        if isinstance(node, ast.Call) and _name(node) == "Conflict"
        for keyword in node.keywords
        if keyword.arg == "problem"
        for text in _texts(keyword.value)
    }


def test_every_error_has_a_sentence() -> None:
    _load_everything()
    kinds: list[type[OutreachError]] = [OutreachError, *_kinds(OutreachError)]
    assert {kind.code for kind in kinds} <= set(SENTENCES)


def test_every_member_of_every_enum_has_a_word() -> None:
    _load_everything()
    ours = {kind for kind in _kinds(StrEnum) if kind.__module__.startswith("outreach.")}
    assert len(ours) > 15
    lacking = {
        f"{kind.__name__}.{member.name}"
        for kind in ours
        if kind.__name__ not in TOLD_OTHERWISE
        for member in kind
        if member.value not in ENUM_WORDS.get(kind.__name__, {})
    }
    assert lacking == set()


def test_whoever_is_turned_away_is_told_why() -> None:
    assert set(ANSWERS) == set(TurnedAway)
    for answer in ANSWERS.values():
        head, _, page = answer.decode().partition("\r\n\r\n")
        assert f"Content-Length: {len(page.encode())}\r\n" in head
        assert page.count("<p") == 2


def test_every_problem_and_conflict_in_our_code_has_words() -> None:
    assert "identity_number" in problems_in_code()
    assert problems_in_code() - set(PROBLEMS) == set()
    assert "regency_has_branch" in conflicts_in_code()
    assert conflicts_in_code() - set(CONFLICTS) == set()


def test_sentences_carry_the_facts(app: Flask) -> None:
    from outreach.people.tables import Role

    with app.test_request_context():
        told = sentence(Conflict(problem="regency_has_branch", regency="Sragen", branch="Solo"))
        assert "Sragen" in told
        assert "Solo" in told
        assert problem_words("greater_than_equal", {"ge": 3}).count("3") == 1
        assert "%(" not in problem_words("greater_than_equal")
        assert problem_words("never heard of") == problem_words("value_error")
        assert word(Role.MANAGER)


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_no_problem_leaves_a_gap_in_its_words(app: Flask, code: str) -> None:
    with app.test_request_context():
        assert "%(" not in problem_words(code)


def test_problems_are_told_by_field(app: Flask) -> None:
    from outreach.web.words import problems_in_words

    error = Invalid(problems={"men": ["greater_than_equal"]}, limits={"men": {"ge": 0}})
    with app.test_request_context():
        assert list(problems_in_words(error)) == ["men"]
        assert "0" in problems_in_words(error)["men"][0]


def test_limits_are_written_as_every_other_number(app: Flask) -> None:
    for cookie, expected in (("language=id", "20.000"), ("language=en", "20,000")):
        with app.test_request_context(headers={"Cookie": cookie}):
            assert expected in problem_words("less_than_equal", {"le": 20000})
            assert "0" in problem_words("greater_than_equal", {"ge": 0})
