"""No telephone number of an official goes out without a line in the history, and admins read it."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from sqlalchemy import text
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.history.backups import note_backup
from outreach.history.drills import Drill, note_drill, note_restore
from outreach.history.recording import record
from outreach.history.tables import OF_NUMBERS, Deed, Event
from outreach.people.tables import Account, Branch, Official, Role
from outreach.visits.tables import Visit, Work
from outreach.web.history_pages import page_words
from outreach.web.request_ids import NO_ROUTE
from tests.builders import PASSWORD
from tests.web import samples
from tests.web.test_who_may import GUARDED_CASES, ask
from tests.web.world import OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy import Engine

    from tests.web.conftest import Visitor
    from tests.web.world import World

#: Where officials' numbers stand, as far as the world of these tests has something to show there.
WITH_NUMBERS = {
    "/officials",
    "/officials/<int:official_id>",
    "/officials/phones",
    "/messages",
    "/villages/<code>",
    "/visits/<int:visit_id>",
    "/stages/<int:stage_id>/ask",
    "/desk/<which>",
    "/data/<kind>/current.xlsx",
    "/data/<kind>/current.csv",
}
#: How the numbers of these tests begin.
OFFICIALS, TEAMS = "813900", "813800"
#: Other values than the samples': their lists hold numbers.
ALSO = {"/desk/<which>": {"which": "calls"}, "/data/<kind>": {"kind": "officials"}}


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["outreach"].engine
    return found


@pytest.fixture
def numbered(engine: Engine) -> dict[int, str]:
    """All officials get a number of their own, and visits wait for an answer: village by number."""
    with unit_of_work(engine) as db:
        for visit in db.exec(select(Visit)):
            # Without a link, so that its village is to be called.
            visit.work, visit.day = Work.AWAITING, date(2099, 1, 1) + timedelta(visit.id or 0)
        found = db.exec(select(Official)).all()
        for one in found:
            one.phone = f"+62813900{one.id:05}"
        return {one.id or 0: one.village_code for one in found}


def lines(engine: Engine, *deeds: Deed, since: int = 0) -> list[Event]:
    wanted = [one.value for one in deeds]
    query = select(Event).where(col(Event.id) > since, col(Event.deed).in_(wanted))
    with reading(engine) as db:
        return list(db.scalars(query.order_by(col(Event.id))))


def newest(engine: Engine) -> int:
    with reading(engine) as db:
        return db.scalar(text("SELECT coalesce(max(id), 0) FROM event")) or 0


def words_of(answer: Any) -> str:
    """All that can be read in a page or a file."""
    body: bytes = answer.get_data()
    if body.startswith(b"%PDF"):
        with pypdfium2.PdfDocument(body) as pdf:
            return " ".join(page.get_textpage().get_text_bounded() for page in pdf)
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as parts:
            return " ".join(parts.read(one).decode("utf-8", "replace") for one in parts.namelist())
    return body.decode("utf-8", "replace")


def numbers_in(answer: Any, begin: str = OFFICIALS) -> set[int]:
    """Which officials' numbers stand in an answer, however they are written; or which teams'."""
    told = re.sub(r"(?<=\d)[ .\-]+(?=\d)", "", words_of(answer))
    return {int(one) for one in re.findall(rf"{begin}(\d{{5}})(?!\d)", told)}


def walked(
    client: Visitor,
    role: Role,
    app: Flask,
    world: World,
    begin: str = OFFICIALS,
    method: str = "GET",
) -> Any:
    """Ask for all that a role may, and yield where officials' numbers are in the answer."""
    for case in GUARDED_CASES:
        if case.method != method or role.value not in case.roles:
            continue
        own = samples.values(world, set(case.arguments), "own", role) or {}
        others = [told for rule, told in ALSO.items() if case.rule.startswith(rule)]
        for more in ({}, *others):
            answer = ask(client, case, own | more, app)
            if numbers_in(answer, begin):
                yield case.rule, numbers_in(answer, begin)


def test_whoever_gets_a_number_stands_in_the_history(
    app: Flask,
    engine: Engine,
    login_as: Callable[[Role], Visitor],
    world: World,
    numbered: dict[int, str],
) -> None:
    account_id = world.accounts[Role.COORDINATOR][0]
    seen, before = set(), newest(engine)
    for rule, officials in walked(login_as(Role.COORDINATOR), Role.COORDINATOR, app, world):
        told = lines(engine, *OF_NUMBERS, since=before)
        assert told, f"numbers stand at {rule}, and nobody told the history"
        assert {(one.account_id, one.role, one.page) for one in told} == {
            (account_id, "coordinator", rule)
        }
        villages = {code for one in told for code in one.regions.split()}
        assert {numbered[one] for one in officials} <= villages, rule
        assert sum(one.numbers for one in told) >= len(officials), rule
        seen.add(rule)
        before = newest(engine)
    assert seen >= WITH_NUMBERS
    with reading(engine) as db:
        for line in db.scalars(select(Event)):
            assert "813900" not in str(line.model_dump())


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN, Role.OFFICIAL])
def test_nobody_else_gets_a_number(
    app: Flask,
    engine: Engine,
    login_as: Callable[[Role], Visitor],
    world: World,
    numbered: dict[int, str],
    role: Role,
) -> None:
    assert list(walked(login_as(role), role, app, world)) == []
    assert lines(engine, *OF_NUMBERS) == []


def test_what_cannot_be_told_is_not_shown(
    app: Flask, engine: Engine, login_as: Callable[[Role], Visitor], numbered: dict[int, str]
) -> None:
    app.testing = False
    client = login_as(Role.COORDINATOR)
    assert numbers_in(client.get("/officials"))
    with engine.begin() as db:
        db.execute(text("DROP TABLE event"))
    refused = client.get("/officials")
    assert refused.status_code >= 500
    assert not numbers_in(refused)


def test_logins_files_and_rights_stand_in_the_history(
    app: Flask,
    engine: Engine,
    client: Visitor,
    login_as: Callable[[Role], Visitor],
    world: World,
) -> None:
    client.send("/login", {"login": "manager", "password": "wrong"})
    client.send("/login", {"login": "manager", "password": PASSWORD})
    client.get("/board/table.csv")
    client.send("/logout")
    assert client.get("/board/table.csv").status_code == 303
    login_as(Role.ADMIN).send(f"/admin/accounts/{world.own['account_id']}/end-logins")
    manager, admin = (world.accounts[role][0] for role in (Role.MANAGER, Role.ADMIN))
    assert [(one.deed, one.account_id, one.role, one.about) for one in lines(engine, *Deed)] == [
        ("login_failed", manager, "", None),
        ("login", manager, "manager", None),
        ("file_taken", manager, "manager", None),
        ("logout", manager, "manager", None),
        ("logins_ended", admin, "admin", world.own["account_id"]),
    ]


def test_who_changed_people_and_plans_stands_in_the_history(
    app: Flask, engine: Engine, login_as: Callable[[Role], Visitor], world: World
) -> None:
    coordinator, admin = login_as(Role.COORDINATOR), login_as(Role.ADMIN)
    new = {"village_code": OWN_VILLAGE, "name": "Bu Rahayu", "position": "Carik"}
    coordinator.send("/officials/new", new)
    official = lines(engine, Deed.OFFICIAL_ADDED)[0].about
    changed = {**new, "position": "Lurah", "version": 1}
    coordinator.send(f"/officials/{official}", changed)
    coordinator.send(f"/officials/{official}/code", {"act": "give"})
    coordinator.send(f"/officials/{official}/odk")
    coordinator.send(f"/officials/phones/{world.own['device_id']}/lost")
    with reading(engine) as db:
        branch = db.get_one(Branch, world.own["branch_id"])
    admin.send(
        f"/admin/branches/{branch.id}",
        {
            **branch.model_dump(include={"regional_office", "base_village_code", "version"}),
            "name": "Solo",
            "regency_codes": ["33.72"],
        },
    )
    admin.send("/admin/branches/new", {"name": ""})  # refused: nothing was done
    by, admin_id = (world.accounts[role][0] for role in (Role.COORDINATOR, Role.ADMIN))
    assert [(one.deed, one.about, one.account_id) for one in lines(engine, *Deed)] == [
        ("official_added", official, by),
        ("official_changed", official, by),
        ("code_given", official, by),
        ("odk_key_given", official, by),
        ("phone_cut_off", world.own["device_id"], by),
        ("branch_changed", branch.id, admin_id),
    ]
    assert {one.branch_id for one in lines(engine, Deed.CODE_GIVEN)} == {branch.id}


def test_the_administrator_finds_who_got_numbers_of_a_place(
    engine: Engine, english: Callable[[Role], Visitor], world: World, numbered: dict[int, str]
) -> None:
    official = next(one for one, code in numbered.items() if code == OWN_VILLAGE)
    english(Role.COORDINATOR).get(f"/officials/{official}")
    admin = english(Role.ADMIN)

    def found(**asked: Any) -> str:
        answer = admin.get("/admin/history", query_string=asked)
        assert answer.status_code == 200
        return str(answer.get_data(as_text=True).partition("<tbody>")[2])

    for asked in (
        {"official": official},
        {"where": OWN_VILLAGE},
        {"where": OWN_VILLAGE.replace(".", "")},
        {"where": "33"},
        {"branch": world.own["branch_id"]},
        {"login": "coordinator", "deed": "numbers_seen"},
    ):
        told = found(**({"deed": "numbers"} | asked))
        assert "Telephone numbers seen" in told, asked
        assert "Si coordinator" in told
    for asked in (
        {"where": "33.72.05.1001"},
        {"where": "34"},
        {"branch": world.foreign["branch_id"]},
        {"login": "manager"},
        {"deed": "numbers_taken"},
        {"ends": "2026-01-01"},
        {"ends": "0001-01-01"},
        {"starts": "9999-12-31", "ends": "9999-12-31"},
        {"starts": "2999-01-01", "ends": "2999-01-02"},
    ):
        assert found(**({"deed": "numbers"} | asked)) == "", asked


def test_pages_and_moments_are_told_as_the_administrator_reads_them(
    engine: Engine, english: Callable[[Role], Visitor]
) -> None:
    at = datetime(2026, 11, 23, 13, 22, 31, tzinfo=UTC)
    with unit_of_work(engine) as db:
        record(db, Deed.PLAN_STARTED, at=at, about=18, page="/stages/<int:stage_id>/runs")
        record(db, Deed.FILE_TAKEN, at=at, page="/ledger/dues.csv")
        record(db, Deed.NUMBERS_TAKEN, at=at, page="outreach privacy breach")
        note_drill(db, Drill(at, at, held=True))
        note_restore(db, at, at - timedelta(hours=1))
        note_drill(db, Drill(at, None, held=False, found=("damaged",), file="a b.outreach"))
        note_backup(db, at, "2026-11-23")
        note_backup(db, at, "c.outreach", why="broke_off")
    told = english(Role.ADMIN).get("/admin/history?ends=2026-11-23").get_data(as_text=True)
    for words in (
        "Stage", "Sign-up ledger: dues.csv", "outreach privacy breach",
        "outreach backup drill, backup of 23/11/2026 20:22 WIB",
        "outreach backup restore, backup of 23/11/2026 19:22 WIB",
        "outreach backup drill: the file is damaged (a b.outreach)",
        "outreach backup make 2026-11-23",
        "outreach backup make: it broke off; the command told why (c.outreach)",
    ):  # fmt: skip
        assert f'<span class="hint">{words}</span>' in told
    assert "Restored from a backup" in told
    assert "&lt;int" not in told
    assert "+00:00" not in told


def test_every_page_with_numbers_or_files_has_words(app: Flask) -> None:
    rules = {one.rule for one in app.url_map.iter_rules()}
    with app.test_request_context():
        words = {rule: page_words(rule) for rule in rules}
        assert page_words(NO_ROUTE) == ""
    files = {rule for rule in rules if rule.endswith((".csv", ".xlsx", ".geojson", ".gpkg"))}
    lacking = {rule for rule in WITH_NUMBERS | files if not words[rule]}
    assert {rule for rule in lacking if not rule.startswith("/key/")} == set()
    assert not [told for told in words.values() if re.search("[<>/]", told)]


def test_a_name_stays_a_number_when_the_account_is_gone(
    engine: Engine, english: Callable[[Role], Visitor], world: World
) -> None:
    with unit_of_work(engine) as db:
        gone = db.get_one(Account, world.accounts[Role.COORDINATOR][0])
        db.add(Event(at=gone.created_at, deed="of a newer version", account_id=999_999))
        at = gone.created_at.date().isoformat()
    told = english(Role.ADMIN).get("/admin/history", query_string={"ends": at})
    assert "Account 999999" in told.get_data(as_text=True)
    assert "of a newer version" in told.get_data(as_text=True)


def test_wrong_questions_are_named_and_long_answers_come_by_page(
    engine: Engine, english: Callable[[Role], Visitor], world: World
) -> None:
    admin = english(Role.ADMIN)
    for asked, words in {
        "login=nobody": "No account has this login name.",
        "official=999999": "There is no official with this number.",
        "where=Solo": "This is not a region code",
        "starts=tomorrow": "",
        "deed=nothing": "",
    }.items():
        answer = admin.get(f"/admin/history?{asked}")
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True)
    for _ in range(51):
        english(Role.COORDINATOR).get("/board/table.csv")
    first = admin.get("/admin/history?deed=file_taken").get_data(as_text=True)
    assert first.count("File taken along</td>") == 0
    assert first.count('data-label="When"') == 50
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link is not None
    rest = admin.get(link[1].replace("&amp;", "&")).get_data(as_text=True)
    assert rest.count('data-label="When"') == 1
    assert 'rel="next"' not in rest


def test_the_history_tells_whose_numbers_stand_on_a_route_sheet(
    app: Flask,
    engine: Engine,
    login_as: Callable[[Role], Visitor],
    world: World,
    numbered: dict[int, str],
) -> None:
    app.extensions["clock"] = lambda: datetime(2026, 11, 10, 3, tzinfo=UTC)
    with unit_of_work(engine) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.work, visit.day = Work.CONFIRMED, date(2026, 11, 18)
    coordinator = login_as(Role.COORDINATOR)
    path = f"/stages/{world.own['stage_id']}/papers"
    told = {"kinds": ["assignment_letter"], "visit_id": world.own["visit_id"]}
    assert numbers_in(coordinator.send(path, told, follow_redirects=True)) == set()
    assert lines(engine, Deed.NUMBERS_TAKEN) == []
    told["kinds"] = ["route_sheet"]
    officials = numbers_in(coordinator.send(path, told, follow_redirects=True))
    (line,) = lines(engine, Deed.NUMBERS_TAKEN)
    assert {numbered[one] for one in officials} == {*line.regions.split()} == {OWN_VILLAGE}
    assert (line.numbers, line.account_id) == (1, world.accounts[Role.COORDINATOR][0])
