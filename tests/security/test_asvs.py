"""The table of OWASP ASVS 5.0, levels 1 and 2: whole, and what it names exists."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from outreach.config import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = ROOT / "tests" / "security" / "asvs.csv"
VERDICTS = {"pass", "fail", "not_applicable"}

#: How many requirements of level 1 and of level 2 each section of the standard has.
SECTIONS = {
    "1.1": (0, 2), "1.2": (5, 4), "1.3": (2, 9), "1.4": (0, 3), "1.5": (1, 1),
    "2.1": (1, 2), "2.2": (2, 1), "2.3": (1, 3), "2.4": (0, 1),
    "3.2": (2, 0), "3.3": (1, 3), "3.4": (2, 4), "3.5": (3, 2), "3.7": (0, 2),
    "4.1": (1, 2), "4.2": (0, 1), "4.3": (0, 2), "4.4": (1, 3),
    "5.1": (0, 1), "5.2": (2, 1), "5.3": (2, 0), "5.4": (0, 3),
    "6.1": (1, 2), "6.2": (8, 4), "6.3": (2, 2), "6.4": (2, 2), "6.5": (0, 5), "6.6": (0, 3),
    "6.8": (0, 4),
    "7.1": (0, 3), "7.2": (4, 0), "7.3": (0, 2), "7.4": (2, 3), "7.5": (0, 2), "7.6": (0, 2),
    "8.1": (1, 1), "8.2": (2, 1), "8.3": (1, 0), "8.4": (0, 1),
    "9.1": (3, 0), "9.2": (1, 3),
    "10.1": (0, 2), "10.2": (0, 2), "10.3": (0, 4), "10.4": (5, 6), "10.5": (0, 5),
    "10.6": (0, 2), "10.7": (0, 3),
    "11.1": (0, 2), "11.2": (0, 3), "11.3": (2, 1), "11.4": (1, 3), "11.5": (0, 1),
    "11.6": (0, 1),
    "12.1": (1, 2), "12.2": (2, 0), "12.3": (0, 4),
    "13.1": (0, 1), "13.2": (0, 5), "13.3": (0, 2), "13.4": (1, 4),
    "14.1": (0, 2), "14.2": (1, 3), "14.3": (1, 2),
    "15.1": (1, 2), "15.2": (1, 2), "15.3": (1, 6),
    "16.1": (0, 1), "16.2": (0, 5), "16.3": (0, 4), "16.4": (0, 3), "16.5": (0, 3),
    "17.1": (0, 1), "17.2": (0, 4), "17.3": (0, 2),
}  # fmt: skip


@cache
def rows() -> tuple[dict[str, str], ...]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def section(requirement: str) -> str:
    return requirement.removeprefix("V").rpartition(".")[0]


def test_every_requirement_of_both_levels_stands_in_it_once() -> None:
    assert sum(level_1 for level_1, _ in SECTIONS.values()) == 70
    assert sum(level_2 for _, level_2 in SECTIONS.values()) == 183
    told = Counter((section(row["requirement"]), row["level"]) for row in rows())
    wanted = {
        (name, str(level)): count
        for name, counts in SECTIONS.items()
        for level, count in enumerate(counts, start=1)
        if count
    }
    assert told == wanted
    assert len({row["requirement"] for row in rows()}) == len(rows()) == 253


def test_they_stand_in_the_order_of_the_standard() -> None:
    numbers = [tuple(map(int, row["requirement"][1:].split("."))) for row in rows()]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["requirement"])
def test_each_has_a_verdict_that_something_shows(row: dict[str, str]) -> None:
    assert row["verdict"] in VERDICTS
    assert row["about"]
    if row["verdict"] == "pass":
        assert row["shown_by"]
    else:
        assert len(row["note"]) >= len("no LDAP")
    if row["shown_by"]:
        path, _, name = row["shown_by"].partition("::")
        assert name
        assert (ROOT / path).is_file(), path
        assert exists(ROOT / path, name), row["shown_by"]
        assert not path.startswith("tests/") or name.startswith("test_")


def exists(path: Path, name: str) -> bool:
    """Whether a file of Python defines a name, a document has a part, another file the words."""
    if path.suffix == ".py":
        return name in defined(path)
    text = path.read_text(encoding="utf-8")
    return f"\n## {name}\n" in text if path.suffix == ".md" else name in text


@cache
def defined(path: Path) -> frozenset[str]:
    return frozenset(names_in(ast.parse(path.read_text(encoding="utf-8"))))


def names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign():
                yield from (one.id for one in node.targets if isinstance(one, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
