"""What a form names of another branch, in a field that it does have, is never reached by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from outreach.people.tables import Role
from tests.security.sent_forms import Kept, honest
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.security.database_rows import Rows
    from tests.security.sent_forms import Forms
    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

VILLAGES = ("village_code", "base_village_code", "base_code", "village", "pick", "villages")
REGIONS = ("region_code", "region", "region_pick", "area_codes", "areas", "area", "code")
#: A team may start from a village of a neighbour: where it sleeps is not where it works.
STANDS_ELSEWHERE = {"team", "branch"}


def foreign_fields(world: World) -> dict[str, str]:
    """Write what a field takes that names something, by its name."""
    of = world.foreign
    ids = {name: str(of[name]) for name in of if name.endswith("_id")}
    short = {name.removesuffix("_id"): value for name, value in ids.items()}
    lists = {"ids": ids["visit_id"], "visits": ids["visit_id"], "onto": ids["visit_id"]}
    villages = dict.fromkeys(VILLAGES, FOREIGN_VILLAGE)
    return {**ids, **short, **lists, **dict.fromkeys(REGIONS, FOREIGN_REGENCY), **villages}


def reaches(before: Rows, after: Rows, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find what a form left that is about another branch, and what it took from one."""
    for table, rows in after.items():
        new = [row for row in rows if row not in before[table]]
        gone = [row for row in before[table] if row not in rows]
        for row in (*new, *gone):
            if table not in STANDS_ELSEWHERE and is_foreign(row, world):
                yield table, row


def is_foreign(row: dict[str, Any], world: World) -> bool:
    named = (world.foreign.get(name) == value for name, value in row.items() if value)
    return any(named) or any(str(value).startswith(FOREIGN_REGENCY) for value in row.values())


def test_no_form_reaches_into_another_branch(
    app: Flask, login_as: LogIn, world: World, all_forms: Forms, tmp_path: Path
) -> None:
    kept, foreign = Kept(app, tmp_path / "world.sqlite"), foreign_fields(world)
    _, before = kept.left_by(login_as(Role.COORDINATOR), "/no-such-page", {})
    reached, tried = [], set()
    for (endpoint, role), form in sorted(all_forms.items()):
        if role is Role.ADMIN:
            continue
        for name in sorted(form.names & set(foreign)):
            tried.add((endpoint, name))
            sent = {**honest(form), name: foreign[name]}
            status, after = kept.left_by(login_as(role), form.path, sent)
            assert status < 500, (endpoint, name)
            reached += [(endpoint, name, *found) for found in reaches(before, after, world)]
    assert reached == []
    assert len(tried) > 15, sorted(tried)
