"""Short codes that people open, type and read out: a number, and our signature over what it is.

Nothing of them is stored: who knows the key writes the same code again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from functools import cache

#: Small letters and digits without 0, 1, 8 and 9: messengers make the whole of it a link, and
#: whoever types it off a letter takes none of them for another.
SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
#: Bits in a sign, so that five bytes of a signature are eight signs.
_SIGN_BITS = 5
_LARGEST_ID = 2**31 - 1


def derived_key(secret: str, purpose: bytes) -> bytes:
    """Derive a key, so that what signs one kind of code signs nothing else."""
    return hmac.digest(secret.encode(), purpose, "sha256")


def code_of(number: int, told: str, key: bytes, signature_bytes: int) -> str:
    """Write the code of a number: the number, and the signature over what it stands for."""
    digest = hmac.digest(key, told.encode(), hashlib.sha256)
    return _in_signs(number) + b32encode(digest[:signature_bytes]).decode().lower()


def number_in(code: str, signature_bytes: int) -> int:
    """Read the number of what looks like a code; nobody's number, zero, of what does not."""
    read = _form(signature_bytes * 8 // _SIGN_BITS).fullmatch(code)
    number = _number_of(read[1]) if read else 0
    return number if number <= _LARGEST_ID else 0


def is_same(ours: str, given: str) -> bool:
    """Compare two codes in a time that tells nothing about where they differ."""
    return hmac.compare_digest(ours.encode(), given.encode())


@cache
def _form(signature_signs: int) -> re.Pattern[str]:
    return re.compile(rf"([{SIGNS}]{{1,7}})([{SIGNS}]{{{signature_signs}}})")


def _in_signs(number: int) -> str:
    signs = ""
    while number:
        number, rest = divmod(number, len(SIGNS))
        signs = SIGNS[rest] + signs
    return signs or SIGNS[0]


def _number_of(signs: str) -> int:
    number = 0
    for sign in signs:
        number = number * len(SIGNS) + SIGNS.index(sign)
    return number
