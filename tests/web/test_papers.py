"""Papers and calendars in the browser: one click to a PDF, marks, the letterhead, addresses."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from icalendar import Calendar
from sqlalchemy import event
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.papers.tables import Letterhead, Paper
from outreach.people.tables import Role
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

NOW = datetime(2026, 11, 10, 3, tzinfo=UTC)
EVERYTHING = ["assignment_letter", "notice", "attendance_list", "minutes", "route_sheet"]
LETTERHEAD = {
    "office": "Kantor Cabang Surakarta",
    "place": "Surakarta",
    "signer_name": "Sri Contoh",
    "signer_position": "Kepala",
    "number_pattern": "{code}-{number}/{year}",
}


@pytest.fixture
def coordinator(app: Flask, english: Callable[[Role], Visitor]) -> Visitor:
    app.extensions["clock"] = lambda: NOW
    return english(Role.COORDINATOR)


def _change(app: Flask, visit_id: int, **values: Any) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        visit = db.get_one(Visit, visit_id)
        for name, value in values.items():
            setattr(visit, name, value)
        visit.version += 1


def _papers(app: Flask, stage_id: int) -> list[Paper]:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        return list(db.exec(select(Paper).where(Paper.stage_id == stage_id).order_by(Paper.id)))  # type: ignore[arg-type]


def _text(answer: Any) -> str:
    with pypdfium2.PdfDocument(answer.data) as document:
        return " ".join(page.get_textpage().get_text_bounded() for page in document)


def test_one_click_on_a_visit_s_page_opens_its_notice(coordinator: Visitor, world: World) -> None:
    page = coordinator.get(f"/visits/{world.own['visit_id']}").text
    action = f"/stages/{world.own['stage_id']}/papers"
    assert f'action="{action}"' in page
    assert 'name="kinds" value="notice"' in page
    told = {"visit_id": world.own["visit_id"], "kinds": "notice"}
    answer = coordinator.send(action, told, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    name = "surat-pemberitahuan-sp-001-surakarta-xi-2026.pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{name}"'
    assert "Yth. Lurah Pajang" in _text(answer)


def test_all_papers_of_a_month_come_in_one_pdf(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    stage_id = world.own["stage_id"]
    told = {"kinds": EVERYTHING, "month": "2026-11-01"}
    answer = coordinator.send(f"/stages/{stage_id}/papers", told, follow_redirects=True)
    assert answer.status_code == 200
    text = _text(answer)
    for title in ("SURAT TUGAS", "Pemberitahuan", "DAFTAR HADIR", "BERITA ACARA", "LEMBAR"):
        assert title in text
    assert len(_papers(app, stage_id)) == len(EVERYTHING)
    again = coordinator.get(f"/stages/{stage_id}/papers/file", query_string=told)
    assert again.status_code == 200
    assert len(_papers(app, stage_id)) == len(EVERYTHING)


def test_more_papers_than_one_file_holds_are_listed_as_files(
    app: Flask, coordinator: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.papers.reading.MOST_IN_A_FILE", 1)
    stage_id = world.own["stage_id"]
    told = {"kinds": EVERYTHING, "month": "2026-11-01"}
    answer = coordinator.send(f"/stages/{stage_id}/papers", told, follow_redirects=True)
    assert answer.status_code == 200
    assert "5 papers have their numbers" in answer.text
    links = re.findall(r'<a href="([^"]+/papers/file\?[^"]+)"[^>]*>([^<]+)</a>', answer.text)
    assert [words.split(" · ")[0] for _link, words in links] == [
        "Assignment letter",
        "Notice to the village",
        "Attendance list",
        "Minutes",
        "Route sheet",
    ]
    titles = ("SURAT TUGAS", "Pemberitahuan", "DAFTAR HADIR", "BERITA ACARA", "LEMBAR")
    for (link, _words), title in zip(links, titles, strict=True):
        made = coordinator.get(link.replace("&amp;", "&"))
        assert made.headers["Content-Type"] == "application/pdf"
        assert title in _text(made)
    whole = coordinator.get(f"/stages/{stage_id}/papers/file", query_string=told)
    assert whole.status_code == 302
    assert "/papers/files?" in whole.location


def test_what_is_over_is_left_out_and_the_page_says_why(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    stage_id, visit_id = world.own["stage_id"], world.own["visit_id"]
    _change(app, visit_id, day=date(2026, 11, 9))
    path = f"/stages/{stage_id}/papers"
    assert "only minutes can still be made" in coordinator.get(path).text
    told = {"kinds": EVERYTHING, "month": "2026-11-01"}
    answer = coordinator.send(path, told, follow_redirects=True)
    assert "3 papers were not made, because their days are over" in answer.text
    kinds = {paper.kind.value for paper in _papers(app, stage_id)}
    assert kinds == {"assignment_letter", "minutes"}
    refused = coordinator.send(path, {"kinds": ["notice"], "visit_id": visit_id})
    assert refused.status_code == 409
    assert "only minutes can still be made" in refused.text


def test_nothing_is_held_open_while_papers_are_set(
    app: Flask, coordinator: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    engine = app.extensions["outreach"].engine
    open_now: set[int] = set()
    event.listen(engine, "checkout", lambda _raw, record, _proxy: open_now.add(id(record)))
    event.listen(engine, "checkin", lambda _raw, record: open_now.discard(id(record)))

    def set_nothing(*_given: object) -> bytes:
        opened.append(len(open_now))
        return b"%PDF"

    monkeypatch.setattr("outreach.web.coordinator_papers.typeset", set_nothing)
    coordinator.get(f"/papers/{world.own['paper_id']}/file")
    assert opened == [0]


def test_a_proposal_gets_no_paper_and_the_page_says_why(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    _change(app, world.own["visit_id"], work=Work.PROPOSED)
    told = {"kinds": ["notice"], "visit_id": world.own["visit_id"]}
    answer = coordinator.send(f"/stages/{world.own['stage_id']}/papers", told)
    assert answer.status_code == 409
    assert "None of these visits is approved yet" in answer.text
    page = coordinator.get(f"/visits/{world.own['visit_id']}").text
    assert "once the plan with this visit is approved" in page


def test_papers_are_marked_and_made_anew_after_a_move(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    stage_id, visit_id = world.own["stage_id"], world.own["visit_id"]
    path = f"/stages/{stage_id}/papers"
    assert "Out of date" not in coordinator.get(path).text
    _change(app, visit_id, day=date(2026, 11, 25))
    page = coordinator.get(path).text
    assert "1 paper is out of date. 1 paper says something else than the plan does now" in page
    assert "Out of date" in page
    answer = coordinator.send(f"{path}/renew", follow_redirects=True)
    assert "Rabu, 25 November 2026" in _text(answer)
    (paper,) = _papers(app, stage_id)
    assert (paper.number, paper.edition) == ("ST/001/SURAKARTA/XI/2026", 2)
    assert "Out of date" not in coordinator.get(path).text
    assert coordinator.send(f"{path}/renew").location == path


def test_void_papers_are_counted_and_set_aside_and_the_desk_leads_to_it(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    path = f"/stages/{world.own['stage_id']}/papers"
    _change(app, world.own["visit_id"], work=Work.CANCELLED)
    assert f'href="{path}#left"' in coordinator.get("/desk/papers").text
    page = coordinator.get(path).text
    assert "1 paper is out of date. 1 paper is about a visit or a day" in page
    assert f'action="{path}/renew"' not in page
    assert f'action="{path}/set-aside"' in page
    done = coordinator.send(f"{path}/set-aside", follow_redirects=True).text
    assert "1 paper set aside." in done
    assert "Visit no longer stands" in done
    assert f'action="{path}/set-aside"' not in done
    assert f'href="{path}#left"' not in coordinator.get("/desk/papers").text
    assert "No paper fits this filter." in coordinator.get(f"{path}?outdated=yes").text


def test_what_came_after_the_papers_is_counted_and_made_with_one_button(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    stage_id, visit_id = world.own["stage_id"], world.own["visit_id"]
    path = f"/stages/{stage_id}/papers"
    coordinator.send(path, {"kinds": ["route_sheet"], "visit_id": visit_id})
    _change(app, visit_id, day=date(2026, 11, 25))
    page = coordinator.get(path).text
    assert "have none yet: Route sheet 1." in page
    assert "Make what is out of date and what is missing, and print" in page
    text = _text(coordinator.send(f"{path}/renew", follow_redirects=True))
    assert "LEMBAR PERJALANAN" in text
    assert "SURAT TUGAS" in text
    assert "have none yet" not in coordinator.get(path).text


def test_a_route_sheet_that_the_stage_has_left_is_renewed_and_the_page_says_so(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    stage_id, visit_id = world.own["stage_id"], world.own["visit_id"]
    path = f"/stages/{stage_id}/papers"
    with unit_of_work(app.extensions["outreach"].engine) as db:
        ours = db.get_one(Visit, visit_id)
        other = db.exec(
            select(Visit).where(Visit.team_id == ours.team_id, Visit.stage_id != stage_id)
        ).first()
        assert other is not None
        other.day, other.slot, other.work = ours.day, 2, Work.CONFIRMED
    coordinator.send(path, {"kinds": ["route_sheet"], "visit_id": visit_id})
    _change(app, visit_id, work=Work.CANCELLED)
    assert "Out of date" in coordinator.get(path).text
    page = coordinator.send(f"{path}/renew", follow_redirects=True)
    assert page.status_code == 200
    assert "This stage has no visit on that day any more." in page.text
    (sheet,) = _papers(app, other.stage_id)
    assert sheet.edition == 2


def test_one_paper_is_made_again_from_the_list(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    paper_id = world.own["paper_id"]
    _change(app, world.own["visit_id"], day=date(2026, 11, 26))
    answer = coordinator.send(f"/papers/{paper_id}/again", follow_redirects=True)
    assert "26 November 2026" in _text(answer)
    _change(app, world.own["visit_id"], work=Work.CANCELLED)
    refused = coordinator.send(f"/papers/{paper_id}/again")
    assert refused.status_code == 409
    assert "does not stand any more" in refused.text


def test_a_code_leads_to_the_visit_on_this_installation(
    coordinator: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def draw(link: str) -> str:
        drawn.append(link)
        return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

    monkeypatch.setattr("outreach.papers.typesetting.qr", draw)
    told = {"kinds": ["route_sheet"], "visit_id": world.own["visit_id"]}
    coordinator.send(f"/stages/{world.own['stage_id']}/papers", told, follow_redirects=True)
    assert drawn == [f"http://localhost/visits/{world.own['visit_id']}"]


def test_the_list_is_filtered_and_says_who_made_what(coordinator: Visitor, world: World) -> None:
    path = f"/stages/{world.own['stage_id']}/papers"
    page = coordinator.get(path).text
    assert "ST/001/SURAKARTA/XI/2026" in page
    assert "Si coordinator" in page
    assert "Nobody is set as signer yet" in page
    assert "No telephone or e-mail address of the office is set" in page
    assert "No paper fits this filter." in coordinator.get(f"{path}?kind=notice").text
    assert coordinator.get(f"{path}?kind=nonsense&page=x").status_code == 200


def test_the_letterhead_is_checked_kept_and_shown_with_both_values_when_stale(
    coordinator: Visitor, world: World
) -> None:
    path = f"/branches/{world.own['branch_id']}/letterhead"
    page = coordinator.get(path).text
    assert "{code}/{number}/SURAKARTA/{month}/{year}" in page
    told = {
        "office": "Kantor Cabang Surakarta",
        "contact": "0271-714000",
        "place": "Surakarta",
        "signer_name": "Sri Contoh",
        "signer_position": "Kepala",
        "number_pattern": "{number}/{year}",
    }
    wrong = coordinator.send(path, told)
    assert wrong.status_code == 422
    assert "Give {code}, {number} and {year} once each" in wrong.text
    told["number_pattern"] = "{code}-{number}/{year}"
    told["signer_number"] = "3372014108900001"
    assert "identity number" in coordinator.send(path, told).text
    del told["signer_number"]
    assert coordinator.send(path, told).status_code == 303
    stale = coordinator.send(path, told | {"place": "Solo", "version": "0"})
    assert stale.status_code == 409
    assert "Stored meanwhile: Surakarta" in stale.text
    papers = coordinator.get(f"/stages/{world.own['stage_id']}/papers").text
    assert "Nobody is set as signer yet" not in papers
    assert "No telephone or e-mail address of the office is set" not in papers


def test_the_letterhead_leads_back_to_the_papers_one_came_from(
    coordinator: Visitor, world: World
) -> None:
    papers = f"/stages/{world.own['stage_id']}/papers"
    path = f"/branches/{world.own['branch_id']}/letterhead?stage={world.own['stage_id']}"
    assert f'href="{path}"' in coordinator.get(papers).text
    page = coordinator.get(path).text
    assert f'href="{papers}"' in page
    assert f'action="{path}"' in page
    assert coordinator.send(path, LETTERHEAD).location == papers
    foreign = f"/branches/{world.own['branch_id']}/letterhead?stage={world.foreign['stage_id']}"
    assert "/papers" not in coordinator.get(foreign).text


def test_the_pattern_is_written_and_read_in_the_reader_s_language(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    path = f"/branches/{world.own['branch_id']}/letterhead"
    told = LETTERHEAD | {"number_pattern": "{kode}-{nomor}/{bulan}/{tahun}"}
    assert coordinator.send(path, told).status_code == 303
    assert 'value="{code}-{number}/{month}/{year}"' in coordinator.get(path).text
    coordinator.get("/language/id")
    assert 'value="{kode}-{nomor}/{bulan}/{tahun}"' in coordinator.get(path).text
    wrong = coordinator.send(path, LETTERHEAD | {"number_pattern": "{nomor}"}).text
    assert "{kode}, {nomor}, dan {tahun}" in wrong
    assert "{code}" not in wrong
    with unit_of_work(app.extensions["outreach"].engine) as db:
        kept = db.get_one(Letterhead, world.own["branch_id"])
        assert kept.number_pattern == "{code}-{number}/{month}/{year}"


def _address(page: str) -> str:
    found = re.search(r'value="http://localhost(/cal/[^"]+)"', page)
    assert found
    return found[1]


def test_a_calendar_needs_no_login_and_ends_with_its_address(
    coordinator: Visitor, client: Visitor, world: World
) -> None:
    for path in (
        f"/teams/{world.own['team_id']}/calendar",
        f"/villages/{world.own['code']}/calendar",
    ):
        address = _address(coordinator.get(path).text)
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        events = Calendar.from_ical(answer.data).walk("VEVENT")
        assert any(str(one["uid"]).startswith(f"visit-{world.own['visit_id']}@") for one in events)
        same = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (same.status_code, same.data) == (304, b"")
        coordinator.send(path)
        gone = client.get(address)
        assert gone.status_code == 404
        assert "kantor cabang" in gone.text or "Ask the branch" in gone.text
        assert client.get(_address(coordinator.get(path).text)).status_code == 200


def test_a_changed_visit_changes_the_tag(
    app: Flask, coordinator: Visitor, client: Visitor, world: World
) -> None:
    address = _address(coordinator.get(f"/teams/{world.own['team_id']}/calendar").text)
    before = client.get(address).headers["ETag"]
    _change(app, world.own["visit_id"], day=date(2026, 11, 27))
    assert client.get(address, headers={"If-None-Match": before}).status_code == 200


def test_guessing_addresses_is_slowed_down_and_right_ones_are_not(
    coordinator: Visitor, client: Visitor, world: World
) -> None:
    address = _address(coordinator.get(f"/teams/{world.own['team_id']}/calendar").text)
    assert all(client.get(address).status_code == 200 for _ in range(70))
    wrong = [client.get(f"/cal/t{n}-{'a' * 24}.ics").status_code for n in range(1, 63)]
    assert wrong[0] == 404
    assert wrong[-1] == 429
