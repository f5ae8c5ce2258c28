"""Whose data an account or a phone could have reached in a time, or did: who is to be told.

By the role, the branch and the regions of that time: whoever moves or closes an account as soon as
it is misused must find the same people. Beside them stand all whose numbers were truly shown.
Law 27/2022 on the protection of personal data gives three times 24 hours to write to them and to
the authority: which data, when and how they came out, what is done about it (article 46).
What a role can reach is what its pages show; `outreach/SECURITY.md` has the table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, literal, or_, select, true
from sqlmodel import col

from outreach.errors import NotFound
from outreach.people.access import within
from outreach.people.tables import Account, Branch, BranchRegency, Device, Official, Role, Team
from outreach.safekeeping.scopes import Scope, Window, moves_of, scopes_of, whole_database
from outreach.safekeeping.showings import Shown, shown_to
from outreach.safekeeping.subject import ERASED
from outreach.villages.codes import Level, level
from outreach.villages.tables import Village
from outreach.visits.tables import Visit, VisitEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlmodel import Session

#: What of whom the pages of a role show; of what is not named nothing is.
_SHOWN: dict[Role | None, dict[str, tuple[str, ...]]] = {
    Role.COORDINATOR: {
        "official": ("name", "position", "phone", "email", "term", "pictures", "remarks"),
        "team": ("name", "phone"),
    },
    Role.OFFICIAL: {
        "official": ("name", "position", "pictures", "remarks"),
        "team": ("name", "phone"),
    },
    Role.ADMIN: {"account": ("name", "login")},
    Role.MANAGER: {},
    # The database itself, or a backup: all there is.
    None: {
        "official": ("name", "position", "phone", "email", "term", "pictures", "remarks"),
        "team": ("name", "phone"),
        "account": ("name", "login", "email"),
    },
}
#: Villages that are asked for at once: SQLite takes 32,766 values in one statement.
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody reached: with which roles, into which regions, when at all.

    `since` and `until` are what is asked for, cut to the time in which the account or the phone
    could speak; `since` after `until` means never.
    """

    scopes: tuple[Scope, ...]
    since: datetime
    until: datetime
    account_id: int | None = None
    device_id: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the whole database lay within reach."""
        return self.account_id is None

    @property
    def is_certain(self) -> bool:
        """Whether the history tells all that was within reach."""
        return all(one.certain for one in self.scopes)


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whose data lay within reach.

    `touched` where something was done there, `shown` where telephone numbers were shown or taken
    along, both by the account and in the time that is asked for. Who is not `certain` is listed
    because the history does not tell how far the account reached then. A team stands where it
    starts.
    """

    kind: str
    id: int
    branch: str
    village_code: str
    village: str
    name: str
    phone: str
    email: str
    data: tuple[str, ...]
    touched: bool
    shown: bool
    certain: bool


def reach_of_all(since: datetime, until: datetime) -> Reach:
    """Reach as far as who has the database or a backup of it."""
    return Reach((whole_database(),), since, until)


def reach_of_account(db: Session, login: str, since: datetime, until: datetime) -> Reach:
    """Reach as far as an account did, whatever it is now.

    Raises
    ------
    NotFound
        If there is no such account.
    """
    account = db.scalar(select(Account).where(col(Account.login) == login.strip().casefold()))
    if account is None:
        raise NotFound(login=login)
    return _reach(db, account, max(since, account.created_at), until)


def reach_of_device(db: Session, device_id: int, since: datetime, until: datetime) -> Reach:
    """Reach as far as a phone, from its code until it was cut off.

    Raises
    ------
    NotFound
        If there is no such phone.
    """
    device = db.get(Device, device_id)
    if device is None:
        raise NotFound(device=device_id)
    ends = min(until, device.revoked_at or until)
    account = db.get_one(Account, device.account_id)
    return _reach(db, account, max(since, device.enrolled_at), ends, device_id)


def _reach(
    db: Session, account: Account, since: datetime, until: datetime, device_id: int | None = None
) -> Reach:
    number, window = account.id or 0, Window(since, until)
    scopes = [*scopes_of(db, account, window), *moves_of(db, number, window)]
    # What somebody may have reached adds nothing to what they certainly did.
    scopes.sort(key=lambda one: not one.certain)
    return Reach(tuple(scopes), since, until, number, device_id)


def affected(db: Session, reach: Reach) -> list[Affected]:
    """List everybody within reach, by kind, branch and village."""
    if reach.since > reach.until:
        return []
    number = reach.account_id
    shown = shown_to(db, number, reach.since, reach.until) if number is not None else Shown()
    found: dict[tuple[str, int], Affected] = {}
    for scope in reach.scopes:
        for one in _within(db, reach, scope, shown):
            _add(found, one)
    for one in _of_shown(db, reach, shown):
        _add(found, one)
    return sorted(found.values(), key=lambda one: (one.kind, one.branch, one.village_code, one.id))


def _add(found: dict[tuple[str, int], Affected], one: Affected) -> None:
    """Put somebody to the others; who is there already was reached in one more way."""
    before = found.get((one.kind, one.id))
    if before is None or (one.certain and not before.certain):
        found[one.kind, one.id] = one
    elif one.certain or not before.certain:
        data = tuple(dict.fromkeys((*before.data, *one.data)))
        found[one.kind, one.id] = replace(before, data=data)


def _within(db: Session, reach: Reach, scope: Scope, shown: Shown) -> Iterator[Affected]:
    asked = {
        "official": lambda: _officials(reach, within(Official.village_code, scope.areas)),
        "team": lambda: _teams(_reached_teams(scope)),
        "account": _accounts,
    }
    for kind, data in _SHOWN[scope.role].items():
        for row in db.execute(asked[kind]()):
            yield _affected(kind, data, row, shown, certain=scope.certain)


def _of_shown(db: Session, reach: Reach, shown: Shown) -> Iterator[Affected]:
    """List those whose numbers were shown, and of whose villages the account changed something."""
    both = _SHOWN[Role.COORDINATOR]
    for which in _in_regions(Official.village_code, shown.officials):
        for row in db.execute(_officials(reach, which)):
            yield _affected("official", both["official"], row, shown)
    if not reach.is_whole:
        for row in db.execute(_officials(reach, _is_touched(reach))):
            yield _affected("official", _SHOWN[Role.OFFICIAL]["official"], row, shown)
    own = col(Team.id).in_(shown.teams)
    for which in (own, *_in_regions(Team.base_village_code, shown.bases)):
        for row in db.execute(_teams(which)):
            yield _affected("team", both["team"], row, shown)


def _in_regions(column: Any, codes: Iterable[str]) -> Iterator[Any]:
    """Ask for regions, in parts; single villages in the short way, for there may be thousands."""
    ordered = sorted(codes)
    villages = [code for code in ordered if level(code) is Level.VILLAGE]
    yield from (column.in_(some) for some in batched(villages, _AT_ONCE))
    wider = [code for code in ordered if level(code) is not Level.VILLAGE]
    yield from (within(column, some) for some in batched(wider, 100))


def _affected(
    kind: str, data: tuple[str, ...], row: Any, shown: Shown, *, certain: bool = True
) -> Affected:
    number, branch, code, village, name, phone, email, touched = row
    is_shown = (kind == "official" and shown.has_official(code)) or (
        kind == "team" and shown.has_team(number, code)
    )
    told = (branch or "", code, village, name, phone, email, data, bool(touched))
    return Affected(kind, number, *told, is_shown, certain)


def _officials(reach: Reach, which: Any) -> Any:
    return (
        select(
            col(Official.id),
            col(Branch.name).label("branch"),
            col(Official.village_code),
            col(Village.name),
            col(Official.name),
            col(Official.phone),
            col(Official.email),
            _is_touched(reach).label("touched"),
        )
        .join(Village, col(Village.code) == col(Official.village_code))
        .join(
            BranchRegency,
            col(BranchRegency.regency_code) == col(Village.regency_code),
            isouter=True,
        )
        .join(Branch, col(Branch.id) == col(BranchRegency.branch_id), isouter=True)
        .where(which, col(Official.name) != ERASED)
    )


def _is_touched(reach: Reach) -> Any:
    """Hold for a village of whose visits the account changed something in that time."""
    if reach.account_id is None:
        return literal(value=False)
    when = and_(col(VisitEvent.at) >= reach.since, col(VisitEvent.at) <= reach.until)
    theirs = select(col(VisitEvent.village_code)).where(
        col(VisitEvent.account_id) == reach.account_id, when
    )
    return col(Official.village_code).in_(theirs)


def _reached_teams(scope: Scope) -> Any:
    """Teams of the account's branches, or those that come to an official's village."""
    if scope.is_everywhere:
        return true()
    visits = select(col(Visit.team_id)).where(within(Visit.village_code, scope.areas))
    return or_(col(Team.id).in_(visits), col(Team.branch_id).in_(scope.branch_ids))


def _teams(which: Any) -> Any:
    query = _of_branch(Team, which, col(Team.phone), col(Team.base_village_code), col(Village.name))
    return query.join(Village, col(Village.code) == col(Team.base_village_code))


def _accounts() -> Any:
    nowhere = literal("")
    return _of_branch(Account, col(Account.name) != ERASED, nowhere, nowhere, nowhere)


def _of_branch(table: Any, whose: Any, phone: Any, code: Any, village: Any) -> Any:
    return (
        select(
            col(table.id),
            col(Branch.name).label("branch"),
            code.label("village_code"),
            village.label("village"),
            col(table.name),
            phone.label("phone"),
            literal("").label("email"),
            literal(value=False).label("touched"),
        )
        .select_from(table)
        .join(Branch, col(Branch.id) == col(table.branch_id), isouter=True)
        .where(whose)
    )
