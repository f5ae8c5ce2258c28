"""Phones that speak for an official, as the tests of them look at them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.devices import digest_of, new_token
from outreach.people.tables import Device, DeviceKind, Official, Role
from tests.web.conftest import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from flask import Flask

    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]


def devices(app: Flask, world: World) -> list[Device]:
    """All phones that were connected by a code, without the one that the world has."""
    with reading(app.extensions["outreach"].engine) as db:
        query = select(Device).where(col(Device.id) > world.foreign["device_id"])
        return [one for one in db.exec(query) if one.kind is DeviceKind.PAGE]


def serve_until(app: Flask, world: World, last_day: date | None) -> None:
    """Note until when the official serves."""
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Official, world.own["official_id"]).term_ends = last_day


def planted(app: Flask, official_id: int, kind: DeviceKind = DeviceKind.PAGE) -> str:
    """Have enrolled a phone of an official; give its token."""
    token = new_token()
    with unit_of_work(app.extensions["outreach"].engine) as db:
        account_id = db.get_one(Official, official_id).account_id
        at = datetime.now(UTC)
        told: dict[str, Any] = {"account_id": account_id, "kind": kind, "enrolled_at": at}
        db.add(Device(token_hash=digest_of(token), **told))
    return token


def with_phone(app: Flask, world: World, kind: DeviceKind = DeviceKind.PAGE) -> Visitor:
    phone = app.test_client()
    assert isinstance(phone, Visitor)
    phone.set_cookie("language", "en")
    phone.set_cookie("phone", planted(app, world.own["official_id"], kind))
    return phone
