"""Figures and telephone numbers of papers as people say and dial them."""

from __future__ import annotations

import pytest

from outreach.papers.wording import number_words, phone_words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "satu"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (15, "lima belas"),
        (20, "dua puluh"),
        (31, "tiga puluh satu"),
        (100, "seratus"),
        (111, "seratus sebelas"),
        (1945, "seribu sembilan ratus empat puluh lima"),
        (2000, "dua ribu"),
        (2027, "dua ribu dua puluh tujuh"),
    ],
)
def test_numbers_are_spelled(number: int, words: str) -> None:
    assert number_words(number) == words


def test_phones_are_written_as_people_dial_them() -> None:
    assert phone_words("+6281234567890") == "0812-3456-7890"
    assert phone_words("+62271714000") == "0271-7140-00"
    assert phone_words("") == ""
