"""What an official's phone reads of its visits, reports and villages."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import brotli
import pytest
from sqlalchemy import event
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.tables import DisputedReport, Ruling
from outreach.people.tables import AccountArea, Role
from outreach.villages.tables import Village
from outreach.visits.lifecycle import turn
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from outreach.web.our_page import OUR_PAGE
from outreach.web.wall import FOR_WHOM
from tests.visits.world import NOW
from tests.web.planned import coordinator, engine_of, hang_clock
from tests.web.state_of_phone import STATE, state
from tests.web.world import FOREIGN_VILLAGE, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

    type LogIn = Callable[[Role], Visitor]


@pytest.fixture
def phone(app: Flask, english: LogIn) -> Visitor:
    """The phone of the official of the own village, some weeks before its visit."""
    hang_clock(app)
    return english(Role.OFFICIAL)


def the_visit(phone: Visitor, world: World) -> Any:
    return next((one for one in state(phone)["visits"] if one["id"] == world.own["visit_id"]), None)


def set_work(app: Flask, visit_id: int, work: Work, day: date | None = None) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit = db.get_one(Visit, visit_id)
        visit.work, visit.day = work, day or visit.day


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(*told: Any) -> None:
        statements.append(told[2])

    event.listen(engine_of(app), "before_cursor_execute", count)
    yield statements
    event.remove(engine_of(app), "before_cursor_execute", count)


def test_the_state_holds_what_the_official_needs_and_nothing_foreign(
    phone: Visitor, world: World
) -> None:
    told = state(phone)
    assert told["photos"] is True
    (visit,) = told["visits"]
    assert (visit["id"], visit["code"]) == (world.own["visit_id"], OWN_VILLAGE)
    assert (visit["day"], visit["starts_at"], visit["zone_name"]) == ("2026-11-18", "09:00", "WIB")
    assert (visit["can"], visit["openings"]) == (["report", "give_back"], [])
    assert visit["branch"] == "Surakarta"
    (report,) = told["reports"]
    assert (report["id"], report["men"], report["women"]) == (world.own["report_id"], 18, 24)
    assert (report["review"], report["can"]) == ("waiting", ["correct"])
    assert (report["photo"], report["signature"]) == (False, True)
    assert report["details"] == [
        {"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 9}
    ]
    (village,) = told["villages"]
    assert (village["code"], village["sessions"], village["signups"]) == (OWN_VILLAGE, 1, 9)
    assert (village["reached"], village["next_visit"]) == (True, "2026-11-18")
    assert told["me"]["villages"] == [village["name"]]
    text = phone.get(STATE).text
    assert FOREIGN_VILLAGE not in text
    assert world.foreign["report_id"] not in text


def test_the_same_state_is_only_named_again_in_a_few_bytes(
    phone: Visitor, world: World, app: Flask
) -> None:
    first = phone.get(STATE)
    hang_clock(app, NOW + timedelta(hours=3))
    headers = {"If-None-Match": first.headers["ETag"], "Accept-Encoding": "br"}
    again = phone.get(STATE, headers=headers)
    assert (again.status_code, again.data) == (304, b"")
    assert sum(len(f"{name}: {value}\r\n") for name, value in again.headers) < 500
    assert again.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in again.headers["Vary"]
    assert "Set-Cookie" not in again.headers
    set_work(app, world.own["visit_id"], Work.AWAITING)
    changed = phone.get(STATE, headers=headers)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert brotli.decompress(changed.data).startswith(b'{"me":')


def test_what_was_saved_for_somebody_else_is_not_taken_in_this_ones_name(
    phone: Visitor, world: World
) -> None:
    mine = world.accounts[Role.OFFICIAL][0]
    assert state(phone)["me"]["account"] == mine
    item = {"id": str(uuid.uuid4()), "visit_id": world.own["visit_id"]}
    for path, envelope in (("reports", {"reports": [item]}), ("answers", {"answers": [item]})):
        of_other = {OUR_PAGE[0]: OUR_PAGE[1], FOR_WHOM: str(mine + 1)}
        refused = phone.post(f"/api/v1/{path}", json=envelope, headers=of_other)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "other_person")
        of_mine = of_other | {FOR_WHOM: str(mine)}
        assert phone.post(f"/api/v1/{path}", json=envelope, headers=of_mine).status_code == 200


def test_each_language_has_a_state_of_its_own(phone: Visitor) -> None:
    english = phone.get(STATE)
    phone.set_cookie("language", "id")
    indonesian = phone.get(STATE, headers={"If-None-Match": english.headers["ETag"]})
    assert indonesian.status_code == 200
    assert indonesian.get_json()["visits"][0]["work_word"] == "Terkonfirmasi"


@pytest.mark.parametrize(
    ("work", "day", "can"),
    [
        (Work.AWAITING, "2026-11-18", ["report", "answer", "give_back"]),
        (Work.AWAITING, "2026-11-01", ["report"]),
        (Work.CONFIRMED, "2026-11-01", ["report"]),
        (Work.SENT_BACK, "2026-11-01", ["correct"]),
        (Work.PROPOSED, "2026-11-18", None),
        (Work.CANCELLED, "2026-11-18", None),
        (Work.DONE, "2026-11-01", None),
        (Work.CONFIRMED, "2027-01-20", None),
    ],
)
def test_a_visit_shows_what_may_be_done_to_it(
    phone: Visitor, world: World, app: Flask, work: Work, day: str, can: list[str] | None
) -> None:
    set_work(app, world.own["visit_id"], work, date.fromisoformat(day))
    visit = the_visit(phone, world)
    assert (visit and visit["can"]) == can


def test_why_a_report_was_sent_back_stands_beside_it(
    phone: Visitor, world: World, app: Flask
) -> None:
    visit_id = state(phone)["reports"][0]["visit_id"]
    by = coordinator(app, world)
    with unit_of_work(engine_of(app)) as db:
        version = db.get_one(Visit, visit_id).version
        asked: dict[str, Any] = {"version": version, "by": by, "now": NOW}
        turn(db, visit_id, Happening.SENT_BACK, reason="Berapa perempuan?", **asked)
    told = state(phone)
    (report,) = told["reports"]
    assert (report["review"], report["reason"]) == ("sent_back", "Berapa perempuan?")
    visit = next(one for one in told["visits"] if one["id"] == visit_id)
    assert (visit["can"], visit["reason"]) == (["correct"], "Berapa perempuan?")


def test_why_a_visit_was_given_back_by_itself_is_said_in_words(
    phone: Visitor, world: World, app: Flask
) -> None:
    visit_id = world.own["visit_id"]
    set_work(app, visit_id, Work.RETURNED, date(2026, 10, 25))
    with unit_of_work(engine_of(app)) as db:
        line = {"visit_id": visit_id, "village_code": OWN_VILLAGE, "at": NOW}
        returned = VisitEvent(**line, happening=Happening.RETURNED, reason="report_missing")
        db.add(returned)
    visit = the_visit(phone, world)
    assert visit["reason"] == "No report came within a week of its day."
    assert visit["can"] == ["report"]


def test_a_disputed_report_is_told_until_its_content_is_forgotten(
    phone: Visitor, world: World, app: Flask
) -> None:
    with unit_of_work(engine_of(app)) as db:
        dispute = DisputedReport(
            report_id=str(uuid.uuid4()),
            visit_id=world.own["visit_id"],
            village_code=OWN_VILLAGE,
            content={"held_on": "2026-11-01", "held_at": "09:00:00", "men": 3, "women": 4},
            fingerprint="x",
            reason="already_reported",
            account_id=world.accounts[Role.OFFICIAL][0],
            received_at=NOW,
        )
        db.add(dispute)
        db.flush()
        dispute_id, report_id = dispute.id, dispute.report_id
    told = state(phone)["disputes"][-1]
    assert (told["men"], told["ruling"], told["ruling_word"]) == (3, None, "With your branch")
    assert told["reason_word"].startswith("Somebody has reported this visit already.")
    with unit_of_work(engine_of(app)) as db:
        settled = db.get_one(DisputedReport, dispute_id)
        settled.ruling, settled.ruled_why = Ruling.SET_ASIDE, "Dihitung dua kali"
    assert state(phone)["disputes"][-1]["ruling_word"] == "Set aside: Dihitung dua kali"
    with unit_of_work(engine_of(app)) as db:
        db.get_one(DisputedReport, dispute_id).content = {}
    assert report_id not in {one["report_id"] for one in state(phone)["disputes"]}


def test_many_villages_cost_no_more_statements_than_one(
    phone: Visitor, world: World, app: Flask
) -> None:
    state(phone)
    with counted(app) as for_one:
        state(phone)
    with unit_of_work(engine_of(app)) as db:
        codes = db.exec(select(Village.code).where(Village.code.startswith("33.72.0"))).all()
        for code in codes[:20]:
            if code != OWN_VILLAGE:
                db.add(AccountArea(account_id=world.accounts[Role.OFFICIAL][0], code=code))
    with counted(app) as for_twenty:
        assert len(state(phone)["villages"]) == 20
    assert len(for_twenty) == len(for_one) < 20
