"""What phones and coordinators have sent and been told, as they themselves would swear to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

#: A report is told by its id and its visit: two may bear the same id by somebody's mistake.
Key = tuple[str, int]

#: Words by which the product takes a report on, so that the phone may forget it.
TAKEN = frozenset({"accepted", "duplicate"})
#: Words after which a phone sends it no more; what is held is stored and waits for another.
SETTLED = TAKEN | {"conflict", "rejected", "held"}


@dataclass
class History:
    """Everything sent, and every answer that arrived."""

    sent: dict[Key, dict[str, Any]] = field(default_factory=dict)
    told: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: Reports for visits of others: nobody may take them.
    strays: set[Key] = field(default_factory=set)
    #: How often a phone was answered what, by status; 0 stands for no answer at all.
    statuses: Counter[int] = field(default_factory=Counter)
    #: Runs that a page named, by stage.
    runs: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: What was wrong with a plan as soon as it was done, by what is counted.
    of_plans: list[tuple[str, str]] = field(default_factory=list)
    #: What no phone and no person should ever be answered.
    astonishing: list[str] = field(default_factory=list)
    retried_batches: int = 0

    def note_sent(self, report: dict[str, Any]) -> None:
        self.sent[key_of(report)] = report

    def note_told(self, report: dict[str, Any], outcome: str) -> None:
        self.told[key_of(report)].add(outcome)


def key_of(report: dict[str, Any]) -> Key:
    return report["id"], report["visit_id"]
