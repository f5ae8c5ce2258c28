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

#: What people here like to be reminded of: the lists of usual passwords know English best.
LOVED_WORDS = (
    "sayang", "cinta", "bismillah", "bismillahirrahmanirrahim", "alhamdulillah", "insyaallah",
    "merdeka", "pancasila", "garuda",
    "nusantara", "semangat", "sukses", "bahagia", "selamat", "keluarga", "kantor", "cabang",
    "petugas", "koordinator", "manajer", "perangkat", "pegawai", "pekerja", "jakarta", "bandung",
    "surabaya", "semarang", "yogyakarta", "medan", "makassar", "persib", "persija", "arema",
    "ganteng", "cantik", "manis", "mama", "papa", "bunda", "ayah", "anakku", "suami", "istri",
    "selamanya", "januari", "februari", "maret", "april", "juni", "juli", "agustus", "september",
    "oktober", "november", "desember", "senin", "selasa", "rabu", "kamis", "jumat", "sabtu",
    "minggu", "admin", "coba", "masuk", "buka", "pintu",
)  # fmt: skip

#: Guesses that a program needs which tries usual passwords, words, names, dates, rows of keys and
#: what people put together of them, the likeliest first: what needs fewer is refused.
LEAST_GUESSES = 10**10
#: So many signs at the beginning have to suffice. Judging takes 2 ms, but up to half a second for
#: 32 signs that were chosen to make it slow, and four seconds for 72.
JUDGED_SIGNS = 32

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
    """Refuse a password that is short, usual, or easy to guess for who knows the person.

    `own_words` are login name, name, branch and the like; words of under four letters do not
    count. How many guesses a password withstands is estimated by `zxcvbn`, which brings lists of
    30,000 usual passwords, of words and of names, all in the order of their use.

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
    elif not problems and _guesses(password) < LEAST_GUESSES:
        problems.append("password_usual")
    if problems:
        limits = {"password": {"least": LEAST_LENGTH}}
        raise Invalid(problems={"password": problems}, limits=limits)


def _guesses(password: str) -> float:
    """Estimate how many guesses the first signs of a password withstand."""
    # Its lists take 13 MB, and only a process that is given a new password needs them.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    # It keeps the words it is told for all threads: always the same, and nobody's own.
    told = zxcvbn(password[:JUDGED_SIGNS], user_inputs=CONTEXT_WORDS + LOVED_WORDS)
    return float(told["guesses"])


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
