"""What the command line tells the operator: commands to type, settings to mend, click's words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from outreach import saying
from outreach.cli import say
from outreach.cli.say import own_command
from outreach.config import Settings, read_settings
from outreach.errors import NotFound, UnsafeSettings

if TYPE_CHECKING:
    from pathlib import Path


QUEUES = "takes one or more of planning, questions, post, celery, parted by commas."


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
    monkeypatch.setattr(say, "language", lambda: language)
    assert say.decimal(1017.49) == written


@pytest.mark.parametrize(
    ("asked", "told"), [("en", "en"), ("id", "id"), ("fr", "id"), ("", "id"), (None, "id")]
)
def test_who_asks_for_a_language_that_is_not_offered_reads_indonesian(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: str | None, told: str
) -> None:
    monkeypatch.setattr(saying, "ENV_FILES", (tmp_path / ".env",))
    monkeypatch.delenv("LOCALE", raising=False)
    if asked is not None:
        monkeypatch.setenv("LOCALE", asked)
    assert saying.language.__wrapped__() == told


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("PUBLIC_URL", "outreach.go.id", "PUBLIC_URL must be an address with https:// or http://"),
        ("PUBLIC_URL", "ftp://outreach.go.id", "PUBLIC_URL must be an address with https://"),
        ("PHONES_WAIT_SECONDS", "-1", "PHONES_WAIT_SECONDS must be more than 0."),
        ("PHONES_WAIT_SECONDS", "31", "PHONES_WAIT_SECONDS must be at most 30."),
        ("PHONES_WAIT_SECONDS", "long", "PHONES_WAIT_SECONDS must be a number, such as 2 or 2.5."),
        ("PORT", "70000", "PORT must be at most 65535."),
        ("PORT", "0", "PORT must be at least 1."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT takes only: (empty), json, text."),
        ("TASK_QUEUES", "plans", f"TASK_QUEUES {QUEUES}"),
        ("TASK_QUEUES", "planning,", f"TASK_QUEUES {QUEUES}"),
        ("TASK_QUEUES", "planning;post", f"TASK_QUEUES {QUEUES}"),
        ("SMTP_SECURITY", "ssl", "SMTP_SECURITY takes only: none, starttls, tls."),
    ],
)
def test_a_setting_that_is_refused_is_told_with_its_limit(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str, told: str
) -> None:
    monkeypatch.setenv("LOCALE", "en")
    monkeypatch.setenv(setting, value)
    assert say.explain(_refused()).startswith(told)


@pytest.mark.parametrize("given", ["", "post", "planning,celery", "planning, celery"])
def test_queues_are_taken_with_commas_between_them(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("TASK_QUEUES", given)
    assert read_settings().task_queues == given.replace(" ", "")


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_whatever_is_wrong_with_a_setting_has_a_sentence(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setattr(saying, "in_own_words", lambda text: text)
    told = saying.sentences()
    for value in ("", "x", "-1", "0.5", "nan", "9" * 5000, "http://[", "x://" + "y" * 3000):
        monkeypatch.setenv(setting.upper(), value)
        with suppress(UnsafeSettings):  # other settings take it
            read_settings()
            continue
        error = _refused()
        assert error.facts["problem"] in told, value
        assert value not in error.facts.values()


def _refused() -> UnsafeSettings:
    with pytest.raises(UnsafeSettings) as refused:
        read_settings()
    return refused.value


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"kind": "Account", "login": "nobody"}, "There is no account with the login name nobody."),
        ({"login": "nobody"}, "There is no account with the login name nobody."),
        ({"kind": "Branch", "name": "Nowhere"}, "There is no branch with the name Nowhere."),
        ({"device": 7}, "There is no phone with the number 7."),
        ({"what": "else"}, "Not found: else"),
    ],
)
def test_what_is_missing_is_told_without_the_name_of_its_table(
    monkeypatch: pytest.MonkeyPatch, facts: dict[str, object], told: str
) -> None:
    monkeypatch.setattr(saying, "in_own_words", lambda text: text)
    assert say.explain(NotFound(**facts)).startswith(told)


class _Marked:
    """Answers as a catalogue that has a word for everything."""

    def gettext(self, text: str) -> str:
        return f"¶{text}"


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("one", "two"), "", ["¶Error: ¶Got unexpected extra argument (two)"]),
        (("one", "--no"), "", ["¶Error: ¶No such option '--no'.", "¶Try 'ask --help' for help."]),
        ((), "", ["¶Error: ¶Missing argument 'NAME'."]),
        (("one", "--of", "c"), "", ["¶Error: ¶Invalid value for '--of': "]),
        (("one", "--at", "x"), "", ["'x' does not match the format '%Y'."]),
        (("one",), "a\nb\na\na\n", ["¶Repeat for confirmation", "two entered values do not match"]),
        (("one",), "", ["¶Aborted!"]),
    ],
)
def test_what_click_says_is_looked_up_among_our_words(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], typed: str, told: list[str]
) -> None:
    monkeypatch.setattr(saying, "_catalogue", lambda _spoken: _Marked())
    done = CliRunner().invoke(_ask, words, input=typed)
    assert not [one for one in told if one not in done.output], done.output
    assert "¶" not in CliRunner().invoke(_ask, ["--help"]).output


@click.command("ask")
@click.argument("name")
@click.option("--of", type=click.Choice(["a", "b"]))
@click.option("--at", type=click.DateTime(["%Y"]))
def _ask(**_told: object) -> None:
    click.prompt("Secret", confirmation_prompt=True)


def test_a_quick_command_stays_quick() -> None:
    told = "import outreach.cli, sys; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False, timeout=60).returncode == 0
