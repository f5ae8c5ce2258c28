"""What is due month by month, as charts and tables take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from outreach.logbook.tariff import month_after, month_of, tariff
from outreach.progress.signup_kinds import PAYER, PAYERS
from outreach.web.coordinator_calendar import month_name
from outreach.web.enum_words import ENUM_WORDS
from outreach.web.i18n import plain_date

if TYPE_CHECKING:
    from datetime import date

    from outreach.logbook.tables import Payer
    from outreach.progress.dues import Due, Dues


@dataclass(frozen=True, slots=True)
class DueSeries:
    """The dues of one whole, with the number of the present month among theirs."""

    found: Dues
    now: int

    @property
    def labels(self) -> list[str]:
        """The months."""
        return [month_name(month) for month in self.found.months]

    @property
    def present(self) -> dict[Payer, Due]:
        """What each payer owes this month."""
        return self.found.of(0, self.now) if self.found.regions else {}

    @property
    def last(self) -> dict[Payer, Due]:
        """What each payer owes in the last of the months."""
        return self.found.of(0, len(self.found.months) - 1) if self.found.regions else {}

    def lines(self) -> list[dict[str, Any]]:
        """Tell what is due so far, what will be, and what it were without any discount."""
        due, full = (self._sums(one) for one in ("rupiah", "full_rupiah"))
        return [
            {
                "name": _("Due"),
                "values": [*due[: self.now + 1], *[None] * (len(due) - self.now - 1)],
            },
            {
                "name": _("Due if nobody else falls away (estimate)"),
                "values": [*[None] * self.now, *due[self.now :]],
            },
            {"name": _("Without any discount"), "values": full},
        ]

    def by_payer(self) -> list[dict[str, Any]]:
        """Tell what is due month by month of each payer who owes anything in one of them."""
        words = ENUM_WORDS["Payer"]
        sums = self.found.rupiah.sum(axis=0)
        return [
            {"name": words[payer.value], "values": sums[PAYER[payer]].tolist()}
            for payer in PAYERS
            if sums[PAYER[payer]].any()
        ]

    def events(self) -> list[dict[str, Any]]:
        """Tell after which of the months a discount ends."""
        months = self.found.months
        ends = sorted({row.ends for row in tariff().discounts if month_of(row.ends) in months})
        return [
            {
                "name": _("A discount ends on %(day)s", day=plain_date(end)),
                "at": months.index(month_of(end)),
            }
            for end in ends
        ]

    def _sums(self, figure: str) -> list[int]:
        told: list[int] = getattr(self.found, figure).sum(axis=(0, 1)).tolist()
        return told


def months_around(today: date, back: int, ahead: int) -> tuple[date, int, int]:
    """Tell the first month to look at, how many there are, and the number of today's among them.

    No month lies before the tariff.
    """
    now = month_of(today)
    first = max(month_after(now, -back), tariff().first_month)
    before = (now.year - first.year) * 12 + now.month - first.month
    return first, before + 1 + ahead, before
