"""Values for the arguments of routes, by name: one's own, a foreign one, a missing one.

A route with an argument that is not here fails `test_who_may`: add its value to `World` (what the
own branch and the foreign branch have) or, if it is not about anybody's area, to `OPEN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    "code": "99.99.99.2999",
    "language": "xx",
}

#: Arguments that belong to nobody's area: there is no foreign value.
OPEN: dict[str, Any] = {"language": "en"}


def values(world: World, names: set[str], which: str) -> dict[str, Any] | None:
    """Values for all arguments of a route; None if the route has no such case."""
    if which == "missing":
        return {name: MISSING[name] for name in names} if names else None
    if which == "foreign":
        own, foreign = world.own | OPEN, world.foreign
        scoped = {name for name in names if name in foreign}
        return {n: foreign.get(n, own.get(n)) for n in names} if scoped else None
    return {name: (world.own | OPEN)[name] for name in names}
