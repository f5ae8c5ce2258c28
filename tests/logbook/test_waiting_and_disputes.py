"""Nothing that was sent is lost: what waits in vain is taken in, what contradicts is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.overdue import LONGEST_WAIT, force_overdue
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import DisputedReport, HeldReport, ReportSource, SessionReport
from outreach.people.devices import digest_of
from outreach.people.tables import Account, AccountArea, Device
from outreach.visits.tables import ConfirmationLink, Happening, Result, Visit, VisitEvent, Work
from tasks.sweeper import end_waiting_once
from tests.builders import load_small_registry
from tests.field import NOW, Field, make_field, told
from tests.logbook.sending import outcomes, reports, send, visit

if TYPE_CHECKING:
    from sqlalchemy import Engine

LATER = NOW + LONGEST_WAIT + timedelta(minutes=1)


def force(engine: Engine, now: Any = LATER) -> int:
    with unit_of_work(engine) as db:
        return force_overdue(db, now)


def held(engine: Engine) -> set[str]:
    with reading(engine) as db:
        return set(db.exec(select(HeldReport.id)))


def disputed(engine: Engine) -> dict[str, DisputedReport]:
    with reading(engine) as db:
        return {row.report_id: row for row in db.exec(select(DisputedReport))}


def test_a_contradiction_is_kept_once_and_answered_so_again(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    other = {**one, "men": 99}
    assert outcomes(send(engine, at.official, one, other, other)) == [
        "accepted",
        "conflict",
        "conflict",
    ]
    (again,) = send(engine, at.official, other)
    assert (again.outcome.value, again.reason) == ("conflict", "other_content")
    (kept,) = disputed(engine).values()
    assert (kept.report_id, kept.content["men"], kept.reason) == (one["id"], 99, "other_content")
    assert (kept.visit_id, kept.village_code) == (one["visit_id"], at.codes[0])
    assert kept.account_id == at.official.account_id


def test_other_contradictions_of_the_same_id_are_kept_beside_each_other(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    send(engine, at.official, one, {**one, "men": 98}, {**one, "men": 99})
    with reading(engine) as db:
        kept = [row.content["men"] for row in db.exec(select(DisputedReport))]
    assert sorted(kept) == [98, 99]


def test_what_is_refused_by_a_rule_is_no_dispute(engine: Engine, at: Field) -> None:
    wrong = told(at.visits[at.codes[0]], held_on="2027-01-01")
    foreign = told(at.visits[at.codes[1]])
    assert outcomes(send(engine, at.official, wrong, foreign)) == ["rejected", "rejected"]
    assert disputed(engine) == {}


def test_what_waited_in_vain_is_the_first_report_of_its_visit(engine: Engine, at: Field) -> None:
    lost = told(at.visits[at.codes[0]])
    two = told(lost["visit_id"], men=5, corrects_id=lost["id"])
    three = told(lost["visit_id"], men=6, corrects_id=two["id"])
    send(engine, at.official, three, two)
    assert force(engine, NOW + LONGEST_WAIT) == 0
    assert held(engine) == {two["id"], three["id"]}
    force(engine)
    assert held(engine) == set()
    stored = {row.id: row for row in reports(engine)}
    assert set(stored) == {two["id"], three["id"]}
    assert stored[two["id"]].corrects_id is None
    assert "base_never_came" in stored[two["id"]].flags
    assert "base_never_came" not in stored[three["id"]].flags
    assert stored[two["id"]].corrected_by == three["id"]
    assert stored[three["id"]].reported_by == at.official.account_id
    assert visit(engine, lost["visit_id"]).work is Work.DONE
    # The phone that never got its answer is told so; what came too late is kept for a person.
    assert outcomes(send(engine, at.official, two, lost)) == ["duplicate", "conflict"]
    assert disputed(engine)[lost["id"]].reason == "already_reported"


def test_the_sweeper_ends_waiting_in_vain(engine: Engine, at: Field) -> None:
    send(engine, at.official, told(at.visits[at.codes[0]], men=5, corrects_id=told(1)["id"]))
    end_waiting_once(engine, LATER)
    assert [row.men for row in reports(engine)] == [5]


def test_what_waited_in_vain_contradicts_a_report_that_there_is(engine: Engine, at: Field) -> None:
    lost = told(at.visits[at.codes[0]])
    two = told(lost["visit_id"], men=5, corrects_id=lost["id"])
    send(engine, at.official, two)
    send(engine, at.coordinator, told(lost["visit_id"], men=7))
    force(engine)
    assert [row.men for row in reports(engine)] == [7]
    kept = disputed(engine)[two["id"]]
    assert (kept.reason, kept.account_id) == ("base_never_came", at.official.account_id)
    assert held(engine) == set()


def test_what_waits_for_a_younger_one_goes_with_it(engine: Engine, at: Field) -> None:
    lost = told(at.visits[at.codes[0]])
    two = told(lost["visit_id"], men=5, corrects_id=lost["id"])
    three = told(lost["visit_id"], men=6, corrects_id=two["id"])
    send(engine, at.official, three)
    with unit_of_work(engine) as db:
        take_in(db, [two], at.official, NOW + timedelta(days=2))
    force(engine)
    assert held(engine) == {two["id"], three["id"]}
    force(engine, LATER + timedelta(days=2))
    assert [row.men for row in reports(engine) if row.corrected_by is None] == [6]


@pytest.mark.parametrize("is_due", [False, True])
def test_many_that_wait_for_one_hold_up_nobody_else(
    engine: Engine, at: Field, is_due: bool
) -> None:
    """A round looks at so many at the most: what is stuck must not fill it for ever."""
    young = told(at.visits[at.codes[0]], men=90, corrects_id=told(1)["id"])
    between = told(young["visit_id"], men=91, corrects_id=young["id"])
    behind = [told(young["visit_id"], men=n, corrects_id=between["id"]) for n in range(1, 6)]
    other = told(at.visits[at.codes[1]], corrects_id=told(1)["id"])
    came = [
        (NOW, at.official, [between, *behind]),
        (NOW + timedelta(hours=1), at.stranger, [other]),
    ]
    came.append((NOW + timedelta(days=3), at.official, [young]))
    for when, by, items in came:
        with unit_of_work(engine) as db:
            assert set(outcomes(take_in(db, items, by, when))) == {"held"}
    now = LATER + timedelta(days=4 if is_due else 1)
    for _round in range(3):
        with unit_of_work(engine) as db:
            force_overdue(db, now, most=3)
    assert other["id"] in {row.id for row in reports(engine)}
    assert held(engine) == (set() if is_due else {one["id"] for one in (young, between, *behind)})
    if is_due:
        (first,) = (row for row in reports(engine) if row.id == young["id"])
        assert first.corrected_by == between["id"]


def test_two_that_wait_for_each_other_do_not_wait_for_ever(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    send(engine, at.official, {**one, "corrects_id": two["id"]}, two)
    force(engine)
    assert held(engine) == set()
    assert len(reports(engine)) == 2


def test_what_a_closed_account_left_waiting_is_kept_for_a_person(engine: Engine, at: Field) -> None:
    two = told(at.visits[at.codes[0]], corrects_id=told(1)["id"])
    send(engine, at.official, two)
    with unit_of_work(engine) as db:
        db.get_one(Account, at.official.account_id).is_active = False
    force(engine)
    assert disputed(engine)[two["id"]].reason == "account_closed"
    assert (held(engine), reports(engine)) == (set(), [])


def test_what_waited_and_is_outside_the_senders_area_by_now_is_kept_for_a_person(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    send(engine, at.official, two)
    with unit_of_work(engine) as db:
        db.execute(
            update(AccountArea)
            .where(col(AccountArea.account_id) == at.official.account_id)
            .values(code=at.codes[3])
        )
    assert outcomes(send(engine, at.coordinator, one)) == ["accepted"]
    assert disputed(engine)[two["id"]].reason == "refused_by_rule"
    assert len(reports(engine)) == 1


def test_the_way_and_the_clock_of_a_phone_are_kept_with_what_it_sent(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        phone = Device(
            account_id=at.official.account_id, token_hash=digest_of("x"), enrolled_at=NOW
        )
        db.add(phone)
        db.flush()
        sending = Sending(phone.id, 4_000_000, ReportSource.PHONE)
    one = told(at.visits[at.codes[0]], saved_at="2027-01-01T00:00:00+07:00")
    two = told(one["visit_id"], corrects_id=one["id"], saved_at="no clock at all")
    with unit_of_work(engine) as db:
        take_in(db, [two], at.official, NOW, sending)
    assert outcomes(send(engine, at.coordinator, one)) == ["accepted"]
    stored = {row.id: row for row in reports(engine)}
    late = stored[two["id"]]
    assert (late.source, late.device_id, late.skew_seconds) == ("phone", phone.id, 4_000_000)
    assert "clock_wrong" in late.flags
    assert late.saved_at is None
    early = stored[one["id"]]
    assert (early.source, early.device_id, early.skew_seconds) == ("page", None, None)
    assert early.saved_at is not None
    assert early.held_on.isoformat() == one["held_on"]


def test_whoever_has_paid_makes_the_visit_paid(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]], paid=3, minutes=90, latitude=-7.56789, longitude=110.8249)
    send(engine, at.official, one)
    (stored,) = reports(engine)
    assert (stored.paid, stored.minutes) == (3, 90)
    assert (stored.latitude, stored.longitude) == (-7.568, 110.825)
    assert visit(engine, one["visit_id"]).result is Result.PAID


def test_a_held_session_of_a_returned_visit_takes_its_place_again(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.RETURNED).where(col(Visit.id) == one["visit_id"]))
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    assert outcomes(send(engine, at.official, two, one)) == ["accepted", "accepted"]
    done = visit(engine, one["visit_id"])
    assert (done.work, done.version) == (Work.DONE, 3)
    with reading(engine) as db:
        lines = db.exec(select(VisitEvent).order_by(col(VisitEvent.id))).all()
    assert [(line.happening, line.before["work"], line.after["work"]) for line in lines] == [
        (Happening.REPORTED, "returned", "done"),
        (Happening.CORRECTED, "done", "done"),
    ]


def test_the_link_of_a_reported_visit_is_withdrawn(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.AWAITING))
        for visit_id in at.visits.values():
            db.add(
                ConfirmationLink(
                    visit_id=visit_id, issued_at=NOW, expires_at=NOW + timedelta(days=9)
                )
            )
    send(engine, at.official, one)
    with reading(engine) as db:
        links = db.exec(select(ConfirmationLink)).all()
    assert [link.visit_id for link in links if link.withdrawn_at] == [one["visit_id"]]


def count_statements(engine: Engine, at: Field, items: list[dict[str, Any]]) -> int:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    assert set(outcomes(send(engine, at.coordinator, *items))) == {"accepted"}
    event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_a_request_takes_as_many_statements_with_one_report_as_with_many(engine: Engine) -> None:
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        at = make_field(db, 30)
    line = {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": 7}
    first, *others = [told(visit_id, details=[line]) for visit_id in at.visits.values()]
    few = count_statements(engine, at, [first])
    # One asks whether visits to come were moved, two give the first report the signs it now has.
    assert count_statements(engine, at, others) <= few + 3
    changed = [told(o["visit_id"], men=5, details=[line], corrects_id=o["id"]) for o in others]
    # Others mark what is corrected, read it, and take back the signs that it had cast.
    assert count_statements(engine, at, changed) <= few + 5


def test_an_object_read_before_shows_what_was_taken_in(engine: Engine, at: Field) -> None:
    """Whoever reads a visit or a report, takes in and goes on in one unit of work sees it."""
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    with unit_of_work(engine) as db:
        seen = db.get_one(Visit, one["visit_id"])
        take_in(db, [one], at.official, NOW)
        assert (seen.work, seen.version) == (Work.DONE, 2)
        stored = db.get_one(SessionReport, one["id"])
        take_in(db, [two], at.official, NOW)
        assert stored.corrected_by == two["id"]
