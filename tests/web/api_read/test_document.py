"""The document of the API: valid, true for every answer, readable for people."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from pydantic import TypeAdapter
from schemathesis.core.failures import FailureGroup

from outreach.people.tables import Role
from outreach.web.api_read import ENDPOINTS
from tests.web.api_read.asking import ask_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Visitor
    from tests.web.reading_program import Api

#: Of each address, of questions as the document allows them, and of others.
CASES = 22


def test_the_document_is_one_of_openapi_3_1(client: Visitor) -> None:
    answer = client.get("/api/openapi.json")
    assert answer.mimetype == "application/json"
    given = answer.get_json()
    assert given["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(given).validate()
    assert len(given["paths"]) == len(ENDPOINTS) == 8
    # What phones send is no part of it.
    assert all(path.startswith("/api/v1/read/") for path in given["paths"])
    assert given["servers"][0]["url"].startswith("http")


def test_the_document_names_every_parameter_and_field(client: Visitor) -> None:
    given = client.get("/api/openapi.json").get_json()
    for path, item in given["paths"].items():
        for one in item["get"]["parameters"]:
            assert one["description"], (path, one["name"])
            assert not {"ge", "le", "anyOf", "$ref"} & one["schema"].keys(), (path, one["name"])
    models = given["components"]["schemas"]
    lacking = [
        f"{name}.{field}"
        for name, model in models.items()
        for field, told in model.get("properties", {}).items()
        if "description" not in told and field not in ("items", "rates", "weeks")
    ]
    assert lacking == []


def test_what_is_asked_and_answered_is_as_the_document_says(quick_api: Api) -> None:
    tokens = [quick_api.token("33.72"), quick_api.token("33.72.01")]
    statuses = ask_all(quick_api.app, tokens, CASES)
    assert statuses.total() >= 2 * CASES * len(ENDPOINTS) * 0.8
    assert max(statuses) < 500
    for status in (200, 401, 404, 422):
        assert statuses[status] > 10, statuses


def test_an_answer_that_breaks_the_document_is_found(
    quick_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: a field that the document does not know is told."""

    def dump(self: Any, **_more: object) -> str:
        return TypeAdapter(dict[str, Any]).dump_json({**self.model_dump(), "more": 1}).decode()

    monkeypatch.setattr("outreach.web.read_answers.Page.model_dump_json", dump)
    with pytest.raises(FailureGroup, match="violates schema"):
        ask_all(quick_api.app, [quick_api.token("33.72")], 5)


@pytest.mark.parametrize("language", ["id", "en"])
def test_people_read_the_same_document(client: Visitor, language: str) -> None:
    client.set_cookie("language", language)
    page = client.get("/api").get_data(as_text=True)
    given = client.get("/api/openapi.json").get_json()
    for path, item in given["paths"].items():
        assert f"GET {path}" in page
        for one in item["get"]["parameters"]:
            assert f">{one['name']}<" in page, (path, one["name"])
    for name, model in given["components"]["schemas"].items():
        if "properties" in model:
            assert f'id="model-{name}"' in page, name
    assert page.count("Authorization: Bearer") == 3 + len(ENDPOINTS)
    assert "<script" not in page
    assert "<code>cursor</code>" in page
    assert "`" not in page.partition("<main")[2]


def test_each_example_of_the_page_is_answered(quick_api: Api) -> None:
    page = quick_api.app.test_client().get("/api").get_data(as_text=True)
    examples = set(re.findall(r"/api/v1/read(/[^\"&<]*(?:&amp;[^\"&<]*)*)&#34;", page))
    answered = {one for one in examples if "$NEXT" not in one}
    assert len(answered) >= len(ENDPOINTS)
    token = quick_api.token()
    for example in answered:
        path = example.replace("&amp;", "&")
        assert quick_api.ask(path, token).status_code == 200, example


def test_no_example_hides_what_the_shell_has_to_put_in(client: Visitor) -> None:
    page = unescape(client.get("/api").get_data(as_text=True))
    examples = re.findall(r"<code>(curl .*?)</code>", page)
    assert any("etag" in one for one in examples)
    hidden = [one for one in examples if re.search(r"'[^']*\$[^']*'", one)]
    assert hidden == []


def test_the_page_leads_those_to_a_token_who_may_make_one(
    client: Visitor, login_as: Callable[[Role], Visitor]
) -> None:
    assert 'href="/tokens"' not in client.get("/api").get_data(as_text=True)
    main = login_as(Role.COORDINATOR).get("/api").get_data(as_text=True).partition("<main")[2]
    assert 'href="/tokens"' in main
