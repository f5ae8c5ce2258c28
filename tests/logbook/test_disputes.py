"""Where two reports of a visit differ: both stay until a person decides, once, with a reason."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotFound
from outreach.logbook.disputes import (
    DisputeRow,
    count_open,
    dispute_about,
    dispute_of,
    open_disputes,
    rule,
    ruled_disputes,
)
from outreach.logbook.record import fingerprint, read_report
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import DisputedReport, ReportSource, Ruling, SessionReport
from outreach.visits.lifecycle import approve
from outreach.visits.listing import history
from outreach.visits.tables import Happening, Visit, Work
from tests.field import NOW, Field, told
from tests.logbook.sending import reports, send, visit

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person

WHY = "Dicocokkan dengan daftar hadir"


@pytest.fixture
def twice(engine: Engine, at: Field) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the official told first, and what the coordinator then typed in from paper."""
    visit_id = at.visits[at.codes[0]]
    first, second = told(visit_id), told(visit_id, men=25, signups=9)
    send(engine, at.official, first)
    with unit_of_work(engine) as db:
        paper = Sending(source=ReportSource.PAPER)
        (answer,) = take_in(db, [second], at.coordinator, NOW, sending=paper)
    assert (answer.outcome.value, answer.reason) == ("conflict", "already_reported")
    return first, second


def waiting(engine: Engine, person: Person) -> list[DisputeRow]:
    with reading(engine) as db:
        return open_disputes(db, person)


def decide(engine: Engine, person: Person, row: DisputeRow, ruling: Ruling, **other: Any) -> None:
    given = {"version": row.version, "why": WHY, **other}
    with unit_of_work(engine) as db:
        rule(db, row.id, ruling, by=person, now=NOW, **given)


def call_off(engine: Engine, visit_id: int, work: Work) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) == visit_id).values(work=work))


def hindrance(engine: Engine, at: Field, row: DisputeRow) -> str:
    with reading(engine) as db:
        return dispute_of(db, at.coordinator, row.id).hindrance


def test_both_reports_are_shown_with_who_sent_them(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    (row,) = waiting(engine, at.coordinator)
    assert (row.visit_id, row.reason) == (twice[0]["visit_id"], "already_reported")
    assert (row.sender, row.source) == ("Koordinator", ReportSource.PAPER)
    with reading(engine) as db:
        found = dispute_of(db, at.coordinator, row.id)
    assert found.stored is not None
    assert found.told is not None
    assert (found.stored.men, found.stored.reporter) == (20, "Perangkat")
    assert (found.told.men, found.told.signups) == (25, 9)
    assert found.decider is None


def test_the_stored_one_holds(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    (row,) = waiting(engine, at.coordinator)
    decide(engine, at.coordinator, row, Ruling.SET_ASIDE)
    assert waiting(engine, at.coordinator) == []
    assert [one.id for one in reports(engine)] == [twice[0]["id"]]
    with reading(engine) as db:
        (last,) = ruled_disputes(db, at.coordinator, 5)
        assert (last.ruling, last.ruled_why) == (Ruling.SET_ASIDE, WHY)
        assert dispute_of(db, at.coordinator, row.id).decider == "Koordinator"
    (again,) = send(engine, at.coordinator, twice[1])
    assert again.outcome.value == "conflict"
    assert waiting(engine, at.coordinator) == []  # decided is decided


def test_the_other_one_is_taken_as_a_correction_in_the_deciders_name(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, second = twice
    done = visit(engine, first["visit_id"])
    with unit_of_work(engine) as db:
        approve(db, done.id or 0, version=done.version, by=at.coordinator, now=NOW)
    (row,) = waiting(engine, at.coordinator)
    decide(engine, at.coordinator, row, Ruling.TAKEN)
    with reading(engine) as db:
        old = db.get_one(SessionReport, first["id"])
        new = db.get_one(SessionReport, old.corrected_by)
        assert new.id not in (first["id"], second["id"])
        assert (new.men, new.signups, new.corrects_id) == (25, 9, first["id"])
        assert (new.reported_by, new.source) == (at.coordinator.account_id, ReportSource.PAPER)
        line = history(db, at.coordinator, first["visit_id"])[-1]
        assert (line.happening, line.who) == (Happening.CORRECTED, "Koordinator")
        assert db.get_one(DisputedReport, row.id).taken_as == new.id
        shown = dispute_of(db, at.coordinator, row.id)
        assert shown.stored is not None
        assert shown.stored.id == first["id"]
    assert visit(engine, first["visit_id"]).work is Work.DONE  # to be looked at again


def test_what_is_taken_corrects_the_report_that_counts_by_then(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    newer = told(twice[0]["visit_id"], men=3, corrects_id=twice[0]["id"])
    send(engine, at.official, newer)
    (row,) = waiting(engine, at.coordinator)
    decide(engine, at.coordinator, row, Ruling.TAKEN)
    with reading(engine) as db:
        current = db.exec(
            select(SessionReport).where(col(SessionReport.corrected_by).is_(None))
        ).one()
    assert (current.men, current.corrects_id) == (25, newer["id"])


@pytest.mark.parametrize(
    ("why", "problem"), [(" ", "missing"), ("x" * 1001, "too_long"), ("3372011234560001",) * 2]
)
def test_a_ruling_needs_a_reason_that_may_be_kept(
    engine: Engine,
    at: Field,
    twice: tuple[dict[str, Any], dict[str, Any]],
    why: str,
    problem: str,
) -> None:
    (row,) = waiting(engine, at.coordinator)
    with pytest.raises(Invalid) as refused:
        decide(engine, at.coordinator, row, Ruling.TAKEN, why=why)
    expected = "identity_number" if problem == why else problem
    assert refused.value.facts["problems"] == {"why": [expected]}
    assert waiting(engine, at.coordinator) == [row]


def test_a_stale_ruling_changes_nothing(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    (row,) = waiting(engine, at.coordinator)
    decide(engine, at.coordinator, row, Ruling.SET_ASIDE)
    for version in (row.version, row.version + 1):
        with pytest.raises(Conflict, match="changed_meanwhile"):
            decide(engine, at.coordinator, row, Ruling.TAKEN, version=version)
    assert len(reports(engine)) == 1


@pytest.mark.parametrize("work", [Work.POSTPONED, Work.CANCELLED, Work.UNREACHABLE])
def test_a_session_that_was_held_though_its_visit_was_called_off_can_be_taken(
    engine: Engine, at: Field, work: Work
) -> None:
    one = told(at.visits[at.codes[0]])
    call_off(engine, one["visit_id"], work)
    (answer,) = send(engine, at.official, one)
    assert (answer.outcome.value, answer.reason) == ("conflict", "wrong_status")
    (row,) = waiting(engine, at.coordinator)
    assert hindrance(engine, at, row) == ""
    decide(engine, at.coordinator, row, Ruling.TAKEN)
    (stored,) = reports(engine)
    assert (stored.men, stored.reported_by) == (20, at.coordinator.account_id)
    assert visit(engine, one["visit_id"]).work is Work.DONE


@pytest.mark.parametrize("problem", ["village_has_visit", "slot_taken"])
def test_what_finds_its_place_taken_stays_to_be_decided(
    engine: Engine, at: Field, problem: str
) -> None:
    one = told(at.visits[at.codes[0]])
    call_off(engine, one["visit_id"], Work.RETURNED)
    with unit_of_work(engine) as db:
        old = db.get_one(Visit, one["visit_id"]).model_dump(exclude={"id", "work"})
        other = {"day": date(2026, 12, 1)} if problem == "village_has_visit" else {}
        code = at.codes[0 if other else 7]
        db.add(Visit(**old | other | {"village_code": code}, work=Work.CONFIRMED))
    (answer,) = send(engine, at.official, one)
    assert (answer.outcome.value, answer.reason) == ("conflict", problem)
    (row,) = waiting(engine, at.coordinator)
    assert hindrance(engine, at, row) == problem
    with pytest.raises(Conflict, match=problem):
        decide(engine, at.coordinator, row, Ruling.TAKEN)
    assert waiting(engine, at.coordinator) == [row]
    assert reports(engine) == []


def test_the_lists_are_bounded_and_the_rest_is_counted(engine: Engine, at: Field) -> None:
    one = told(at.visits[at.codes[0]])
    send(engine, at.official, one, *(one | {"men": men} for men in (31, 32, 33)))
    with reading(engine) as db:
        assert [row.id for row in open_disputes(db, at.coordinator, 2)] == [1, 2]
        assert count_open(db, at.coordinator) == 3
        assert count_open(db, at.stranger) == 0
    for row in waiting(engine, at.coordinator):
        decide(engine, at.coordinator, row, Ruling.SET_ASIDE)
    with reading(engine) as db:
        assert [row.id for row in ruled_disputes(db, at.coordinator, 2)] == [3, 2]


def test_a_dispute_is_found_by_the_report_and_just_its_content(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    (row,) = waiting(engine, at.coordinator)
    content = fingerprint(read_report(twice[1]))
    other = fingerprint(read_report(twice[1] | {"men": 1}))
    with reading(engine) as db:
        assert dispute_about(db, at.coordinator, twice[1]["id"], content) == row
        assert dispute_about(db, at.coordinator, twice[1]["id"], other) is None
        assert dispute_about(db, at.stranger, twice[1]["id"], content) is None


def test_a_foreign_dispute_looks_like_a_missing_one(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    (row,) = waiting(engine, at.coordinator)
    assert waiting(engine, at.stranger) == []
    for person, dispute_id in ((at.stranger, row.id), (at.coordinator, 999_999)):
        with reading(engine) as db, pytest.raises(NotFound):
            dispute_of(db, person, dispute_id)
        with pytest.raises(NotFound), unit_of_work(engine) as db:
            rule(db, dispute_id, Ruling.TAKEN, version=1, why=WHY, by=person, now=NOW)


def test_of_several_who_decide_at_once_one_is_heard(
    engine: Engine, at: Field, twice: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    (row,) = waiting(engine, at.coordinator)
    rulings = [Ruling.TAKEN, Ruling.SET_ASIDE] * 2
    together = threading.Barrier(len(rulings))
    outcomes: list[str] = []

    def one(ruling: Ruling) -> None:
        together.wait()
        try:
            decide(engine, at.coordinator, row, ruling)
            outcomes.append(ruling.value)
        except Conflict as error:
            outcomes.append(str(error.facts["problem"]))

    threads = [threading.Thread(target=one, args=(ruling,)) for ruling in rulings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("changed_meanwhile") == len(rulings) - 1
    (heard,) = set(outcomes) - {"changed_meanwhile"}
    assert len(reports(engine)) == (2 if heard == "taken" else 1)
