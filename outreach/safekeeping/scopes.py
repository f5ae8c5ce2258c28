"""What an account could reach at any moment of a time, as the history keeps it.

Every change keeps what was until then: `rights_held` the role, branch and regions of an account,
`branch_changed` what a branch served, `official_changed` where an official was. So a time is known
by the changes within it and the first one behind it, or by what stands now if there is none.
Changes of older versions kept nothing: there, and only there, everywhere is listed, as uncertain.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.history.tables import Deed, Event
from outreach.people.access import NATION
from outreach.people.accounts import areas_of
from outreach.people.branches import regencies_of
from outreach.people.tables import Official, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.tables import Account

#: Their regions are those of a branch, or none: who they were tells all.
_WITHOUT_OWN_AREAS = (Role.COORDINATOR, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a role reaches: the regions and the branches. Without a role it is the whole database.

    One that is not `certain` may never have been: the history does not tell.
    """

    role: Role | None
    areas: tuple[str, ...] = ()
    branch_ids: tuple[int, ...] = ()
    certain: bool = True

    @property
    def is_everywhere(self) -> bool:
        """Whether no region lies outside."""
        return NATION in self.areas


@dataclass(frozen=True, slots=True)
class Window:
    """A time that is asked for, both ends included."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Rights:
    """What somebody held for a while; `areas` are an official's own, or a manager's."""

    role: Role
    branch_id: int | None = None
    areas: tuple[str, ...] = ()


def whole_database() -> Scope:
    """Reach as who has the database, or a backup of it."""
    return Scope(None, (NATION,))


def scopes_of(db: Session, account: Account, window: Window) -> list[Scope]:
    """List what an account could reach in a time, what is certain first."""
    rights, is_all = _rights_of(db, account, window)
    found = [_scope(db, one, window) for one in dict.fromkeys(rights)]
    scopes = _joined(chain.from_iterable(found))
    return scopes if is_all else [*scopes, *_wherever()]


def _wherever() -> list[Scope]:
    """Reach as far as any role does, where the history does not tell which one it was.

    What a manager or an official is shown a coordinator is shown as well.
    """
    roles = (Role.COORDINATOR, Role.ADMIN)
    return [Scope(role, (NATION,), certain=False) for role in roles]


def _rights_of(db: Session, account: Account, window: Window) -> tuple[list[_Rights], bool]:
    """Tell which rights an account held in a time, and whether these are all."""
    number = account.id or 0
    kept = _changes(db, window, col(Event.account_id) == number, Deed.RIGHTS_HELD)
    held = [_rights(line) for line in kept]
    if not any(line.at > window.until for line in kept):
        held.append(_Rights(account.role, account.branch_id, tuple(areas_of(db, number))))
    lost = [_lost_rights(db, number, line) for line in _unkept(db, number, window)]
    known = [one for one in lost if one]
    return [*held, *known, *_shown_by_own_lines(db, number, window)], len(known) == len(lost)


def _rights(line: Event) -> _Rights:
    # The nation is the empty code, of which nothing stands there but the spaces around it.
    areas = line.regions.split() or ([NATION] if line.regions else [])
    return _Rights(Role(line.role), line.branch_id, tuple(areas))


def _changes(db: Session, window: Window, about: Any, deed: Deed) -> Sequence[Event]:
    """Read the changes in a time and the first one behind it, in their order."""
    query = select(Event).where(about, col(Event.deed) == deed.value, col(Event.at) >= window.since)
    lines = list(db.scalars(query.order_by(col(Event.id))))
    behind = next((n for n, line in enumerate(lines) if line.at > window.until), len(lines))
    return lines[: behind + 1]


def _unkept(db: Session, number: int, window: Window) -> list[Event]:
    """Read the changes of an account before which nothing was kept."""
    kept = col(Event.account_id) == number, col(Event.deed) == Deed.RIGHTS_HELD.value
    first = db.scalar(select(col(Event.id)).where(*kept).order_by(col(Event.id)).limit(1))
    changes = _changes(db, window, col(Event.about) == number, Deed.ACCOUNT_CHANGED)
    return [line for line in changes if first is None or (line.id or 0) < first]


def _lost_rights(db: Session, number: int, change: Event) -> _Rights | None:
    """Tell what an account held before a change by what it did itself since the one before.

    None if it did nothing, or had regions of its own: these are in no line.
    """
    changed = select(col(Event.id)).where(
        col(Event.deed) == Deed.ACCOUNT_CHANGED.value,
        col(Event.about) == number,
        col(Event.id) < change.id,
    )
    since = db.scalar(changed.order_by(col(Event.id).desc()).limit(1)) or 0
    did = select(Event).where(
        col(Event.account_id) == number,
        col(Event.role) != "",
        col(Event.id) > since,
        col(Event.id) < change.id,
    )
    line = db.scalars(did.order_by(col(Event.id).desc()).limit(1)).first()
    return _rights(line) if line and line.role in _WITHOUT_OWN_AREAS else None


def _shown_by_own_lines(db: Session, number: int, window: Window) -> Iterator[_Rights]:
    """Tell with which roles and in which branches an account did something in a time."""
    query = select(col(Event.role), col(Event.branch_id)).distinct()
    mine = query.where(col(Event.account_id) == number, _within(window))
    for role, branch_id in db.execute(mine):
        if role in _WITHOUT_OWN_AREAS:
            yield _Rights(Role(role), branch_id)


def _within(window: Window) -> Any:
    return col(Event.at).between(window.since, window.until)


def _scope(db: Session, held: _Rights, window: Window) -> list[Scope]:
    if held.role not in _WITHOUT_OWN_AREAS:
        return [Scope(held.role, held.areas)]
    if held.branch_id is None:
        return [Scope(held.role)]
    codes, is_all = served(db, held.branch_id, window)
    known = Scope(held.role, codes, (held.branch_id,))
    return [known] if is_all else [known, Scope(held.role, (NATION,), certain=False)]


def served(db: Session, branch_id: int, window: Window) -> tuple[tuple[str, ...], bool]:
    """Tell what a branch served in a time, and whether that is all."""
    changes = _changes(db, window, col(Event.about) == branch_id, Deed.BRANCH_CHANGED)
    codes = {code for line in changes for code in line.regions.split()}
    if not any(line.at > window.until for line in changes):
        codes.update(regencies_of(db, branch_id))
    return tuple(sorted(codes)), all(line.regions for line in changes)


def moves_of(db: Session, account_id: int, window: Window) -> list[Scope]:
    """List the villages in which the official of an account was, one that only phones open.

    Where an older version told no village, it lay in the branch of whoever moved them.
    """
    moved = select(col(Official.id)).where(col(Official.account_id) == account_id)
    lines = _changes(db, window, col(Event.about).in_(moved), Deed.OFFICIAL_CHANGED)
    found = [Scope(Role.OFFICIAL, tuple(line.regions.split())) for line in lines]
    for branch_id in {line.branch_id for line in lines if line.branch_id and not line.regions}:
        codes, _is_all = served(db, branch_id, window)
        found.append(Scope(Role.OFFICIAL, codes, certain=False))
    return _joined(found)


def _joined(scopes: Iterable[Scope]) -> list[Scope]:
    """Make one of all that are of one role and as certain; what is certain comes first."""
    areas: dict[tuple[Role | None, bool], set[str]] = defaultdict(set)
    branches: dict[tuple[Role | None, bool], set[int]] = defaultdict(set)
    for one in scopes:
        areas[one.role, one.certain].update(one.areas)
        branches[one.role, one.certain].update(one.branch_ids)
    return [
        Scope(
            role,
            tuple(sorted(areas[role, certain])),
            tuple(sorted(branches[role, certain])),
            certain,
        )
        for role, certain in sorted(areas, key=lambda key: not key[1])
    ]
