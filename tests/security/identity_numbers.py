"""Identity numbers as people write them, and honest texts that are full of digits."""

from __future__ import annotations

import itertools
import random
import sys
import unicodedata
import uuid
from functools import cache
from typing import TYPE_CHECKING

from outreach.villages.tables import District, Village
from tests.builders import national_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

#: As people write them. Half of the numbers are parted anywhere at all.
_GROUPS = (
    (16,), (16,), (6, 6, 4), (4, 4, 4, 4), (6, 10), (10, 6), (12, 4), (6, 2, 2, 2, 4), (8, 4, 4),
    (2, 2, 2, 6, 4), (2, 2, 2, 10), (2, 2, 2, 2, 2, 2, 4), (4, 2, 6, 4), (2,) * 8, (1,) * 16,
)  # fmt: skip
_SIGNS = (" ", ".", "-", "/", "  ", " - ", "–", "\u2011", "\u00a0", "_", ", ", "\u2009", "\u2212")
#: Whatever Unicode has that is neither a letter nor a digit: marks, signs, blanks, ends of lines.
_ANY_SIGN = "\t\r\n" + "".join(
    chr(point)
    for point in range(sys.maxunicode + 1)
    if unicodedata.category(chr(point))[0] in "MPSZ"
)
#: The noughts of all scripts. Phones type the first; clever people hide the others.
_NOUGHTS = "0" * 40 + "".join(
    chr(point) for point in range(sys.maxunicode + 1) if unicodedata.decimal(chr(point), 1) == 0
)
_BEFORE = ("", "", "NIK", "NIK: ", "no.KTP=", "KK ", "a.n. Siti/", "(", "nik#", "No. 5 ", "ktpnya")
#: The first digits of a number may be taken for the time of day behind one of these.
_DATES = ("15/01/2024 ", "2024, ", "20240115 ", "No. 2023 ", "2024-01-15 ", "5-3-26, ", "1.2.2026 ")
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
    sizes = dice.choice((dice.choice(_GROUPS), _sizes(dice)))
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    groups = [number[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    signs = [*_signs(dice, len(groups) - 1), ""]
    letters = dice.random() < 0.1
    told = [_mistyped(one, dice) if letters else _in_a_script(one, dice) for one in groups]
    text = "".join(group + sign for group, sign in zip(told, signs, strict=True))
    if dice.random() < 0.1:
        cut = dice.randrange(1, len(text))
        text = text[:cut] + dice.choice(_UNSEEN) + text[cut:]
    before = dice.choice(_DATES) if dice.random() < 0.1 else dice.choice(_BEFORE)
    return before + text + dice.choice(_BEHIND)


def _sizes(dice: random.Random) -> tuple[int, ...]:
    """Part sixteen digits anywhere, into as many groups as may be."""
    cuts = sorted(dice.sample(range(1, 16), dice.randint(0, 15)))
    return tuple(end - start for start, end in itertools.pairwise([0, *cuts, 16]))


def _signs(dice: random.Random, count: int) -> list[str]:
    """Choose what stands between: one sign, now and then another one, or a run of any signs."""
    if dice.random() < 0.5:
        return ["".join(dice.choices(_ANY_SIGN, k=dice.randint(1, 6))) for _ in range(count)]
    sign, others = dice.choice(_SIGNS), (" ", ".", "-", "/", "\n", ":")
    return [dice.choice(others) if dice.random() < 0.2 else sign for _ in range(count)]


def _in_a_script(group: str, dice: random.Random) -> str:
    nought = ord(dice.choice(_NOUGHTS))
    return "".join(chr(nought + int(digit)) for digit in group)


def _mistyped(group: str, dice: random.Random) -> str:
    """Write a letter for a 0 or a 1 that stands among other digits."""
    places = [at for at in range(1, len(group) - 1) if group[at] in "01"]
    if not places:
        return group
    at = dice.choice(places)
    return group[:at] + dice.choice("Oo" if group[at] == "0" else "lI") + group[at + 1 :]


def honest_texts(count: int) -> Iterator[tuple[str, str]]:
    """Write what coordinators and officials note, many digits and no identity number: by kind."""
    dice = random.Random(7)
    for _, kind in zip(range(count), itertools.cycle(KINDS), strict=False):
        yield kind.__name__, kind(dice)


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


def _phone_list(dice: random.Random) -> str:
    phones = [_phone(dice) for _ in range(dice.randint(2, 6))]
    if dice.random() < 0.3:
        return "\n".join(f"{n}. {phone}" for n, phone in enumerate(phones, start=1))
    return dice.choice((", ", "; ", " / ", "\n", " | ")).join(phones)


def _rupiahs(dice: random.Random) -> str:
    amounts = [f"{dice.randrange(16_800, 10**7):,}".replace(",", ".") for _ in range(4)]
    return dice.choice((", Rp ", ", ", " + ", "\n")).join(amounts)


def _timetable(dice: random.Random) -> str:
    times = [f"{dice.randint(7, 16):02}.{dice.choice('03')}0" for _ in range(4)]
    days = [f"{_day(dice)} {time}" for time in times]
    return dice.choice(("\n", ", ", "; ")).join(days[: dice.randint(1, 4)])


def _codes_of_areas(dice: random.Random) -> str:
    kind = dice.choice((District, Village))
    first = dice.randrange(len(_codes(kind)) - 8)
    return dice.choice((", ", " ", "; ", "\n")).join(_codes(kind)[first : first + 6])


def _count_list(dice: random.Random) -> str:
    most = dice.choice((9, 30, 99, 400))
    counts = [str(dice.randint(0, most)) for _ in range(dice.randint(4, 25))]
    return dice.choice((", ", " ", "; ", "/", "\n", " | ")).join(counts)


def _device(dice: random.Random) -> str:
    version = f"{dice.randint(1, 9)}.{dice.randint(0, 20)}.{dice.randint(0, 9)}"
    return dice.choice((
        f"IMEI {_digits(dice, 15)}", f"KPJ {_digits(dice, 11)}", f"*{_digits(dice, 3)}#",
        str(uuid.UUID(int=dice.getrandbits(128))), f"versi {version} 2026{_digits(dice, 4)}",
        f"PLN {_digits(dice, 12)}, {dice.randint(1, 900)} W, token {_code(dice)}",
    ))  # fmt: skip


KINDS = (
    _phone, _phones, _phone_list, _day, _days, _timetable, _rupiah, _rupiahs, _letter, _place,
    _village, _codes_of_areas, _counts, _count_list, _device,
)  # fmt: skip
