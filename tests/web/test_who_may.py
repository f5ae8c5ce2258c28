"""Walks every route of the app with every role: own, foreign and missing."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from werkzeug.exceptions import HTTPException

from outreach.config import Settings
from outreach.people.tables import Role
from outreach.web.app import create_app
from outreach.web.our_page import OUR_PAGE
from outreach.web.routing import BY_TOKEN, FOR_MONITORS, PUBLIC, may_open
from tests.security.database_rows import rows_of
from tests.web import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

READING = ("GET",)


@dataclass(frozen=True)
class Case:
    """One route and method, and who may."""

    endpoint: str
    rule: str
    method: str
    arguments: frozenset[str]
    roles: frozenset[str]

    @property
    def numbers(self) -> list[str]:
        """The arguments that are numbers."""
        return re.findall(r"<int:(\w+)>", self.rule)

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


@cache
def every_case() -> tuple[Case, ...]:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(_env_file=None, var_dir=Path(folder)))
        return tuple(
            Case(
                rule.endpoint,
                rule.rule,
                method,
                frozenset(rule.arguments),
                may_open(app, rule.endpoint) or frozenset(),
            )
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        )


PUBLIC_CASES = [case for case in every_case() if case.roles == PUBLIC]
#: For programs: what they read with which token, tests/web/api_read asks.
TOKEN_CASES = [case for case in every_case() if case.roles == BY_TOKEN]
#: For monitors: what they see with the token of the settings, tests/web/test_metrics asks.
MONITOR_CASES = [case for case in every_case() if case.roles == FOR_MONITORS]
GUARDED_CASES = [
    case for case in every_case() if case.roles not in (PUBLIC, BY_TOKEN, FOR_MONITORS)
]


def address_of(app: Flask, case: Case, values: dict[str, Any]) -> str:
    """Write the address of this very rule: a view may have several, for several kinds of file."""
    rule = next(one for one in app.url_map.iter_rules(case.endpoint) if one.rule == case.rule)
    built = rule.build(values)
    assert built is not None
    return built[1]


def ask(client: Visitor, case: Case, values: dict[str, Any], app: Flask) -> Any:
    path = address_of(app, case, values)
    if case.method in READING:
        return client.open(path, method=case.method)
    sent = {"X-CSRFToken": client.token()} | dict((OUR_PAGE,))
    return client.open(path, method=case.method, headers=sent)


def words_of_refusal(answer: Any) -> str:
    """Write an answer without its own address and the tokens of its forms."""
    path = str(answer.request.path)
    told = answer.text.replace(quote(path), "").replace(path, "")
    return re.sub(r'name="csrf_token" value="[^"]+"', "", told)


def refused_stranger(case: Case, answer: Any) -> bool:
    if case.rule.startswith("/api/"):
        return bool(answer.status_code == 401 and answer.is_json)
    return bool(answer.status_code == 303 and answer.location.startswith("/login"))


@pytest.mark.parametrize("case", every_case(), ids=str)
def test_every_argument_has_samples(case: Case, world: World) -> None:
    known = set(world.own) | set(samples.OPEN)
    assert case.arguments <= known, "add the new arguments to tests/web/world.py"
    assert case.arguments <= set(samples.MISSING), "add them to samples.MISSING too"


@pytest.mark.parametrize("case", PUBLIC_CASES, ids=str)
def test_public_routes_answer_strangers(
    case: Case, app: Flask, client: Visitor, world: World
) -> None:
    values = samples.values(world, set(case.arguments), "own") or {}
    wanted = (200, 204, 303, 422)
    assert ask(client, case, values, app).status_code in wanted


@pytest.mark.parametrize("case", GUARDED_CASES, ids=str)
def test_strangers_and_other_roles_are_kept_out(
    case: Case, app: Flask, client: Visitor, login_as: Callable[[Role], Visitor], world: World
) -> None:
    values = samples.values(world, set(case.arguments), "own") or {}
    assert refused_stranger(case, ask(client, case, values, app))
    for role in set(Role) - case.roles:
        assert ask(login_as(role), case, values, app).status_code == 403, role


@pytest.mark.parametrize("case", TOKEN_CASES, ids=str)
def test_what_is_for_programs_opens_to_nobody_without_a_token(
    case: Case, app: Flask, client: Visitor, login_as: Callable[[Role], Visitor], world: World
) -> None:
    values = samples.values(world, set(case.arguments), "own") or {}
    for asker in (client, *map(login_as, Role)):
        answer = ask(asker, case, values, app)
        assert answer.status_code == 401
        assert answer.is_json
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("case", MONITOR_CASES, ids=str)
def test_what_is_for_monitors_is_not_there_without_its_setting(
    case: Case, app: Flask, client: Visitor, login_as: Callable[[Role], Visitor]
) -> None:
    for asker in (client, *map(login_as, Role)):
        assert ask(asker, case, {}, app).status_code == 404


@pytest.mark.parametrize(
    ("case", "role"),
    [(case, Role(role)) for case in GUARDED_CASES for role in sorted(case.roles)],
    ids=str,
)
def test_own_is_found_and_foreign_looks_like_missing(
    case: Case, role: Role, app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    client = login_as(role)
    missing = samples.values(world, set(case.arguments), "missing")
    foreign = samples.values(world, set(case.arguments), "foreign")
    own = samples.values(world, set(case.arguments), "own", role) or {}
    answers = [
        ask(client, case, strange, app)
        for strange in (missing, foreign if role != Role.ADMIN else None)
        if strange is not None
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    # Neither status nor words tell that there is something to be had elsewhere.
    assert len({words_of_refusal(answer) for answer in answers}) <= 1
    # An empty form is answered with what it lacks; a deed goes through or meets a rule.
    assert ask(client, case, own, app).status_code in (200, 204, 302, 303, 304, 400, 409, 422)


@pytest.mark.parametrize("case", [c for c in GUARDED_CASES if c.numbers], ids=str)
def test_a_number_no_database_can_hold_is_missing(
    case: Case, app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    values = samples.values(world, set(case.arguments), "own") or {}
    path = address_of(app, case, values | dict.fromkeys(case.numbers, 7))
    for number in (2**31, 10**20):
        client = login_as(Role(min(case.roles)))
        tried = path.replace("/7", f"/{number}")
        headers = {"X-CSRFToken": client.token()}
        assert client.open(tried, method=case.method, headers=headers).status_code == 404


#: What a browser or a program may send; a route takes those that it names.
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@cache
def other_methods() -> tuple[tuple[Case, frozenset[str]], ...]:
    """Each rule, as one of its cases, with the methods that no view takes there."""
    of_rule: dict[str, list[Case]] = {}
    for case in every_case():
        of_rule.setdefault(case.rule, []).append(case)
    return tuple(
        (cases[0], METHODS - {case.method for case in cases}) for cases in of_rule.values()
    )


def is_anothers(app: Flask, path: str, method: str) -> bool:
    """Whether another rule takes the method at this very address: that one is walked for itself."""
    try:
        return bool(app.url_map.bind("").match(path, method=method))
    except HTTPException:
        return False


def test_a_method_that_a_route_does_not_name_is_refused(
    app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    asked, admin = 0, login_as(Role.ADMIN)
    headers = {"X-CSRFToken": admin.token()} | dict((OUR_PAGE,))
    for case, methods in other_methods():
        path = address_of(app, case, samples.values(world, set(case.arguments), "own") or {})
        for method in sorted(methods):
            if is_anothers(app, path, method):
                continue
            with admin.open(path, method=method, headers=headers) as answer:
                assert answer.status_code == 405, (method, path)
            asked += 1
    assert asked > 500


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_asking_what_could_be_asked_opens_no_more_and_changes_nothing(
    app: Flask,
    client: Visitor,
    login_as: Callable[[Role], Visitor],
    world: World,
    method: str,
) -> None:
    kept = rows_of(app)
    for case in GUARDED_CASES:
        values = samples.values(world, set(case.arguments), "own") or {}
        path = address_of(app, case, values)
        outside = sorted(set(Role) - case.roles)[:1]
        for asker in (client, *map(login_as, map(Role, outside))):
            with asker.open(path, method=method) as answer:
                refused = 403 if asker is not client else 401 if path.startswith("/api/") else 303
                told = answer.status_code
                assert answer.data == b"" or told == refused, path
                if asker is client or (method == "HEAD" and case.method in READING):
                    assert told == refused or (method, told) == ("HEAD", 405), path
    assert rows_of(app) == kept
