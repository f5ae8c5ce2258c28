"""The phone checks as the server does, and has words for all that it says."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from outreach.errors import Invalid
from outreach.logbook.record import read_report
from outreach.people.identity import holds_identity_number
from tests.security.identity_numbers import honest_texts, numbers

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "outreach/web/static/phone"
LOADED = """async (name) => { window.tested = await import(
  document.querySelector('script[src$="/app.js"]').src.replace("app.js", name)); }"""

KNOWN_NUMBERS = (
    "3310130512650001",
    "331013 051265 0001",
    "33.10.13.051265.0001",
    "3310-1305-1265-0001",
    "\uff13\uff13\uff11\uff10\uff11\uff13\uff10\uff15\uff11\uff12\uff16\uff15\uff10\uff10\uff10\uff11",
    "\u0663\u0663\u0661\u0660\u0661\u0663\u0660\u0665\u0661\u0662\u0666\u0665\u0660\u0660\u0660\u0661",
    "rek 12345678901234567",
    "0812 3456 7890",
    "2026-11-20 09.00",
    "33.10.13.2016",
    "3310 1305.1265 0001",
)


def texts() -> list[str]:
    """Make texts of groups of digits, many of them numbers or one sign away from one."""
    dice = random.Random(4)
    made = list(KNOWN_NUMBERS)
    for _ in range(3000):
        number = f"{dice.randint(110101, 999999)}{dice.randint(0, 71):02}{dice.randint(0, 13):02}"
        number += f"{dice.randint(0, 99):02}{dice.randint(0, 9999):04}"
        number = ("0" * dice.randint(0, 2)) + number + ("7" * dice.randint(0, 2))
        signs = dice.choice((" ", ".", "-", "/", " .", "--"))
        cuts = sorted(dice.sample(range(1, len(number)), dice.randint(0, 5)))
        groups = [number[a:b] for a, b in zip([0, *cuts], [*cuts, len(number)], strict=True)]
        text = "".join(group + dice.choice(signs) for group in groups)
        made.append(dice.choice(("", "no ", "7 ")) + text + dice.choice(("", " x", "5")))
    return made + [text for _, text in (*honest_texts(2000), *numbers(2000))]


@pytest.mark.browser
def test_identity_numbers_are_the_same_to_the_phone_and_the_server(handset: Page) -> None:
    given = texts()
    handset.evaluate(LOADED, "identity.js")
    told = handset.evaluate("(all) => all.map((t) => window.tested.holdsIdentityNumber(t))", given)
    expected = [holds_identity_number(text) for text in given]
    assert 300 < sum(expected) < len(given) - 300
    assert [t for t, a, b in zip(given, told, expected, strict=True) if a != b] == []


def drafts() -> list[dict[str, object]]:
    """Reports at and beyond every limit, as the form would have them."""
    dice = random.Random(7)
    numbers = ("", "0", "1", "7", "12", "20000", "20001", "x", "1.5", "-1")
    line = {"sector": "farmer", "package": "jkk_jkm", "payer": "self"}
    made: list[dict[str, object]] = []
    for _ in range(1500):
        workers = [dice.choice(("1", "5", "7", "12", "20001")) for _ in range(dice.randint(0, 2))]
        made.append(
            {
                "met": dice.choice(("held", "held", "held", "not_met", "refused")),
                **{name: dice.choice(numbers) for name in ("men", "women", "signups", "paid")},
                "lines": [{**line, "workers": one} for one in workers],
                "held_on": "2026-11-20",
                "held_at": "09:00",
                "minutes": dice.choice(("", "60")),
                "place": dice.choice(("", "Balai desa", "x" * 200, "x" * 201, "\U0001f600" * 200)),
                "remarks": dice.choice(("", "x" * 1000, "x" * 1001, "a\x07b", "a\nb", "1" * 16)),
                "position": None,
                "photo": None,
                "strokes": [],
            }
        )
    return made


def is_refused(content: dict[str, object]) -> bool:
    told = {"id": "0191b0a0-0000-7000-8000-000000000000", "visit_id": 1, **content}
    try:
        read_report(told)
    except Invalid:
        return True
    return False


@pytest.mark.browser
def test_the_phone_refuses_what_the_server_would_refuse_and_no_more(handset: Page) -> None:
    given = drafts()
    handset.evaluate(LOADED, "checks.js")
    handset.evaluate("() => { window.checks = window.tested; }")
    handset.evaluate(LOADED, "draft.js")
    told = handset.evaluate(
        """(all) => all.map((draft) => [
          Object.keys(window.checks.problemsOf(draft, {people: 20000, days: 366}, "2026-11-20")),
          window.tested.contentOf(draft)])""",
        given,
    )
    unreadable = re.compile(r"\D")
    wrong = []
    for draft, (problems, content) in zip(given, told, strict=True):
        # A number that is none never leaves the form; the server cannot be asked about it.
        names = ("men", "women", "signups", "paid")
        if draft["met"] == "held" and any(unreadable.search(str(draft[name])) for name in names):
            assert problems
            continue
        if bool(problems) != is_refused(content):
            wrong.append((draft, problems))
    assert wrong == []
    assert 100 < sum(not problems for problems, _ in told) < len(given) - 100


def test_the_page_has_words_for_all_that_the_screens_say() -> None:
    told = "".join(path.read_text() for path in (ROOT / "templates/phone").glob("*.html"))
    words = set(re.findall(r'data-word="([\w.-]+)"', told)) | set(
        re.findall(r'w\("([\w-]+)"', told)
    )
    asked = {
        key
        for path in STATIC.glob("*.js")
        for key in re.findall(r'\bsay\("([\w.-]+)"', path.read_text())
    }
    assert len(asked) > 40
    assert asked - words == set()


def test_no_words_stand_in_the_scripts_of_the_screens() -> None:
    """Two words in one string are a sentence, unless it is meant for who reads the code."""
    screens = (
        "answer",
        "details",
        "fields",
        "form",
        "history",
        "pictures",
        "saved",
        "visits",
    )
    for name in screens:
        code = re.sub(r"//.*|/\*.*?\*/", "", (STATIC / f"{name}.js").read_text(), flags=re.DOTALL)
        assert not re.findall(r'"[A-Z][a-z]+ [a-z]+', code), name
