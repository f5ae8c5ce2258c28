"""Asking the app for all there is, as everybody who may, and reading what came back."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from outreach.people.tables import Role
from tests.web import samples
from tests.web.test_who_may import READING, Case, address_of, ask, every_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

#: What is new in each answer, whatever it says: tokens of forms, nonces, times of making.
_NEW_EACH_TIME = re.compile(
    r'name="csrf_token" value="[^"]+"|nonce[-=]"?[\w+/=-]+|<dcterms:\w+[^>]*>[^<]*<'
)


def readings() -> list[tuple[Case, Role]]:
    """Everything there is to read that is not for all, with each role that may."""
    return [
        (case, Role(role))
        for case in every_case()
        for role in sorted(set(Role) & set(case.roles))
        if case.method in READING
    ]


def path_of(app: Flask, case: Case, values: dict[str, Any], **asked: Any) -> str:
    """Write the address of a route, with what is asked of it."""
    return address_of(app, case, values) + (f"?{urlencode(asked)}" if asked else "")


def read_own(app: Flask, client: Visitor, case: Case, role: Role, world: World) -> TestResponse:
    """Read what a route has for somebody of a role, with what is theirs."""
    return ask(client, case, samples.values(world, set(case.arguments), "own", role) or {}, app)  # type: ignore[no-any-return]


def words_of(answer: TestResponse) -> str:
    """Write an answer so that two of them can be compared: unpacked, without what is ever new."""
    content = answer.data
    if content.startswith(b"PK"):
        content = b"\n".join(_parts(content))
    text = content.decode("latin-1")
    return _NEW_EACH_TIME.sub("", text)


def _parts(packed: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        yield from (name.encode() + b"\n" + file.read(name) for name in sorted(file.namelist()))
