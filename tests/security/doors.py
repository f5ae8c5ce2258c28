"""The doors by which files and documents come in, found from the app and its commands themselves.

A view is a door if it, or anything of the web that it calls, reads the files or the body of the
request. Whoever opens a new one finds it here without telling anybody.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from outreach.cli import main
from outreach.config import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    type Place = tuple[str, str]

#: What of a request holds more than short fields.
BODIES = {"files", "stream", "get_json", "get_data", "data", "json"}
SENDING = {"POST", "PUT", "PATCH"}


def views(app: Flask) -> set[str]:
    """Endpoints that take a file or a document."""
    found = set()
    for rule in app.url_map.iter_rules():
        view = inspect.unwrap(app.view_functions[rule.endpoint])
        start = (view.__module__, getattr(view, "__name__", ""))
        if SENDING & (rule.methods or set()) and _reads_a_body(start):
            found.add(rule.endpoint)
    return found


def commands(command: click.Command = main, name: str = "") -> Iterator[str]:
    """Commands of the command line that read a file they are given."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for one in command.list_commands(context):
            inner = command.get_command(context, one)
            assert inner is not None
            yield from commands(inner, f"{name} {one}".strip())
        return
    kinds = [one.type for one in command.params]
    if any(isinstance(one, click.File) or _is_read(one) for one in kinds):
        yield name


def _is_read(kind: click.ParamType[Any]) -> bool:
    return isinstance(kind, click.Path) and kind.file_okay and (kind.exists or kind.allow_dash)


def _reads_a_body(start: Place) -> bool:
    seen: set[Place] = set()
    waiting = [start]
    while waiting:
        place = waiting.pop()
        if place in seen or place not in _functions():
            continue
        seen.add(place)
        function = _functions()[place]
        if any(_is_body(node) for node in ast.walk(function)):
            return True
        names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        waiting += [_imported().get((place[0], name), (place[0], name)) for name in names]
    return False


def _is_body(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "request"
        and node.attr in BODIES
    )


@cache
def _trees() -> dict[str, ast.Module]:
    folder = ROOT / "outreach" / "web"
    return {
        f"outreach.web.{path.stem}": ast.parse(path.read_text(encoding="utf-8"))
        for path in folder.glob("*.py")
    }


@cache
def _functions() -> dict[Place, ast.FunctionDef]:
    return {
        (module, node.name): node
        for module, tree in _trees().items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


@cache
def _imported() -> dict[Place, Place]:
    """Where a name that a module imports is defined."""
    return {
        (module, one.asname or one.name): (node.module or "", one.name)
        for module, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
