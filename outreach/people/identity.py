"""Keeps identity numbers (NIK, family card) out; we count people and never know who they are.

The work grows with the text and no faster, for it is done before anything is known of a text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate

from pydantic_core import PydanticCustomError

from outreach.people.honest_digits import are_counts, without_honest_digits

#: What stands in place of an identity number in what is kept of a file.
HIDDEN = "(nomor identitas)"

_LONG = 16
_IN_A_ROW = re.compile(r"\d{16}")
#: Digits with whatever signs between them, also ends of lines; a letter ends them.
_CHAIN = re.compile(r"\d+(?:[\W_]+\d+)*")
#: The letters that people type for 0 and 1, in words of nothing but them and digits.
_LOOKALIKES = re.compile(r"(?<![^\W\d_])[OoIl]+(?![^\W\d_])")
_MEANT = str.maketrans("OoIl", "0011")
#: Region of six digits, day (plus 40 for women), month, year, four digits of a series. The first
#: two digits are a province's, 54 that of East Timor; behind them stands a regency's number up to
#: 39 or a city's from 71, and a district's.
_NIK = re.compile(
    r"(1[1-9]|21|3[1-6]|5[1-4]|6[1-5]|7[1-6]|8[12]|9[1-9])(0[1-9]|[123]\d|7[1-9])(0[1-9]|[1-5]\d)"
    r"([04][1-9]|[1256]\d|[37][01])(0[1-9]|1[0-2])\d{6}"
)


def holds_identity_number(text: str) -> bool:
    """Say whether *text* holds 16 or more digits in a row, or a NIK in groups of whatever sizes.

    Digits of every script count, signs that nobody sees part no number, and O, l and I among
    digits are 0 and 1.
    """
    if text.isascii() and len(text) < _LONG:
        return False
    plain = _LOOKALIKES.sub(_meant, text if text.isascii() else _plain(text))
    if _IN_A_ROW.search(plain):
        return True
    return any(_holds_nik(found[0]) for found in _CHAIN.finditer(plain))


def _plain(text: str) -> str:
    # Sign by sign: to put the marks on one letter in order takes the square of their count.
    return "".join(map(_plain_sign, text))


@lru_cache(maxsize=4096)
def _plain_sign(sign: str) -> str:
    plain = unicodedata.normalize("NFKC", sign)
    # “℃” holds a letter and is a sign all the same.
    is_sign = unicodedata.category(sign)[0] not in "LN" and any(map(str.isalpha, plain))
    return "".join(map(_one_plain, sign if is_sign else plain))


def _one_plain(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in ("Nd", "No"):
        return str(unicodedata.digit(sign, sign))
    if kind == "Cf":
        return ""
    if kind == "Pd" or sign == "\u2212":
        return "-"
    return " " if kind == "Zs" else sign


def _meant(found: re.Match[str]) -> str:
    beside = found.string[max(found.start() - 1, 0) : found.end() + 1]
    return found[0].translate(_MEANT) if re.search(r"\d", beside) else found[0]


def _holds_nik(chain: str) -> bool:
    """Whether some of the groups one after the other are a NIK together."""
    if sum(map(str.isdecimal, chain)) < _LONG:
        return False
    groups = re.findall(r"\d+", without_honest_digits(chain, _NIK.fullmatch))
    if are_counts(groups):
        return False
    digits, ends = "".join(groups), set(accumulate(map(len, groups), initial=0))
    return any(
        start + _LONG in ends and _NIK.fullmatch(digits, start, start + _LONG) for start in ends
    )


def refuse_identity_numbers(text: str) -> str:
    """Return *text* as it is; serves as a Pydantic validator.

    Raises
    ------
    PydanticCustomError
        With the code `identity_number`, and never with the number itself.
    """
    if holds_identity_number(text):
        raise PydanticCustomError("identity_number", "sixteen-digit identity number")
    return text


def without_identity(text: str) -> str:
    """Return *text*, or what stands in its place if it holds an identity number."""
    return HIDDEN if holds_identity_number(text) else text
