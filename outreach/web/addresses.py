"""Where people outside reach the web: the addresses that messages and papers carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from outreach.visits.links import address_of, key_of
from outreach.web.database import running

if TYPE_CHECKING:
    from outreach.visits.tables import ConfirmationLink


def public_url() -> str:
    """Return the address of the web without a slash at its end; unset, the request's own."""
    return running().settings.public_url or request.host_url.rstrip("/")


def link_address(link: ConfirmationLink) -> str:
    """Write the address at which a village answers."""
    return address_of(link, key_of(running().settings.secret), public_url())
