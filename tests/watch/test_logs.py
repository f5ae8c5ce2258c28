"""The log: one JSON line per event, allow-listed fields, nobody's data."""

from __future__ import annotations

import json
import logging

import pytest

from outreach.watch.logs import (
    FIELDS,
    JsonLine,
    TextLine,
    about,
    about_nothing,
    blotted,
    now_about,
    set_up,
)

ALWAYS = {"time", "level", "logger", "message"}


def _record(message: str, *args: object, name: str = "outreach.x", **more: object) -> str:
    record = logging.LogRecord(name, logging.WARNING, "x.py", 1, message, args, None)
    record.__dict__.update(more)
    return JsonLine().format(record)


def test_a_line_tells_what_it_is_about_and_nothing_else() -> None:
    with about(request_id="r-1", account_id=7, route="/x"):
        line = json.loads(_record("done", status=200, seconds=0.1, name_of_village="Laweyan"))
    assert line.keys() == ALWAYS | set(FIELDS)
    assert (line["request_id"], line["account_id"], line["status"]) == ("r-1", 7, 200)
    assert json.loads(_record("done")).keys() == ALWAYS


def test_what_is_about_one_request_ends_with_it() -> None:
    now_about(request_id="r-1")
    with about(account_id=7):
        now_about(route="/x")
        assert "account_id" in _record("done")
    assert json.loads(_record("done"))["request_id"] == "r-1"
    assert "account_id" not in _record("done")
    about_nothing()
    assert "r-1" not in _record("done")


def test_an_error_is_told_by_its_kind_and_its_way_but_not_by_its_words() -> None:
    def fails() -> None:
        raise ValueError("Sri Wahyuni, 081398765432")

    try:
        fails()
    except ValueError as error:
        told = _record("it failed", exc_info=(type(error), error, error.__traceback__))
        told_to = {"name": "outreach.x", "exc_info": (type(error), error, error.__traceback__)}
        text = TextLine().format(logging.makeLogRecord(told_to))
    line = json.loads(told)
    assert line["error"] == "ValueError"
    assert line["came_through"][-1].startswith("tests/watch/test_logs.py:")
    assert line["came_through"][-1].endswith(" fails")
    for shown in (told, text):
        assert "Sri" not in shown
        assert "0813" not in shown
    assert "ValueError" in text


@pytest.mark.parametrize(
    "number",
    ["3372011504870003", "081398765432", "+62 813-9876-5432", "(0271) 712 345 67", "sri@desa.id"],
)
def test_numbers_and_addresses_of_people_are_blotted_out(number: str) -> None:
    assert blotted(f"said {number}.") == "said …."


@pytest.mark.parametrize(
    "harmless", ["batch 17 in attempt 1", "33.72.01.1001", "2026-11-02", "192.168.100.200", "8000"]
)
def test_what_is_nobodys_stays(harmless: str) -> None:
    assert blotted(f"said {harmless}.") == f"said {harmless}."


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("Invalid request from ip=127.0.0.1: Invalid line 'GET /Sri-Wahyuni'", ()),
        ("Error handling request %s %s", ("GET", "/e/Sri-Wahyuni")),
    ],
)
def test_the_server_quotes_nobody(message: str, args: tuple[object, ...]) -> None:
    told = _record(message, *args, name="gunicorn.error")
    assert "Sri" not in told
    assert "request" in json.loads(told)["message"]


def test_of_a_task_that_fails_its_name_is_told_and_not_what_its_error_says() -> None:
    facts = {"name": "outreach.post_message", "id": "t-1", "description": "raised unexpected"}
    quoted = {"exc": "ValueError('Sri')", "args": "['Sri']", "traceback": "Sri"}
    told = _record(
        "Task %(name)s[%(id)s] %(description)s: %(exc)s",
        {**facts, **quoted},
        name="celery.app.trace",
    )
    message = json.loads(told)["message"]
    assert message == "Task outreach.post_message[t-1] raised unexpected: …"


def test_a_line_is_a_line_whatever_is_in_it() -> None:
    assert len(_record("first\nsecond").splitlines()) == 1


def test_people_at_a_terminal_are_told_what_needs_them(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("outreach.somewhere")
    set_up("text")
    log.info("all is well")
    log.warning("look")
    assert capsys.readouterr().err == "WARNING outreach.somewhere: look\n"


def test_programs_are_told_everything(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("")  # no terminal reads this
    logging.getLogger("tasks.somewhere").info("all is well")
    logging.getLogger("a.library").info("chatter")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "all is well"
