"""What is no answered form, too much of one, a guessed key, a database that is away."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from outreach.web.pressure import load_of
from tests.web.collect import Collect, answered, form_xml, photo, set_up, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

BOMB = """<?xml version="1.0"?><!DOCTYPE data [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<data id="laporan_sesi"><remarks>&c;</remarks></data>"""


@pytest.fixture
def collect(sqlite_engine: Engine, web_var: Path) -> Iterator[Collect]:
    with set_up(sqlite_engine.url.render_as_string(hide_password=False), web_var) as phone:
        yield phone


def outside(path: Path) -> str:
    return (
        f'<!DOCTYPE data [<!ENTITY x SYSTEM "file://{path}">]>'
        '<data id="laporan_sesi"><remarks>&x;</remarks></data>'
    )


def test_entities_are_not_followed(collect: Collect, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret of this machine")
    for xml in (BOMB, outside(tmp_path / "secret")):
        answer = collect.send(xml)
        assert answer.status_code == 422
        assert "the secret" not in answer.text
        assert words_of(answer)
    assert collect.stored() == []


@pytest.mark.parametrize("xml", ["", "<data", "<data/>", "a" * 300_000])
def test_what_is_no_form_of_ours_is_refused_with_words(collect: Collect, xml: str) -> None:
    answer = collect.send(xml)
    assert answer.status_code == 422
    assert "%(" not in words_of(answer)


def test_a_request_without_a_form_is_refused(collect: Collect) -> None:
    path = f"/key/{collect.key}/submission"
    assert collect.client.post(path).status_code == 422
    assert collect.client.post(path, data={"photo": "x"}).status_code == 422
    assert collect.client.post(path, data=b"{}", content_type="text/json").status_code == 422


def test_a_form_that_comes_as_a_field_is_taken(collect: Collect) -> None:
    xml = form_xml(answered(collect.visit_id))
    answer = collect.client.post(
        f"/key/{collect.key}/submission", data={"xml_submission_file": xml}
    )
    assert answer.status_code == 201


def test_too_much_at_once_is_told_in_the_protocols_form(collect: Collect) -> None:
    most = int(collect.get("/formList").headers["X-OpenRosa-Accept-Content-Length"])
    answer = collect.client.post(
        f"/key/{collect.key}/submission",
        input_stream=io.BytesIO(b""),
        environ_overrides={"CONTENT_LENGTH": str(most + 1)},
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413
    assert words_of(answer)
    assert answer.headers["X-OpenRosa-Version"] == "1.0"


def test_a_picture_without_its_form_is_refused(collect: Collect) -> None:
    parts = {"1.jpg": (io.BytesIO(photo()), "1.jpg", "image/jpeg")}
    answer = collect.client.post(f"/key/{collect.key}/submission", data=parts)
    assert answer.status_code == 422


def test_a_phone_with_a_broken_clock_is_heard(collect: Collect) -> None:
    xml = form_xml(answered(collect.visit_id, saved_at="yesterday"))
    collect.headers["Date"] = "at noon"
    assert collect.send(xml).status_code == 201
    (stored,) = collect.stored()
    assert (stored.saved_at, stored.skew_seconds) == (None, None)


def test_keys_cannot_be_guessed_at_will_and_a_right_one_never_waits(collect: Collect) -> None:
    statuses = [collect.get("/formList", key=f"{n:043}").status_code for n in range(61)]
    assert set(statuses[:60]) == {404}
    assert statuses[60] == 429
    assert collect.client.head(f"/key/{61:043}/submission").status_code == 429
    assert collect.get("/formList").status_code == 200


def test_what_breaks_is_told_and_the_key_comes_into_no_log(
    collect: Collect, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("a hole in the road")

    collect.client.application.extensions["clock"] = broken
    with caplog.at_level(logging.DEBUG):
        answer = collect.send(form_xml(answered(collect.visit_id)))
    assert answer.status_code == 500
    assert words_of(answer)
    assert "a hole in the road" in caplog.text
    assert collect.key not in caplog.text


def soon(answer: Any) -> bool:
    """Whether it tells once, and as a number of a minute at most, when to come again."""
    (seconds,) = answer.headers.getlist("Retry-After")
    return 2 <= int(seconds) <= 60


def test_under_pressure_a_form_is_put_off_and_the_rest_is_not(
    collect: Collect, caplog: pytest.LogCaptureFixture
) -> None:
    load = load_of(collect.client.application)
    load.waiting = lambda: 1_000
    assert [load.enter() for _ in range(4)] == [0.0] * 4  # half of the threads are at work
    answer = collect.send(form_xml(answered(collect.visit_id)))
    assert (answer.status_code, answer.headers["X-OpenRosa-Version"]) == (503, "1.0")
    assert soon(answer)
    assert words_of(answer)
    assert (collect.stored(), caplog.text) == ([], "")
    assert collect.get("/formList").status_code == 200
    load.waiting = lambda: 0
    assert collect.send(form_xml(answered(collect.visit_id))).status_code == 201


def test_a_database_that_is_away_is_waited_for(collect: Collect) -> None:
    assert collect.get("/formList").status_code == 200
    with collect.engine.begin() as connection:
        connection.execute(text("ALTER TABLE session_report RENAME TO away"))
    answer = collect.send(form_xml(answered(collect.visit_id)))
    assert answer.status_code == 503
    assert soon(answer)
    assert words_of(answer)
    with collect.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO session_report"))
    assert collect.send(form_xml(answered(collect.visit_id))).status_code == 201
