"""Languages, and how numbers, dates and times read in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from flask import request
from flask_babel import Babel, get_locale

from outreach.villages.tables import Zone
from outreach.web.auth import current_person
from outreach.web.database import running

if TYPE_CHECKING:
    from datetime import date, datetime, time

    from flask import Flask

#: Languages of the screens, by their own names.
LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}


def install(app: Flask, default: str) -> None:
    """Choose the language of each answer and teach the templates to write figures in it."""

    def choose() -> str:
        chosen = request.cookies.get(cookie_name(), "")
        return chosen if chosen in LANGUAGES else default

    Babel(
        app,
        default_locale=default,
        default_translation_directories="web/translations",
        locale_selector=choose,
    )
    filters = (number, percent, rupiah, long_date, plain_date, short_date, clock, moment, zone_name)
    app.jinja_env.filters.update({f.__name__: f for f in filters})


def cookie_name() -> str:
    """Name the cookie of the language; with HTTPS no other host can plant one of this name."""
    return "__Host-language" if running().settings.https_only else "language"


def language() -> str:
    """Language of this answer: `id` or `en`."""
    locale = get_locale()
    return str(locale.language) if locale else "id"


def number(value: float, decimals: int = 0) -> str:
    """Write a number with the marks of the language: `1.234,5` in Indonesian."""
    places = "." + "0" * decimals if decimals else ""
    return format_decimal(value, format=f"#,##0{places}", locale=language())


def percent(share: float, decimals: int = 1) -> str:
    """Write a share between 0 and 1 as a percentage; say of what beside it."""
    places = "." + "0" * decimals if decimals else ""
    return format_percent(share, format=f"#,##0{places}%", locale=language())


def rupiah(amount: float) -> str:
    """Write an amount of money: `Rp16.800`."""
    return format_currency(amount, "IDR", format="¤#,##0", locale=language(), currency_digits=False)


def long_date(day: date) -> str:
    """Write a day for a sentence: `Jumat, 8 Januari 2027`."""
    return format_date(day, "EEEE, d MMMM y", locale=language())


def plain_date(day: date) -> str:
    """Write a day where its weekday does not matter: `8 Jan 2027`."""
    return format_date(day, "d MMM y", locale=language())


def short_date(day: date) -> str:
    """Write a day for a table: `08/01/2027`."""
    return format_date(day, "dd/MM/y", locale=language())


def clock(at: time, zone: Zone | str | None = None) -> str:
    """Write a local time, with its zone if given: `09.30 WIB`."""
    written = format_time(at, "HH.mm" if language() == "id" else "HH:mm", locale=language())
    return f"{written} {zone_name(zone)}" if zone else written


def moment(at: datetime, zone: Zone | str | None = None) -> str:
    """Write a point in time as the local day and time of a zone: `08/01/2027 09.30 WIB`.

    Without a zone it is that of the person who reads.
    """
    someone = current_person()
    zone = zone or (someone.zone if someone else Zone.WIB)
    local = Zone(zone).clock(at)
    return f"{short_date(local.date())} {clock(local.time(), zone)}"


def zone_name(zone: Zone | str) -> str:
    """Short name of a time zone: `WIB`, `WITA` or `WIT`."""
    return Zone(zone).name
