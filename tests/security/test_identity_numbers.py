"""Ten thousand identity numbers, however they are written, come into no field and no table."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from outreach.people import identity
from outreach.people.free_text import plain_file_name
from outreach.people.identity import _plain, holds_identity_number
from outreach.people.tables import Role
from outreach.web.our_page import OUR_PAGE
from outreach.web.routing import PUBLIC
from tests.security import everywhere
from tests.security.identity_numbers import KINDS, honest_texts, numbers
from tests.security.input_models import input_models, takes
from tests.web import samples
from tests.web.collect import answered, form_xml
from tests.web.test_who_may import READING, Case, every_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask
    from pydantic import BaseModel
    from sqlalchemy import Engine

    from tests.web.conftest import Visitor
    from tests.web.world import World

MANY = 10_000
HONEST = 15_000
#: Fields that take any text because it is looked up and forgotten.
LOOKED_UP = {
    "AccountsIn.q", "DirectoryIn.q", "HistoryIn.login", "HistoryIn.where",
    "outreach.web.coordinator_phones.ListIn.q", "SeenIn.text",
    "outreach.web.coordinator_desk.ListIn.text", "outreach.web.coordinator_desk.ListIn.team",
    "outreach.web.coordinator_desk.ListIn.stage", "TableIn.text", "TableIn.team",
    "ReviewsIn.text", "ReviewsIn.team", "ReviewsIn.stage", "CodeIn.code", "MoveFormIn.despite",
    "DecideIn.known", "DecideIn.common", "BordersIn.column", "BordersIn.layer",
    # Numbers of rows and codes of regions, of which only those that are there are kept.
    "SentIn.ids", "GivenIn.official", "SettledIn.allowed", "TokenIn.areas",
    # A moment, or else none.
    "SessionReportIn.saved_at",
}  # fmt: skip


def test_every_number_is_seen_in_every_writing() -> None:
    made = numbers(MANY)
    assert len({text for _, text in made}) > 9_900
    assert [text for _, text in made if not holds_identity_number(text)] == []


def test_honest_texts_are_hardly_ever_refused() -> None:
    made = list(honest_texts(HONEST))
    refused = [(kind, text) for kind, text in made if holds_identity_number(text)]
    assert len(set(made)) > HONEST * 0.7
    assert len(refused) < len(made) / 100, refused[:20]
    of_a_kind = Counter(kind for kind, _ in refused)
    assert all(count < len(made) / len(KINDS) / 50 for count in of_a_kind.values()), refused[:20]


def test_a_list_of_twos_is_refused_where_it_may_be_a_number_and_not_where_it_is_longer() -> None:
    """“33 72 11 15 12 87 12 34” is a number of somebody, whatever it was meant to be."""
    twos = "33 72 11 15 12 87 12 34"
    assert holds_identity_number(twos)
    assert holds_identity_number(f"No. 5: {twos}, 2 anak")
    assert not holds_identity_number(f"{twos} 40 51 17 9 8")
    assert holds_identity_number(f"{twos.replace('11', '01')} 40 51 17 9 8")


WRITINGS = (
    "NIK ibu Siti:\n337201\n550487\n0003", "3372015504 - 870003", "337201    550487    0003",
    *(f"3372{sign}015504{sign}870003" for sign in "\t:|;'+=~·•()[]\u2028℃\u0301\r\n"),
    "(3372) (0155) (0487) (0003)", "3372 01-550487/0003", "33720155 0487 : 0003",
    "3372O15504870003", "3372 0l55 o487 0003", "33７２ ٠١٥٥ ０４８７ 0003", "❸❸❼❷⓿❶❺❺⓿❹❽❼⓿⓿⓿❸",
    "HP 0812-3456-7890 / 3372 0155 0487 0003", "33.72.01.1001 337201 550487 0003",
    "12/05/2026 09.00 - 3372.0155.0487.0003", "33.72.01.1004 870003", "33.72.01.1004-87-0003",
    "15/01/2024 12.07.26.120190.0001", "2024, 12.07.26.120190.0001",
    "20240115 21.04.05 120190 0001", "15/01/24 12.15.03.120190.0001",
    "15/01/2024 12:07 26-120190/0001", "1/2/2026, 12.07 1/2/2026 21.04 05 12 01 90 0001",
)  # fmt: skip


@pytest.mark.parametrize("text", WRITINGS)
def test_numbers_are_seen_whatever_stands_between(text: str) -> None:
    assert holds_identity_number(text)


COSTLY = (
    "9 ", "9\n8 ", "1 22 ", "3", "O", "O1", "0812 ", "08123456789 ", "33.72.01.1001 ",
    "33.72 33.72 ", "-7.1234 110.1234 ", "12/05/2026 09.00 ",
    "12/05/2026 12.15" + " " * 40, "1" + " " * 50, "\u0301\u0316",
    "9\u0301\u0316", "\ufdfa", "\u06f3\u06f3\u200b",
)  # fmt: skip


def seconds(text: str) -> float:
    """Measure what the processor does for a text, whatever else the machine does."""
    started = time.process_time()
    holds_identity_number(text)
    return time.process_time() - started


@pytest.mark.parametrize("part", COSTLY)
def test_the_work_grows_with_the_text_and_no_faster(part: str) -> None:
    """Eight times the text is eight times the work; were it its square, sixty-four times."""
    short, long = (part * (signs // len(part)) for signs in (30_000, 240_000))
    assert min(seconds(long) for _ in range(3)) < 24 * max(min(map(seconds, [short] * 5)), 0.001)


def test_lengths_are_looked_at_before_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def noted(text: str) -> str:
        looked_at.append(len(text))
        return text

    monkeypatch.setattr(identity, "_plain", noted)
    long = "é " * 20_000
    for model in input_models():
        for field in model.model_fields:
            for given in (long, [long], {long: long}):
                takes(model, field, given)
    plain_file_name(long, 120)
    assert max(looked_at, default=0) <= 2_000


def names_of(model: type[BaseModel], field: str) -> set[str]:
    return {f"{model.__name__}.{field}", f"{model.__module__}.{model.__name__}.{field}"}


def test_every_field_of_every_form_refuses_them() -> None:
    dice = itertools.cycle(text for _, text in numbers(500))
    plain = itertools.cycle(number for number, _ in numbers(500))
    found, asked = set(), 0
    for model in input_models():
        for field in model.model_fields:
            if names_of(model, field) & (LOOKED_UP | cursors(model)):
                continue
            asked += 1
            # A number may be meant as one, as a text, or as one of several.
            for value in (next(plain), *itertools.islice(dice, 8)):
                given: tuple[Any, ...] = (value, [value], {value: value})
                found |= {f"{model.__name__}.{field}" for one in given if takes(model, field, one)}
    assert found == set()
    assert asked > 150


def cursors(model: type[BaseModel]) -> set[str]:
    """Where a program reads on: signed by us, and read again."""
    return {f"{model.__name__}.cursor"} if model.__module__.endswith("read_asked") else set()


def kept(engine: Engine, planted: Iterable[str]) -> list[tuple[str, str]]:
    """Find numbers that stand anywhere in the database, whatever stands between their digits."""
    wanted, found = set(planted), []
    for column, text in everywhere.all_texts(engine):
        digits = re.sub(r"\D", "", text if text.isascii() else _plain(text))
        windows = (digits[at : at + 16] for at in range(len(digits) - 15))
        found += [(column, one) for one in windows if one in wanted]
    return found


def test_what_is_found_would_be_seen(app: Flask, world: World) -> None:
    engine = app.extensions["outreach"].engine
    (number, _), *_ = numbers(1)
    everywhere.write(engine, lambda _: f"a {number[:6]}-{number[6:]}")
    assert len({column for column, _ in kept(engine, [number])}) > 20


HEADERS = (
    "name", "base_village_code", "members", "weekdays", "sessions_per_day", "day_starts",
    "day_ends", "phone", "Catatan",
)  # fmt: skip
HONEST_ROW = ("Tim", "33.72.01.1001", "Dewi", "Sen-Sab", "3", "08.00", "17.00", "", "")


def sheet(texts: Iterable[str]) -> bytes:
    """Write a number into one cell of every row, each time in another column."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, delimiter=";")
    lines.writerow(HEADERS)
    for number, text in enumerate(texts):
        row = list(HONEST_ROW)
        row[0] = f"Tim {number}"
        row[number % len(row)] = text
        lines.writerow(row)
    return out.getvalue().encode()


def reports(world: World, texts: Iterable[str]) -> dict[str, Any]:
    told = {"visit_id": world.own["visit_id"], "held_on": "2026-11-18", "held_at": "09:00"}
    fields = itertools.cycle(("remarks", "place", "met", "corrects_id", "men", "more"))
    items = [
        {**told, "id": str(uuid.UUID(int=n)), "men": 3, "women": 2, "signups": 1, field: text}
        for n, (field, text) in enumerate(zip(fields, texts, strict=False), start=1)
    ]
    return {"reports": items}


def test_no_number_comes_into_the_database_by_a_file_or_a_phone(
    app: Flask, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    made = numbers(MANY)
    texts = [text for _, text in made]
    coordinator, official = login_as(Role.COORDINATOR), login_as(Role.OFFICIAL)
    for start in range(0, MANY, 2_000):
        part = texts[start : start + 2_000]
        file = (io.BytesIO(sheet(part)), f"tim {part[0]}.csv")
        answer = coordinator.send("/data/teams", {"file": file}, content_type="multipart/form-data")
        assert answer.status_code == 303
    headers = dict((OUR_PAGE,))
    for start in range(0, 600, 100):
        sent = reports(world, texts[start : start + 100])
        answers = official.post("/api/v1/reports", json=sent, headers=headers).get_json()
        assert {one["outcome"] for one in answers["answers"]} == {"rejected"}
    for text in texts[:40]:
        xml = form_xml({**answered(world.own["visit_id"]), "remarks": text, "village": text})
        form = {"xml_submission_file": (io.BytesIO(xml.encode()), f"{text}.xml", "text/xml")}
        path = f"/key/{world.own['odk_key']}/submission"
        assert app.test_client().post(path, data=form).status_code == 422
    assert kept(app.extensions["outreach"].engine, [number for number, _ in made]) == []


def asked_with(
    app: Flask, visitor: Visitor, case: Case, values: dict[str, Any], text: str, names: set[str]
) -> int:
    """Ask a route with the text in all fields that any form has, and in its address."""
    with app.test_request_context():
        path = app.url_for(case.endpoint, **values)
    told = dict.fromkeys(names, text)
    if case.method in READING:
        return int(visitor.get(path, query_string=told).status_code)
    agent = "".join(sign if sign.isprintable() else " " for sign in f"Android {text}")
    sent = {"X-CSRFToken": visitor.token(), "User-Agent": agent, **dict((OUR_PAGE,))}
    if case.rule.startswith("/api/"):
        content = json.dumps({"reports": [told], "answers": [told], **told})
        return int(
            visitor.open(
                path, method=case.method, data=content, headers=sent, query_string=told
            ).status_code
        )
    return int(visitor.open(path, method=case.method, data=told, headers=sent).status_code)


@pytest.mark.parametrize("role", list(Role))
def test_no_number_comes_into_the_database_by_any_address(
    app: Flask, world: World, login_as: Callable[[Role], Visitor], role: Role
) -> None:
    names = {name for model in input_models() for name in model.model_fields} | {
        "login", "password", "address", "replaces", "version", "areas", "code", "back", "page",
    }  # fmt: skip
    made, asked = numbers(400), 0
    spellings = itertools.cycle([*made, *((number, number) for number, _ in made)])
    app.testing = False
    for case in every_case():
        is_open = case.roles == PUBLIC and role is Role.OFFICIAL
        if not (role in case.roles or is_open) or case.endpoint.endswith("logout"):
            continue
        values = samples.values(world, set(case.arguments), "own", role) or {}
        _, text = next(spellings)
        visitor: Any = app.test_client() if is_open else login_as(role)
        status = asked_with(app, visitor, case, values, text, names)
        assert status < 500, f"{case}: {status}"
        asked += 1
    assert asked > 8
    assert kept(app.extensions["outreach"].engine, [number for number, _ in made]) == []
