"""The map writes numbers and days itself; a browser's own `Intl` writes them the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.maps.opened_map import Map

pytestmark = pytest.mark.browser

NUMBERS = [
    *(0, 7, 12.3, 999, 999.6, 1_000, 1_049, 1_500, 12_345, 99_999, 999_499, 999_500, 1_000_000),
    *(2_450_000, 83_762_000, 999_999_999, 1_234_567_890, 7_000_000_000_000, -1_234.5, 0.125),
]
SHARES = [(0, 7), (1, 3), (2, 3), (7, 60), (55, 60), (60, 60), (1, 2_000), (12, 5)]
#: Answers [ours, the browser's] of all that are written differently.
DIFFERENT = """([language, numbers, shares]) => {
  Outreach.speak(Outreach.texts.words, language);
  const place = language === "en" ? "en-GB" : language;
  const whole = new Intl.NumberFormat(language);
  const short = new Intl.NumberFormat(language, {notation: "compact", maximumFractionDigits: 0});
  const share = new Intl.NumberFormat(language, {style: "percent", maximumFractionDigits: 1});
  const day = new Intl.DateTimeFormat(place,
    {day: "numeric", month: "short", year: "numeric", timeZone: "UTC"});
  const days = Array.from({length: 12}, (_, month) => new Date(Date.UTC(2026, month, 2 + month)));
  return [
    ...numbers.map((value) => [Outreach.number(value), whole.format(value)]),
    ...numbers.map((value) => [Outreach.short(value), short.format(value)]),
    ...shares.map(([part, all]) => [Outreach.percent(part, all), share.format(part / all)]),
    ...days.map((date) => [Outreach.day(date), day.format(date)]),
  ].filter(([ours, theirs]) => ours !== theirs);
}"""


@pytest.mark.parametrize("language", ["id", "en"])
def test_numbers_and_days_are_written_as_the_language_writes_them(
    opened: Map, language: str
) -> None:
    opened.open()
    assert opened.frame.evaluate(DIFFERENT, [language, NUMBERS, SHARES]) == []
