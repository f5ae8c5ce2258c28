"""The plan and the branch's data by Excel: downloaded, sent back, looked at, applied, undone."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from flask_babel import force_locale

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.sheets.kinds import Problem
from outreach.visits.tables import Work
from outreach.web.sheet_words import note_sentence
from tests import builders
from tests.sheets.desk import Lines, lines_of, saved
from tests.web.planned import Planned, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

TEAM, DAY, SLOT, ALLOW, NOTE = 3, 4, 5, 8, 9


@pytest.fixture
def client(english: Callable[[Role], Visitor], planned: Planned) -> Visitor:
    return english(Role.COORDINATOR)


def send(client: Visitor, path: str, content: bytes, name: str = "rencana.xlsx") -> Any:
    return client.send(
        path, {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data"
    )


def plan_lines(client: Visitor, planned: Planned) -> Lines:
    answer = client.get(f"/stages/{planned.stage_id}/plan.xlsx")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="rencana-')
    return lines_of(answer.data)


def test_a_file_carries_the_day_it_is_at_the_branch(app: Flask, client: Visitor) -> None:
    """Late in the evening of the tenth in Greenwich it is the eleventh in Surakarta."""
    app.extensions["clock"] = lambda: dt.datetime(2026, 11, 10, 20, tzinfo=dt.UTC)
    name = client.get("/data/officials/current.xlsx").headers["Content-Disposition"]
    assert name.endswith('-2026-11-11.xlsx"')


def version_on(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def act(client: Visitor, path: str, deed: str) -> Any:
    """Press one of the buttons of an upload's page."""
    version = version_on(client.get(path).text)
    return client.send(f"{path}/{deed}", {"version": version})


def two_to_swap(planned: Planned) -> list[Any]:
    """Two proposals that stand in different slots."""
    first, *others = [one for one in planned.visits() if one.work is Work.PROPOSED]
    return [first, next(one for one in others if (one.day, one.slot) != (first.day, first.slot))]


def swapped(lines: Lines, one: Any, two: Any) -> bytes:
    first, second = (
        next(line for line in lines if line[0] == visit.village_code) for visit in (one, two)
    )
    first[TEAM : SLOT + 1], second[TEAM : SLOT + 1] = (
        second[TEAM : SLOT + 1],
        first[TEAM : SLOT + 1],
    )
    return saved(lines)


def test_two_visits_change_places_by_excel_and_one_button_brings_them_back(
    client: Visitor, planned: Planned
) -> None:
    one, two = two_to_swap(planned)
    places = [(v.team_id, v.day, v.slot, v.starts_at, v.work) for v in planned.visits()]
    content = swapped(plan_lines(client, planned), one, two)
    answer = send(client, f"/stages/{planned.stage_id}/sheet", content)
    assert answer.status_code == 303
    path = answer.location
    page = words_of(client.get(path))
    assert "Nothing has been changed yet" in page
    assert "2 changes" in page
    assert "rencana.xlsx · uploaded by " in page
    assert planned.visit(one.id).slot == one.slot

    assert act(client, path, "apply").status_code == 303
    moved = planned.visit(one.id)
    assert (moved.team_id, moved.day, moved.slot) == (two.team_id, two.day, two.slot)
    assert act(client, path, "undo").status_code == 303
    assert [(v.team_id, v.day, v.slot, v.starts_at, v.work) for v in planned.visits()] == places
    assert "undone on" in words_of(client.get(path))


def test_rows_in_are_those_accepted_and_those_refused_and_errors_come_back_in_indonesian(
    client: Visitor, planned: Planned
) -> None:
    lines = plan_lines(client, planned)
    lines[1][TEAM] = "Tim Sembilan"
    lines[2][NOTE] = "Ibu Sri 3372011234560001"
    lines[3][DAY] = "32/13/2026"
    path = send(client, f"/stages/{planned.stage_id}/sheet", saved(lines)).location
    page = words_of(client.get(path))
    rows = len(lines) - 1
    for name, count in (
        ("Rows in the sheet", rows),
        ("Rows accepted", rows - 3),
        ("Rows refused", 3),
    ):
        assert f"{name} {count}" in page
    assert "3372011234560001" not in page

    teams = ", ".join(sorted({line[TEAM] for line in lines[4:] if line[TEAM]}))
    assert f"“Tim Sembilan” is not among: {teams}." in page
    assert "“32/13/2026” could not be read as a date. Please write it like 11/01/2027." in page

    answer = client.get(f"{path}/errors.xlsx")
    back = lines_of(answer.data)
    assert back[0][-1] == "Kesalahan"
    assert len(back) == len(lines)
    assert back[1][-1].startswith("Tim: “Tim Sembilan” ")
    assert back[1][-1].endswith(f": {teams}.")
    assert back[2][-1].startswith("Catatan: ")
    assert back[3][-1].startswith("Tanggal: “32/13/2026” ")
    assert [line[-1] for line in back[4:]] == [""] * (rows - 3)
    assert "3372011234560001" not in str(back)


def test_a_long_list_and_a_long_value_are_cut(
    client: Visitor, planned: Planned, world: World
) -> None:
    with unit_of_work(planned.engine) as db:
        for number in range(8):
            builders.team(db, world.own["branch_id"], f"Tim Z{number}")
    lines = plan_lines(client, planned)
    lines[1][TEAM] = "Gajah" * 20
    page = words_of(
        client.get(send(client, f"/stages/{planned.stage_id}/sheet", saved(lines)).location)
    )
    assert f"“{'Gajah' * 12}…” is not among: " in page
    assert "Tim Z0" in page
    assert "Tim Z7" not in page
    assert " …" in page


def to_a_sunday(client: Visitor, planned: Planned) -> tuple[Any, str]:
    """Send a plan in which one proposal comes to a Sunday."""
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    lines = plan_lines(client, planned)
    line = next(line for line in lines if line[0] == visit.village_code)
    line[DAY : SLOT + 1] = ["29/11/2026", ""]
    return visit, send(client, f"/stages/{planned.stage_id}/sheet", saved(lines)).location


def test_a_change_that_warns_is_applied_only_with_the_tick(
    client: Visitor, planned: Planned
) -> None:
    visit, path = to_a_sunday(client, planned)
    page = client.get(path)
    assert "Apply although 1 change carries a warning" in words_of(page)
    assert re.search(r"<strong>[^<]*Sunday", page.text)

    refused = act(client, path, "apply")
    assert refused.status_code == 409
    assert "look at the warnings and tick the box" in words_of(refused)
    assert planned.visit(visit.id).day == visit.day

    ticked = {"version": version_on(page.text), "despite": "on"}
    assert client.send(f"{path}/apply", ticked).status_code == 303
    assert planned.visit(visit.id).day == dt.date(2026, 11, 29)
    # It stands now, so the tick is nothing to ask for any more.
    assert "settled this sheet already" in words_of(client.send(f"{path}/apply", {"version": "1"}))


def test_a_closed_village_is_warned_of_in_a_whole_sentence(app: Flask) -> None:
    note = Problem("", "village_closed", {"village_code": "33.72.02.1001"})
    with app.test_request_context(), force_locale("en"):
        words = note_sentence(note, {"33.72.02.1001": "Joyotakan"})
    assert words == "The village is closed on that day: Joyotakan."


def test_a_sheet_that_is_overtaken_names_its_rows_and_can_be_checked_again(
    client: Visitor, planned: Planned
) -> None:
    one, two = two_to_swap(planned)
    lines = plan_lines(client, planned)
    content = swapped(lines, one, two)
    path = send(client, f"/stages/{planned.stage_id}/sheet", content).location
    other = send(client, f"/stages/{planned.stage_id}/sheet", content).location
    act(client, other, "apply")
    refused = act(client, path, "apply")
    assert refused.status_code == 409
    numbers = sorted(
        n for n, line in enumerate(lines, 1) if line[0] in (one.village_code, two.village_code)
    )
    assert f"{numbers[0]}, {numbers[1]}" in words_of(refused)
    assert act(client, path, "check").status_code == 303
    assert "there is nothing to apply" in words_of(client.get(path))
    assert act(client, path, "discard").status_code == 303
    # The page of before still has its button.
    late = client.send(f"{path}/apply", {"version": "1"})
    assert late.status_code == 409
    assert "settled this sheet already" in words_of(late)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"%PDF-1.7", "rencana.xlsx", "This is a PDF."),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "rencana.xls", "old Excel (.xls)"),
        (b"Nama;Umur\r\nx;1\r\n", "x.csv", "These columns are missing: Kode."),
    ],
)
def test_a_file_that_cannot_be_used_is_said_beside_the_field(
    client: Visitor, planned: Planned, content: bytes, name: str, words: str
) -> None:
    answer = send(client, f"/stages/{planned.stage_id}/sheet", content, name)
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert 'aria-describedby="trouble-plan"' in answer.text


def test_a_wrong_file_of_data_is_said_at_the_top_with_the_way_to_its_card(client: Visitor) -> None:
    answer = send(client, "/data/ledger", b"Nama;Umur\r\nx;1\r\n", "x.csv")
    assert answer.status_code == 422
    top = answer.text.split("<h1>")[0]
    assert re.search(r'<p class="alert[^>]*autofocus><a href="#ledger-title">', top)
    assert "These columns are missing" in top
    assert 'id="ledger-title"' in answer.text
    assert "autofocus" not in client.get("/data").text


LEDGER_HEADERS = "Kode wilayah;Bulan daftar;Saluran;Formulir;Per tanggal;Sumber"


def ledger_rows(client: Visitor, *rows: str) -> str:
    """Send rows of a ledger and return the address of what came of it."""
    content = "\r\n".join([LEDGER_HEADERS, *rows]).encode()
    answer = send(client, "/data/ledger", content, "buku.csv")
    assert answer.status_code == 303
    path: str = answer.headers["Location"]
    return path


def test_counts_above_the_estimated_workers_want_a_tick(client: Visitor, planned: Planned) -> None:
    code = planned.visits()[0].village_code
    path = ledger_rows(client, f"{code};10/2026;Sendiri;9999999;31/10/2026;Laporan")
    assert "Apply although 1 change carries a warning" in words_of(client.get(path))
    version = version_on(client.get(path).text)
    answer = client.send(f"{path}/apply", {"version": version})
    assert answer.status_code == 409
    assert "Nothing is applied yet" in words_of(answer)
    assert client.send(f"{path}/apply", {"version": version, "despite": "on"}).status_code == 303


def test_where_no_row_is_accepted_nothing_is_said_of_accepted_rows(
    client: Visitor, planned: Planned
) -> None:
    code = planned.visits()[0].village_code
    told = words_of(client.get(ledger_rows(client, f"{code};13/2026;Sendiri;9;31/10/2026;Laporan")))
    assert "No row was accepted, so there is nothing to apply" in told
    assert "say what stands already" not in told
    assert "“13/2026” could not be read as a month. Please write it like 01/2027." in told


def test_no_file_and_one_too_large_are_said(client: Visitor, planned: Planned) -> None:
    path = f"/stages/{planned.stage_id}/sheet"
    assert "Please choose a file." in words_of(client.send(path))
    large = client.post(
        path,
        data=b"x" * 3_000_000,
        content_type="multipart/form-data; boundary=x",
        headers={"X-CSRFToken": client.token()},
    )
    assert large.status_code == 413


def test_every_kind_of_data_goes_out_and_comes_back_without_a_difference(client: Visitor) -> None:
    page = client.get("/data").text
    kinds = sorted(set(re.findall(r"/data/(\w+)/current\.xlsx", page)))
    assert kinds == [
        "closed_periods", "ledger", "market_days", "members", "officials", "sponsorships", "teams",
        "vulnerable",
    ]  # fmt: skip
    for kind in kinds:
        empty = lines_of(client.get(f"/data/{kind}/template.xlsx").data)
        assert len(empty) == 1
        for ending in ("xlsx", "csv"):
            content = client.get(f"/data/{kind}/current.{ending}").data
            answer = send(client, f"/data/{kind}", content, f"data.{ending}")
            if answer.status_code == 422:
                assert "no rows below" in words_of(answer), kind
                continue
            page = words_of(client.get(answer.location))
            assert "Rows refused 0" in page, kind
            assert "there is nothing to apply" in page, kind


def test_the_plan_of_a_closed_stage_is_only_read(
    client: Visitor, planned: Planned, world: World
) -> None:
    path = f"/stages/{planned.stage_id}"
    client.send(f"{path}/close", {"version": version_on(client.get(path).text)})
    assert "Only the plan of an open stage" in words_of(client.get(f"{path}/sheet"))
