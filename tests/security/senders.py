"""How a file is carried to each door, and what the door says of it, in one form for all."""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from defusedxml.ElementTree import fromstring
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from outreach.people.tables import Role
from outreach.web.our_page import OUR_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True)
class Told:
    """What came of a file: whether it was refused, and the sentences that say why."""

    status: int
    is_refused: bool
    words: str
    raw: bytes


@dataclass(frozen=True)
class Desk:
    """Who carries the files."""

    app: Flask
    world: World
    login_as: Callable[[Role], Visitor]

    def page(self, role: Role, path: str, content: bytes, name: str, **fields: str) -> Told:
        """Send a form with a file; its words are those that the page did not have before."""
        visitor = self.login_as(role)
        before = _lines(visitor.get(path if path != "/data/teams" else "/data").text)
        file = FileStorage(io.BytesIO(content), name)
        answer = _sent(visitor, path, {"csrf_token": visitor.token(), **fields, "file": file})
        words = [line for line in _lines(answer.text) if line not in before]
        refused = 400 <= answer.status_code < 500
        return Told(answer.status_code, refused, "\n".join(words), answer.data)

    def json(self, path: str, content: bytes, role: Role = Role.OFFICIAL) -> Told:
        """Send a body to what phones talk to; single items are answered one by one."""
        visitor = self.login_as(role)
        method = "PUT" if "/evidence/" in path else "POST"
        sent = dict((OUR_PAGE,)) | {"Content-Type": "application/json"}
        answer = visitor.open(path, method=method, data=content, headers=sent)
        told: dict[str, Any] = answer.get_json(silent=True) or {}
        items = told.get("answers", [])
        refused = all(one["outcome"] == "rejected" for one in items) and bool(items)
        words = [told.get("message", ""), *(one["message"] for one in items)]
        words += [one for several in told.get("problems", {}).values() for one in several]
        refused = refused or 400 <= answer.status_code < 500
        return Told(answer.status_code, refused, "\n".join(words), answer.data)

    def form(self, content: bytes, name: str) -> Told:
        """Send an answered form as ODK Collect does."""
        file = FileStorage(io.BytesIO(content), name, content_type="text/xml")
        path = f"/key/{self.world.own['odk_key']}/submission"
        answer = _sent(self.app.test_client(), path, {"xml_submission_file": file})
        words = "" if not answer.data.startswith(b"<") else _message(answer.data)
        return Told(answer.status_code, 400 <= answer.status_code < 500, words, answer.data)


def _sent(client: Any, path: str, fields: Mapping[str, str | FileStorage]) -> Any:
    """Post a form with a file; encoded here, as the client leaves the file of a large one open."""
    boundary, body = encode_multipart(fields)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.post(path, data=body, content_type=kind)


def _lines(page: str) -> list[str]:
    plain = html.unescape(_TAGS.sub("\n", page))
    return [" ".join(line.split()) for line in plain.split("\n") if line.strip()]


def _message(data: bytes) -> str:
    return str(fromstring(data).findtext("{http://openrosa.org/http/response}message"))


BORDERS = {"source": "BIG", "as_of": "2026-01-31"}
#: One for every door that `doors` finds; a new one has to come here.
SENDERS: dict[str, Callable[[Desk, bytes, str], Told]] = {
    "admin_boundaries.upload": lambda at, content, name: at.page(
        Role.ADMIN, "/admin/boundaries", content, name, **BORDERS
    ),
    "api.send_answers": lambda at, content, _: at.json("/api/v1/answers", content),
    "api.send_evidence": lambda at, content, _: at.json(
        "/api/v1/evidence/0192f0c1-2345-7000-8000-00000000abcd?kind=signature&report_id="
        + str(at.world.own["report_id"]),
        content,
    ),
    "api.send_reports": lambda at, content, _: at.json("/api/v1/reports", content),
    "coordinator.upload_data": lambda at, content, name: at.page(
        Role.COORDINATOR, "/data/teams", content, name
    ),
    "coordinator.upload_plan": lambda at, content, name: at.page(
        Role.COORDINATOR, f"/stages/{at.world.own['stage_id']}/sheet", content, name
    ),
    "openrosa.submit": lambda at, content, name: at.form(content, name),
}
