"""No text can leave the place it was put in, whatever stands in it."""

from __future__ import annotations

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.maps import layers, national, page
from outreach.maps.safe import html_text, script_json
from outreach.maps.words import map_words
from tests.maps.conftest import HOSTILE

WORDS = map_words(lambda word: word)


@given(st.text())
def test_encoded_facts_read_back_and_carry_no_sign_that_could_break_out(text: str) -> None:
    encoded = script_json({"a": [text], text: 1})
    assert json.loads(encoded) == {"a": [text], text: 1}
    assert not set(encoded) & set("<>&'`$\u2028\u2029")
    assert encoded.isascii()


@given(st.text())
def test_encoded_markup_reads_back_as_the_text(text: str) -> None:
    encoded = html_text(text)
    assert html.unescape(encoded) == text or "\r" in text or "\x00" in text
    assert not set(encoded) & set("<>\"'`$\\")


@pytest.mark.parametrize("carrier", HOSTILE)
def test_hostile_words_stay_words_in_the_page(carrier: str) -> None:
    words = dict.fromkeys(WORDS, carrier)
    drawn = national.national_page(words, page.View(area=""), village_url=carrier)
    script = drawn.html.split(f'<script nonce="{drawn.nonce}">')[1].split("</script>")[0]
    assert script.count("Outreach.begin(") == 1
    assert carrier not in script
    assert "`" not in script
    assert "${" not in script
    assert drawn.html.count("<script") == 1
    assert "<img" not in drawn.html


def test_the_page_is_small_holds_no_village_and_nothing_inline_without_a_nonce() -> None:
    drawn = national.national_page(WORDS, page.View(language="id", area="33.72"))
    assert len(drawn.html.encode()) <= 4_096
    assert "<style" not in drawn.html
    assert 'lang="id"' in drawn.html
    assert "user-scalable" not in drawn.html
    for scheme in ("http://", "https://", "//cdn"):
        assert scheme not in drawn.html
    policy = drawn.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert f"'nonce-{drawn.nonce}'" in policy
    assert "allow-same-origin" not in policy
    assert "connect-src 'none'" in policy


def test_two_pages_differ_in_their_nonce_alone() -> None:
    one = national.national_page(WORDS, page.View())
    other = national.national_page(WORDS, page.View())
    assert one.nonce != other.nonce
    assert one.html.replace(one.nonce, "") == other.html.replace(other.nonce, "")
    assert layers.CanvasLayer.default_js == []
