"""Which fields a view looks for, in an address or a form: told by the app as it looks for them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Request, has_request_context, request
from werkzeug.datastructures import ImmutableMultiDict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

#: By the endpoint that looked.
type Looked = dict[str, set[str]]


@contextmanager
def looking_noted(app: Flask) -> Iterator[Looked]:
    """Note what every view of *app* looks for, as long as this is open."""
    looked: Looked = defaultdict(set)

    class Told(ImmutableMultiDict[str, str]):
        """What was sent; notes each name that is looked for."""

        def __getitem__(self, key: str) -> str:
            note(key)
            return super().__getitem__(key)

        def __contains__(self, key: object) -> bool:
            note(key)
            return super().__contains__(key)

        def getlist(self, key: str, *more: Any) -> list[Any]:
            note(key)
            return super().getlist(key, *more)

    def note(key: object) -> None:
        if has_request_context() and request.endpoint:
            looked[request.endpoint].add(str(key))

    class Asked(Request):
        parameter_storage_class = Told

    former, app.request_class = app.request_class, Asked
    yield looked
    app.request_class = former
