"""Regions and what lies inside them, by code prefix; the empty prefix is the whole nation.

Rooms after `people` take these from `people.access`, beside the `Person` they are asked with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import and_, false, or_, true

from outreach.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Select

NATION = ""


class Viewer(Protocol):
    """Whoever asks: the code prefixes of the regions they may see."""

    @property
    def areas(self) -> tuple[str, ...]:
        """Code prefixes; none sees nothing."""


def within(column: Any, prefixes: Iterable[str]) -> ColumnElement[bool]:
    """Hold where *column* is one of the regions or lies inside one; no prefix holds nowhere.

    Ranges instead of LIKE, so that the index answers on both databases: in ASCII the slash
    follows the dot, hence everything inside `33.72` lies between `33.72.` and `33.72/`.
    """
    wanted = tuple(prefixes)
    if NATION in wanted:
        return true()
    return or_(
        false(), *(or_(column == p, and_(column >= f"{p}.", column < f"{p}/")) for p in wanted)
    )


def narrow[T: Select[Any]](query: T, column: Any, person: Viewer) -> T:
    """Keep only rows whose region code in *column* lies within the person's area."""
    return query.where(within(column, person.areas))


def covers(prefixes: Iterable[str], code: str) -> bool:
    """Say whether the region *code* is one of the regions or lies inside one."""
    return any(p in (NATION, code) or code.startswith(f"{p}.") for p in prefixes)


def require(person: Viewer, code: str) -> None:
    """Refuse a region outside the person's area, in the same way as one that does not exist.

    Raises
    ------
    NotFound
        If *code* lies outside.
    """
    if not covers(person.areas, code):
        raise NotFound(region=code)
