"""More fields than a form has: whatever they are called, what is stored is the same.

Every form that stands on a page of ours is sent twice, each time to the same database: as the page
has it, and with the names of all columns of all tables beside it. Where a view or a model took one
of them, the two would leave different rows.
"""

from __future__ import annotations

import enum
import re
import uuid
from datetime import date, datetime
from functools import cache, partial
from itertools import batched
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

import outreach.schema
from outreach.logbook.record import SessionReportIn
from outreach.people.tables import Role
from outreach.web.our_page import OUR_PAGE
from tests.builders import PASSWORD
from tests.security.database_rows import rows_of
from tests.security.forms_of_pages import Form
from tests.security.sent_forms import Kept, honest
from tests.web import samples
from tests.web.test_who_may import address_of, every_case
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.security.database_rows import Rows
    from tests.security.sent_forms import Forms
    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

CANARY, LONG_AGO, FIGURE = "Kanari", "1999-09-09", "4242"
#: Drawn anew each time; so are first versions of what the calendar keeps.
RANDOM = {
    "password_hash", "password_stamp", "token_hash", "seed", "feed_stamp", "sha256", "request_id",
}  # fmt: skip
VERSION_DRAWN = {"calendar_rule", "feast_date"}
#: Fields that a form has on another page than the one found, or in another state of it: looked at
#: one by one, for whoever sends them may set the same there. A new name here wants the same look.
ALSO_FORMS: dict[str, set[str]] = {
    # Which fields its page shows hangs on the layer: months, weekdays or hours.
    "calendar_rules.save_rule": {"months", "weekdays", "opens", "closes"},
    # The later steps of a stage, which the same model takes at once.
    "coordinator.add_following": {"quota"},
    "coordinator.add_stage": {"ordering", "quota"},
    # The page of all papers narrows them; that of a visit does not.
    "coordinator.print_papers": {"month", "day", "team_id"},
    # The script of the page tells the place, and the page of a correction what it corrects.
    "official.save_report": {"corrects_id", "latitude", "longitude"},
    "coordinator.give_all_codes": {"area"},
}
#: Of views that no page of the walk has a form for at that hour: those that need no field …
DEEDS = (
    "admin_boundaries.apply", "admin_boundaries.discard", "admin_boundaries.go_back",
    "calendar_feasts.withdraw_feast", "calendar_rules.reset", "coordinator.apply_sheet",
    "coordinator.approve", "coordinator.certify_run", "coordinator.draft_again",
    "coordinator.give_all_codes", "coordinator.message_again", "coordinator.remove_campaign",
    "coordinator.remove_stage", "coordinator.renew_outdated", "coordinator.set_papers_aside",
    "coordinator.start_campaign", "coordinator.start_stage", "coordinator.stop_run",
    "coordinator.swap", "coordinator.take_back", "coordinator.undo_sheet", "digest.send",
    "digest_end.end", "what_if.call_off", "what_if.retry",
)  # fmt: skip
#: … and what an honest one sends to the others.
NOT_ON_A_PAGE: dict[str, dict[str, str]] = {
    **{endpoint: {} for endpoint in DEEDS},
    "auth.log_in": {"login": "manager", "password": PASSWORD},
    "confirm.answer": {"answer": "confirm"},
    "coordinator.cure": {"ends": "2026-12-09", "quota": "5", "version": "1"},
    "coordinator.draft": {"cause": "gaps"},
    "coordinator.messages_sent": {"ids": "1"},
    "coordinator.note_call": {"channel": "phone", "version": "1", "reason": "Hujan"},
    "coordinator.note_late_answer": {"until": "2026-11-20T09:00:00+07:00"},
    "coordinator.send_plan_back": {"reason": "Hujan lebat"},
    "coordinator.type_answer": {"channel": "phone", "version": "1", "answer": "confirm"},
    "enrol.take": {"sure": "yes"},
    "enrol.typed": {"code": "b" + "a" * 8},
    "follow_ups.make_stage": {
        "villages": OWN_VILLAGE, "name": "Uji", "campaign_id": "1",
        "starts": "2026-12-01", "ends": "2026-12-09",
    },
}  # fmt: skip
#: No forms: JSON of phones, tried below, and XML of ODK, which is read by its own names alone.
NO_FORMS = {"api.send_answers", "api.send_reports", "openrosa.submit", "phone.log_out"}


@cache
def extra_fields() -> dict[str, str]:
    """Every column of every table, with a value that somebody would like to stand there."""
    return {
        column.name: _wanted(column)
        for table in outreach.schema.metadata.tables.values()
        for column in table.columns
    }


#: What the other branch has, the highest rights, long ago, or a figure of our own: the first fits.
BY_NAME = (
    (r"role", Role.ADMIN.value),
    (r"(.*_)?(id|by)", "2"),
    (r".*regency.*|area_codes", FOREIGN_REGENCY),
    (r".*code", FOREIGN_VILLAGE),
)
BY_KIND: tuple[tuple[type, str], ...] = (
    (datetime, f"{LONG_AGO}T09:09:09+00:00"),
    (date, LONG_AGO),
    (bool, "on"),
    (int, FIGURE),
    (float, FIGURE),
    (object, CANARY),
)


def _wanted(column: sa.Column[Any]) -> str:
    kind = _kind(column)
    if issubclass(kind, enum.Enum) and kind is not Role:
        return str(list(kind)[-1].value)
    named = (value for pattern, value in BY_NAME if re.fullmatch(pattern, column.name))
    return next(named, "") or next(value for of, value in BY_KIND if issubclass(kind, of))


def _kind(column: sa.Column[Any]) -> type:
    if isinstance(column.type, sa.Enum) and column.type.enum_class is not None:
        return column.type.enum_class
    try:
        return column.type.python_type
    except NotImplementedError:
        return str


def comparable(rows: Rows) -> Rows:
    """Leave out what is new each time, unless it is what was sent."""
    return {table: [_kept(row, _new_in(table)) for row in told] for table, told in rows.items()}


def _new_in(table: str) -> set[str]:
    return RANDOM | ({"version"} if table in VERSION_DRAWN else set())


def _kept(row: dict[str, Any], new: set[str]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in new and not _is_now(v)}


def _is_now(value: object) -> bool:
    return isinstance(value, datetime) and not value.isoformat().startswith(LONG_AGO)


def taken(
    kept: Kept, somebody: Callable[[], Visitor], endpoint: str, form: Form
) -> Iterator[tuple[Any, ...]]:
    """Send a form as it is and with all that it has not; tell what that changed."""
    sent = honest(form)
    has = form.names | set(sent) | ALSO_FORMS.get(endpoint, set())
    more = {name: value for name, value in extra_fields().items() if name not in has}
    status, plain = kept.left_by(somebody(), form.path, sent)
    also, extra = kept.left_by(somebody(), form.path, {**more, **sent})
    here, there = comparable(plain), comparable(extra)
    for table in here:
        if here[table] != there[table]:
            yield endpoint, table, _differ(here[table], there[table])
    if status != also:
        yield endpoint, status, also
    if status == 303:
        kept.went_through.add(endpoint)


def test_no_form_takes_more_than_it_has(
    app: Flask, login_as: LogIn, all_forms: Forms, tmp_path: Path
) -> None:
    kept = Kept(app, tmp_path / "world.sqlite")
    took = [
        one
        for (endpoint, role), form in sorted(all_forms.items())
        for one in taken(kept, partial(login_as, role), endpoint, form)
    ]
    assert took == []
    assert len(kept.went_through) > 50, sorted(kept.went_through)
    changing = {case.endpoint for case in every_case() if case.method == "POST"}
    on_no_page = changing - {endpoint for endpoint, _ in all_forms}
    assert on_no_page == set(NOT_ON_A_PAGE) | NO_FORMS


def test_no_deed_without_a_page_takes_more_than_it_needs(
    app: Flask, login_as: LogIn, world: World, tmp_path: Path
) -> None:
    kept, took = Kept(app, tmp_path / "world.sqlite"), []
    for case in every_case():
        if case.endpoint not in NOT_ON_A_PAGE:
            continue
        role = min((Role(one) for one in set(Role) & case.roles), default=None)
        values = samples.values(world, set(case.arguments), "own", role) or {}
        sent = {name: [value] for name, value in NOT_ON_A_PAGE[case.endpoint].items()}
        form = Form(address_of(app, case, values), set(sent), sent)
        somebody: Callable[[], Any] = partial(login_as, role) if role else app.test_client
        took += list(taken(kept, somebody, case.endpoint, form))
    assert took == []
    assert len(kept.went_through) > 12, sorted(kept.went_through)


def _differ(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> list[Any]:
    if len(here) != len(there):
        return [len(here), len(there)]
    return [
        {k: (a.get(k), b.get(k)) for k in a | b if a.get(k) != b.get(k)}
        for a, b in zip(here, there, strict=True)
        if a != b
    ]


def told(visit_id: int, **more: Any) -> dict[str, Any]:
    counts = {"men": 3, "women": 4, "signups": 1}
    when = {"held_on": "2026-11-18", "held_at": "09:00"}
    return {"id": str(uuid.uuid4()), "visit_id": visit_id, **when, **counts, **more}


def test_a_report_of_a_phone_is_its_own_whatever_it_says_beside(
    app: Flask, login_as: LogIn, world: World
) -> None:
    official, before = login_as(Role.OFFICIAL), rows_of(app)

    def send(*reports: dict[str, Any], **envelope: str) -> set[str]:
        body = {**envelope, "reports": reports}
        answer = official.post("/api/v1/reports", json=body, headers=dict((OUR_PAGE,)))
        return {one["outcome"] for one in answer.get_json()["answers"]}

    fields = set(SessionReportIn.model_fields)
    more = [(name, value) for name, value in extra_fields().items() if name not in fields]
    own, foreign = world.own["visit_id"], world.foreign["visit_id"]
    for some in batched(more, 100):
        assert send(*(told(own, **{name: value}) for name, value in some)) == {"rejected"}
    assert "accepted" not in send(told(foreign))
    assert rows_of(app)["session_report"] == before["session_report"]
    assert send(told(own), **dict(more)) == {"accepted"}
    after = rows_of(app)["session_report"]
    (stored,) = [one for one in after if one not in before["session_report"]]
    assert stored["reported_by"] == world.accounts[Role.OFFICIAL][0]
    assert stored["village_code"] == OWN_VILLAGE
    assert not any(LONG_AGO in str(value) or value == CANARY for value in stored.values())
