"""Writings full of digits that are no identity number, whatever their digits would add up to.

A column of telephone numbers or codes of villages holds sixteen digits in the order of a NIK
sooner or later. What is known for sure to be something else is therefore set apart first. Every
one of these is told by how it begins and ends; the phone has the same in `honest_digits.js`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
#: A mobile number, no NIK begins with 08 or 628; in a numbered list of them every one ends a line.
_MOBILE = r"(?:0|62[ .-]?)8\d\d(?:[ .-]?\d){6,9}?"
_PHONE = rf"(?:{_MOBILE}|\d{{1,2}}[.)] {{0,2}}{_MOBILE}(?= *(?:[\r\n]|$)))"
_TIME = r"(?:[01]\d|2[0-3])[.:][0-5]\d"
#: A day with all four digits of its year, in a row too, or that year alone, and the time behind;
#: or a short one with its time, whose quarters of an hour are no month.
_DATE = (
    rf"(?:{_DAY}(?P<by>[/.-]){_MONTH}(?P=by)20\d\d(?!(?P=by)\d)"
    rf"|20\d\d(?P<iso>[/.-]){_MONTH}(?P=iso){_DAY}(?!(?P=iso)\d)"
    rf"|20[23]\d(?:(?:0[1-9]|1[0-2])[0-3]\d)?)(?:,? (?P<time>{_TIME}))?"
    rf"|{_DAY}(?P<short>[/.-]){_MONTH}(?P=short)[23]\d,? "
    r"(?P<quarter>(?:[01]\d|2[0-3])[.:](?:00|15|30|45))"
)
#: Of a ward or a village. Six digits behind it, or two and four, make it a NIK all the same.
_VILLAGE = r"\d\d\.\d\d\.\d\d\.[12]0\d\d(?!\.\d)(?![\W_]+(?:\d{6}|\d\d[\W_]+\d{4})(?!\d))"
#: Codes of regencies or districts of one province, and nothing behind them.
_AREAS = (
    r"(?P<province>\d\d)(?:\.\d\d){1,2}(?:[,;/ \r\n\t]{1,3}(?P=province)(?:\.\d\d){1,2})+"
    r"(?!\d|\.\d|[\W_]+\d)"
)
_SOUTH, _EAST = r"\d{1,2}%s\d{3,8}", r"(?:9[5-9]|1[0-4]\d)%s\d{3,8}"
#: A place within Indonesia, in either order.
_PLACE = (
    rf"(?:{_SOUTH % '(?P<a>[.,])'}[,; ]+{_EAST % '(?P=a)'}"
    rf"|{_EAST % '(?P<b>[.,])'}[,; ]+-?{_SOUTH % '(?P=b)'})"
)
_AT_THE_START = re.compile(rf"(?:{_PHONE}|{_DATE}|{_VILLAGE}|{_AREAS}|{_PLACE})(?:[\W_]+|$)")
#: Sixteen digits of whole groups.
_LIKE_A_NIK = re.compile(r"(?:\d[\W_]*){15}\d(?!\d)")
#: So many digits a list has that cannot be a NIK and a number or two beside it.
_LONG_LIST = 24


def without_honest_digits(chain: str, is_nik: Callable[[str], object]) -> str:
    """Return digits and signs without what they begin with, as long as that is surely honest.

    Only the beginning counts: in the middle of a NIK anything may stand. What would be a time may
    be the first four digits of one: then it stays, unless something honest follows.
    """
    start = 0
    found = _AT_THE_START.match(chain)
    while found:
        behind = _AT_THE_START.match(chain, found.end())
        time = max(found.start("time"), found.start("quarter"))
        if time >= 0 and not behind and is_nik(_sixteen_at(chain, time)):
            return chain[time:]
        start, found = found.end(), behind
    return chain[start:]


def _sixteen_at(chain: str, place: int) -> str:
    like = _LIKE_A_NIK.match(chain, place)
    return re.sub(r"\D", "", like[0]) if like else ""


def are_counts(groups: list[str]) -> bool:
    """Whether groups are a long list of counts, of three digits at most: “12, 15, 8, 22, …”.

    No count begins with 0. A shorter list, and one of single digits, may be a NIK with little
    beside it.
    """
    return (
        sum(map(len, groups)) >= _LONG_LIST
        and any(len(one) > 1 for one in groups)
        and all(len(one) <= 3 and (one == "0" or one[0] != "0") for one in groups)
    )
