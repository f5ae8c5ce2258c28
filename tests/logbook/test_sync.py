"""Reports come in any order and any number of times, and each counts once."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from sqlmodel import col, func, select

from outreach.db import reading, unit_of_work
from outreach.errors import Invalid
from outreach.logbook.sync import MOST_AT_ONCE, Answer, Outcome
from outreach.logbook.tables import HeldReport, SignUp
from outreach.people.tables import Account
from outreach.visits.tables import Happening, Result, Visit, VisitEvent, Work
from tests.field import Field, told
from tests.logbook.sending import outcomes, reports, send, visit

if TYPE_CHECKING:
    from sqlalchemy import Engine


FARMER = {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": 4}
FISHER = {"sector": "fisher", "package": "jkk_jkm_jht", "payer": "apbdes", "workers": 3}


def test_a_report_is_stored_and_its_visit_done(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]], details=[FARMER, FISHER])
    (answer,) = send(engine, at.official, one)
    assert (answer.id, answer.outcome) == (one["id"], Outcome.ACCEPTED)
    done = visit(engine, one["visit_id"])
    assert (done.work, done.result) == (Work.DONE, Result.SIGNED_UP)
    (stored,) = reports(engine)
    assert (stored.men, stored.women, stored.signups) == (20, 22, 7)
    assert (stored.village_code, stored.reported_by) == (at.codes[0], at.official.account_id)
    with reading(engine) as db:
        assert db.exec(select(func.sum(SignUp.workers))).one() == 7
        event = db.exec(select(VisitEvent)).one()
        assert event.happening is Happening.REPORTED


def test_the_same_again_is_a_duplicate_and_counts_once(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    answers = [*send(engine, at.official, one, one), *send(engine, at.official, one)]
    assert outcomes(answers) == ["accepted", "duplicate", "duplicate"]
    assert len(reports(engine)) == 1


def test_the_same_id_with_other_content_is_a_conflict(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    answers = send(engine, at.official, one, {**one, "men": 99})
    assert [(a.outcome.value, a.reason) for a in answers] == [
        ("accepted", ""),
        ("conflict", "other_content"),
    ]
    assert reports(engine)[0].men == 20


def test_one_bad_item_never_sinks_the_others(engine: Engine, at: Field) -> None:
    visits = [at.visits[code] for code in at.codes[:3]]
    items = [
        told(visits[0]),
        "nonsense",
        told(visits[1], men=-1),
        told(visits[1]),
        told(10_000_000),
        told(visits[2], held_on="2027-01-01"),
        told(visits[2]),
    ]
    answers = send(engine, at.coordinator, *items)
    wanted = ["accepted", "rejected", "rejected", "accepted", "rejected", "rejected", "accepted"]
    assert outcomes(answers) == wanted
    assert [a.id for a in answers] == [i["id"] if isinstance(i, dict) else "" for i in items]
    assert answers[2].problems == {"men": ["greater_than_equal"]}
    assert answers[5].problems == {"held_on": ["in_the_future"]}


def test_a_visit_of_another_area_looks_like_a_missing_one(engine: Engine, at: Field) -> None:
    foreign, missing = send(
        engine, at.stranger, told(at.visits[at.codes[0]]), told(10_000_000, id=str(uuid.uuid4()))
    )
    assert (foreign.outcome, foreign.reason) == (missing.outcome, missing.reason)
    assert (foreign.outcome, foreign.reason) == (Outcome.REJECTED, "not_found")
    assert visit(engine, at.visits[at.codes[0]]).work is Work.CONFIRMED


def test_a_second_report_of_a_visit_is_a_conflict(engine: Engine, at: Field) -> None:
    visit_id = at.visits[at.codes[0]]
    send(engine, at.official, told(visit_id))
    (answer,) = send(engine, at.coordinator, told(visit_id, men=5))
    assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, "already_reported")
    assert len(reports(engine)) == 1


def test_a_visit_called_off_takes_a_report_from_the_coordinator_alone(
    engine: Engine, at: Field
) -> None:
    visit_id = at.visits[at.codes[0]]
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.CANCELLED).where(col(Visit.id) == visit_id))
    (refused,) = send(engine, at.official, told(visit_id))
    assert (refused.outcome, refused.reason) == (Outcome.CONFLICT, "wrong_status")
    assert reports(engine) == []
    assert outcomes(send(engine, at.coordinator, told(visit_id))) == ["accepted"]
    assert visit(engine, visit_id).work is Work.DONE


def test_a_correction_points_to_the_old_report_and_takes_its_place(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], signups=0, corrects_id=one["id"])
    assert outcomes(send(engine, at.official, one, two)) == ["accepted", "accepted"]
    stored = {r.id: r for r in reports(engine)}
    assert stored[one["id"]].corrected_by == two["id"]
    assert stored[one["id"]].signups == 7
    assert stored[two["id"]].corrected_by is None
    assert visit(engine, one["visit_id"]).result is Result.ATTENDED


def test_only_the_current_report_can_be_corrected(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two, three = (told(one["visit_id"], men=m, corrects_id=one["id"]) for m in (1, 2))
    answers = send(engine, at.official, one, two, three)
    assert outcomes(answers) == ["accepted", "accepted", "conflict"]
    assert answers[2].reason == "already_corrected"


def test_a_correction_stays_with_its_visit(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(at.visits[at.codes[1]], corrects_id=one["id"])
    answers = send(engine, at.coordinator, one, two)
    assert (answers[1].outcome, answers[1].reason) == (Outcome.CONFLICT, "corrects_another_visit")


def test_a_correction_that_comes_first_waits_for_its_report(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    three = told(one["visit_id"], men=6, corrects_id=two["id"])
    assert outcomes(send(engine, at.official, three)) == ["held"]
    assert outcomes(send(engine, at.official, two, two)) == ["held", "held"]
    assert outcomes(send(engine, at.official, {**two, "men": 9})) == ["conflict"]
    assert visit(engine, one["visit_id"]).work is Work.CONFIRMED
    assert outcomes(send(engine, at.official, one, three)) == ["accepted", "duplicate"]
    current = [r for r in reports(engine) if r.corrected_by is None]
    assert [(r.id, r.men) for r in current] == [(three["id"], 6)]
    with reading(engine) as db:
        assert db.exec(select(HeldReport)).all() == []


def test_a_correction_before_its_report_in_one_call_is_accepted(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    assert outcomes(send(engine, at.official, two, one)) == ["accepted", "accepted"]


def test_what_waited_and_is_refused_by_a_newer_rule_sinks_nothing_else(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    send(engine, at.official, two)
    with unit_of_work(engine) as db:
        held = db.exec(select(HeldReport)).one()
        held.content = {**held.content, "sector_of_then": "farmer"}
    assert outcomes(send(engine, at.official, one)) == ["accepted"]
    assert [r.id for r in reports(engine)] == [one["id"]]


def test_what_waits_is_stored_in_the_name_of_who_sent_it(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    send(engine, at.official, two)
    send(engine, at.coordinator, one)
    names = {r.id: r.reported_by for r in reports(engine)}
    assert names[two["id"]] == at.official.account_id


def test_what_a_closed_account_sent_stays_held(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two = told(one["visit_id"], men=5, corrects_id=one["id"])
    send(engine, at.official, two)
    with unit_of_work(engine) as db:
        db.get_one(Account, at.official.account_id).is_active = False
    assert outcomes(send(engine, at.coordinator, one)) == ["accepted"]
    with reading(engine) as db:
        assert db.exec(select(HeldReport.id)).all() == [two["id"]]


def test_too_many_at_once_are_refused(engine: Engine, at: Field) -> None:
    with pytest.raises(Invalid):
        send(engine, at.official, *[{}] * (MOST_AT_ONCE + 1))


def test_a_hundred_at_once_are_answered_one_by_one(engine: Engine, at: Field) -> None:
    items = [told(at.visits[at.codes[n % 6]], men=n + 1) for n in range(MOST_AT_ONCE)]
    counted = outcomes(send(engine, at.coordinator, *items))
    assert (counted.count("accepted"), counted.count("conflict")) == (6, 94)


@pytest.mark.parametrize(("same_id", "same_words"), [(True, True), (False, True), (False, False)])
def test_many_phones_at_the_same_moment_store_one_report(
    engine: Engine, at: Field, same_id: bool, same_words: bool
) -> None:
    """The same report sent by many at once, or many first reports of one visit."""
    one = told(at.visits[at.codes[0]])
    gate = threading.Barrier(8)
    answers: list[Answer] = []

    def phone(item: dict[str, Any]) -> None:
        gate.wait()
        answers.extend(send(engine, at.official, item))

    men = [20 if same_words else 20 + number for number in range(8)]
    items = [one if same_id else told(one["visit_id"], men=each) for each in men]
    phones = [threading.Thread(target=phone, args=(item,)) for item in items]
    for thread in phones:
        thread.start()
    for thread in phones:
        thread.join(30)
    loser = "duplicate" if same_words else "conflict"
    assert sorted(outcomes(answers)) == sorted(["accepted", *[loser] * 7])
    assert len(reports(engine)) == 1


def test_one_id_for_two_visits_at_the_same_moment_is_one_report(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    two = {**one, "visit_id": at.visits[at.codes[1]]}
    gate = threading.Barrier(2)
    answers: list[Answer] = []

    def phone(item: dict[str, Any]) -> None:
        gate.wait()
        answers.extend(send(engine, at.coordinator, item))

    phones = [threading.Thread(target=phone, args=(item,)) for item in (one, two)]
    for thread in phones:
        thread.start()
    for thread in phones:
        thread.join(30)
    assert sorted(outcomes(answers)) == ["accepted", "conflict"]
    works = [visit(engine, item["visit_id"]).work for item in (one, two)]
    assert sorted(works) == [Work.CONFIRMED, Work.DONE]


def test_the_room_works_where_nothing_else_was_imported(engine: Engine, at: Field) -> None:
    """A task or a script may import this room alone; its tables bring those they point to."""
    script = f"""
from datetime import UTC, datetime
from outreach.db import make_engine, unit_of_work
from outreach.logbook.sync import take_in
from outreach.people.access import person_of
with unit_of_work(make_engine({engine.url.render_as_string(hide_password=False)!r})) as db:
    by = person_of(db, {at.official.account_id})
    now = datetime(2026, 11, 20, 4, tzinfo=UTC)
    print(take_in(db, [{told(at.visits[at.codes[0]])!r}], by, now)[0].outcome)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "accepted"
