"""What the command line tells the operator to type."""

from __future__ import annotations

import shutil
import sys

import pytest

from outreach.cli import say
from outreach.cli.say import own_command


@pytest.mark.parametrize(
    ("called", "found", "written"),
    [
        (".venv/bin/outreach", "/srv/outreach/.venv/bin/outreach", ".venv/bin/outreach"),
        ("/srv/outreach/.venv/bin/outreach", "/srv/outreach/.venv/bin/outreach", "outreach"),
        ("/srv/outreach/.venv/bin/outreach", None, "/srv/outreach/.venv/bin/outreach"),
        ("/srv/our reach/outreach", "/usr/bin/outreach", "'/srv/our reach/outreach'"),
        ("/srv/outreach/.venv/bin/pytest", None, "outreach"),
    ],
)
def test_a_command_is_written_as_it_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, called: str, found: str | None, written: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "up"])
    monkeypatch.setattr(shutil, "which", lambda _name: found)
    assert own_command() == written


@pytest.mark.parametrize(("language", "written"), [("id", "1.017,5"), ("en", "1,017.5")])
def test_a_decimal_is_written_as_the_language_does(
    monkeypatch: pytest.MonkeyPatch, language: str, written: str
) -> None:
    monkeypatch.setattr(say, "_language", lambda: language)
    assert say.decimal(1017.49) == written
