"""Identity numbers as people write them, and honest texts that are full of digits."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

from outreach.villages.tables import District, Village
from tests.builders import national_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS = (
    (16,), (16,), (6, 6, 4), (4, 4, 4, 4), (6, 10), (12, 4), (6, 2, 2, 2, 4), (2, 2, 2, 6, 4),
    (2, 2, 2, 10), (2, 2, 2, 2, 2, 2, 4),
)  # fmt: skip
_SIGNS = (" ", ".", "-", "/", "  ", " - ", "–", "\u2011", "\u00a0", "_", ", ", "\u2009", "\u2212")
#: The noughts of the scripts in which phones type digits, or clever people hide them.
_NOUGHTS = "0000000\u0660\u06f0\uff10\u0966\u09e6\u1b50\ua9d0\U0001d7ce\U0001d7f6"
_BEFORE = ("", "", "NIK", "NIK: ", "no.KTP=", "KK ", "a.n. Siti/", "(", "nik#", "No. 5 ", "ktpnya")
_BEHIND = ("", "", ".", ")", " a.n. Budi", "x", "/Solo", " (istri)", "\U0001f642", ", 2 anak")
_UNSEEN = "\u200b\u200d\u00ad\u2060\u200e\u202e\ufeff"


@cache
def _codes(of: type) -> tuple[str, ...]:
    return tuple(str(row["code"]) for row in national_registry().tables[of])


def numbers(count: int) -> list[tuple[str, str]]:
    """Make numbers of persons and family cards: their digits, and how somebody writes them."""
    dice = random.Random(20261121)
    made = [_number(dice) for _ in range(count)]
    return [(number, _written(number, dice)) for number in made]


def _number(dice: random.Random) -> str:
    region = dice.choice(_codes(District)).replace(".", "")
    day = dice.randint(1, 31) + dice.choice((0, 40))
    month, year = dice.randint(1, 12), dice.randint(0, 99)
    return f"{region}{day:02}{month:02}{year:02}{dice.randint(1, 9999):04}"


def _written(number: str, dice: random.Random) -> str:
    sizes, sign = dice.choice(_GROUPS), dice.choice(_SIGNS)
    signs = [dice.choice((" ", ".", "-", "/")) if dice.random() < 0.2 else sign for _ in sizes]
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    groups = [number[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    text = "".join(group + sign for group, sign in zip(groups, [*signs[1:], ""], strict=True))
    nought = ord(dice.choice(_NOUGHTS))
    text = "".join(chr(nought + int(s)) if s in "0123456789" else s for s in text)
    if dice.random() < 0.1:
        cut = dice.randrange(1, len(text))
        text = text[:cut] + dice.choice(_UNSEEN) + text[cut:]
    return dice.choice(_BEFORE) + text + dice.choice(_BEHIND)


def honest_texts(count: int) -> Iterator[str]:
    """Write what coordinators and officials note, with many digits and no identity number."""
    dice = random.Random(7)
    for _ in range(count):
        yield _KINDS[dice.randrange(len(_KINDS))](dice)


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(count))


def _phone(dice: random.Random) -> str:
    own = f"08{dice.randint(11, 99)}"
    middle, end = _digits(dice, 4), _digits(dice, dice.choice((3, 4)))
    return dice.choice((
        f"{own}-{middle}-{end}", f"{own}{middle}{end}", f"+62 {own[1:]} {middle} {end}",
        f"({dice.randint(21, 999):04}) {_digits(dice, 6)}",
    ))  # fmt: skip


def _phones(dice: random.Random) -> str:
    return f"HP {_phone(dice)}{dice.choice((' / ', ', ', ' atau '))}{_phone(dice)}"


def _day(dice: random.Random) -> str:
    day, month, year = dice.randint(1, 31), dice.randint(1, 12), dice.randint(2024, 2028)
    return dice.choice((
        f"{day:02}/{month:02}/{year}", f"{day}-{month}-{year % 100}", f"{year}-{month:02}-{day:02}",
        f"{day:02}.{month:02}.{year}", f"{day} November {year}", f"{year}{month:02}{day:02}",
    ))  # fmt: skip


def _days(dice: random.Random) -> str:
    until = dice.choice((" s.d. ", "–", " - ", ", "))
    return f"{_day(dice)}{until}{_day(dice)} pukul {dice.randint(7, 16):02}.{dice.choice('03')}0"


def _rupiah(dice: random.Random) -> str:
    amount = f"{dice.randrange(16_800, 10 ** dice.randint(5, 15)):,}".replace(",", ".")
    return f"{dice.choice(('Rp ', 'Rp', 'sebesar Rp. '))}{amount}{dice.choice(('', ',00', ',-'))}"


def _letter(dice: random.Random) -> str:
    number, code = _digits(dice, dice.choice((1, 3, 4))), _digits(dice, 3)
    year = dice.randint(2024, 2027)
    return dice.choice((
        f"Surat {code}/{number}/BPJS-TK/XI/{year}",
        f"No. {code}.{number[:1]}/{number}/33.72/{year}",
        f"B/{number}/11{year}", f"SK {code} Tahun {year} tanggal {_day(dice)}",
    ))  # fmt: skip


def _place(dice: random.Random) -> str:
    south, east, places = dice.uniform(-11, 6), dice.uniform(95, 141), dice.choice((4, 6, 7))
    return f"{south:.{places}f}{dice.choice((', ', ',', ' '))}{east:.{places}f}"


def _village(dice: random.Random) -> str:
    code = dice.choice(_codes(Village))
    other = dice.choice(_codes(Village))
    return dice.choice((
        code, code.replace(".", ""), f"{code}, {other}", f"{code} {_day(dice)}",
        f"{code.replace('.', '')} {other.replace('.', '')}", f"desa {code} ({_phone(dice)})",
    ))  # fmt: skip


def _counts(dice: random.Random) -> str:
    men, women = dice.randint(0, 400), dice.randint(0, 400)
    return dice.choice((
        f"{men} laki-laki, {women} perempuan, {men // 3} mendaftar, RT 0{men % 9}/RW 0{women % 9}",
        f"{men} {women} {men + women} {dice.randint(0, 99)} {dice.randint(0, 9999)}",
        f"rek {_digits(dice, 10)} a.n. kas desa", f"NPWP 01.{_code(dice)}.8-{_digits(dice, 3)}.000",
    ))  # fmt: skip


def _code(dice: random.Random) -> str:
    return f"{_digits(dice, 3)}.{_digits(dice, 3)}"


_KINDS = (_phone, _phones, _day, _days, _rupiah, _letter, _place, _village, _counts)
