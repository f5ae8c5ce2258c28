"""A season of two hundred visits: whatever the phones do, all ends as a plain model says.

A drawn plan says what officials note on their phones; then the network takes all of it apart: any
order, any envelopes, repeats, two phones for one visit, corrections of what was corrected, gaps.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlmodel import func, select

from outreach.db import reading, unit_of_work
from outreach.logbook.overdue import force_overdue
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    HeldReport,
    ReportSource,
    SessionReport,
    SignUp,
    WaitingPicture,
)
from outreach.people.tables import Role
from outreach.visits.tables import Happening, Result, Visit, VisitEvent, Work
from tests.field import NOW, Field, account, add_visit, make_field, told
from tests.logbook.season_pictures import Album
from tests.rewriting import unlock_history

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person

REGENCIES = ("33.72", "33.11")
VISITS = 200
OFFICIALS = 8
MOST_IN_AN_ENVELOPE = 12
LATER = NOW.replace(month=12)


@dataclass(frozen=True)
class Season:
    """Eight officials with twenty-five visits each, all in the coordinator's area."""

    coordinator: Person
    officials: list[Person]
    visits: list[int]

    def owner(self, number: int) -> Person:
        return self.officials[number % OFFICIALS]


@dataclass(frozen=True)
class Item:
    """One report on one phone; `visit` is its number within the season."""

    visit: int
    sender: Person
    content: dict[str, Any]


@dataclass
class Model:
    """What the server promises, as a dict per visit: written without a look at how it does it."""

    own: dict[int, Person]
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: list[Item] = field(default_factory=list)
    disputed: list[dict[str, Any]] = field(default_factory=list)
    current: dict[int, str] = field(default_factory=dict)
    senders: dict[str, int] = field(default_factory=dict)

    def send(self, items: list[Item]) -> list[str]:
        """Take an envelope; what was held in it and freed by it is answered as it ends."""
        answers = [self.take(item) for item in items]
        return [self._as_it_ends(i, a) for i, a in zip(items, answers, strict=True)]

    def take(self, item: Item) -> str:
        return self._before(item) or self._take_new(item)

    def _before(self, item: Item) -> str:
        """What an item is answered that was here before, or that is somebody else's."""
        told = item.content
        if not self._may(item):
            return "rejected"
        if self.stored.get(told["id"]) == told:
            return "duplicate"
        if told in self.disputed:
            return "conflict"
        return "held" if any(held.content == told for held in self.held) else ""

    def _take_new(self, item: Item) -> str:
        told = item.content
        if told["id"] in self.stored or any(h.content["id"] == told["id"] for h in self.held):
            return self._dispute(told)
        base = told.get("corrects_id")
        if base is not None and base not in self.stored:
            self.held.append(item)
            return "held"
        # The first report of a visit needs one without any, a correction the one that counts.
        if self.current.get(told["visit_id"]) != base:
            return self._dispute(told)
        return self._store(item)

    def force(self) -> None:
        """Days later: what waits for nothing that waits is first of its visit, or disputed."""
        while self.held:
            waiting = {held.content["id"] for held in self.held}
            free = [h for h in self.held if h.content["corrects_id"] not in waiting]
            item = min(free or self.held, key=lambda held: str(held.content["id"]))
            self.held.remove(item)
            if item.content["visit_id"] in self.current:
                self._dispute(item.content)
            else:
                self._store(item)

    def _may(self, item: Item) -> bool:
        owner = self.own[item.content["visit_id"]]
        return item.sender.role is Role.COORDINATOR or item.sender == owner

    def _store(self, item: Item) -> str:
        told = item.content
        self.stored[told["id"]] = told
        self.senders[told["id"]] = item.sender.account_id
        self.current[told["visit_id"]] = told["id"]
        waits = [held for held in self.held if held.content["corrects_id"] == told["id"]]
        for held in sorted(waits, key=lambda held: str(held.content["id"])):
            self.held.remove(held)
            self.take(held)
        return "accepted"

    def _dispute(self, told: dict[str, Any]) -> str:
        self.disputed.append(told)
        return "conflict"

    def _as_it_ends(self, item: Item, answer: str) -> str:
        if answer != "held" or any(held.content == item.content for held in self.held):
            return answer
        return "conflict" if item.content in self.disputed else "accepted"


# ------------------------------------------------------------------ what the phones hold


def draw_items(season: Season, drawn: random.Random) -> list[Item]:
    """Draw what is noted for each visit, by its official and now and then by somebody else."""
    items: list[Item] = []
    for number, visit_id in enumerate(season.visits):
        items += _of_one_visit(season, drawn, number, visit_id)
    return items


def _of_one_visit(season: Season, drawn: random.Random, number: int, visit_id: int) -> list[Item]:
    kind = drawn.random()
    owner = season.owner(number)
    first = _told(drawn, visit_id)
    if kind < 0.08:
        return []  # nothing was noted, or the phone fell into the river
    chain = [first]
    while drawn.random() < 0.35 and len(chain) < 5:
        chain.append(_told(drawn, visit_id, corrects_id=chain[-1]["id"]))
    items = [Item(number, owner, told) for told in chain]
    if kind < 0.20:
        # A second phone tells the same session.
        second = _told(drawn, visit_id)
        also = _told(drawn, visit_id, corrects_id=second["id"])
        items += [Item(number, season.coordinator, told) for told in (second, also)]
    if kind < 0.30:
        # An edit of what was corrected meanwhile, from a phone that had not heard of it.
        stale = _told(drawn, visit_id, corrects_id=drawn.choice(chain)["id"])
        items.append(Item(number, season.coordinator, stale))
    if drawn.random() < 0.06:
        items.append(Item(number, owner, {**drawn.choice(chain), "men": 77}))
    if drawn.random() < 0.04:
        items.append(Item(number, season.owner(number + 1), _told(drawn, visit_id)))
    if drawn.random() < 0.05:
        other = season.visits[(number + OFFICIALS) % VISITS]
        strayed = _told(drawn, other, corrects_id=drawn.choice(chain)["id"])
        items.append(Item(number, owner, strayed))
    return items


def _told(drawn: random.Random, visit_id: int, **other: Any) -> dict[str, Any]:
    farmers = drawn.randint(1, 9)
    line = {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": farmers}
    told_id = str(uuid.UUID(int=drawn.getrandbits(128), version=4))
    men = drawn.randint(10, 70)
    # No two say the same by chance: what says the same is no contradiction.
    own = {"men": men, "place": f"Balai {told_id[:8]}"}
    return told(visit_id, id=told_id, signups=farmers, details=[line], **own, **other)


def scatter(items: list[Item], drawn: random.Random, gaps: float, again: float) -> list[list[Item]]:
    """Lose some, repeat some, and put the rest in any order into envelopes of one sender each."""
    sent = [item for item in items if drawn.random() >= gaps]
    sent += [item for item in sent if drawn.random() < again]
    drawn.shuffle(sent)
    envelopes: list[list[Item]] = []
    for sender in {item.sender.account_id: None for item in sent}:
        own = [item for item in sent if item.sender.account_id == sender]
        while own:
            size = drawn.randint(1, MOST_IN_AN_ENVELOPE)
            envelopes.append(own[:size])
            own = own[size:]
    drawn.shuffle(envelopes)
    return envelopes


# ------------------------------------------------------------------ the property


@settings(
    max_examples=8,
    deadline=None,
    # A smaller number draws another season, not a smaller one: there is nothing to shrink.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32),
    gaps=st.sampled_from([0.0, 0.02, 0.15]),
    again=st.sampled_from([0.0, 0.1, 0.6]),
)
def test_a_season_ends_as_the_model_says(
    shared: Engine, season: Season, seed: int, gaps: float, again: float
) -> None:
    drawn = random.Random(seed)
    envelopes = scatter(draw_items(season, drawn), drawn, gaps, again)
    model = Model({v: season.owner(number) for number, v in enumerate(season.visits)})
    outcomes: dict[str, set[str]] = {}
    album = Album()
    try:
        for envelope in envelopes:
            wanted = model.send(envelope)
            got = send(shared, envelope)
            assert got == wanted
            for item, outcome in zip(envelope, got, strict=True):
                outcomes.setdefault(item.content["id"], set()).add(outcome)
            album.bring(shared, envelope[0].sender, with_photo(envelope, got, drawn))
        compare(shared, model)
        nothing_is_lost(shared, outcomes)
        album.check(shared)
        with unit_of_work(shared) as db:
            while force_overdue(db, LATER):
                pass
        model.force()
        compare(shared, model)
        nothing_is_lost(shared, outcomes)
        album.check(shared)
    finally:
        forget(shared)


def with_photo(
    envelope: list[Item], got: list[str], drawn: random.Random
) -> list[tuple[dict[str, Any], str]]:
    """Draw which forms came with a photo; of those that do not count yet, most."""
    chances = {"held": 0.8, "conflict": 0.8, "rejected": 0.0}
    answered = zip(envelope, got, strict=True)
    return [(item.content, o) for item, o in answered if drawn.random() < chances.get(o, 0.1)]


def send(engine: Engine, envelope: list[Item]) -> list[str]:
    sending = Sending(skew_seconds=0, source=ReportSource.PHONE)
    with unit_of_work(engine) as db:
        items = [item.content for item in envelope]
        answers = take_in(db, items, envelope[0].sender, NOW, sending)
    assert [answer.id for answer in answers] == [item.content["id"] for item in envelope]
    assert all(answer.reason for answer in answers if answer.outcome in ("rejected", "conflict"))
    return [answer.outcome.value for answer in answers]


def compare(engine: Engine, model: Model) -> None:
    """Compare everything that stands in the tables with the model."""
    with reading(engine) as db:
        reports = {row.id: row for row in db.exec(select(SessionReport))}
        held = set(db.exec(select(HeldReport.id)))
        disputed = [row.content for row in db.exec(select(DisputedReport))]
        signups = db.exec(
            select(SignUp.report_id, func.sum(SignUp.workers)).group_by(SignUp.report_id)
        )
        workers = dict(signups.all())
        visits = {row.id: row for row in db.exec(select(Visit))}
        events = db.exec(select(VisitEvent)).all()
    assert {i: (r.visit_id, r.men, r.signups) for i, r in reports.items()} == {
        i: (t["visit_id"], t["men"], t["signups"]) for i, t in model.stored.items()
    }
    assert workers == {i: t["signups"] for i, t in model.stored.items()}
    assert {i: r.reported_by for i, r in reports.items()} == model.senders
    current = {r.visit_id: i for i, r in reports.items() if r.corrected_by is None}
    assert current == model.current
    assert sum(r.signups for r in reports.values() if r.corrected_by is None) == sum(
        model.stored[i]["signups"] for i in model.current.values()
    )
    assert held == {item.content["id"] for item in model.held}
    assert Counter(map(key, disputed)) == Counter(map(key, model.disputed))
    per_visit = Counter(told["visit_id"] for told in model.stored.values())
    for visit_id, visit in visits.items():
        reported = per_visit[visit_id or 0]
        assert visit.work is (Work.DONE if reported else Work.CONFIRMED)
        assert visit.result is (Result.SIGNED_UP if reported else None)
        assert visit.version == 1 + reported
    assert Counter(event.visit_id for event in events) == per_visit
    firsts = Counter(e.visit_id for e in events if e.happening is Happening.REPORTED)
    assert firsts == Counter(model.current.keys())


def key(told: dict[str, Any]) -> tuple[str, int, int]:
    return told["id"], told["visit_id"], told["men"]


def nothing_is_lost(engine: Engine, outcomes: dict[str, set[str]]) -> None:
    """Every id ever sent is stored, held, disputed, or was refused with a reason."""
    with reading(engine) as db:
        kept = set(db.exec(select(SessionReport.id))) | set(db.exec(select(HeldReport.id)))
        kept |= set(db.exec(select(DisputedReport.report_id)))
    assert {i for i in outcomes if i not in kept} == {
        i for i, said in outcomes.items() if said == {"rejected"}
    }


# ------------------------------------------------------------------ the world it happens in


@pytest.fixture(scope="module")
def season(shared: Engine) -> Season:
    with unit_of_work(shared) as db:
        at: Field = make_field(db, 0)
        codes = at.codes[:VISITS]
        visits = [
            add_visit(db, at.stage_id, at.team_id, code, number, Work.CONFIRMED)
            for number, code in enumerate(codes)
        ]
        officials = [
            account(db, f"perangkat-{n}", Role.OFFICIAL, tuple(codes[n::OFFICIALS]))
            for n in range(OFFICIALS)
        ]
        # The branch serves one regency of the two; an area of its own makes all of it visible.
        overseer = account(db, "pengawas", Role.COORDINATOR, ("33",))
    assert len(visits) == VISITS
    return Season(overseer, officials, visits)


def forget(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        beside = (SignUp, Evidence, WaitingPicture, HeldReport, DisputedReport, VisitEvent)
        unlock_history(db)
        for table in (*beside, SessionReport):
            db.execute(delete(table))
        db.execute(update(Visit).values(work=Work.CONFIRMED, result=None, version=1))
