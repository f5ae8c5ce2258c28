"""Whose data an account or a phone could have reached in a time, or did: who is to be told.

By the role, the branch and the regions of that time, and by where officials were then: whoever
moves or closes an account as soon as it is misused must find the same people. Beside them stand all
whose numbers were truly shown.
Law 27/2022 on the protection of personal data gives three times 24 hours to write to them and to
the authority: which data, when and how they came out, what is done about it (article 46).
What a role can reach is what its pages show; `outreach/SECURITY.md` has the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select, true
from sqlmodel import col

from outreach.errors import NotFound
from outreach.people.access import within
from outreach.people.tables import Account, Device, Official, Role, Team
from outreach.safekeeping import reached_rows as rows
from outreach.safekeeping.acting import acted_in, visited_by
from outreach.safekeeping.former import Former, former_in, unkept_in
from outreach.safekeeping.scopes import Scope, Window, moves_of, scopes_of, whole_database
from outreach.safekeeping.showings import Shown, shown_to
from outreach.visits.tables import VisitEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlmodel import Session

#: What of whom the pages of a role show; of what is not named nothing is.
_SHOWN: dict[Role | None, dict[str, tuple[str, ...]]] = {
    Role.COORDINATOR: {
        "official": (
            "name", "position", "phone", "email", "term", "pictures", "place", "remarks",
        ),
        "team": ("name", "phone", "members"),
        "account": ("name",),
    },
    Role.OFFICIAL: {
        "official": ("name", "position", "pictures", "place", "remarks"),
        "team": ("name", "phone", "members"),
        "account": ("name",),
    },
    Role.ADMIN: {"team": ("name", "phone", "members"), "account": ("name", "login")},
    Role.MANAGER: {"official": ("name", "position", "place", "remarks"), "account": ("name",)},
    # The database itself, or a backup: all there is.
    None: {
        "official": (
            "name", "position", "phone", "email", "term", "pictures", "place", "remarks",
        ),
        "team": ("name", "phone", "members"),
        "account": ("name", "login", "email"),
    },
}  # fmt: skip
#: These look after all teams and accounts, wherever they are.
_OF_ALL = (Role.ADMIN, None)


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
    def window(self) -> Window:
        """The time between."""
        return Window(self.since, self.until)

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
    because the history does not tell how far the account reached then, or where they were. A team
    stands where it starts. Who acted in a village and is an official stands among the officials.
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
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Traces:
    """What the history keeps of a reach: numbers shown, villages touched, who was elsewhere."""

    shown: Shown = field(default_factory=Shown)
    touched: frozenset[str] = frozenset()
    former: Former = field(default_factory=Former)


#: What is asked for, what of it is shown, and whether it certainly was.
type _Asked = tuple[str, tuple[str, ...], Any, bool]


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
    traces = _traces(db, reach)
    found: dict[tuple[str, int], Affected] = {}
    for kind, data, query, certain in _asked(reach, traces):
        for row in db.execute(query):
            _add(found, _affected(kind, data, row, traces, certain=certain))
    return sorted(found.values(), key=lambda one: (one.kind, one.branch, one.village_code, one.id))


def _add(found: dict[tuple[str, int], Affected], one: Affected) -> None:
    """Put somebody to the others; who is there already was reached in one more way."""
    before = found.get((one.kind, one.id))
    if before is None or (one.certain and not before.certain):
        found[one.kind, one.id] = one
    elif one.certain or not before.certain:
        data = tuple(dict.fromkeys((*before.data, *one.data)))
        found[one.kind, one.id] = replace(before, data=data)


def _traces(db: Session, reach: Reach) -> _Traces:
    if reach.account_id is None:
        return _Traces()
    mine = select(col(VisitEvent.village_code)).where(
        col(VisitEvent.account_id) == reach.account_id,
        col(VisitEvent.at).between(reach.since, reach.until),
    )
    touched = frozenset(db.scalars(mine.distinct()))
    shown = shown_to(db, reach.account_id, reach.since, reach.until)
    return _Traces(shown, touched, former_in(db, reach.window))


def _asked(reach: Reach, traces: _Traces) -> Iterator[_Asked]:
    for scope in reach.scopes:
        shown = _SHOWN[scope.role]
        if data := shown.get("official"):
            yield from _of_officials(reach, scope, data, traces.former)
        if data := shown.get("team"):
            is_all = scope.role in _OF_ALL or scope.is_everywhere
            which = true() if is_all else rows.reached_teams(scope)
            yield "team", data, rows.teams(which), scope.certain
        yield from _of_accounts(reach, scope, shown["account"])
    yield from _of_shown(reach, traces)


def _of_officials(
    reach: Reach, scope: Scope, data: tuple[str, ...], former: Former
) -> Iterator[_Asked]:
    for which in _officials_of(reach, scope):
        yield "official", data, rows.officials(which), scope.certain
    shows_all = scope.is_everywhere and scope.role is not Role.MANAGER
    if not shows_all and (some := former.unkept_around(scope.areas)):
        unsure = col(Official.id).in_(unkept_in(reach.window, some))
        yield "official", data, rows.officials(unsure), False


def _officials_of(reach: Reach, scope: Scope) -> Iterator[Any]:
    """Hold for officials of the regions; a manager is shown nobody of a village without a visit."""

    def lies(column: Any) -> Any:
        return and_(within(column, scope.areas), column.in_(visited_by(reach.until)))

    if scope.role is Role.MANAGER:
        return rows.officials_where(lies, reach.window)
    if scope.is_everywhere:
        return iter([true()])
    return rows.officials_where(partial(within, prefixes=scope.areas), reach.window)


def _of_accounts(reach: Reach, scope: Scope, data: tuple[str, ...]) -> Iterator[_Asked]:
    """Ask for those whose names stand where they did something; an admin is shown all."""
    if scope.role in _OF_ALL:
        yield "account", data, rows.accounts(true()), scope.certain
        return
    who = acted_in(scope.areas, reach.until, plans=scope.role is not Role.OFFICIAL)
    officials, others = rows.acting(who)
    yield "official", data, rows.officials(officials), scope.certain
    yield "account", data, rows.accounts(others), scope.certain


def _of_shown(reach: Reach, traces: _Traces) -> Iterator[_Asked]:
    """Ask for those whose numbers were shown, and of whose villages the account changed something.

    Where nothing kept an official's village, it may have been one of these.
    """
    both, theirs = _SHOWN[Role.COORDINATOR], _SHOWN[Role.OFFICIAL]
    shown, former = traces.shown, traces.former
    there = [one for one, codes in former.officials.items() if shown.has_official(*codes)]
    for which in _now_or_then(Official, Official.village_code, shown.officials, there):
        yield "official", both["official"], rows.officials(which), True
    if some := former.unkept_around(shown.officials):
        unsure = col(Official.id).in_(unkept_in(reach.window, some))
        yield "official", both["official"], rows.officials(unsure), False
    there = [one for one, codes in former.officials.items() if not traces.touched.isdisjoint(codes)]
    for which in _now_or_then(Official, Official.village_code, traces.touched, there):
        yield "official", theirs["official"], rows.officials(which), True
    started = {one for one, bases in former.teams.items() if shown.has_team(one, *bases)}
    for which in _now_or_then(Team, Team.base_village_code, shown.bases, shown.teams | started):
        yield "team", both["team"], rows.teams(which), True


def _now_or_then(
    table: Any, place: Any, codes: Iterable[str], were_there: Iterable[int]
) -> Iterator[Any]:
    """Hold for rows of these regions, and for those that are known to have been there."""
    yield from rows.within_any(place, codes)
    yield from rows.numbered(table.id, were_there)


def _affected(
    kind: str, data: tuple[str, ...], row: Any, traces: _Traces, *, certain: bool
) -> Affected:
    number, branch, code, village, name, phone, email, members = row
    touched = shown = False
    if kind == "official":
        codes = (code, *traces.former.officials.get(number, ()))
        touched = not traces.touched.isdisjoint(codes)
        shown = traces.shown.has_official(*codes)
    elif kind == "team":
        shown = traces.shown.has_team(number, code, *traces.former.teams.get(number, ()))
    told = (branch or "", code, village, name, phone, email, data)
    return Affected(kind, number, *told, touched, shown, certain, tuple(members or ()))
