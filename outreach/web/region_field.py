"""A field for a region: its code in any writing, or its name, of which the right one is picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.datastructures import MultiDict

from outreach.errors import Invalid
from outreach.villages.codes import Level, parse
from outreach.villages.name_index import EXACT
from outreach.villages.search import search
from outreach.web.auth import person

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlmodel import Session

    from outreach.villages.areas import Viewer
    from outreach.villages.search import Found

BELOW_PROVINCE = (Level.REGENCY, Level.DISTRICT, Level.VILLAGE)
MOST_MEANT = 8
#: What an exact name has, or an exact name in an exact place; anything less is asked about.
SURE = EXACT - 1
#: Added to the field's name: the radio buttons of what a name may mean.
PICK = "_pick"


@dataclass(frozen=True, slots=True)
class Region:
    """A form with a code in its field; where a name may mean several, what to choose from."""

    form: MultiDict[str, str]
    meant: Sequence[Found] = ()


def with_code(
    db: Session,
    form: MultiDict[str, str],
    name: str,
    levels: Collection[Level] = BELOW_PROVINCE,
    *,
    viewer: Viewer | None = None,
) -> Region:
    """Put the code of the region that is meant into the field, where that is sure.

    What was picked wins; a code stays; a name is looked up in the person's area, or in that of
    the *viewer* where less than it is accepted.
    """
    kept = MultiDict(form)
    if picked := form.get(f"{name}{PICK}"):
        kept[name] = picked
        return Region(kept)
    typed = form.get(name, "").strip()
    if not typed or _is_code(typed):
        return Region(kept)
    meant = search(db, viewer or person(), typed, levels=levels, limit=MOST_MEANT)
    best = [one for one in meant if one.score == meant[0].score]
    if len(best) == 1 and best[0].score >= SURE:
        kept[name] = best[0].code
        return Region(kept)
    return Region(kept, meant)


def _is_code(text: str) -> bool:
    try:
        parse(text)
    except Invalid:
        return False
    return True
