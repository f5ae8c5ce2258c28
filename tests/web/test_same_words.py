"""One word for one thing: officials read the same on the phone's page, on paper and in ODK."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po

from outreach.logbook.tables import Payer
from outreach.logbook.wording import MET, PACKAGES, PAYERS, SECTORS
from outreach.logbook.xlsform import form
from outreach.maps.words import map_words
from outreach.papers import session_forms
from outreach.people.tables import Role
from outreach.progress.layers import Layer
from outreach.web import enum_words
from outreach.web.map_seen import COLUMNS
from tests.web.world import OWN_REGENCY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from tests.web.conftest import Visitor

ROOT = Path(enum_words.__file__).parents[2]
CATALOGUE = ROOT / "outreach/web/translations/id/LC_MESSAGES/messages.po"


@pytest.fixture(scope="module")
def indonesian() -> Mapping[str, str]:
    with CATALOGUE.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if isinstance(one.id, str)}


@pytest.mark.parametrize(
    ("kind", "words"),
    [("Sector", SECTORS), ("Package", PACKAGES), ("Payer", PAYERS), ("Met", MET)],
)
def test_the_choices_are_called_alike(
    indonesian: Mapping[str, str], kind: str, words: Mapping[StrEnum, str]
) -> None:
    shown = {
        value: indonesian[words._args[0]] for value, words in enum_words.ENUM_WORDS[kind].items()
    }
    assert {member.value: told for member, told in words.items()} == shown


def test_the_counts_are_called_alike(indonesian: Mapping[str, str]) -> None:
    men, women, signups, paid = (
        indonesian[msgid] for msgid in ("Men", "Women", "Sign-ups", "Paid already")
    )
    paper = (ROOT / "templates/papers/session_form.typ").read_text()
    for word in (men, women, signups, paid):
        assert f'write-box("{word}"' in paper
    labels = {row["name"]: row.get("label", "") for row in form(with_photo=True)["survey"]}
    told = {"men": men, "women": women, "signups": signups, "paid": paid}
    for name, word in told.items():
        assert word.casefold() in labels[name].casefold()
    assert labels["met"] == indonesian["Was there a session?"]
    assert labels["package"] == indonesian["Package"]
    assert labels["payer"] == indonesian["Who pays"]


def test_the_short_words_of_payers_stand_in_the_long_ones() -> None:
    for payer in Payer:
        assert session_forms.PAYERS[payer].casefold() in PAYERS[payer].casefold()


def test_the_layer_of_the_gap_has_a_name_of_its_own_everywhere(
    english: Callable[[Role], Visitor],
) -> None:
    """Not the words of another figure: workers without cover, sign-ups not taken off."""
    name = "neither covered nor signed up (estimate)"
    frame = map_words(str)
    for key in ("layer_gap", "unit_gap", "unit_gap_thousands", "line_gap"):
        assert name in frame[key].casefold(), key
    assert COLUMNS[Layer.GAP].endswith("belum_terlindungi_dan_belum_mendaftar_perkiraan")
    page = english(Role.MANAGER).get(f"/map?area={OWN_REGENCY}&layer=gap").text
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page)
    assert [name in head.casefold() for head in heads].count(True) == 1
    assert "Not yet covered (estimate)" in heads
    assert not [head for head in heads if "gap" in head.casefold()]
    told = english(Role.MANAGER).get("/api/openapi.json").get_json()
    field = told["components"]["schemas"]["Sums"]["properties"]["gap"]["description"]
    assert "sign-ups are not taken off" in field
