"""What is unlikely about the reports that somebody is about to approve, for a page that asks."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.web.report_words import FLAG_MARKS, FLAG_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from outreach.logbook.reviews import ReviewRow

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Signs:
    """The reports about to be approved: `rows` those with signs, of `whole` in all.

    `seen` holds the version with which each was shown, by visit.
    """

    seen: Mapping[int, int]
    rows: Sequence[ReviewRow]
    whole: int

    @property
    def clean(self) -> dict[int, int]:
        """What is left to approve without those that have signs."""
        signed = {row.visit_id for row in self.rows}
        return {visit: version for visit, version in self.seen.items() if visit not in signed}

    @property
    def without(self) -> int:
        """How many have no signs and wait as they were shown."""
        return self.whole - len(self.rows)

    @property
    def disputed(self) -> list[ReviewRow]:
        """Those that another report contradicts, undecided."""
        return [row for row in self.rows if row.dispute_id is not None]

    @property
    def flags(self) -> list[tuple[str, str, int]]:
        """Each sign in short and in whole words, with how many reports carry it, the most first."""
        counts = Counter(flag for row in self.rows for flag in row.flags if flag in FLAG_MARKS)
        return [
            (str(FLAG_MARKS[flag]), str(FLAG_WORDS[flag]), number)
            for flag, number in counts.most_common()
        ]

    @property
    def known(self) -> str:
        """Write which visits have which signs, as the page sends it back."""
        return " ".join(sorted(map(_told, self.rows)))

    def are_known(self, known: str) -> bool:
        """Whether every sign was there when the page asked."""
        return {_told(row) for row in self.rows} <= set(known.split())


def signs_of(seen: Mapping[int, int], waiting: Sequence[ReviewRow]) -> Signs:
    """Find the signs of what waits as it was seen."""
    return Signs(seen, [row for row in waiting if row.has_signs], len(waiting))


def _told(row: ReviewRow) -> str:
    told = " ".join([*sorted(row.flags), str(row.dispute_id)])
    return f"{row.visit_id}:{hashlib.sha256(told.encode()).hexdigest()[:_DIGITS]}"
