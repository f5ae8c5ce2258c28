"""What of a written problem is right in itself, though something beside it is wrong.

So what two fields make of each other is told together with what is wrong with a third.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from outreach.planning.problem_form import TeamIn, VillageIn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Stand in for what must be written and is not right; nothing is asked about them.
_FILLERS: Mapping[type[BaseModel], Mapping[str, object]] = {
    VillageIn: {"code": "00.00.00.0000", "value": 0},
    TeamIn: {"id": 1},
}
#: Objects of which each entry stands for itself.
_BY_DAY = frozenset({"hours_on", "day_costs"})


class Repeating(dict[str, Any]):
    """An object of JSON in which names stand several times, with what the last one hides."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        last = {name: number for number, (name, _) in enumerate(pairs)}
        self.hidden = [pair for number, pair in enumerate(pairs) if last[pair[0]] != number]


def keep_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON of its names and values; for `json.loads`."""
    told = dict(pairs)
    return told if len(told) == len(pairs) else Repeating(pairs)


def places_of_repeated(told: object) -> Iterator[tuple[int | str, ...]]:
    """Find where a name stands again in its object, in the order of the file, each once."""
    seen = set()
    rest: list[tuple[tuple[int | str, ...], object]] = [((), told)]
    while rest:  # as deep as the file goes, which may be deeper than calls may
        place, at = rest.pop()
        below = [((*place, name), one) for name, one in _within(at) if isinstance(one, dict | list)]
        if isinstance(at, Repeating):
            for name, one in at.hidden:
                below.append(((*place, name), one))
                if (found := (*place, name)) not in seen:
                    seen.add(found)
                    yield found
        rest += reversed(below)


def _within(at: object) -> Iterable[tuple[int | str, object]]:
    if isinstance(at, dict):
        return at.items()
    return enumerate(at) if isinstance(at, list) else ()


@dataclass(frozen=True, slots=True)
class Part[Model: BaseModel]:
    """A village or a team without what is wrong in it.

    Attributes
    ----------
    told
        What is right; where something was taken out, what holds if it is left out.
    wrong
        Fields in which something is wrong.
    numbers
        By list that has lost entries, the places that those left have in the file.
    """

    told: Model
    wrong: frozenset[str]
    numbers: Mapping[str, list[int]]

    def is_right(self, *fields: str) -> bool:
        """Whether nothing is wrong in these fields."""
        return self.wrong.isdisjoint(fields)

    def entries[Entry](self, field: str, found: Iterable[Entry]) -> Iterator[tuple[int, Entry]]:
        """Give each entry of a list the place that it has in the file."""
        entries = list(found)
        return zip(self.numbers.get(field, range(len(entries))), entries, strict=True)


def parts_of[Model: BaseModel](model: type[Model], told: object) -> dict[int, Part[Model]]:
    """Read what is right of each object of a list, by its place in it."""
    parts = (
        (number, _part(model, one))
        for number, one in enumerate(told if isinstance(told, list) else ())
        if isinstance(one, dict)
    )
    return {number: part for number, part in parts if part is not None}


def _part[Model: BaseModel](model: type[Model], told: dict[str, Any]) -> Part[Model] | None:
    try:
        return Part(model.model_validate_json(json.dumps(told)), frozenset(), {})
    except ValidationError as error:
        places = [one["loc"] for one in error.errors(include_url=False, include_input=False)]
    if () in places:  # not even to be read: half a sign, brackets in brackets in brackets
        return None
    right = {name: value for name, value in told.items() if (name,) not in places}
    numbers = {}
    for field, wrong in _wrong_entries(places).items():
        value = right.pop(field, None)
        if isinstance(value, list):
            numbers[field] = [n for n in range(len(value)) if n not in wrong]
            right[field] = [value[n] for n in numbers[field]]
        elif isinstance(value, dict) and field in _BY_DAY:
            right[field] = {day: one for day, one in value.items() if day not in wrong}
    names = frozenset(str(place[0]) for place in places)
    whole = json.dumps({**_FILLERS[model], **right})
    return Part(model.model_validate_json(whole), names, numbers)


def _wrong_entries(places: Iterable[tuple[int | str, ...]]) -> dict[str, set[int | str]]:
    found = defaultdict(set)
    for place in places:
        if len(place) > 1:
            found[str(place[0])].add(place[1])
    return found
