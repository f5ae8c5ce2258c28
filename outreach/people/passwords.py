"""Passwords: which ones are good enough, how they are kept, how they are compared."""

from __future__ import annotations

import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from outreach.errors import Invalid

LEAST_LENGTH = 12

#: What somebody who knows the agency would try first.
CONTEXT_WORDS = (
    "bpjs", "bpjamsostek", "jamsostek", "ketenagakerjaan", "outreach", "password", "kata sandi",
    "katasandi", "rahasia", "desa", "kelurahan", "kabupaten", "kecamatan", "sosialisasi",
    "indonesia", "qwerty", "123456", "abcdef",
)  # fmt: skip

#: Stands where a hash would, for somebody who never logs in with a password.
NO_PASSWORD = ""

_HASHER = PasswordHasher()


def hash_password(password: str, *, hasher: PasswordHasher | None = None) -> str:
    """Hash a password with Argon2id; a cheaper *hasher* is for tests and demonstrations only."""
    return (hasher or _HASHER).hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Say whether *password* is the one behind the hash; the hash knows its own cost.

    Where there is no password, none fits, and finding that out takes no less time.
    """
    if password_hash == NO_PASSWORD:
        waste_a_check(password)
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def waste_a_check(password: str) -> None:
    """Work as long as a real check does, so that an unknown login name takes no less time."""
    matches(_nobodys_hash(), password)


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody has this password")


def refuse_weak(password: str, *, own_words: tuple[str, ...] = ()) -> None:
    """Refuse a password that is short or easy to guess for who knows the person.

    `own_words` are login name, name, branch and the like; words of under four letters do not
    count.

    Raises
    ------
    Invalid
        With the problem of the field `password`.
    """
    problems = []
    if len(password) < LEAST_LENGTH:
        problems.append("password_too_short")
    if _leans_on(password, CONTEXT_WORDS + own_words) or len(set(password)) < 5:
        problems.append("password_easy_to_guess")
    if problems:
        limits = {"password": {"least": LEAST_LENGTH}}
        raise Invalid(problems={"password": problems}, limits=limits)


def _leans_on(password: str, words: tuple[str, ...]) -> bool:
    """Whether what is left of the password without the known words is too little to keep it."""
    plain = rest = _plain(password)
    known = {_plain(part) for phrase in words for part in (phrase, *phrase.split())}
    for word in sorted(known, key=len, reverse=True):
        if len(word) >= 4:
            rest = rest.replace(word, "")
    return rest != plain and len(rest) < LEAST_LENGTH - 4


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
