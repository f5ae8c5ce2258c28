"""No address and no form leads a browser to another host, whatever its fields are called."""

from __future__ import annotations

import ast
import re
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from outreach.config import ROOT
from outreach.people.tables import Role
from tests.security.walks import path_of
from tests.web import samples
from tests.web.test_who_may import Case, every_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

WEB = ROOT / "outreach" / "web"
TARGETS = ("https://elsewhere.example/a", "//elsewhere.example/a", "/\\elsewhere.example/a")
#: As such fields are called elsewhere: ours too, one day.
USUAL = {"next", "back", "url", "to", "from", "redirect", "return", "goto", "continue", "address"}
#: What may stand in `redirect(…)` beside a text and `url_for(…)`, and why it is ours.
LEADS = {
    "after or '/'": "read by own_path",
    "own_path(request.args.get('next')) or '/'": "read by own_path",
    "back": "read by own_path",
    "HOME[person().role]": "a table of ours",
    "path": "made of a number, or of url_for",
    "shown": "made by url_for",
    "view.address": "written anew by view_at, which reads by own_path",
    "Filters().at(dotted)": "made by url_for",
    "PHONE": "ours",
    "_address(_given(), page=None)": "made by url_for",
    "PREFIX + current_app.extensions['assets']['outreach']['icon.svg']": "a table of ours",
    "page_address({}).removeprefix(public_url())": "made by url_for",
}


@cache
def fields_looked_for() -> frozenset[str]:
    """Every name that a view takes out of an address or a form, by the source of the views."""
    found = set(USUAL)
    for file in WEB.glob("*.py"):
        source = file.read_text(encoding="utf-8")
        found |= set(re.findall(r"(?:args|form|values)\.get(?:list)?\(\s*\"(\w+)\"", source))
    assert len(found) > 30
    return frozenset(found)


def is_elsewhere(answer: TestResponse) -> bool:
    # As browsers read it: a backslash is a slash, and what is no printable sign is dropped.
    read = re.sub(r"[\x00-\x20]", "", answer.headers.get("Location", "")).replace("\\", "/")
    parts = urlsplit(read)
    return parts.netloc not in ("", "localhost") or parts.scheme not in ("", "http")


def led_by(
    app: Flask, client: Visitor, login_as: LogIn, world: World, case: Case, target: str
) -> tuple[int, str]:
    """Ask for a route with the target in every field there is; tell where it leads elsewhere."""
    role = min((Role(one) for one in set(Role) & case.roles), default=None)
    asker = login_as(role) if role else client
    values = samples.values(world, set(case.arguments), "own", role) or {}
    fields = dict.fromkeys(sorted(fields_looked_for() - case.arguments), target)
    path = path_of(app, case, values, **fields)
    form = {**fields, "csrf_token": asker.token()} if case.method == "POST" else None
    with closing(asker.open(path, method=case.method, data=form)) as answer:
        location = answer.headers.get("Location", "")
        return answer.status_code, location if is_elsewhere(answer) else ""


def test_no_field_of_any_route_leads_elsewhere(
    app: Flask, client: Visitor, login_as: LogIn, world: World
) -> None:
    leading, led = 0, []
    for case in every_case():
        status, elsewhere = led_by(app, client, login_as, world, case, TARGETS[0])
        leads = 300 <= status < 400
        leading += leads
        led += [(str(case), elsewhere)] * bool(elsewhere)
        for target in TARGETS[1:] if leads else ():
            _, elsewhere = led_by(app, client, login_as, world, case, target)
            led += [(str(case), elsewhere)] * bool(elsewhere)
    assert led == []
    assert leading > 20


@pytest.mark.parametrize(
    "path", ["//elsewhere.example/", "/\\elsewhere.example", "/%2f/elsewhere.example/%2e%2e"]
)
def test_no_address_leads_elsewhere_by_itself(client: Visitor, path: str) -> None:
    with closing(client.get(path)) as answer:
        assert not is_elsewhere(answer)


@pytest.mark.parametrize("target", TARGETS)
def test_the_way_back_after_passing_on_a_code_stays_here(
    login_as: LogIn, world: World, target: str
) -> None:
    path = f"/officials/{world.own['official_id']}/code"
    sent = {"act": "passed_on", "code_id": "1", "back": target}
    answer = login_as(Role.COORDINATOR).send(path, sent)
    assert answer.status_code == 303
    assert not is_elsewhere(answer)
    assert "elsewhere" not in answer.location


def test_every_redirect_of_the_source_is_to_what_is_ours() -> None:
    strange = [
        (file.name, told)
        for file in sorted(WEB.glob("*.py"))
        for told in led_to(ast.parse(file.read_text(encoding="utf-8")))
        if told not in LEADS
    ]
    assert strange == []


def led_to(tree: ast.AST) -> Iterator[str]:
    """Write what each call of `redirect` is given, if it is no text and no `url_for`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="redirect"), args=[target, *_]) if not is_ours(target):
                yield ast.unparse(target)


def is_ours(target: ast.expr) -> bool:
    match target:
        case (
            ast.Constant(value=str(text))
            | ast.JoinedStr(values=[ast.Constant(value=str(text)), *_])
        ):
            return text.startswith("/") and not text.startswith("//")
        case ast.Call(func=ast.Name(id="url_for")):
            return True
        case ast.BinOp(left=left):
            return is_ours(left)
    return False
