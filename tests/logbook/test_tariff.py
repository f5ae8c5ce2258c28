"""What a month costs: each boundary of the discounts, who has them, and tables that are refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.logbook.tables import Package, Payer, Sector
from outreach.logbook.tariff import (
    PROGRAMMES,
    Programme,
    TariffFault,
    contribution_rupiah,
    discounts_ending,
    month_after,
    month_of,
    read_tariff,
    tariff,
)

if TYPE_CHECKING:
    from pathlib import Path

    from outreach.logbook.tariff import Contribution

BOTH, ALL_THREE = Package.JKK_JKM, Package.JKK_JKM_JHT
OTHERS = [sector for sector in Sector if sector is not Sector.DRIVER]
MONTHS = [month_after(date(2025, 10, 1), number) for number in range(24)]

FULL = """
[[full]]
programme = "jkk"
rupiah = 10_000
from = "2024-01"
source = "A"
[[full]]
programme = "jkm"
rupiah = 6_800
from = "2024-01"
source = "A"
[[full]]
programme = "jht"
rupiah = 20_000
from = "2024-01"
source = "A"
"""
HALF = """
[[discount]]
programmes = ["jkk", "jkm"]
sectors = ["driver"]
payers = ["self"]
from = "2026-01"
until = "2026-03"
rupiah = 8_400
source = "B"
"""


def due(
    package: Package,
    sector: Sector = Sector.FARMER,
    payer: Payer = Payer.SELF,
    day: date = date(2026, 6, 15),
    *,
    funds: bool = False,
) -> Contribution:
    return contribution_rupiah(package, sector, payer, day, village_funds_discounted=funds)


@pytest.mark.parametrize("month", MONTHS)
def test_drivers_pay_half_from_january_2026_to_march_2027(month: date) -> None:
    is_half = (2026, 1) <= (month.year, month.month) <= (2027, 3)
    for day in (month, month_after(month) - timedelta(1)):
        found = due(BOTH, Sector.DRIVER, day=day)
        assert found.rupiah == (8_400 if is_half else 16_800)
        assert found.discount_ends == (date(2027, 3, 31) if is_half else None)
        assert due(ALL_THREE, Sector.DRIVER, day=day).rupiah == found.rupiah + 20_000


@pytest.mark.parametrize("sector", OTHERS)
@pytest.mark.parametrize("month", MONTHS)
def test_all_others_pay_half_from_april_to_december_2026(sector: Sector, month: date) -> None:
    is_half = month.year == 2026 and month.month >= 4
    for day in (month, month_after(month) - timedelta(1)):
        found = due(BOTH, sector, day=day)
        assert (found.rupiah, found.full_rupiah) == (8_400 if is_half else 16_800, 16_800)
        assert found.discount_ends == (date(2026, 12, 31) if is_half else None)
        assert due(ALL_THREE, sector, day=day).rupiah == found.rupiah + 20_000


@pytest.mark.parametrize("payer", Payer)
@pytest.mark.parametrize("funds", [False, True])
def test_only_those_who_pay_for_themselves_and_village_funds_if_so_set(
    payer: Payer, *, funds: bool
) -> None:
    is_half = payer is Payer.SELF or (payer is Payer.APBDES and funds)
    for sector in Sector:
        found = due(BOTH, sector, payer, funds=funds)
        assert found.rupiah == (8_400 if is_half else 16_800)
        assert found.full_rupiah == 16_800
        assert ("PP 50/2025" in found.source) == is_half


def test_what_is_due_names_every_row_it_follows_from() -> None:
    assert due(BOTH).source.startswith("PP 50/2025")
    assert "iuran BPU terendah" not in due(BOTH).source
    with_savings = due(ALL_THREE).source
    assert "PP 50/2025" in with_savings
    assert "iuran BPU terendah" in with_savings
    # Two rows of the same source are named once.
    assert due(BOTH, day=date(2025, 6, 1)).source.count("iuran BPU terendah") == 1


@given(
    st.sampled_from(Package),
    st.sampled_from(Sector),
    st.sampled_from(Payer),
    st.dates(date(2024, 1, 1), date(2031, 12, 31)),
    st.booleans(),
)
def test_nothing_costs_more_than_its_programmes_together(
    package: Package, sector: Sector, payer: Payer, day: date, funds: bool
) -> None:
    found = due(package, sector, payer, day, funds=funds)
    rupiah = {Programme.JKK: 10_000, Programme.JKM: 6_800, Programme.JHT: 20_000}
    assert found.full_rupiah == sum(rupiah[one] for one in PROGRAMMES[package])
    assert 0 < found.rupiah <= found.full_rupiah
    assert (found.rupiah < found.full_rupiah) == (found.discount_ends is not None)
    assert found.discount_ends is None or found.discount_ends >= day
    assert found == due(package, sector, payer, month_of(day), funds=funds)


def test_months_before_the_table_have_no_contribution() -> None:
    assert tariff().first_month == date(2024, 1, 1)
    assert due(BOTH, day=date(2024, 1, 1)).rupiah == 16_800
    with pytest.raises(TariffFault) as caught:
        due(BOTH, day=date(2023, 12, 31))
    assert caught.value.facts["problem"] == "no_tariff"
    assert caught.value.facts["month"] == date(2023, 12, 1)


def test_discounts_that_end_are_told_in_time() -> None:
    assert discounts_ending(date(2026, 11, 20), 40) == ()
    (one,) = discounts_ending(date(2026, 11, 20), 41)
    assert (one.ends, one.payers) == (date(2026, 12, 31), (Payer.SELF,))
    assert set(one.sectors) == set(OTHERS)
    assert one.costs == ((BOTH, 8_400, 16_800), (ALL_THREE, 28_400, 36_800))
    both = discounts_ending(date(2026, 11, 20), 180, village_funds_discounted=True)
    assert [each.ends for each in both] == [date(2026, 12, 31), date(2027, 3, 31)]
    assert both[0].payers == (Payer.SELF, Payer.APBDES)
    # Neither one that has not begun nor one that is over.
    assert discounts_ending(date(2026, 2, 1), 330) == ()
    assert discounts_ending(date(2027, 4, 1), 400) == ()


def refused(folder: Path, told: str) -> object:
    file = folder / "tariff.toml"
    file.write_text(told, encoding="utf-8")
    with pytest.raises(TariffFault) as caught:
        read_tariff(file)
    assert caught.value.code == "tariff_fault"
    return caught.value.facts["problem"]


def two_rows(until: str, following: str) -> str:
    """The work accident row in two parts."""
    first = FULL.replace('from = "2024-01"', f'from = "2024-01"\nuntil = "{until}"', 1)
    return first + (
        f'[[full]]\nprogramme = "jkk"\nrupiah = 12_000\nfrom = "{following}"\nsource = "C"\n'
    )


def test_a_table_whose_rows_follow_each_other_is_read(tmp_path: Path) -> None:
    file = tmp_path / "tariff.toml"
    file.write_text(two_rows("2026-06", "2026-07") + HALF)
    table = read_tariff(file)
    for month, rupiah in ((6, 16_800), (7, 18_800)):
        found = contribution_rupiah(
            BOTH, Sector.FARMER, Payer.SELF, date(2026, month, 9),
            village_funds_discounted=False, table=table,
        )  # fmt: skip
        assert found.rupiah == rupiah


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (two_rows("2026-05", "2026-07"), "tariff_gap_or_overlap"),
        (two_rows("2026-07", "2026-07"), "tariff_gap_or_overlap"),
        (FULL + FULL, "tariff_gap_or_overlap"),
        (FULL.replace('"jht"', '"jkm"'), "tariff_gap_or_overlap"),
        (FULL.rsplit("[[full]]", 1)[0], "tariff_has_no_end_row"),
        (FULL.rstrip() + '\nuntil = "2027-01"\n', "tariff_has_no_end_row"),
        ("", "tariff_has_no_end_row"),
        (FULL + HALF + HALF, "discounts_overlap"),
        (FULL + HALF + HALF.replace("2026-01", "2026-03"), "discounts_overlap"),
        (FULL + HALF.replace("8_400", "16_801"), "discount_above_full"),
        (FULL + HALF.replace("2026-03", "2025-12"), "discount_ends_before_it_starts"),
        (FULL + HALF.replace("2026-01", "2023-12"), "no_tariff"),
        (FULL.replace('"jht"', '"jkp"'), "tariff_unreadable"),
        (FULL + HALF.replace('"driver"', '"pilot"'), "tariff_unreadable"),
        (FULL + HALF.replace("rupiah", "ruppiah"), "tariff_unreadable"),
        (FULL + HALF.replace("[[discount]]", "[[rebate]]"), "tariff_unreadable"),
        (FULL.replace("20_000", "0"), "tariff_unreadable"),
        (FULL.replace("2024-01", "2024-13"), "tariff_unreadable"),
        (FULL.replace("2024-01", "2024-01-01"), "tariff_unreadable"),
        (FULL.replace('source = "A"', 'source = ""'), "tariff_unreadable"),
        ("full = [", "tariff_unreadable"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    tmp_path: Path, told: str, problem: str
) -> None:
    assert refused(tmp_path, told) == problem


def test_one_discount_may_follow_another(tmp_path: Path) -> None:
    later = HALF.replace("2026-03", "2026-09").replace("2026-01", "2026-04")
    (tmp_path / "tariff.toml").write_text(FULL + HALF + later)
    assert len(read_tariff(tmp_path / "tariff.toml").discounts) == 2


def test_village_funds_count_when_discounts_are_held_against_each_other(tmp_path: Path) -> None:
    funds = HALF.replace('["self"]', '["apbdes"]')
    with_funds = HALF.replace("rupiah", "village_funds = true\nrupiah")
    assert refused(tmp_path, FULL + with_funds + funds) == "discounts_overlap"
    (tmp_path / "tariff.toml").write_text(FULL + HALF + funds)
    assert len(read_tariff(tmp_path / "tariff.toml").discounts) == 2


def test_a_discount_is_held_against_every_full_contribution_of_its_term(tmp_path: Path) -> None:
    cheaper = two_rows("2026-01", "2026-02").replace("12_000", "1_000")
    assert refused(tmp_path, cheaper + HALF) == "discount_above_full"


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TariffFault) as caught:
        read_tariff(tmp_path / "none.toml")
    assert caught.value.facts == {"problem": "tariff_unreadable", "file": "none.toml"}
