"""The rows of whoever lies within reach, each with what it takes to write to them."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, literal, null, or_, select
from sqlmodel import col

from outreach.history.tables import Deed
from outreach.people.access import within
from outreach.people.tables import Account, Branch, BranchRegency, Official, Team
from outreach.safekeeping.former import KEPT, moved_in
from outreach.safekeeping.subject import ERASED
from outreach.villages.codes import Level, level
from outreach.villages.tables import Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from outreach.safekeeping.scopes import Scope, Window

#: Villages that are asked for at once: SQLite takes 32,766 values in one statement.
_AT_ONCE = 5000
#: Wider regions that are: each is asked for by its ends.
_WIDER_AT_ONCE = 100


def officials(which: Any) -> Any:
    """Ask for officials, but for those that were erased."""
    query = _rows(
        Official, col(Official.phone), col(Official.village_code), email=col(Official.email)
    )
    return (
        query.join(Village, col(Village.code) == col(Official.village_code))
        .join(
            BranchRegency,
            col(BranchRegency.regency_code) == col(Village.regency_code),
            isouter=True,
        )
        .join(Branch, col(Branch.id) == col(BranchRegency.branch_id), isouter=True)
        .where(which, col(Official.name) != ERASED)
    )


def teams(which: Any) -> Any:
    """Ask for teams, each with its members, where it starts."""
    base = col(Team.base_village_code)
    query = _rows(Team, col(Team.phone), base, members=col(Team.members))
    query = query.join(Village, col(Village.code) == base)
    return query.join(Branch, col(Branch.id) == col(Team.branch_id), isouter=True).where(which)


def accounts(which: Any) -> Any:
    """Ask for accounts, but for those that were erased."""
    nowhere = literal("")
    query = _rows(Account, nowhere, nowhere, village=nowhere)
    query = query.join(Branch, col(Branch.id) == col(Account.branch_id), isouter=True)
    return query.where(which, col(Account.name) != ERASED)


def _rows(
    table: Any,
    phone: Any,
    code: Any,
    *,
    village: Any = None,
    email: Any = None,
    members: Any = None,
) -> Any:
    return select(
        col(table.id),
        col(Branch.name).label("branch"),
        code.label("village_code"),
        (col(Village.name) if village is None else village).label("village"),
        col(table.name),
        phone.label("phone"),
        (literal("") if email is None else email).label("email"),
        (null() if members is None else members).label("members"),
    ).select_from(table)


def acting(who: Any) -> tuple[Any, Any]:
    """Hold for officials among these accounts; and for accounts of nobody else among them."""
    is_official = exists().where(col(Official.account_id) == col(Account.id))
    return col(Official.account_id).in_(who), and_(col(Account.id).in_(who), ~is_official)


def reached_teams(scope: Scope) -> Any:
    """Hold for teams of the account's branches, or those that come to an official's village."""
    visits = select(col(Visit.team_id)).where(within(Visit.village_code, scope.areas))
    return or_(col(Team.id).in_(visits), col(Team.branch_id).in_(scope.branch_ids))


def officials_where(lies: Callable[[Any], Any], window: Window) -> Iterator[Any]:
    """Hold for officials of villages that *lies* holds for: now, or then before they were moved."""
    yield lies(col(Official.village_code))
    yield col(Official.id).in_(moved_in(window, Deed.OFFICIAL_CHANGED).where(lies(KEPT)))


def within_any(column: Any, codes: Iterable[str]) -> Iterator[Any]:
    """Hold for regions, in parts; single villages in the short way: there may be thousands."""
    ordered = sorted(codes)
    villages = [code for code in ordered if level(code) is Level.VILLAGE]
    yield from (col(column).in_(some) for some in batched(villages, _AT_ONCE))
    wider = [code for code in ordered if level(code) is not Level.VILLAGE]
    yield from (within(column, some) for some in batched(wider, _WIDER_AT_ONCE))


def numbered(column: Any, numbers: Iterable[int]) -> Iterator[Any]:
    """Hold for rows of these numbers, in parts."""
    yield from (col(column).in_(some) for some in batched(sorted(numbers), _AT_ONCE))
