"""Reports on paper: from the printed form over its code to one report, beside what phones send."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import DisputedReport, ReportSource, SessionReport
from outreach.papers.form_codes import key_of, report_id_of, shown_code
from outreach.people.access import person_of
from outreach.people.tables import Role
from outreach.visits.tables import Visit, Work
from outreach.web import coordinator_forms
from tests.papers.shop import texts
from tests.visits.world import NOW
from tests.web.test_official import FORM
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

AFTER = NOW.replace(day=19)
PAPER = {**FORM, "paid": "3", "minutes": "95"}


@pytest.fixture(autouse=True)
def _clock(app: Flask) -> None:
    """The morning after the visit."""
    app.extensions["clock"] = lambda: AFTER


@pytest.fixture
def coordinator(login_as: LogIn) -> Visitor:
    return login_as(Role.COORDINATOR)


@pytest.fixture
def official(login_as: LogIn) -> Visitor:
    return login_as(Role.OFFICIAL)


def _address(world: World) -> str:
    return f"/my/visits/{world.own['visit_id']}/paper"


def _paper_id(world: World) -> str:
    return str(report_id_of(world.own["visit_id"], world.own["code"], key_of(SECRET)))


def _stored(app: Flask, world: World) -> list[SessionReport]:
    with reading(app.extensions["outreach"].engine) as db:
        of_visit = SessionReport.visit_id == world.own["visit_id"]
        return list(db.exec(select(SessionReport).where(of_visit)))


def _disputes(app: Flask, world: World) -> list[DisputedReport]:
    with reading(app.extensions["outreach"].engine) as db:
        of_visit = DisputedReport.visit_id == world.own["visit_id"]
        return list(db.exec(select(DisputedReport).where(of_visit)))


def _phone_sends(app: Flask, world: World, **other: Any) -> str:
    """A phone sends the report of the visit before the paper is typed in."""
    report = {
        "id": str(uuid.uuid4()),
        "visit_id": world.own["visit_id"],
        "held_on": "2026-11-18",
        "held_at": "09:10",
        "men": 20,
        "women": 22,
        "signups": 7,
        **other,
    }
    with unit_of_work(app.extensions["outreach"].engine) as db:
        by = person_of(db, world.accounts[Role.OFFICIAL][0])
        assert by
        then: datetime = AFTER
        (answer,) = take_in(db, [report], by, then)
    assert answer.outcome == "accepted"
    return answer.id


@pytest.mark.parametrize("role", [Role.OFFICIAL, Role.COORDINATOR])
def test_the_code_on_the_paper_leads_to_its_form(login_as: LogIn, world: World, role: Role) -> None:
    client = login_as(role)
    for typed in (world.own["form_code"], shown_code(world.own["form_code"])):
        answer = client.get("/f", query_string={"code": typed})
        assert (answer.status_code, answer.location) == (303, _address(world))
    assert client.get(f"/f/{world.own['form_code']}").location == _address(world)
    assert shown_code(world.own["form_code"]) in client.get(_address(world)).text


def test_the_page_asks_for_a_code_and_says_when_there_is_no_such_form(
    coordinator: Visitor, world: World
) -> None:
    assert 'name="code"' in coordinator.get("/f").text
    for code in ("nonsense", world.foreign["form_code"]):
        answer = coordinator.get("/f", query_string={"code": code})
        assert answer.status_code == 422
        assert 'id="code-problem"' in answer.text
        assert f'value="{code}"' in answer.text


def test_who_scans_without_a_login_comes_back_to_the_form(client: Visitor, world: World) -> None:
    answer = client.get(f"/f/{world.own['form_code']}")
    assert answer.location.startswith("/login")
    assert world.own["form_code"] in answer.location


def test_what_stands_on_the_paper_is_stored_under_the_form_s_own_id(
    coordinator: Visitor, world: World, app: Flask
) -> None:
    forged = {**PAPER, "id": str(uuid.uuid4()), "corrects_id": world.own["report_id"]}
    answer = coordinator.send(_address(world), forged)
    assert answer.status_code == 303
    (report,) = _stored(app, world)
    assert (report.id, report.source) == (_paper_id(world), ReportSource.PAPER)
    assert (report.men, report.women, report.signups, report.paid) == (20, 22, 7, 3)
    assert (report.minutes, report.corrects_id) == (95, None)
    page = coordinator.get(answer.location).text
    assert "95" in page
    with reading(app.extensions["outreach"].engine) as db:
        assert db.get_one(Visit, world.own["visit_id"]).work is Work.DONE


@pytest.mark.parametrize(("day", "held_on", "held_at"), [(18, "2026-11-18", "09:00"), (10, "", "")])
def test_nothing_is_filled_in_that_the_paper_does_not_tell(
    app: Flask, coordinator: Visitor, world: World, day: int, held_on: str, held_at: str
) -> None:
    app.extensions["clock"] = lambda: NOW.replace(day=day)
    page = coordinator.get(_address(world)).text
    for name, value in (("held_on", held_on), ("held_at", held_at)):
        (field,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
        assert f'value="{value}"' in field


def test_the_same_paper_typed_in_by_two_is_one_report(
    coordinator: Visitor, official: Visitor, world: World, app: Flask
) -> None:
    coordinator.get(_address(world))
    official.get(_address(world))
    first = official.send(_address(world), PAPER)
    second = coordinator.send(_address(world), PAPER)
    assert first.location.endswith("saved=accepted")
    assert second.location.partition("?")[0] == first.location.partition("?")[0]
    assert len(_stored(app, world)) == 1
    assert _disputes(app, world) == []
    again = coordinator.get(_address(world))
    assert again.location.endswith(f"/my/reports/{_paper_id(world)}?saved=typed_before")


def test_the_same_paper_with_other_numbers_is_kept_to_be_compared(
    coordinator: Visitor, official: Visitor, world: World, app: Flask
) -> None:
    official.send(_address(world), PAPER)
    answer = coordinator.send(_address(world), {**PAPER, "men": "21"})
    (dispute,) = _disputes(app, world)
    assert answer.location == f"/disputes/{dispute.id}"
    assert dispute.content["men"] == 21
    assert [one.men for one in _stored(app, world)] == [20]


def test_what_a_phone_has_sent_meanwhile_is_shown_first(
    coordinator: Visitor, world: World, app: Flask
) -> None:
    stored = _phone_sends(app, world)
    page = coordinator.get(_address(world)).text
    assert f'href="/my/reports/{stored}"' in page
    assert 'name="men"' not in page
    link = re.search(r'href="([^"]+differs=1)"', page)
    assert link
    form = coordinator.get(link[1]).text
    assert 'name="men"' in form
    assert f'href="/my/reports/{stored}"' in form


def test_the_same_figures_on_paper_and_from_a_phone_leave_nothing_to_decide(
    official: Visitor, world: World, app: Flask
) -> None:
    details = [{"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 7}]
    told = {"paid": 3, "minutes": 95, "place": "Balai kelurahan", "details": details}
    stored = _phone_sends(app, world, **told, remarks="Ramai\nsekali")
    answer = official.send(_address(world), PAPER)
    assert answer.location.endswith(f"/my/reports/{stored}?saved=same")
    assert _disputes(app, world) == []
    assert len(_stored(app, world)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"men": "21"},
        {"paid": "2"},
        {"held_on": "2026-11-17"},
        {"minutes": "60"},
        {"remarks": "Hujan"},
        {"details.0.payer": "apbdes"},
    ],
)
def test_what_differs_from_a_phone_s_report_is_kept_beside_it(
    official: Visitor, world: World, app: Flask, change: dict[str, str]
) -> None:
    details = [{"sector": "trader", "package": "jkk_jkm", "payer": "self", "workers": 7}]
    told = {"paid": 3, "minutes": 95, "place": "Balai kelurahan", "details": details}
    stored = _phone_sends(app, world, **told, remarks="Ramai\nsekali")
    answer = official.send(_address(world), PAPER | change)
    assert answer.location.endswith(f"/my/reports/{stored}?saved=beside")
    (dispute,) = _disputes(app, world)
    assert (dispute.report_id, dispute.source) == (_paper_id(world), ReportSource.PAPER)
    assert [one.id for one in _stored(app, world)] == [stored]
    assert "alert-warning" in official.get(answer.location).text


def test_what_is_wrong_on_the_paper_is_said_and_what_was_typed_stays(
    coordinator: Visitor, world: World, app: Flask
) -> None:
    answer = coordinator.send(_address(world), {**PAPER, "paid": "8"})
    assert answer.status_code == 422
    assert 'id="paid-problem"' in answer.text
    assert 'value="95"' in answer.text
    assert f'action="{_address(world)}"' in answer.text
    assert _stored(app, world) == []


def test_the_form_of_a_visit_is_there_for_its_official_until_it_is_reported(
    official: Visitor, world: World
) -> None:
    address = f"/my/visits/{world.own['visit_id']}/form.pdf"
    assert f'href="{address}"' in official.get("/my").text
    answer = official.get(address)
    assert answer.mimetype == "application/pdf"
    (page,) = texts(answer.data)
    assert shown_code(world.own["form_code"]) in page
    official.send(_address(world), PAPER)
    assert official.get(address).status_code == 409
    assert address not in official.get("/my").text


def test_the_forms_of_a_stage_come_in_one_pdf(coordinator: Visitor, world: World) -> None:
    address = f"/stages/{world.own['stage_id']}/forms"
    assert f'action="{address}"' in coordinator.get(f"/stages/{world.own['stage_id']}/papers").text
    for query in ({}, {"day": "2026-11-18"}, {"month": "2026-11-01", "team_id": ""}):
        answer = coordinator.get(address, query_string=query)
        assert answer.mimetype == "application/pdf", query
        assert shown_code(world.own["form_code"]) in texts(answer.data)[0]
    for query in ({"day": "2026-11-17"}, {"part": "2"}):
        assert coordinator.get(address, query_string=query).status_code == 404


def test_more_forms_than_a_file_holds_come_as_several(
    coordinator: Visitor, world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator_forms, "MOST_IN_A_FILE", 1)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        first = db.get_one(Visit, world.own["visit_id"])
        second = first.model_dump(exclude={"id"}) | {"slot": 2, "village_code": "33.72.01.1002"}
        db.add(Visit(**second))
    page = coordinator.get(f"/stages/{world.own['stage_id']}/forms").text
    links = re.findall(r'href="([^"]+part=\d+[^"]*)"', page)
    assert len(links) == 2
    codes = {texts(coordinator.get(link.replace("&amp;", "&")).data)[0] for link in links}
    assert len(codes) == 2


def test_a_paper_that_leaves_out_who_paid_says_what_is_stored(
    official: Visitor, world: World, app: Flask
) -> None:
    stored = _phone_sends(app, world, paid=3)
    bare = {name: FORM[name] for name in ("met", "held_on", "held_at", "men", "women", "signups")}
    answer = official.send(_address(world), bare)
    assert answer.location.endswith(f"/my/reports/{stored}?saved=same")
    assert _disputes(app, world) == []


def test_a_paper_of_a_visit_that_was_called_off_is_kept_for_the_branch(
    official: Visitor, coordinator: Visitor, world: World, app: Flask
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.POSTPONED
    assert "alert-warning" in official.get(_address(world)).text
    answer = official.send(_address(world), PAPER)
    assert answer.status_code == 200
    assert "alert-warning" in answer.text
    (dispute,) = _disputes(app, world)
    assert (dispute.report_id, dispute.reason) == (_paper_id(world), "wrong_status")
    ruling = {"ruling": "set_aside", "why": "Daftar hadir kosong", "version": 1}
    assert coordinator.send(f"/disputes/{dispute.id}/ruling", ruling).status_code == 303
    assert "Daftar hadir kosong" in official.send(_address(world), PAPER).text
    assert coordinator.send(_address(world), PAPER).location == f"/disputes/{dispute.id}"


@pytest.mark.parametrize("ruling", ["set_aside", "taken"])
def test_who_types_a_paper_in_again_is_told_what_was_decided(
    official: Visitor, coordinator: Visitor, world: World, app: Flask, ruling: str
) -> None:
    stored = _phone_sends(app, world)
    official.send(_address(world), {**PAPER, "men": "30"})
    official.send(_address(world), PAPER)
    first, second = _disputes(app, world)
    told = {"ruling": ruling, "why": "Dicocokkan", "version": 1}
    assert coordinator.send(f"/disputes/{first.id}/ruling", told).status_code == 303
    again = official.send(_address(world), {**PAPER, "men": "30"})
    assert again.location.endswith(f"saved={ruling}") or again.location.endswith("saved=same")
    if ruling == "set_aside":
        assert f"/my/reports/{stored}" in again.location
    assert official.get(again.location).status_code == 200
    there = coordinator.send(_address(world), {**PAPER, "men": "30"})
    assert there.location in (f"/disputes/{first.id}", again.location)
    assert coordinator.send(_address(world), PAPER).location == f"/disputes/{second.id}"


@pytest.mark.parametrize("work", [Work.POSTPONED, Work.PROPOSED])
def test_a_report_on_the_page_that_only_the_branch_can_judge_is_kept(
    official: Visitor, world: World, app: Flask, work: Work
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Visit, world.own["visit_id"]).work = work
    told = {**FORM, "id": str(uuid.uuid4())}
    answer = official.send(f"/my/visits/{world.own['visit_id']}/report", told)
    assert answer.status_code == 200
    (dispute,) = _disputes(app, world)
    assert (dispute.report_id, dispute.reason) == (told["id"], "wrong_status")
    assert _stored(app, world) == []
