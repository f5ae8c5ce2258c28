"""What the command line says, in the language of the settings."""

from __future__ import annotations

import gettext
import os
import shlex
import shutil
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import click
from babel.numbers import format_decimal
from dotenv import dotenv_values

from outreach.config import ENV_FILES

if TYPE_CHECKING:
    from outreach.errors import OutreachError

_CATALOGUES = Path(__file__).parents[1] / "web" / "translations"


@lru_cache(maxsize=1)
def _language() -> str:
    # Read past the settings: they may be the very thing that is wrong.
    told: dict[str, str | None] = {}
    for file in ENV_FILES:
        told |= dotenv_values(file)
    return os.environ.get("LOCALE") or told.get("LOCALE") or "id"


@lru_cache(maxsize=1)
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("messages", _CATALOGUES, [_language()], fallback=True)


def say(text: str, **facts: object) -> str:
    """Put *text* into the operator's language and fill in the facts."""
    return _catalogue().gettext(text) % facts


def number(value: int) -> str:
    """Write a whole number as the operator's language does: `83.762`."""
    return _written(value, "#,##0")


def decimal(value: float) -> str:
    """Write a number with one decimal place as the operator's language does: `17,5`."""
    return _written(value, "#,##0.0")


def _written(value: float, pattern: str) -> str:
    return format_decimal(value, pattern, locale="en" if _language() == "en" else "id")


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


def _sentences() -> dict[str, str]:
    return {
        "not_a_database_url": say(
            "DATABASE_URL is not a database address. Examples: sqlite:////srv/outreach.sqlite or "
            "postgresql://user:password@host/outreach"
        ),
        "unsupported_database": say("DATABASE_URL must name a SQLite or a PostgreSQL database."),
        "database_unreachable": say(
            "The database that DATABASE_URL names does not answer: %%(detail)s"
        ),
        "no_tables": say(
            "The database has no tables yet. Make them first: outreach migrations upgrade"
        ),
        "redis_unreachable": say("The Redis server that REDIS_URL names does not answer."),
        "no_redis_server": say(
            "No Redis server on this machine: install redis-server, or set REDIS_URL."
        ),
        "not_a_redis_url": say(
            "REDIS_URL is not a Redis address. Example: redis://:password@host:6379/0"
        ),
        "port_taken": say(
            "Port %%(port)s is taken by another program. Choose another: PORT=8001 make run"
        ),
        "address_unusable": say(
            "Nothing can listen at HOST %%(host)s and PORT %%(port)s: %%(detail)s"
        ),
        "missing": say("%%(setting)s is not set: every machine of an installation shares one."),
        "too_short": say("%%(setting)s is too short: at least %%(least)s characters."),
        "int_parsing": say("%%(setting)s must be a whole number."),
        "less_than_equal": say("%%(setting)s is too large."),
        "greater_than_equal": say("%%(setting)s is too small."),
        "string_pattern_mismatch": say("%%(setting)s has a value that is not offered."),
        "value_error": say(
            "%%(setting)s is missing or not written as it should be; README.md tells how."
        ),
        "folder_unusable": say("VAR_DIR names a folder that cannot be used: %%(detail)s"),
        "bool_parsing": say("%%(setting)s must be 0 or 1."),
        "not_found": say("Not found: %%(name)s"),
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
    problem = str(error.facts.get("problem", error.code))
    sentence = _sentences().get(problem)
    if sentence is None and "setting" in error.facts:
        sentence = say("The setting %%(setting)s cannot be read: %%(problem)s.")
    if sentence is None:
        return str(error)
    return sentence % {"name": ", ".join(map(str, error.facts.values())), **error.facts}
