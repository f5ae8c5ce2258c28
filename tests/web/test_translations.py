"""The catalogue: all of what code and pages say, in Indonesian, and nothing besides."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from babel.messages.pofile import read_po

from outreach.people.tables import Role
from outreach.villages.estimates import read_figures
from outreach.web.routing import PUBLIC
from outreach.web.words import reason_words
from tests.web import samples
from tests.web.test_who_may import ask, every_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from babel.messages.catalog import Catalog, Message
    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

ROOT = Path(__file__).parents[2]
INDONESIAN = ROOT / "outreach" / "web" / "translations" / "id" / "LC_MESSAGES" / "messages.po"
#: `%(name)s`, the same kept for a second filling, and the `{name}` of the maps' scripts.
PLACEHOLDER = re.compile(r"%{1,2}\(\w+\)s|\{\w+\}")
#: Small words that every English sentence has and no Indonesian one.
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|not|this|that|with|for|to|by|your?|has|have|from|on|in|no|yes|all)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What extraction finds now, as `make translations` does it."""
    path = tmp_path_factory.mktemp("found") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract"]
    subprocess.run(
        [*command, "--mapping", "pyproject.toml", "-o", str(path), "."], cwd=ROOT, check=True
    )
    with path.open("rb") as pot:
        return read_po(pot)


@pytest.fixture(scope="module")
def indonesian() -> Catalog:
    with INDONESIAN.open("rb") as po:
        return read_po(po)


def _messages(catalogue: Catalog) -> dict[Any, Message]:
    return {message.id: message for message in catalogue if message.id}


def _last(forms: Any) -> str:
    """The only form, or the plural: English singulars may leave the number out."""
    return forms if isinstance(forms, str) else str(forms[-1])


@pytest.mark.parametrize(
    "place",
    [
        "outreach/cli/accounts.py",  # say
        "outreach/cli/up.py",  # step
        "outreach/demonstration/story.py",  # tell
        "outreach/maps/words.py",  # gettext handed over as an argument
        "outreach/web/coordinator_words.py",  # ngettext
        "outreach/web/enum_words.py",  # lazy_gettext
        "templates/base.html",
        "templates/official/form.html",
    ],
)
def test_extraction_finds_the_texts_of_every_kind_of_file(found: Catalog, place: str) -> None:
    assert place in {name for message in found for name, _line in message.locations}


def test_every_text_has_an_indonesian_one(found: Catalog, indonesian: Catalog) -> None:
    ours = _messages(indonesian)
    lacking = [
        text
        for text in _messages(found)
        if text not in ours or not _last(ours[text].string).strip()
    ]
    assert not lacking, "run `make translations` and translate these"
    assert not [text for text, message in ours.items() if message.fuzzy]


def test_the_catalogue_keeps_nothing_that_is_no_longer_said(
    found: Catalog, indonesian: Catalog
) -> None:
    assert not set(_messages(indonesian)) - set(_messages(found))
    assert not indonesian.obsolete


def test_placeholders_stay_the_same(indonesian: Catalog) -> None:
    wrong = [
        (text, message.string)
        for text, message in _messages(indonesian).items()
        if Counter(PLACEHOLDER.findall(_last(text)))
        != Counter(PLACEHOLDER.findall(_last(message.string)))
    ]
    assert not wrong
    assert not [str(error) for _message, errors in indonesian.check() for error in errors]


def test_sentences_end_as_they_do_in_english(indonesian: Catalog) -> None:
    def end(text: str) -> str:
        return text[-1] if text[-1] in ".:?!…" else ""

    wrong = [
        (text, message.string)
        for text, message in _messages(indonesian).items()
        if end(_last(text)) != end(_last(message.string))
    ]
    assert not wrong


def test_indonesian_has_one_form_for_every_number(indonesian: Catalog) -> None:
    assert (indonesian.num_plurals, indonesian.plural_expr) == (1, "0")
    plurals = [
        message.string for text, message in _messages(indonesian).items() if type(text) is tuple
    ]
    assert plurals
    assert all(len(forms or ()) == 1 for forms in plurals)


class _Words(HTMLParser):
    """What people see or hear of a page, but for codes and lines that a program wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        kinds = (told.get("class") or "").split()
        if tag in ("script", "style") or not {"code", "code-line"}.isdisjoint(kinds):
            self._silent = tag
        for name in ("aria-label", "title", "placeholder", "alt", "data-label"):
            if told.get(name) and "hreflang" not in told:
                self.words.append(str(told[name]))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._silent:
            self.words.append(" ".join(data.split()))


def _english_on(page: str) -> list[str]:
    reader = _Words()
    reader.feed(page)
    return [words for words in reader.words if ENGLISH.search(words)]


@pytest.mark.parametrize("role", list(Role))
def test_no_page_of_a_role_speaks_english(
    role: Role, app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    """Every page with something of one's own, and every answer to an empty form."""
    visitor, read, english = login_as(role), 0, {}
    # Logging out is the last deed.
    mine = [case for case in every_case() if case.roles != PUBLIC and role in case.roles]
    for case in sorted(mine, key=lambda case: (case.method, case.rule == "/logout")):
        values = samples.values(world, set(case.arguments), "own", role) or {}
        answer = ask(visitor, case, values, app)
        # Browsers show nothing of an answer that sends them elsewhere.
        if answer.mimetype == "text/html" and answer.status_code not in (302, 303):
            read += 1
            if words := _english_on(answer.text):
                english[str(case)] = words
    assert not english
    assert read >= 4


def test_the_sources_of_the_shipped_figures_are_translated(indonesian: Catalog) -> None:
    ours = _messages(indonesian)
    assert not [told.source for told in read_figures().values() if told.source not in ours]


def test_codes_of_our_own_reasons_never_reach_people(app: Flask) -> None:
    with app.test_request_context():
        assert reason_words("planned_anew") == "Rencana tahap disusun ulang."
        assert reason_words("Jalan ke desa banjir") == "Jalan ke desa banjir"


def test_what_strangers_and_the_lost_read_is_not_english(
    client: Visitor, login_as: Callable[[Role], Visitor]
) -> None:
    missing = login_as(Role.MANAGER).get("/villages/99.99.99.2999")
    refused = client.send("/login", {"login": "nobody", "password": "wrong-wrong-wrong"})
    for answer in (client.get("/login"), refused, missing):
        assert not _english_on(answer.text)


def test_english_on_a_page_is_seen() -> None:
    page = (
        "<p>Simpan</p><script>if (this) {}</script><input placeholder='Name of the village'>"
        "<li><span class='hint code'>/hand-in</span> hand this in</li>"
    )
    assert _english_on(page) == ["Name of the village", "hand this in"]
