"""Region codes: read in any usual writing, kept and shown as `PP.RR.DD.VVVV`."""

from __future__ import annotations

import re
from enum import IntEnum

from outreach.errors import Invalid
from outreach.villages.tables import VillageKind


class Level(IntEnum):
    """How deep a region lies; the value is the length of its dotted code."""

    PROVINCE = 2
    REGENCY = 5
    DISTRICT = 8
    VILLAGE = 13


#: ASCII digits only: other scripts' digits would pass `str.isdigit` and match nothing.
_DOTTED = re.compile(r"[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[123][0-9]{3})?)?)?")
_PLAIN = re.compile(r"[0-9]{2}([0-9]{2}([0-9]{2}([123][0-9]{3})?)?)?")
_KINDS = {
    "1": VillageKind.KELURAHAN,
    "2": VillageKind.DESA,
    "3": VillageKind.DESA_ADAT,
}


def parse(text: str) -> str:
    """Read a region code of any level, dotted or not, with or without spaces, as dotted text.

    Raises
    ------
    Invalid
        If *text* is no region code, or is a village's whose seventh digit is not 1, 2 or 3.
    """
    told = "".join(text.split())
    if _DOTTED.fullmatch(told):
        return told
    if _PLAIN.fullmatch(told):
        return dotted(told)
    raise Invalid(problems={"code": ["not_a_region_code"]}, given=text[:40])


def dotted(digits: str) -> str:
    """Put the dots into 2, 4, 6 or 10 digits."""
    groups = (digits[:2], digits[2:4], digits[4:6], digits[6:])
    return ".".join(group for group in groups if group)


def level(code: str) -> Level:
    """Tell the level of a dotted code."""
    return Level(len(code))


def kind(code: str) -> VillageKind:
    """Tell the kind of a village by the seventh digit of its dotted code."""
    return _KINDS[code[9]]


def parent(code: str) -> str:
    """Cut the last group off; a province's parent is the nation, the empty code."""
    return code.rpartition(".")[0]


def parents(code: str) -> tuple[str, ...]:
    """List the regions around a dotted code, nearest first, the nation left out."""
    above = parent(code)
    return (above, *parents(above)) if above else ()


def cut(code: str, to: Level) -> str:
    """Cut a dotted code to the region of level *to* that it lies in."""
    return code[:to]
