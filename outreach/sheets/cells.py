"""Reads single cells: days, times, numbers, codes and choices in every usual writing.

A cell comes as text, number or flag, or as a pair of `day`, `clock` or `moment` and its ISO text,
where the file itself knows it as a date or a time.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from babel.dates import get_month_names

from outreach.errors import Invalid
from outreach.people.identity import holds_identity_number
from outreach.sheets.kinds import Cell, Column, Value
from outreach.villages.codes import parse

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_TEXT = 2000
#: Sixteen digits, of which Excel keeps fifteen: whoever typed a NIK as a number.
_IDENTITY = 10**15
#: Day 0 of Excel, as far as days after February 1900 are concerned.
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
#: What a program would take for a formula; a quote before it keeps it text.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_EXPONENT = re.compile(r"\d(?:[.,]\d+)?E\+?\d{1,3}", re.IGNORECASE)
#: Thousands begin with another digit than 0: “0,500” is a half.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:([.,\s])\d{3})(?:\1\d{3})*")
#: The name of a weekday may stand before a day, the first moment of it behind.
_WEEKDAY = re.compile(r"^[a-z']+\s*,?\s+(?=\d)")
_MIDNIGHT = re.compile(r"[t ]0?0[:.]00(?:[:.]00(?:\.0+)?)?$")
_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2}|[a-z]+)\.?[/.\- ](\d{4}|\d{2})")
#: A month alone: 11/2026, 2026-11, November 2026, Nov-26.
_MONTH = re.compile(r"(?P<month>\d{1,2}|[a-z]+)\.?[/.\- ](?P<year>\d{4}|\d{2})")
_ISO_MONTH = re.compile(r"(?P<year>\d{4})[/.\-](?P<month>\d{1,2})")
_ISO_DAY = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")
_CLOCK = re.compile(r"(?:pukul |jam )?(\d{1,2})[.:](\d{2})(?:[.:]00)?(?: ?(?:wib|wita|wit))?")
_YES = {"ya", "y", "yes", "true", "benar", "1", "x", "v", "✓", "✔"}
_NO = {"tidak", "t", "n", "no", "false", "salah", "0", "-", "tdk"}


class Unreadable(Exception):
    """A cell that cannot be read; the message is the problem's code."""


def plain_text(cell: Any) -> str:
    """Write a cell as its reader sees it, numbers and days the Indonesian way.

    Of one that `is_too_long` only the beginning.
    """
    if isinstance(cell, list):
        return _moment_text(*cell)
    if isinstance(cell, bool):
        return "ya" if cell else "tidak"
    if isinstance(cell, int | float):
        return _number_text(cell)
    # Cut first: to put the marks on one letter in order takes the square of their count.
    given = str(cell or "").strip()[:LONGEST_TEXT]
    text = unicodedata.normalize("NFC", given).replace("\u00a0", " ").strip()
    if wrapped := _AS_TEXT.fullmatch(text):
        text = wrapped[1].strip()
    return text[1:].strip() if _is_quoted(text) else text


def is_too_long(cell: Any) -> bool:
    """Whether a cell holds more text than is ever looked at."""
    return isinstance(cell, str) and len(cell.strip()) > LONGEST_TEXT


def _is_quoted(text: str) -> bool:
    """Whether a quote only keeps what follows it a text: a formula's sign, or a long number."""
    rest = text[1:].lstrip()
    return text.startswith("'") and (rest[:1].isdigit() or rest.startswith(FORMULA_STARTS))


def _moment_text(kind: str, iso: str) -> str:
    if kind == "clock":
        return iso.replace(":", ".")
    day = date.fromisoformat(iso[:10]).strftime("%d/%m/%Y")
    return day if kind == "day" or iso.endswith(" 00:00") else f"{day} {iso[11:].replace(':', '.')}"


def _number_text(number: float) -> str:
    if isinstance(number, float) and not number.is_integer():
        return repr(number).replace(".", ",")
    return str(int(number))


def holds_identity(text: str) -> bool:
    """Whether a cell holds an identity number, also one that Excel has made a number of."""
    if _EXPONENT.fullmatch(text):
        return _IDENTITY <= float(text.replace(",", ".")) < 10 * _IDENTITY
    # Most cells are too short for one; signs beyond ASCII may stand for several digits each.
    is_short = len(text) < 16 and text.isascii()
    return not is_short and holds_identity_number(text)


def value_of(cell: Any, text: str, column: Column) -> Value:
    """Read a cell as its column wants it; blank is None.

    Raises
    ------
    Unreadable
        With the code of the problem.
    """
    if not text:
        return None
    if text.upper() in _ERRORS:
        raise Unreadable("failed_formula")
    if len(text) > LONGEST_TEXT:
        raise Unreadable("text_too_long")
    if not (text.isprintable() or _is_readable(text)):
        raise Unreadable("unreadable_text")
    if column.cell is Cell.CHOICE:
        return _choice(text, column)
    return _READERS[column.cell](cell, text)


def _is_readable(text: str) -> bool:
    return not any(
        unicodedata.category(sign) in ("Cc", "Cs") for sign in text if sign not in "\r\n\t"
    )


def same_name(text: str) -> str:
    """Reduce a header or a choice to its letters and digits, so that writings of it agree."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def _choice(text: str, column: Column) -> str:
    """Take the choice with just this label, or else the only one that is written alike."""
    exact = [one.value for one in column.choices if one.label == text]
    wanted = same_name(text)
    alike = exact or [one.value for one in column.choices if same_name(one.label) == wanted]
    if len(alike) != 1:
        raise Unreadable("not_a_choice")
    return alike[0]


def _code(cell: Any, text: str) -> str:
    if isinstance(cell, list):
        raise Unreadable("code_became_date")
    try:
        return parse(_digits(text))
    except Invalid:
        raise Unreadable("not_a_region_code") from None


def _digits(text: str) -> str:
    """Give a code its digits back where a program took it for a number."""
    if _EXPONENT.fullmatch(text) or re.fullmatch(r"\d{2,10}[.,]0", text):
        number = float(text.replace(",", "."))
        return str(int(number)) if number.is_integer() and number > 99 else text
    if re.fullmatch(r"\d{2}[.,]\d{1,2}", text):  # 33.10 is 33,1 to Excel
        return f"{text[:2]}.{text[3:]:0<2}"
    return text


def _whole(cell: Any, text: str) -> int:
    number = _decimal(cell, _ungrouped(text) if not isinstance(cell, int | float) else text)
    if not number.is_integer():
        raise Unreadable("int_from_float")
    if abs(number) >= 2**31:
        raise Unreadable("int_parsing_size")
    return int(number)


def _ungrouped(text: str) -> str:
    """Take the signs between thousands out: a whole number has no use for a decimal one."""
    return re.sub(r"[.,\s]", "", text) if _GROUPED.fullmatch(text) else text


def _decimal(cell: Any, text: str) -> float:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    plain = text.replace(" ", "")
    # The sign that comes last parts the decimals; alone, a dot before three digits parts thousands.
    last = max(plain.rfind("."), plain.rfind(","))
    if last >= 0 and plain[last] == "." and "," not in plain and _GROUPED.fullmatch(plain):
        plain = plain.replace(".", "")
    elif last >= 0 and plain.count(plain[last]) > 1:
        plain = plain.replace(plain[last], "") if _GROUPED.fullmatch(plain) else text
    elif last >= 0:
        plain = re.sub(r"[.,]", "", plain[:last]) + "." + plain[last + 1 :]
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{0,15})?", plain):
        raise Unreadable("float_parsing")
    return float(plain)


def _day(cell: Any, text: str) -> date:
    if isinstance(cell, list):
        if cell[0] == "clock":
            raise Unreadable("date_parsing")
        return _within(date.fromisoformat(cell[1][:10]))
    plain = re.sub(r"\s+", " ", _WEEKDAY.sub("", text.casefold(), count=1))
    plain = _MIDNIGHT.sub("", plain.strip())
    if re.fullmatch(r"\d{5}([.,]\d+)?", plain):
        return _within(_EXCEL_DAY_ZERO + timedelta(days=int(plain[:5])))
    if found := _ISO_DAY.fullmatch(plain):
        return _date(found[1], found[2], found[3])
    if found := _DAY.fullmatch(plain):
        year = found[3] if len(found[3]) == 4 else f"20{found[3]}"
        return _date(year, _month(found[2]), found[1])
    raise Unreadable("date_parsing")


def _whole_month(cell: Any, text: str) -> date:
    """Read a month, or the month of a day, as its first day."""
    try:
        return _month_or_day(cell, text)
    except Unreadable:
        raise Unreadable("month_parsing") from None


def _month_or_day(cell: Any, text: str) -> date:
    plain = re.sub(r"\s+", " ", text.casefold())
    found = (
        None if isinstance(cell, list) else _ISO_MONTH.fullmatch(plain) or _MONTH.fullmatch(plain)
    )
    if found is None:
        return _day(cell, text).replace(day=1)
    year = found["year"] if len(found["year"]) == 4 else f"20{found['year']}"
    return _date(year, _month(found["month"]), "1")


def _month(text: str) -> str:
    return str(_MONTHS.get(text, 0)) if text.isalpha() else text


def _months() -> dict[str, int]:
    named = {"agt": 8, "agu": 8, "ags": 8, "sept": 9, "nop": 11, "nopember": 11}
    named |= {"pebruari": 2, "peb": 2}
    for language in ("en", "id"):
        for width in ("abbreviated", "wide"):
            names = get_month_names(width, locale=language)
            named.update({str(name).casefold().strip("."): int(n) for n, name in names.items()})
    return named


_MONTHS = _months()


def _date(year: str, month: str, day: str) -> date:
    try:
        return _within(date(int(year), int(month), int(day)))
    except ValueError:
        raise Unreadable("date_parsing") from None


def _within(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Unreadable("date_parsing")
    return day


def _clock(cell: Any, text: str) -> time:
    if isinstance(cell, list):
        if cell[0] == "day":
            raise Unreadable("time_parsing")
        return datetime.fromisoformat(f"2000-01-01 {cell[1][-5:]}").time()
    if found := _CLOCK.fullmatch(text.casefold()):
        return _time(int(found[1]), int(found[2]))
    if re.fullmatch(r"\d{1,2}([.,]\d+)?", text):
        return _time_of_number(float(text.replace(",", ".")))
    raise Unreadable("time_parsing")


def _time_of_number(number: float) -> time:
    if number < 1:  # a part of the day, as Excel keeps times
        return _time(*divmod(round(number * 24 * 60), 60))
    hours = int(number)  # 9.3 is what is left of 09.30
    return _time(hours, round((number - hours) * 100))


def _time(hours: int, minutes: int) -> time:
    try:
        return time(hours, minutes)
    except ValueError:
        raise Unreadable("time_parsing") from None


def _flag(_cell: Any, text: str) -> bool:
    plain = text.casefold()
    if plain not in _YES | _NO:
        raise Unreadable("bool_parsing")
    return plain in _YES


_READERS: dict[Cell, Callable[[Any, str], Value]] = {
    Cell.TEXT: lambda _cell, text: text,
    Cell.CODE: _code,
    Cell.WHOLE: _whole,
    Cell.DECIMAL: _decimal,
    Cell.DAY: _day,
    Cell.MONTH: _whole_month,
    Cell.CLOCK: _clock,
    Cell.FLAG: _flag,
}
