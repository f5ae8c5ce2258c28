"""Every form of our pages, found by walking them, and what sending one leaves in the database."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from outreach.people.tables import Role
from tests.security.database_rows import rows_of
from tests.security.forms_of_pages import Form, forms_of
from tests.security.walks import read_own, readings
from tests.web.planned import hang_clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.security.database_rows import Rows
    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

#: By the view that takes it and whoever may send it.
type Forms = dict[tuple[str, Role], Form]

#: What pages leave for people to fill in, by name; everything else is sent as it stands.
FILLED = {
    "name": "Uji",
    "login": "uji.coba",
    "password": "angin di sawah 81",
    "reason": "Hujan lebat",
    "why": "Hujan lebat",
    "code": "33.72",
    "position": "Lurah",
    "source": "Rapat kerja",
    "sponsor": "Desa",
    "region_code": "33.72.01.1001",
    "village_code": "33.72.01.1001",
    "email": "uji@kantor.example",
    "starts": "2026-12-01",
    "ends": "2026-12-09",
    "day": "2026-11-25",
    "note": "Uji",
    "quota": "5",
    "signups": "3",
    "workers": "3",
    "men": "4",
    "women": "4",
    "days": "9",
    "members": "Sri",
    "target_signups": "50",
}


def endpoint_of(app: Flask, path: str) -> str:
    try:
        endpoint, _ = app.url_map.bind("").match(path, method="POST")
    except HTTPException:
        return ""
    return str(endpoint)


def forms_by_endpoint(app: Flask, login_as: LogIn, world: World) -> Forms:
    """Find the forms of all pages, one for each view that takes one and each role that has it."""
    found: Forms = {}
    for case, role in readings():
        with closing(read_own(app, login_as(role), case, role, world)) as answer:
            if answer.mimetype != "text/html" or answer.status_code >= 300:
                continue
            for form in forms_of(answer.request.path, answer.text):
                found.setdefault((endpoint_of(app, form.path), role), form)
    return found


def honest(form: Form) -> dict[str, list[str]]:
    """What somebody sends who fills in what is left blank."""
    sent = {name: list(values) for name, values in form.sent.items() if name != "csrf_token"}
    for name in form.names & set(FILLED):
        if not any(sent.get(name, ())):
            sent[name] = [FILLED[name]]
    return sent


@dataclass
class Kept:
    """A world that is as it was before each form that is sent to it."""

    app: Flask
    file: Path
    went_through: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        hang_clock(self.app)
        self._engine.dispose()
        shutil.copy(self.file, self.file.with_suffix(".kept"))

    @property
    def _engine(self) -> Any:
        return self.app.extensions["outreach"].engine

    def left_by(self, client: Visitor, path: str, sent: dict[str, Any]) -> tuple[int, Rows]:
        """Send a form to the world as it was, and read what it left."""
        self._engine.dispose()
        for part in ("-wal", "-shm"):
            (self.file.parent / (self.file.name + part)).unlink(missing_ok=True)
        shutil.copy(self.file.with_suffix(".kept"), self.file)
        self.app.extensions["login_limiter"].reset()
        with client.send(path, sent) as answer:
            return answer.status_code, rows_of(self.app)
