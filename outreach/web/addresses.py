"""Where people outside reach the web: the addresses that messages and papers carry."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import request

from outreach.visits.links import address_of, key_of
from outreach.web.database import running

if TYPE_CHECKING:
    from outreach.visits.tables import ConfirmationLink

#: Names that only the own computer or the own network knows.
_OWN_NAMES = (".localhost", ".local", ".lan", ".home", ".internal")


def public_url() -> str:
    """Return the address of the web without a slash at its end; unset, the request's own."""
    return running().settings.public_url or request.host_url.rstrip("/")


def link_address(link: ConfirmationLink) -> str:
    """Write the address at which a village answers."""
    return address_of(link, key_of(running().settings.secret), public_url())


def keeps_pages(url: str) -> bool:
    """Whether browsers keep a page of that address, so that it opens without a network.

    They do for https, and for the own machine, where nobody stands between.
    """
    told = urlsplit(url)
    host = told.hostname or ""
    if told.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_for_ourselves() -> bool:
    """Whether the address opens only on this computer or network, so that no village can use it."""
    host = urlsplit(public_url()).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_OWN_NAMES)
