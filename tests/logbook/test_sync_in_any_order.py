"""Whatever order and repeats reports come in, they end as a plain model says."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import DisputedReport, HeldReport, TakenItem
from outreach.visits.tables import VisitEvent
from tests.field import Field, make_field, told
from tests.logbook.sending import forget, outcomes, reports, send

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass
class Model:
    """What take_in promises, in plain words: a dict of reports, a chain per visit."""

    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputed: list[dict[str, Any]] = field(default_factory=list)
    #: What said what was stored already: the telling, and the id of the stored one.
    repeats: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)
    #: By stored report the one it corrects.
    corrects: dict[str, str] = field(default_factory=dict)

    def take(self, item: dict[str, Any]) -> str:
        outcome = self._known(item)
        if not outcome:
            outcome = self._placed(item)
            self._release(item["id"], outcome)
        return self._noted(item, outcome)

    def _release(self, told_id: str, outcome: str) -> None:
        """Take all that waits for one, then what waits for these, the last of them first."""
        fresh = [told_id] if outcome in ("accepted", "duplicate") else []
        while fresh:
            base = fresh.pop()
            waits = [held for held in self.held.values() if held["corrects_id"] == base]
            for waiting in sorted(waits, key=lambda held: str(held["id"])):
                del self.held[waiting["id"]]
                became = self._known(waiting) or self._placed(waiting)
                if self._noted(waiting, became) in ("accepted", "duplicate"):
                    fresh.append(waiting["id"])

    def _noted(self, item: dict[str, Any], outcome: str) -> str:
        if outcome == "conflict" and item not in self.disputed:
            self.disputed.append(item)
        return outcome

    def _known(self, item: dict[str, Any]) -> str:
        told_id = item["id"]
        repeated = self.repeats.get(told_id, (None, ""))[0]
        if item in (self.stored.get(told_id), repeated):
            return "duplicate"
        if item not in self.disputed and self.held.get(told_id) == item:
            return "held"
        here = {*self.stored, *self.repeats, *self.held}
        return "conflict" if item in self.disputed or told_id in here else ""

    def _placed(self, item: dict[str, Any]) -> str:
        base = item.get("corrects_id")
        base = self.repeats[base][1] if base in self.repeats else base
        if base and base not in self.stored:
            self.held[item["id"]] = item
            return "held"
        if self._fits(item, base):
            self.stored[item["id"]] = item
            self.corrects |= {item["id"]: base} if base else {}
            return "accepted"
        if (same := self._said_before(item, base)) is not None:
            self.repeats[item["id"]] = (item, same)
            return "duplicate"
        return "conflict"

    def _fits(self, item: dict[str, Any], base: str | None) -> bool:
        same = self._of_visit(item)
        if base:
            return base in same and base not in self.corrects.values()
        return not same

    def _said_before(self, item: dict[str, Any], base: str | None) -> str | None:
        same = self._of_visit(item)
        if base and base not in same:
            return None
        (current,) = same - set(self.corrects.values())
        return current if self.stored[current]["men"] == item["men"] else None

    def _of_visit(self, item: dict[str, Any]) -> set[str]:
        return {one for one, r in self.stored.items() if r["visit_id"] == item["visit_id"]}


IDS = [str(uuid.UUID(int=number)) for number in range(1, 7)]
SENT = st.lists(
    st.tuples(
        st.sampled_from(IDS),
        st.sampled_from([0, 1]),
        st.sampled_from([None, None, *IDS]),
        st.sampled_from([1, 2]),
    ).filter(lambda told: told[0] != told[2]),
    max_size=12,
)


@pytest.fixture(scope="module")
def shared_field(shared: Engine) -> Field:
    with unit_of_work(shared) as db:
        return make_field(db, 2)


# What waits for a correction comes after all that waits for the report that was corrected.
@example(
    sent=[
        (IDS[1], 0, IDS[0], 1),
        (IDS[2], 0, IDS[1], 1),
        (IDS[3], 0, IDS[0], 1),
        (IDS[0], 0, None, 1),
    ],
    cuts=set(),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=SENT, cuts=st.sets(st.integers(0, 12)))
def test_any_order_and_any_repeats_end_as_the_model_says(
    shared: Engine,
    shared_field: Field,
    sent: list[tuple[str, int, str | None, int]],
    cuts: set[int],
) -> None:
    at = shared_field
    items = [
        told(at.visits[at.codes[which]], id=i, corrects_id=base, men=men)
        for i, which, base, men in sent
    ]
    model, wanted, got = Model(), [], []
    edges = sorted({0, len(items), *(cut for cut in cuts if cut < len(items))})
    for first, last in itertools.pairwise(edges):
        wanted += [model.take(item) for item in items[first:last]]
        got += outcomes(send(shared, at.coordinator, *items[first:last]))
    stored = {r.id: (r.visit_id, r.men, r.corrects_id) for r in reports(shared)}
    with reading(shared) as db:
        held = set(db.exec(select(HeldReport.id)))
        noted = {row.id: row.reason for row in db.exec(select(TakenItem))}
        events = db.exec(select(func.count()).select_from(VisitEvent)).one()
        disputed = sorted(row.content["id"] for row in db.exec(select(DisputedReport)))
    forget(shared)
    # One call answers an item that was held and then released within it by what became of it.
    assert [w if g == w or w != "held" else g for g, w in zip(got, wanted, strict=True)] == got
    assert stored == {
        r["id"]: (r["visit_id"], r["men"], model.corrects.get(r["id"]))
        for r in model.stored.values()
    }
    assert noted == {told_id: same for told_id, (_, same) in model.repeats.items()}
    assert held == set(model.held)
    assert disputed == sorted(item["id"] for item in model.disputed)
    assert events == len(stored)
