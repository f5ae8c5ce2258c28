"""The document of the API for other programs, made from the models that check and answer."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, json, render_template
from markupsafe import Markup, escape
from pydantic.json_schema import models_json_schema

from outreach.people.api_tokens import GIVERS
from outreach.web.addresses import public_url
from outreach.web.api_read import ENDPOINTS, READINGS
from outreach.web.api_read import pages as read_pages
from outreach.web.auth import current_person
from outreach.web.read_answers import Problem
from outreach.web.read_asked import MOST_ROWS
from outreach.web.read_frame import PROBLEM_TYPE
from outreach.web.read_words import tell
from outreach.web.routing import public

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from outreach.web.read_frame import Endpoint

pages = Blueprint("api_docs", __name__)

#: Raised when an answer gets another form; what is only added leaves programs as they are.
VERSION = "1.0.0"
_CODE = re.compile(r"`([^`]+)`")
REFERENCES = "#/components/schemas/{model}"
ABOUT = tell(
    "Read-only figures of the village outreach: regions, villages, progress, visits, sessions,"
    " campaigns and weeks. Counts only: no name, telephone number or e-mail address of a person."
)
#: Why a question is not answered, by status.
REFUSED = {
    400: tell("The address holds signs that no text can hold."),
    401: tell("No token, or one that does not hold: wrong, withdrawn, run out."),
    404: tell("There is no such region or campaign, or it lies outside what the token reads."),
    422: tell("A parameter cannot be used; `facts.problems` names it."),
    429: tell("Asked too often; `Retry-After` tells in how many seconds to ask again."),
    503: tell("No answer at this moment; `Retry-After` tells in how many seconds to ask again."),
}
NOT_MODIFIED = tell("Nothing has changed since the answer whose `ETag` was sent.")


@pages.get("/api/openapi.json")
@public
def document() -> ResponseReturnValue:
    """Send the document."""
    body = json.dumps(described(), separators=(",", ":"), ensure_ascii=False)
    answer = Response(body, mimetype="application/json")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@pages.get("/api")
@public
def page() -> ResponseReturnValue:
    """Show the document to people, with examples to try."""
    shown = described()
    schemas = shown["components"]["schemas"]
    return render_template(
        "api/page.html",
        document=shown,
        operations=[
            (path, item["get"], _example(path, item["get"]), _answer_of(item["get"]))
            for path, item in shown["paths"].items()
        ],
        tables=_tables(schemas),
        type_of=partial(_type_of, schemas=schemas),
        address=public_url(),
        most_rows=MOST_ROWS,
        readings=int(READINGS.split()[0]),
        may_make=may_make_tokens(),
        coded=coded,
    )


def coded(words: str) -> Markup:
    """Show as code what stands in back-ticks, the way of the document for machines."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(words))))  # noqa: S704 - escaped before


def may_make_tokens() -> bool:
    """Whether the person who reads is one who lets programs read."""
    someone = current_person()
    return someone is not None and someone.role in GIVERS


def _example(path: str, operation: dict[str, Any]) -> str:
    """Write an address that asks for something, with what must stand in it."""
    given = {
        one["name"]: one["schema"]["examples"][0]
        for one in operation["parameters"]
        if one["required"] or one["name"] == "area"
    }
    return f"{public_url()}{path}?{urlencode(given)}" if given else f"{public_url()}{path}"


def _answer_of(operation: dict[str, Any]) -> str:
    content = operation["responses"]["200"]["content"]["application/json"]
    return _name(content["schema"])


def described() -> dict[str, Any]:
    """Give the document of this installation: the same but for its address."""
    return {**_document(), "servers": [{"url": public_url()}]}


@cache
def _document() -> dict[str, Any]:
    models: list[Any] = [(endpoint.answer, "serialization") for endpoint in ENDPOINTS]
    models.append((Problem, "serialization"))
    schemas = models_json_schema(models, ref_template=REFERENCES)[1]["$defs"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Outreach", "version": VERSION, "description": ABOUT},
        "security": [{"token": []}],
        "paths": {
            f"{read_pages.url_prefix}{one.path}": {"get": _operation(one)} for one in ENDPOINTS
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    answered = {
        "description": endpoint.words,
        "headers": {"ETag": {"schema": {"type": "string"}, "required": True}},
        "content": {"application/json": {"schema": _reference(endpoint.answer)}},
    }
    unchanged = {"description": NOT_MODIFIED, "headers": answered["headers"]}
    refused = {str(status): _refused(status, words) for status, words in REFUSED.items()}
    return {
        "operationId": endpoint.name,
        "summary": endpoint.words,
        "parameters": _parameters(endpoint),
        "responses": {"200": answered, "304": unchanged, **refused},
    }


def _refused(status: int, words: str) -> dict[str, Any]:
    seconds = {"schema": {"type": "integer", "minimum": 1}, "required": True}
    headers = {"headers": {"Retry-After": seconds}} if status in (429, 503) else {}
    content = {PROBLEM_TYPE: {"schema": _reference(Problem)}}
    return {"description": words, "content": content, **headers}


def _reference(model: type[Any]) -> dict[str, str]:
    return {"$ref": REFERENCES.format(model=model.__name__)}


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    """Describe what may be asked; words stand beside the schema, as OpenAPI wants them."""
    schema = endpoint.asked.model_json_schema(by_alias=True, ref_template="{model}")
    parts = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": told.pop("description"),
            "schema": _plain(told, parts),
        }
        for name, told in schema["properties"].items()
    ]


def _plain(told: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """Write a parameter's schema without null: what is not given is left out of an address."""
    choices = [one for one in told.pop("anyOf", [{}]) if one.get("type") != "null"]
    schema = {**told, **choices[0]}
    name = schema.pop("$ref", None)
    schema = {**schema, **(parts[name] if name else {})}
    left_out = {"title", "description", *({"default"} if schema.get("default", 0) is None else ())}
    return {key: value for key, value in schema.items() if key not in left_out}


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _type_of(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """Write in short what a value is, as programs call it."""
    if name := _name(schema):
        return name if "properties" in schemas[name] else _type_of(schemas[name], schemas)
    if "anyOf" in schema:
        return " | ".join(_type_of(one, schemas) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type_of(schema['items'], schemas)}]"
    return str(schema.get("format", schema.get("type", "any")))


def _tables(schemas: dict[str, Any]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """List the models of the answers: name, and fields with what they are and their words."""
    return [
        (
            name,
            [
                (field, _type_of(told, schemas), told.get("description", ""))
                for field, told in schema["properties"].items()
            ],
        )
        for name, schema in schemas.items()
        if "properties" in schema
    ]
