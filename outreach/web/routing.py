"""Who may open a route: every view says so, and one that does not stops the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from outreach.errors import UndeclaredRoute

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from outreach.people.tables import Role

#: What a request may hold, unless its view `takes` more.
MOST_BYTES = 2 * 1024 * 1024
PUBLIC = frozenset[str]({"anybody"})
#: Programs with a token; a login opens such a view to nobody.
BY_TOKEN = frozenset[str]({"token"})
#: Whoever shows the token of the settings; it opens nothing else.
FOR_MONITORS = frozenset[str]({"monitor"})


def allow[F: Callable[..., Any]](*roles: Role) -> Callable[[F], F]:
    """Declare that people with one of *roles*, and nobody else, may open the view."""
    if not roles:
        raise TypeError("allow() needs at least one role; use public for everybody")

    def declare(view: F) -> F:
        view.may_open = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return declare


def public[F: Callable[..., Any]](view: F) -> F:
    """Declare that everybody may open the view, logged in or not."""
    view.may_open = PUBLIC  # type: ignore[attr-defined]
    return view


def by_token[F: Callable[..., Any]](view: F) -> F:
    """Declare that programs may open the view that show a token, and nobody else."""
    view.may_open = BY_TOKEN  # type: ignore[attr-defined]
    return view


def for_monitors[F: Callable[..., Any]](view: F) -> F:
    """Declare that whoever shows the token of the settings may open the view, and nobody else."""
    view.may_open = FOR_MONITORS  # type: ignore[attr-defined]
    return view


def takes[F: Callable[..., Any]](most_bytes: int) -> Callable[[F], F]:
    """Declare that what is sent to the view may be larger than elsewhere."""

    def declare(view: F) -> F:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return declare


def may_open(app: Flask, endpoint: str) -> frozenset[str] | None:
    """Who may open the view behind *endpoint*; None if it says nothing.

    Roles, `PUBLIC`, `BY_TOKEN` or `FOR_MONITORS`.
    """
    return getattr(app.view_functions[endpoint], "may_open", None)


def require_declarations(app: Flask) -> None:
    """Refuse to start an app with a route that does not say who may open it.

    Raises
    ------
    UndeclaredRoute
        With the endpoints that say nothing.
    """
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    undeclared = sorted(e for e in endpoints if may_open(app, e) is None)
    if undeclared:
        raise UndeclaredRoute(endpoints=undeclared)
