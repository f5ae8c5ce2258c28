"""What the command line says, in the language of the settings."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from babel.numbers import format_decimal

from outreach.errors import UnsafeSettings
from outreach.saying import explain_settings, in_own_words, language, ngettext, say

if TYPE_CHECKING:
    from outreach.errors import OutreachError

__all__ = ["explain", "in_own_words", "language", "ngettext", "say", "step"]


def number(value: int) -> str:
    """Write a whole number as the operator's language does: `83.762`."""
    return _written(value, "#,##0")


def decimal(value: float) -> str:
    """Write a number with one decimal place as the operator's language does: `17,5`."""
    return _written(value, "#,##0.0")


def _written(value: float, pattern: str) -> str:
    return format_decimal(value, pattern, locale=language())


def step(text: str, **facts: object) -> None:
    """Print one line of progress."""
    click.echo(f"==> {say(text, **facts)}")


def own_command() -> str:
    """Write how the operator calls this program: as they did now, which may be by its path.

    By its bare name only where that is found: `make run` finds more than the operator's shell.
    """
    called = sys.argv[0]
    is_found = Path(called).is_absolute() and shutil.which("outreach") == called
    return "outreach" if is_found or Path(called).name != "outreach" else shlex.quote(called)


def _of_what_is_missing() -> dict[str, str]:
    return {
        "not_found": say("Not found: %%(name)s"),
        "no_account": say(
            "There is no account with the login name %%(login)s. To see all of them: "
            "outreach accounts list"
        ),
        "no_branch": say("There is no branch with the name %%(name)s."),
        "no_device": say("There is no phone with the number %%(device)s."),
    }


def _of_the_registry() -> dict[str, str]:
    return {
        "package_missing": say(
            "The package %%(package)s, which carries the registry, is not installed."
        ),
        "wrong_count": say(
            "The registry is not whole: %%(level)s should be %%(expected)s, but there are "
            "%%(codes)s codes on %%(lines)s lines. Nothing was changed."
        ),
        "stale_correction": say(
            "data/villages/corrections.csv expects %%(expected)s as %%(field)s of %%(region)s, but "
            "the registry now says %%(found)s. Nothing was changed."
        ),
    }


def explain(error: OutreachError) -> str:
    """Say in one sentence what went wrong."""
    if isinstance(error, UnsafeSettings):
        return explain_settings(error)
    sentence = {**_of_what_is_missing(), **_of_the_registry()}.get(_problem(error))
    if sentence is None:
        return str(error)
    return sentence % {"name": ", ".join(map(str, error.facts.values())), **error.facts}


def _problem(error: OutreachError) -> str:
    """Name what went wrong; of what is missing, by its kind where that has a sentence."""
    if error.code == "not_found":
        if "login" in error.facts:
            return "no_account"
        if "device" in error.facts:
            return "no_device"
        if error.facts.get("kind") == "Branch" and "name" in error.facts:
            return "no_branch"
    return str(error.facts.get("problem", error.code))
