"""Every usual writing of a region code means the same region, and nothing else means one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.errors import Invalid
from outreach.villages.codes import Level, cut, kind, level, parent, parents, parse
from outreach.villages.tables import VillageKind

PAIR = st.text("0123456789", min_size=2, max_size=2)
LAST = st.from_regex(r"[123][0-9]{3}", fullmatch=True)
GROUPS = st.one_of(
    st.tuples(PAIR),
    st.tuples(PAIR, PAIR),
    st.tuples(PAIR, PAIR, PAIR),
    st.tuples(PAIR, PAIR, PAIR, LAST),
)


@pytest.mark.parametrize(
    "told",
    [
        "33.72.01.1001",
        "3372011001",
        " 33.72.01.1001\n",
        "33 72 01 1001",
        "33. 72. 01. 1001",
        "3372\N{NO-BREAK SPACE}01\t1001",
    ],
)
def test_all_writings_of_a_code_are_one(told: str) -> None:
    assert parse(told) == "33.72.01.1001"


@given(groups=GROUPS, gap=st.sampled_from(["", ".", " ", ". "]))
def test_any_code_is_read_back_with_dots(groups: tuple[str, ...], gap: str) -> None:
    code = parse(gap.join(groups))
    assert code == ".".join(groups)
    assert parse(code) == code
    assert level(code) is list(Level)[len(groups) - 1]
    assert parents(code) == tuple(".".join(groups[:n]) for n in range(len(groups) - 1, 0, -1))
    assert [cut(code, to) for to in Level][: len(groups)] == [*parents(code)[::-1], code]


@given(st.text("0123456789. -/٣３a", max_size=16))
def test_whatever_is_read_is_a_code(told: str) -> None:
    try:
        code = parse(told)
    except Invalid:
        return
    assert code.isascii()
    assert code.replace(".", "") == told.replace(".", "").replace(" ", "")
    assert [len(group) for group in code.split(".")] in (
        [2],
        [2, 2],
        [2, 2, 2],
        [2, 2, 2, 4],
    )


@pytest.mark.parametrize(
    "told",
    [
        "",
        "3",
        "333",
        "33.7",
        "337.2",
        "33..72",
        "33.72.",
        ".33",
        "33.72.01.100",
        "33.72.01.4001",
        "3372014001",
        "33720110011",
        "33-72",
        "٣٣",
        "３３",
        "Jebres",
        "33.72.01.1001; DROP TABLE village",
    ],
)
def test_what_is_no_code_is_refused(told: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(told)
    assert caught.value.facts["problems"] == {"code": ["not_a_region_code"]}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("33.72.01.1001", VillageKind.KELURAHAN),
        ("33.01.01.2001", VillageKind.DESA),
        ("91.03.01.3001", VillageKind.DESA_ADAT),
    ],
)
def test_the_seventh_digit_tells_the_kind(code: str, expected: VillageKind) -> None:
    assert kind(code) is expected


def test_a_province_lies_in_the_nation() -> None:
    assert (parent("33"), parents("33")) == ("", ())
