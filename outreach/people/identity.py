"""Keeps identity numbers (NIK, family card) out: we count people and never know who they are."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

from pydantic_core import PydanticCustomError

#: Digits in groups with one and the same sign between them, as people write long numbers.
_GROUPS = re.compile(r"\d+(?:([ .\-/])\d+(?:\1\d+)*)?")
#: Region of six digits, day (plus 40 for women), month, year, four digits of a series.
_NIK = re.compile(r"[1-9]\d{5}([04][1-9]|[1256]\d|[37][01])(0[1-9]|1[0-2])\d{6}")


def holds_identity_number(text: str) -> bool:
    """Say whether *text* holds 16 or more digits in a row, or a NIK written in groups."""
    plain = unicodedata.normalize("NFKC", text)
    return any(_is_identity(re.findall(r"\d+", found[0])) for found in _GROUPS.finditer(plain))


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
