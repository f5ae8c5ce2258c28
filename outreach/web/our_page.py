"""What our own page on a phone tells with each request, and no address that is typed does."""

from __future__ import annotations

from flask import request

#: What our pages say with every request that changes something below /api/. Another site cannot
#: send a header of its own without asking first, and we never allow it: so no token is needed that
#: a page kept on a phone would hold for weeks.
OUR_PAGE = ("X-Requested-With", "outreach")
#: By this header the page on a phone tells whether a PIN was set there (`1`) or not (`0`): the PIN
#: itself stays on the phone.
HAS_PIN = "X-Pin"


def is_from_our_page() -> bool:
    """Whether the request says that a page of ours sends it."""
    return request.headers.get(OUR_PAGE[0]) == OUR_PAGE[1]


def pin_told() -> bool | None:
    """Whether the page says that a PIN was set; None if it says nothing or another asks."""
    if not is_from_our_page():
        return None
    return {"1": True, "0": False}.get(request.headers.get(HAS_PIN, ""))
