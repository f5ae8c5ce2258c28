"""The models that everything that comes in is read into, found from the product itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

import outreach

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What goes out, what the operator sets, and what is planned without a database.
_NOT_FROM_PEOPLE = (
    "outreach.config", "outreach.planning.", "outreach.safekeeping.", "outreach.villages.roads",
    "outreach.logbook.tariff", "outreach.web.read_answers",
)  # fmt: skip


@cache
def input_models() -> tuple[type[BaseModel], ...]:
    for found in pkgutil.walk_packages(outreach.__path__, "outreach."):
        # Processes of their own set limits when they are run, and migrations are run by Alembic.
        if ".migrations." not in found.name:
            importlib.import_module(found.name)
    models = {one for one in _below(BaseModel) if one.__module__.startswith("outreach.")}
    wanted = [one for one in models if not one.__module__.startswith(_NOT_FROM_PEOPLE)]
    return tuple(sorted((one for one in wanted if not hasattr(one, "__table__")), key=str))


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        yield one
        yield from _below(one)


def takes(model: type[BaseModel], field: str, value: object) -> bool:
    """Whether a model finds nothing wrong with a value for one of its fields."""
    name = model.model_fields[field].alias or field
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        return not any(one["loc"][:1] == (name,) for one in error.errors(include_url=False))
    return True
