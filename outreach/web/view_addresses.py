"""Which addresses are views: pages whose filters stand in the address, read and written anew.

What is kept is never what was sent but what was understood of it, in one order: a page of ours
that the person may open, and filters that are known there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app
from flask_babel import lazy_gettext as _
from werkzeug.exceptions import HTTPException

from outreach.progress.follow_up import Rules
from outreach.progress.saved_views import LONGEST_ADDRESS
from outreach.web.auth import own_path
from outreach.web.routing import may_open

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.people.tables import Role

#: More fields than any page has are no filters.
_MOST_FIELDS = 40
_COUNTED = ("campaign", "kind")
_PLACED = ("area", "office", "branch", *_COUNTED)
_MAP = "manager.map_page"

#: The pages, each with its name and the filters that stand in its address.
PAGES = {
    "board.show": (_("Board"), ("area", "office", "branch", "team", "by", *_COUNTED)),
    _MAP: (_("Map"), ("area", *_COUNTED, "layer", "week", "beside")),
    "ledger.ledger": (_("Sign-up ledger"), _PLACED),
    "sponsorships.sponsorships": (_("Sponsorships"), _PLACED),
    "outlook.show": (_("Outlook"), _PLACED),
    "follow_ups.follow_ups": (_("Follow-up"), (*_PLACED, "list", *Rules.model_fields)),
    "approximate.listed": (_("Villages without an exact place"), ("area",)),
}

#: Where a map looks, as its page writes it: `12.50/-7.5666/110.8200`.
_PLACE = re.compile(r"\d{1,2}(\.\d{1,2})?(/-?\d{1,3}(\.\d{1,6})?){2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class View:
    """A page with its filters; of a map also the `place` it looks at."""

    endpoint: str
    path: str
    filters: Mapping[str, str]
    place: str = ""

    @property
    def page(self) -> str:
        """Name the page."""
        return str(PAGES[self.endpoint][0])

    @property
    def address(self) -> str:
        """Write the address: the filters in one order, the empty ones left out."""
        query = f"?{urlencode(self.filters)}" if self.filters else ""
        return self.path + query + (f"#{self.place}" if self.place else "")


def view_at(address: str, role: Role) -> View | None:
    """Read an address; None if it is none of the pages that are views, or not for the role."""
    if len(address) > LONGEST_ADDRESS or own_path(address) is None:
        return None
    try:
        parts = urlsplit(address)
        given = parse_qsl(parts.query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    endpoint = _page_at(parts.path)
    if endpoint is None or role not in (may_open(current_app, endpoint) or ()):
        return None
    told = {name: value.strip() for name, value in reversed(given)}  # of several the first counts
    filters = {name: told[name] for name in PAGES[endpoint][1] if told.get(name)}
    place = parts.fragment if endpoint == _MAP and _PLACE.fullmatch(parts.fragment) else ""
    return View(endpoint, parts.path, filters, place)


def _page_at(path: str) -> str | None:
    """Find the page of a path, by the rules of the app."""
    try:
        endpoint, arguments = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:  # also what would lead elsewhere: it is not this address
        return None
    return endpoint if endpoint in PAGES and not arguments else None
