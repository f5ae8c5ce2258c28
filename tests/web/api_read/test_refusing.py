"""Programs that ask wrongly, without a token that holds, or too often."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from outreach.db import unit_of_work
from outreach.people.tables import Account, ApiToken, Role
from outreach.web.api_read import ENDPOINTS, READINGS
from outreach.web.read_answers import Problem
from outreach.web.read_frame import PROBLEM_TYPE
from tests.web.reading_program import PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from tests.web.conftest import Visitor
    from tests.web.reading_program import Api


def problems(answer: Any) -> Any:
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    told = answer.get_json()
    assert (told["status"], told["code"]) == (422, "invalid")
    assert told["facts"]["words"].keys() == told["facts"]["problems"].keys()
    return told["facts"]["problems"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("limit=0", {"limit": ["greater_than_equal"]}),
        ("limit=501", {"limit": ["less_than_equal"]}),
        ("limit=1_0", {"limit": ["int_parsing"]}),
        ("limit=", {"limit": ["int_parsing"]}),
        ("limit=1&limit=2", {"limit": ["given_twice"]}),
        ("limits=1", {"limits": ["extra_forbidden"]}),
        ("area=solo", {"area": ["not_a_region_code"]}),
        ("area=33.7201", {"area": ["not_a_region_code"]}),
        ("area=33.72%0A", {"area": ["not_a_region_code"]}),
        ("campaign=0", {"campaign": ["greater_than_equal"]}),
        ("campaign=2147483648", {"campaign": ["less_than_equal"]}),
        ("kind=kota", {"kind": ["enum"]}),
        ("work=never", {"work": ["enum"]}),
        ("from=0", {"from": ["date_parsing"]}),
        ("from=2026-02-31", {"from": ["date_from_datetime_parsing"]}),
        ("until=1999-12-31", {"until": ["date_parsing"]}),
        ("from=2026-11-05&until=2026-11-04", {"until": ["ends_before_it_starts"]}),
        ("limit=0&kind=kota", {"limit": ["greater_than_equal"], "kind": ["enum"]}),
    ],
)
def test_what_cannot_be_asked_is_named(
    quick_api: Api, query: str, problem: dict[str, list[str]]
) -> None:
    assert problems(quick_api.ask(f"/visits?{query}", quick_api.token())) == problem


def test_weeks_have_limits_of_their_own(quick_api: Api) -> None:
    token = quick_api.token()
    asked = {
        "": {"from": ["missing"], "until": ["missing"]},
        "from=2026-01-05&until=2027-01-12": {"until": ["span_too_long"]},
        "from=2026-01-05&until=2026-01-04": {"until": ["ends_before_it_starts"]},
        "from=2026-01-05&until=2026-01-06&level=village": {"level": ["literal_error"]},
    }
    for query, problem in asked.items():
        assert problems(quick_api.ask(f"/weeks?{query}", token)) == problem
    assert quick_api.ask("/weeks?from=2026-01-05&until=2027-01-11", token).status_code == 200
    assert quick_api.ask("/weeks?from=2000-01-01&until=2000-01-01", token).status_code == 200
    assert quick_api.ask("/weeks?from=2099-12-31&until=2099-12-31", token).status_code == 200


def test_the_zero_sign_is_refused_in_the_same_form(quick_api: Api) -> None:
    answer = quick_api.ask("/visits?cursor=%00", quick_api.token())
    assert (answer.status_code, answer.get_json()["code"]) == (400, "http_400")
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "shown", [None, "", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "bearer outreach_x"]
)
def test_without_a_token_nothing_is_told(quick_api: Api, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": shown}
    for endpoint in ENDPOINTS:
        answer = quick_api.app.test_client().get(PATH + endpoint.path, headers=headers)
        assert answer.status_code == 401, endpoint.path
        assert answer.is_json
        assert answer.get_json()["code"] == "token_required"
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="outreach"')


def test_a_login_is_no_token(
    login_as: Callable[[Role], Visitor], client: Visitor, app: Any
) -> None:
    for role in Role:
        assert login_as(role).get(f"{PATH}/regions").status_code == 401


def test_a_token_opens_no_page_and_no_phones_address(quick_api: Api) -> None:
    sent = {"Authorization": f"Bearer {quick_api.token()}", "Accept": "text/html"}
    asker = quick_api.app.test_client()
    assert asker.get("/map", headers=sent).status_code == 303
    assert asker.get("/tokens", headers=sent).location.startswith("/login")
    assert asker.post("/api/v1/reports", headers=sent).status_code == 401


def _newest(db: Session) -> ApiToken:
    return db.exec(select(ApiToken).order_by(col(ApiToken.id).desc()).limit(1)).one()


def test_a_token_that_ended_is_refused_from_then_on(quick_api: Api) -> None:
    token = quick_api.token()
    assert quick_api.ask("/regions", token).status_code == 200
    with unit_of_work(quick_api.engine) as db:
        row = _newest(db)
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    answer = quick_api.ask("/regions", token)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_closed_account_ends_its_tokens(quick_api: Api) -> None:
    token = quick_api.token()
    with unit_of_work(quick_api.engine) as db:
        db.get_one(Account, quick_api.account_id).is_active = False
    assert quick_api.ask("/regions", token).status_code == 401


def test_that_a_token_was_used_is_noted_also_where_nothing_changed(quick_api: Api) -> None:
    token = quick_api.token()
    version = quick_api.ask("/regions", token).headers["ETag"]
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    with unit_of_work(quick_api.engine) as db:
        _newest(db).last_used_at = long_ago
    assert quick_api.ask("/regions", token, If_None_Match=version).status_code == 304
    with unit_of_work(quick_api.engine) as db:
        used = _newest(db).last_used_at
        assert used is not None
        assert used > long_ago + timedelta(minutes=4)


def test_who_asks_too_often_is_told_when_to_go_on(quick_api: Api) -> None:
    eager, calm = quick_api.token(), quick_api.token()
    most = int(READINGS.split()[0])
    for number in range(most):
        path = "/campaigns?limit=0" if number % 2 else "/stages?limit=0"
        assert quick_api.ask(path, eager).status_code == 422
    refused = quick_api.ask("/regions", eager)
    assert refused.status_code == 429
    assert refused.get_json()["code"] == "http_429"
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert quick_api.ask("/regions", calm).status_code == 200


def test_a_token_is_in_no_log_and_no_cookie_is_set(
    quick_api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = quick_api.token()
    wrong = token[:-4] + "aaaa"
    for answer in (
        quick_api.ask("/regions", token),
        quick_api.ask("/regions?limit=0", token),
        quick_api.ask("/regions", wrong),
    ):
        assert "Set-Cookie" not in answer.headers
        assert token not in answer.get_data(as_text=True)
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert token[-20:] not in caplog.text
    assert wrong[-20:] not in caplog.text


def test_nothing_can_be_changed(quick_api: Api) -> None:
    sent = {"Authorization": f"Bearer {quick_api.token()}"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for endpoint in ENDPOINTS:
            asker = quick_api.app.test_client()
            answer = asker.open(PATH + endpoint.path, method=method, headers=sent)
            assert answer.status_code == 405
            assert "GET" in answer.headers["Allow"]
            assert answer.mimetype == PROBLEM_TYPE


@pytest.mark.parametrize("path", ["/nothing", "/regions/", "/regions/33", "/"])
def test_an_address_that_is_none_is_told_of_in_the_same_form(quick_api: Api, path: str) -> None:
    answer = quick_api.ask(path, quick_api.token())
    assert (answer.status_code, answer.mimetype) == (404, PROBLEM_TYPE)
    assert Problem.model_validate(answer.get_json()).code == "http_404"


def test_a_database_that_is_away_is_told_of_in_the_same_form(
    quick_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("no connection"))

    token = quick_api.token()
    monkeypatch.setattr("outreach.web.token_holder.holder_of_token", away)
    answer = quick_api.ask("/regions", token)
    assert (answer.status_code, answer.mimetype) == (503, PROBLEM_TYPE)
    assert int(answer.headers["Retry-After"]) > 0
    assert Problem.model_validate(answer.get_json()).code == "unavailable"
