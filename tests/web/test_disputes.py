"""The pages on which a coordinator says which of two reports holds."""

from __future__ import annotations

import inspect
import re
import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook import taking
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    HeldReport,
    Ruling,
    SessionReport,
    SignUp,
    WaitingPicture,
)
from outreach.people.tables import Role
from outreach.visits import lifecycle
from outreach.visits.tables import Visit, Work
from outreach.web.report_words import conflict_words, kept_words
from tests.web.planned import engine_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlmodel import Session

    from tests.web.conftest import Visitor
    from tests.web.world import World

WHY = "Dicocokkan dengan daftar hadir"


@pytest.fixture
def client(english: Callable[[Role], Visitor]) -> Visitor:
    return english(Role.COORDINATOR)


def rule(client: Visitor, world: World, ruling: str, **form: Any) -> Any:
    told = {"ruling": ruling, "why": WHY, "version": 1, **form}
    return client.send(f"/disputes/{world.own['dispute_id']}/ruling", told)


def forget_report(db: Session, visit_id: int) -> None:
    of_visit = select(col(SessionReport.id)).where(col(SessionReport.visit_id) == visit_id)
    tables: tuple[Any, ...] = (SignUp, Evidence)
    for table in tables:
        db.execute(delete(table).where(col(table.report_id).in_(of_visit)))
    db.execute(delete(SessionReport).where(col(SessionReport.visit_id) == visit_id))


def ruling_of(app: Flask, world: World) -> Ruling | None:
    with reading(engine_of(app)) as db:
        return db.get_one(DisputedReport, world.own["dispute_id"]).ruling


def test_the_list_holds_the_branchs_own_disputes(client: Visitor, world: World) -> None:
    html = client.get("/disputes").get_data(as_text=True)
    assert re.findall(r'href="(/disputes/\d+)"', html) == [f"/disputes/{world.own['dispute_id']}"]
    assert "The visit had a report already." in html
    assert 'href="/disputes"' in client.get("/desk").get_data(as_text=True)


def test_both_reports_stand_side_by_side_and_what_differs_is_marked(
    client: Visitor, world: World
) -> None:
    answer = client.get(f"/disputes/{world.own['dispute_id']}")
    words = words_of(answer)
    for told in ("Time 09:00 09:30 differs", "Men 18 20 differs", "Sign-ups 9 11 differs"):
        assert told in words
    assert "Women 24 24 Sign-ups" in words  # the same: not marked
    assert "Si coordinator" in words
    assert "Si official" in words
    assert 'value="taken"' in answer.get_data(as_text=True)


def test_the_stored_one_holds_and_the_reason_is_kept(
    app: Flask, client: Visitor, world: World
) -> None:
    assert rule(client, world, "set_aside").status_code == 303
    assert ruling_of(app, world) is Ruling.SET_ASIDE
    assert "The stored report stays." in words_of(client.get("/disputes"))
    shown = words_of(client.get(f"/disputes/{world.own['dispute_id']}"))
    assert WHY in shown
    assert "Si coordinator" in shown
    assert 'name="ruling"' not in shown


def test_the_other_one_is_taken(app: Flask, client: Visitor, world: World) -> None:
    assert rule(client, world, "taken").status_code == 303
    with reading(engine_of(app)) as db:
        old = db.get_one(SessionReport, world.own["report_id"])
        new = db.get_one(SessionReport, old.corrected_by)
        assert (new.men, new.signups) == (20, 11)
    html = client.get(f"/disputes/{world.own['dispute_id']}").get_data(as_text=True)
    assert f'href="/my/reports/{new.id}"' in html
    assert "Men 18 20 differs" in words_of(client.get(f"/disputes/{world.own['dispute_id']}"))


def test_without_a_reason_nothing_is_decided(app: Flask, client: Visitor, world: World) -> None:
    for form in ({"why": ""}, {"why": "NIK 3372011234560001"}, {"why": "x" * 1001}):
        answer = rule(client, world, "taken", **form)
        assert answer.status_code == 422
        assert "why-problem" in answer.get_data(as_text=True)
    assert rule(client, world, "burnt").status_code == 422
    assert ruling_of(app, world) is None


def test_who_comes_too_late_is_told_and_sees_the_decision(
    app: Flask, client: Visitor, world: World, english: Callable[[Role], Visitor]
) -> None:
    english(Role.COORDINATOR).get("/disputes")
    rule(client, world, "set_aside")
    answer = rule(client, world, "taken")
    assert answer.status_code == 409
    assert "Set aside" in words_of(answer)
    assert ruling_of(app, world) is Ruling.SET_ASIDE


def test_a_report_whose_place_is_taken_is_not_offered_and_says_what_helps(
    app: Flask, client: Visitor, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit_id = db.get_one(DisputedReport, world.own["dispute_id"]).visit_id
        forget_report(db, visit_id)
        visit = db.get_one(Visit, visit_id)
        visit.work = Work.RETURNED
        db.flush()
        other = visit.model_dump(exclude={"id"}) | {"day": date(2026, 12, 1)}
        db.add(Visit(**other | {"work": Work.CONFIRMED}))
    answer = client.get(f"/disputes/{world.own['dispute_id']}")
    assert 'value="taken"' not in answer.get_data(as_text=True)
    assert "call that visit off first" in words_of(answer)
    assert rule(client, world, "taken").status_code == 409
    assert ruling_of(app, world) is None


@pytest.mark.parametrize("work", [Work.CANCELLED, Work.POSTPONED, Work.UNREACHABLE])
def test_a_session_of_a_visit_that_was_called_off_can_be_taken(
    app: Flask, client: Visitor, world: World, work: Work
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit_id = db.get_one(DisputedReport, world.own["dispute_id"]).visit_id
        forget_report(db, visit_id)
        db.execute(update(Visit).where(col(Visit.id) == visit_id).values(work=work))
    html = client.get(f"/disputes/{world.own['dispute_id']}").get_data(as_text=True)
    assert 'value="taken"' in html
    assert rule(client, world, "taken").status_code == 303
    with reading(engine_of(app)) as db:
        assert db.get_one(Visit, visit_id).work is Work.DONE


def test_what_waits_for_its_report_is_listed_with_since_when(
    app: Flask, client: Visitor, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        for place in (world.own, world.foreign):
            visit = db.get_one(Visit, place["visit_id"])
            held = HeldReport(
                id=str(uuid.uuid4()),
                waits_for=str(uuid.uuid4()),
                visit_id=visit.id or 0,
                content={},
                fingerprint="",
                account_id=world.accounts[Role.OFFICIAL][0],
                received_at=datetime(2026, 11, 19, 4, tzinfo=UTC),
            )
            db.add(held)
            waiting = db.get_one(WaitingPicture, place["waiting_id"])
            waiting.report_id, waiting.fingerprint = held.id, held.fingerprint
    answer = client.get("/disputes")
    assert f'src="/evidence/waiting/{world.own["waiting_id"]}"' in answer.text
    assert str(world.foreign["waiting_id"]) not in answer.text
    words = words_of(answer)
    assert "Waiting for the report they correct (1)" in words
    assert "Waits for the report it corrects since" in words


def test_pictures_of_the_other_report_stand_beside_it_until_they_go_with_it(
    client: Visitor, world: World
) -> None:
    address = f'src="/evidence/waiting/{world.own["waiting_id"]}"'
    page = f"/disputes/{world.own['dispute_id']}"
    assert address in client.get(page).text
    assert "If you set it aside they are erased" in words_of(client.get(page))
    shown = client.get(f"/evidence/waiting/{world.own['waiting_id']}")
    assert (shown.data, shown.mimetype) == (b"\x89PNG waits", "image/png")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Cache-Control"].startswith("private")
    rule(client, world, "set_aside")
    assert address in client.get(page).text
    assert "erased 90 days after the decision" in words_of(client.get(page))


def test_pictures_of_what_is_taken_stand_with_the_report(
    app: Flask, client: Visitor, world: World
) -> None:
    rule(client, world, "taken")
    assert "/evidence/" not in client.get(f"/disputes/{world.own['dispute_id']}").text
    assert client.get(f"/evidence/waiting/{world.own['waiting_id']}").status_code == 404
    with reading(engine_of(app)) as db:
        taken_as = db.get_one(DisputedReport, world.own["dispute_id"]).taken_as
        (one,) = db.scalars(select(Evidence).where(col(Evidence.report_id) == taken_as))
    assert client.get(f"/evidence/{one.id}").data == b"\x89PNG waits"


def raised_reasons() -> set[str]:
    """Every code that taking a report in can give for a contradiction, as its code names them."""
    source = "".join(inspect.getsource(room) for room in (taking, lifecycle.lost_place))
    source += inspect.getsource(lifecycle.status_after)
    named = re.findall(r'problem="(\w+)"', source)
    chosen = re.findall(r'"(base_never_came|already_reported)"', source)
    kept = re.findall(r'_dispute\w*\(.*"(\w+)"\)', source)
    returned = re.findall(r'return "(\w+)"', source)
    found = {*named, *chosen, *kept, *returned, "slot_taken"}
    assert len(found) >= 11
    return found


@pytest.mark.parametrize("reason", sorted(raised_reasons()))
def test_every_reason_of_a_dispute_has_words_of_its_own(app: Flask, reason: str) -> None:
    with app.test_request_context():
        for words in (conflict_words(reason), kept_words(reason)):
            assert words not in ("", conflict_words("no such reason"))
            assert "%(" not in words


def test_a_report_that_todays_rules_refuse_can_only_be_set_aside(
    app: Flask, client: Visitor, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        dispute = db.get_one(DisputedReport, world.own["dispute_id"])
        dispute.content = {**dispute.content, "men": -1}
    answer = client.get(f"/disputes/{world.own['dispute_id']}")
    assert "can no longer be read" in words_of(answer)
    assert 'value="taken"' not in answer.get_data(as_text=True)
    assert rule(client, world, "taken").status_code == 422
    assert rule(client, world, "set_aside").status_code == 303
