"""What a process says to whoever started it, in the language of the settings: also of wrong ones.

Commands have more to say (`outreach.cli.say`).
"""

from __future__ import annotations

import gettext
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from outreach.config import ENV_FILES, NOT_QUEUES, read_settings
from outreach.errors import UnsafeSettings

if TYPE_CHECKING:
    from outreach.config import Settings

_CATALOGUES = Path(__file__).parent / "web" / "translations"


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


def lazy(text: str) -> str:
    """Mark a text for the translators; whoever shows it chooses the language."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """Put what is said of so many into the operator's language."""
    return _catalogue(language()).ngettext(one, many, count)


def settings_to_serve() -> Settings:
    """Read the settings of a process that serves; who cannot start says why in a sentence and ends.

    Waiting would mend nothing, and no stack tells whoever set them more.
    """
    # Commands speak by this module too, and importing SQLAlchemy takes longer than a quick one.
    from outreach.db import make_engine  # noqa: PLC0415

    try:
        settings = read_settings()
        make_engine(settings.database).dispose()
        _ = settings.secret
    except UnsafeSettings as error:
        sys.exit(explain_settings(error))
    return settings


def explain_settings(error: UnsafeSettings) -> str:
    """Say in one sentence what is wrong with a setting."""
    facts = {
        key: f"{told:g}" if isinstance(told, float) else told for key, told in error.facts.items()
    }
    sentence = sentences().get(str(facts.get("problem"))) or say(
        "The setting %%(setting)s cannot be read: %%(problem)s."
    )
    return sentence % {**facts, "offered": _offered(str(facts.get("pattern", "")))}


def sentences() -> dict[str, str]:
    """Give each problem of a setting its sentence, which names its facts."""
    return {**_of_servers(), **_of_settings()}


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
        NOT_QUEUES: say(
            "%%(setting)s takes one or more of planning, questions, post, celery, parted by commas."
        ),
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


def _offered(pattern: str) -> str:
    """Name the values that a pattern such as `^(id|en)$` takes."""
    return ", ".join(value or say("(empty)") for value in pattern.strip("^()$").split("|"))
