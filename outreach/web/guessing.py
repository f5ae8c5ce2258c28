"""What the limits against guessing share: who counts as one place, and what all places tried."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from flask import current_app, request

if TYPE_CHECKING:
    from flask_limiter import Limiter
    from limits import RateLimitItem

#: Providers give a household a network of 48 to 56 bits, a phone one of 64 (RFC 6177): who guesses
#: from one address after the other is one place all the same, and fills no memory with counts.
#: Neighbours on phones may share a place, as they share an address of IPv4. Whoever has a wider
#: network is held by what all places together may try.
_BITS_OF_ONE_PLACE = 56


def place_asking() -> str:
    """Tell from where a request comes: an IPv4 address, or the network of an IPv6 one."""
    return place_of(request.remote_addr or "127.0.0.1")


def place_of(told: str) -> str:
    """Tell the place of an address, as a proxy or the network tells it."""
    try:
        address = ip_address(told.partition("%")[0])
    except ValueError:  # what a proxy wrote that tells no address: as it stands
        return told
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    others = 128 - _BITS_OF_ONE_PLACE
    return f"{IPv6Address(int(address) >> others << others)}/{_BITS_OF_ONE_PLACE}"


def is_reached(limit: RateLimitItem, what: str, *, one_more: bool = False) -> bool:
    """Whether all places together reached a limit of wrong tries; `one_more` counts another.

    Where the counts are away it is not: no kind of storage keeps an honest person out.
    """
    limiter: Limiter = current_app.extensions["login_limiter"]
    try:
        ask = limiter.limiter.hit if one_more else limiter.limiter.test
        return not ask(limit, what)
    except Exception:  # noqa: BLE001 - each kind of storage has errors of its own
        return False
