"""What the command line says, in the language of the settings."""

from __future__ import annotations

import gettext
import os
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click
from babel.numbers import format_decimal
from dotenv import dotenv_values

from outreach.config import ENV_FILES

if TYPE_CHECKING:
    from outreach.errors import OutreachError

_CATALOGUES = Path(__file__).parents[1] / "web" / "translations"


@cache
def language() -> str:
    """Tell the operator's language: English if that is asked for, else Indonesian."""
    # Read past the settings: they may be the very thing that is wrong.
    told: dict[str, str | None] = {}
    for file in ENV_FILES:
        told |= dotenv_values(file)
    return "en" if (os.environ.get("LOCALE") or told.get("LOCALE")) == "en" else "id"


@cache
def _catalogue(spoken: str) -> gettext.NullTranslations:
    return gettext.translation("messages", _CATALOGUES, [spoken], fallback=True)


def in_own_words(text: str) -> str:
    """Put a text into the operator's language as it stands, whatever its facts are marked by."""
    return _catalogue(language()).gettext(text)


def say(text: str, **facts: object) -> str:
    """Put *text* into the operator's language and fill in the facts."""
    return in_own_words(text) % facts


def ngettext(one: str, many: str, count: int) -> str:
    """Put what is said of so many into the operator's language."""
    return _catalogue(language()).ngettext(one, many, count)


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


def sentences() -> dict[str, str]:
    """Give each problem that a command tells its sentence, which names its facts."""
    return {**_of_servers(), **_of_settings(), **_of_what_is_missing(), **_of_the_registry()}


def _of_servers() -> dict[str, str]:
    return {
        "not_a_database_url": say(
            "DATABASE_URL is not a database address. Examples: sqlite:////srv/outreach.sqlite or "
            "postgresql://user:password@host/outreach"
        ),
        "unsupported_database": say("DATABASE_URL must name a SQLite or a PostgreSQL database."),
        "database_unreachable": say(
            "The database that DATABASE_URL names does not answer: %%(detail)s"
        ),
        "rights_missing": say(
            "The database answers, but its role %%(role)s lacks rights: %%(detail)s. With the "
            "owner's address in DATABASE_URL this gives them: outreach database role %%(role)s"
        ),
        "owner_alone": say(
            "The database answers, but its role %%(role)s may not do this: %%(detail)s. Call it "
            "with the owner's address in DATABASE_URL, and then: outreach database role %%(role)s"
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
        "in_the_clear": say(
            "%%(setting)s names a server of another machine that would be spoken to in the clear, "
            "or need not prove who it is. Ask for TLS: postgresql://…?sslmode=verify-full, "
            "rediss://…, https://… In a network of your own that nobody else listens to, "
            "PLAIN_CONNECTIONS=1 allows it."
        ),
        "port_taken": say(
            "Port %%(port)s is taken by another program. Choose another: PORT=8001 make run"
        ),
        "address_unusable": say(
            "Nothing can listen at HOST %%(host)s and PORT %%(port)s: %%(detail)s"
        ),
    }


def _of_settings() -> dict[str, str]:
    address = say(
        "%%(setting)s must be an address with https:// or http:// in front, such as "
        "https://outreach.example.go.id"
    )
    return {
        "missing": say("%%(setting)s is not set: every machine of an installation shares one."),
        "too_short": say("%%(setting)s is too short: at least %%(least)s characters."),
        "int_parsing": say("%%(setting)s must be a whole number."),
        "int_parsing_size": say("%%(setting)s is too large."),
        "float_parsing": say("%%(setting)s must be a number, such as 2 or 2.5."),
        "less_than_equal": say("%%(setting)s must be at most %%(le)s."),
        "greater_than_equal": say("%%(setting)s must be at least %%(ge)s."),
        "greater_than": say("%%(setting)s must be more than %%(gt)s."),
        "string_pattern_mismatch": say("%%(setting)s takes only: %%(offered)s."),
        "url_parsing": address,
        "url_scheme": address,
        "url_too_long": say("%%(setting)s is too long for an address."),
        "value_error": say(
            "%%(setting)s is missing or not written as it should be; README.md tells how."
        ),
        "folder_unusable": say("VAR_DIR names a folder that cannot be used: %%(detail)s"),
        "bool_parsing": say("%%(setting)s must be 0 or 1."),
    }


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
    sentence = sentences().get(_problem(error))
    if sentence is None and "setting" in error.facts:
        sentence = say("The setting %%(setting)s cannot be read: %%(problem)s.")
    if sentence is None:
        return str(error)
    facts = {"name": ", ".join(map(str, error.facts.values())), **error.facts}
    facts |= {key: f"{told:g}" for key, told in error.facts.items() if isinstance(told, float)}
    return sentence % {**facts, "offered": _offered(str(error.facts.get("pattern", "")))}


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


def _offered(pattern: str) -> str:
    """Name the values that a pattern such as `^(id|en)$` takes."""
    return ", ".join(value or say("(empty)") for value in pattern.strip("^()$").split("|"))
