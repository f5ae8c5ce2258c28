"""Values for the arguments of routes, by name: one's own, a foreign one, a missing one.

A route with an argument that is not here fails `test_who_may`: add its value to `World` (what the
own branch and the foreign branch have) or, if it is not about anybody's area, to `OPEN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from outreach.people.tables import Role

if TYPE_CHECKING:
    from tests.web.world import World

#: A value that never exists, by name.
MISSING: dict[str, Any] = {
    "branch_id": 999_999,
    "team_id": 999_999,
    "leave_id": 999_999,
    "account_id": 999_999,
    "campaign_id": 999_999,
    "stage_id": 999_999,
    "visit_id": 999_999,
    "official_id": 999_999,
    "message_id": 999_999,
    "period_id": 999_999,
    "sponsorship_id": 999_999,
    "market_id": 999_999,
    "run_id": 999_999,
    "batch_id": 999_999,
    "upload_id": 999_999,
    "kind": "nothing",
    "submission_id": 999_999,
    "replan_id": 999_999,
    "target_id": 999_999,
    "what_if_id": 999_999,
    "dispute_id": 999_999,
    "which": "never",
    "code": "99.99.99.2999",
    "report_id": "00000000-0000-0000-0000-000000000000",
    "regency_code": "99.99",
    "province_code": "99",
    "file_name": "areas-0000000000000000.json",
    "asset_path": "map-0000000000000000.js",
    "language": "xx",
    "paper_id": 999_999,
    "feed_token": "t1-" + "a" * 24,
    "answer_token": "b" + "a" * 16,
    "form_code": "b" + "a" * 8,
    "enrol_code": "b" + "a" * 8,
    "digest_code": "a" * 17,
    "end_code": "b" + "a" * 16,
    "device_id": 999_999,
    "token_id": 999_999,
    "view_id": 999_999,
    "odk_key": "a" * 43,
    "evidence_id": "00000000-0000-0000-0000-000000000000",
    "waiting_id": "00000000-0000-0000-0000-000000000000",
    "item_id": "nothing",
    "layer": "nothing",
    "calendar_layer": "nothing",
    "feast_key": "idul_fitri-2027-2",
}

#: Arguments that belong to nobody's area: there is no foreign value.
OPEN: dict[str, Any] = {
    "which": "today",
    "language": "en",
    "kind": "teams",
    # As tests/web/conftest.py builds them.
    "province_code": "33",
    "file_name": "areas-44136fa355b3678a.json",
    "asset_path": "filled in by tests/web/conftest.py, for every change of a script renames it",
    "layer": "signups",
    "calendar_layer": "sunday",
    "feast_key": "idul_fitri-2027-1",
    # Of a letter: whoever has it needs no login, and a wrong one is never told from a right one.
    "end_code": "b" + "a" * 16,
    # Made by a phone: nobody's yet.
    "item_id": "0192f0c1-2345-7000-8000-00000000abcd",
}


def values(
    world: World, names: set[str], which: str, role: Role | None = None
) -> dict[str, Any] | None:
    """Values for all arguments of a route; None if the route has no such case.

    What belongs to one person alone is that of whoever has the *role*, or else of the manager.
    """
    if which == "missing":
        return {name: MISSING[name] for name in names} if names else None
    if which == "foreign":
        own, foreign = world.own | OPEN, world.foreign
        scoped = {name for name in names if name in foreign}
        return {n: foreign.get(n, own.get(n)) for n in names} if scoped else None
    mine = world.of_role[role or Role.MANAGER]
    return {name: (world.own | OPEN | mine)[name] for name in names}
