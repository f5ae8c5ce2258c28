"""Numbers on the command line: what is none is said to be none."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from outreach.cli import main


@pytest.mark.parametrize(
    "words",
    [
        ("privacy", "report", "--official"),
        ("privacy", "breach", "--since", "2026-11-18", "--out", "b", "--device"),
        ("plan", "export"),
        ("plan", "nation", "--campaign", "a", "--by", "b", "--hands"),
        ("villages", "search", "Solo", "--limit"),
    ],
)
def test_what_is_no_number_is_said_to_be_none(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.saying.in_own_words", lambda text: text)
    for given in ("abc", "1.5", ""):
        done = CliRunner().invoke(main, [*words, given])
        assert (done.exit_code, f"'{given}' is no whole number." in done.output) == (2, True)
