"""A field in which an official holds a key for ODK Collect, and what Collect does with it."""

from __future__ import annotations

import io
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring
from PIL import Image
from sqlmodel import col, select

from outreach.config import Settings
from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.devices import digest_of, new_token
from outreach.people.tables import Device, DeviceKind
from outreach.web.app import create_app
from tests.builders import load_small_registry
from tests.field import NOW, make_field
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.field import Field

DATE = "Fri, 20 Nov 2026 04:00:00 GMT"


@contextmanager
def set_up(database_url: str, var: Path, **other: Any) -> Iterator[Collect]:
    """Bring the app up over a field, and give its official a key."""
    told = {"database_url": database_url, "secret_key": SECRET, "var_dir": var, **other}
    settings = Settings(_env_file=None, **told)
    app = create_app(settings)
    app.extensions["clock"] = lambda: NOW
    engine, key = app.extensions["outreach"].engine, new_token()
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        at = make_field(db)
        db.add(
            Device(
                account_id=at.official.account_id,
                kind=DeviceKind.ODK,
                enrolled_at=NOW,
                token_hash=digest_of(key),
            )
        )
    yield Collect(engine, at, app.test_client(), key)
    engine.dispose()


@dataclass(frozen=True)
class Collect:
    """A phone with ODK Collect that was set up with the key of the field's official."""

    engine: Engine
    at: Field
    client: FlaskClient
    key: str
    headers: dict[str, str] = field(
        default_factory=lambda: {"X-OpenRosa-Version": "1.0", "Date": DATE}
    )

    @property
    def visit_id(self) -> int:
        """The official's own visit."""
        return self.at.visits[self.at.codes[0]]

    def get(self, path: str, key: str = "") -> Any:
        return self.client.get(f"/key/{key or self.key}{path}", headers=self.headers)

    def send(self, xml: bytes | str, parts: dict[str, Any] | None = None, *, key: str = "") -> Any:
        """Send an answered form, as a file of its own beside its pictures."""
        sent = xml.encode() if isinstance(xml, str) else xml
        data = {"xml_submission_file": (io.BytesIO(sent), "form.xml", "text/xml"), **(parts or {})}
        return self.client.post(
            f"/key/{key or self.key}/submission?deviceID=collect%3Aabc",
            data=data,
            headers=self.headers,
            content_type="multipart/form-data",
        )

    def stored(self) -> list[SessionReport]:
        with reading(self.engine) as db:
            return list(db.exec(select(SessionReport).order_by(col(SessionReport.received_at))))


def answered(visit_id: int, **other: str) -> dict[str, str]:
    """What stands in an answered form."""
    return {
        "saved_at": "2026-11-20T10:58:00.000+07:00",
        "visit_id": str(visit_id),
        "village": "Jajar",
        "met": "held",
        "held_on": "2026-11-18",
        "held_at": "09:00:00.000+07:00",
        "men": "20",
        "women": "22",
        "signups": "7",
        "paid": "",
        "remarks": "",
        **other,
    }


def form_xml(
    answers: dict[str, str],
    *,
    instance_id: str = "",
    deprecated_id: str = "",
    details: tuple[tuple[str, str, str, str], ...] = (),
    form_id: str = "laporan_sesi",
) -> str:
    """Write an answered form as Collect does."""
    fields = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in answers.items())
    rows = "".join(
        f"<details><sector>{sector}</sector><package>{package}</package><payer>{payer}</payer>"
        f"<workers>{workers}</workers></details>"
        for sector, package, payer, workers in details
    )
    old = f"<orx:deprecatedID>{deprecated_id}</orx:deprecatedID>" if deprecated_id else ""
    own = instance_id or new_id()
    return (
        "<?xml version='1.0' ?>"
        f'<data id="{form_id}" version="1" xmlns:orx="http://openrosa.org/xforms">'
        f"{fields}{rows}<orx:meta><orx:instanceID>{own}</orx:instanceID>{old}</orx:meta></data>"
    )


def new_id() -> str:
    return f"uuid:{uuid.uuid4()}"


def words_of(answer: Any) -> str:
    """The message that Collect shows."""
    root = fromstring(answer.data)
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    return str(root.findtext("{http://openrosa.org/http/response}message"))


def photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((640, 480), 40).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def signature() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 40).save(out, "PNG")
    return out.getvalue()
