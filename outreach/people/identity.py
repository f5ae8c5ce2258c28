"""Keeps identity numbers (NIK, family card) out: we count people and never know who they are."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

from pydantic_core import PydanticCustomError

#: What stands in place of an identity number in what is kept of a file.
HIDDEN = "(nomor identitas)"

#: Digits in groups with one and the same sign between them, as people write long numbers.
_GROUPS = re.compile(r"\d+(?:([ .\-/])\d+(?:\1\d+)*)?")
#: Digits in groups with up to three signs between them, also different ones.
_LOOSE = re.compile(r"\d+(?:[ .,_/\-]{1,3}\d+)+")
#: The groups in which people write a NIK. Where the signs differ, only these count: a village's
#: code and a day behind it have sixteen digits together.
_SHAPES = frozenset({
    (6, 6, 4), (6, 10), (6, 2, 2, 2, 4), (2, 2, 2, 6, 4), (2, 2, 2, 10), (2, 2, 2, 2, 2, 2, 4),
})  # fmt: skip
#: These only without other long groups before or behind: telephone numbers stand in fours too.
_SHAPES_ALONE = frozenset({(4, 4, 4, 4), (12, 4)})
#: Region of six digits, day (plus 40 for women), month, year, four digits of a series. The first
#: two digits are a province's, 54 that of East Timor.
_NIK = re.compile(
    r"(1[1-9]|21|3[1-6]|5[1-4]|6[1-5]|7[1-6]|8[12]|9[1-9])\d{4}"
    r"([04][1-9]|[1256]\d|[37][01])(0[1-9]|1[0-2])\d{6}"
)


def holds_identity_number(text: str) -> bool:
    """Say whether *text* holds 16 or more digits in a row, or a NIK written in groups.

    Digits of every script count, and signs that nobody sees part no number.
    """
    plain = text if text.isascii() else _plain(text)
    if sum(map(str.isdecimal, plain)) < 16:
        return False
    return any(_is_identity(_digits(found[0])) for found in _GROUPS.finditer(plain)) or any(
        _is_shaped(_digits(found[0])) for found in _LOOSE.finditer(plain)
    )


def _plain(text: str) -> str:
    return "".join(map(_plain_sign, unicodedata.normalize("NFKC", text)))


def _plain_sign(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    if kind == "Cf":
        return ""
    if kind == "Pd" or sign == "\u2212":
        return "-"
    return " " if kind == "Zs" else sign


def _digits(found: str) -> list[str]:
    return re.findall(r"\d+", found)


def _is_shaped(groups: list[str]) -> bool:
    sizes, long = tuple(map(len, groups)), [one for one in groups if len(one) > 2]
    if tuple(map(len, long)) in _SHAPES_ALONE and _NIK.fullmatch("".join(long)):
        return True
    return any(
        sizes[start : start + len(shape)] == shape
        and _NIK.fullmatch("".join(groups[start : start + len(shape)]))
        for start in range(len(groups))
        for shape in _SHAPES
    )


def _is_identity(groups: list[str]) -> bool:
    digits = "".join(groups)
    starts = [0, *accumulate(map(len, groups))]
    return any(len(group) >= 16 for group in groups) or any(
        start + 16 in starts and _NIK.fullmatch(digits[start : start + 16]) for start in starts
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
