"""E-mails over a real mail server on this machine: sent once, tried again, given up."""

from __future__ import annotations

import email
import logging
import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr
from sqlalchemy import select

from outreach.config import Settings
from outreach.db import reading, unit_of_work
from outreach.messages.mail import Letter, MailServer, NotTaken
from outreach.messages.tables import Message, MessageState
from tasks import post, sweeper
from tasks.post import mail_server, post_one
from tests.conftest import free_port
from tests.messages.conftest import Outreach
from tests.visits.world import NOW, build_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from sqlalchemy import Engine

ADDRESS = "kantor.rahasia@desa.example"


class Received:
    """A mail server's side: what came in, and what it says to that."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.at_address = "250 OK"
        self.at_text = "250 taken"
        self.at_quit = "221 bye"

    async def handle_QUIT(self, *_told: Any) -> str:  # noqa: N802
        return self.at_quit

    async def handle_RCPT(self, *told: Any) -> str:  # noqa: N802 - the server's name for it
        _server, _session, envelope, address, _options = told
        if self.at_address.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_address

    async def handle_DATA(self, *told: Any) -> str:  # noqa: N802
        envelope = told[-1]
        if self.at_text.startswith("250"):
            self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return self.at_text


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def server(received: Received) -> Iterator[Controller]:
    controller = Controller(received, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def installation(server: Controller, tmp_path: Path) -> Settings:
    return _settings(tmp_path, server.port)


def _settings(folder: Path, port: int, **more: Any) -> Settings:
    told: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_from": "Outreach <outreach@cabang.example>",
        "public_url": "https://kunjungan.example",
    }
    return Settings(_env_file=None, var_dir=folder, **told | more)


@pytest.fixture
def field(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Outreach:
    """A published plan in which one official has an e-mail address."""
    monkeypatch.setattr(post, "_now", lambda: NOW)
    made = Outreach(engine, build_world(engine))
    made.publish()
    visit = max(made.visits().values(), key=lambda one: one.day)
    made.official(visit.village_code, "Nur Aini", phone="", email=ADDRESS)
    assert made.announce(by_email=True) == 1
    return made


def _message(field: Outreach) -> Message:
    with reading(field.engine) as db:
        return db.scalars(select(Message)).one()


def _post(field: Outreach, installation: Settings) -> bool:
    message_id = _message(field).id or 0
    return post_one(field.engine, message_id, mail_server(installation), installation)


def test_a_letter_arrives_whole(
    field: Outreach, installation: Settings, received: Received
) -> None:
    assert _post(field, installation)
    (letter,) = received.letters
    assert letter["To"] == ADDRESS
    assert letter["From"] == "Outreach <outreach@cabang.example>"
    assert letter["Subject"].startswith("Mohon jawaban: sosialisasi BPJS Ketenagakerjaan di Kel")
    assert letter["Message-ID"].endswith("@cabang.example>")
    text = letter.get_content()
    assert "Yth. Bapak/Ibu Nur Aini" in text
    assert "https://kunjungan.example/k/" in text
    assert _message(field).state is MessageState.SENT
    assert not _post(field, installation)
    assert len(received.letters) == 1


def test_a_server_that_parts_badly_has_the_letter(
    field: Outreach, installation: Settings, received: Received
) -> None:
    received.at_quit = "421 going down"
    assert _post(field, installation)
    assert len(received.letters) == 1


def test_the_queue_twice_is_one_letter(
    field: Outreach, installation: Settings, received: Received
) -> None:
    server = mail_server(installation)

    def send(message_id: int) -> None:
        for _ in range(2):
            post_one(field.engine, message_id, server, installation)

    assert sweeper.post_once(field.engine, NOW, send) == 1
    assert sweeper.post_once(field.engine, NOW, send) == 0
    assert len(received.letters) == 1


@pytest.mark.parametrize("at", ["at_address", "at_text"])
def test_not_now_means_later(
    field: Outreach, installation: Settings, received: Received, at: str
) -> None:
    setattr(received, at, f"451 {ADDRESS} later")
    assert not _post(field, installation)
    message = _message(field)
    assert (message.state, message.attempts) == (MessageState.WAITING, 1)
    assert (message.error, message.lease_until) == ("refused_451", None)
    assert message.next_try_at > NOW
    setattr(received, at, "250 OK")
    assert _post(field, installation)
    assert (_message(field).state, _message(field).error) == (MessageState.SENT, "")


@pytest.mark.parametrize("at", ["at_address", "at_text"])
def test_never_means_never(
    field: Outreach, installation: Settings, received: Received, at: str
) -> None:
    setattr(received, at, f"550 no {ADDRESS} here")
    assert not _post(field, installation)
    assert (_message(field).state, _message(field).error) == (MessageState.FAILED, "refused_550")
    setattr(received, at, "250 OK")
    assert not _post(field, installation)
    assert received.letters == []


def test_a_server_that_is_down_loses_nothing(field: Outreach, tmp_path: Path) -> None:
    down = _settings(tmp_path, free_port())
    assert not _post(field, down)
    assert (_message(field).state, _message(field).error) == (
        MessageState.WAITING,
        "server_unreachable",
    )


def test_no_address_and_no_text_gets_into_the_log(
    field: Outreach, installation: Settings, received: Received, caplog: pytest.LogCaptureFixture
) -> None:
    received.at_address = f"550 no {ADDRESS} here"
    with caplog.at_level(logging.DEBUG):
        _post(field, installation)
    # The server of the test logs for itself.
    ours = [one for one in caplog.records if not one.name.startswith("mail.log")]
    assert any("refused_550" in one.getMessage() for one in ours)
    for one in ours:
        assert ADDRESS not in one.getMessage()
        assert ADDRESS not in str(one.exc_info)
    assert ADDRESS not in repr(_message(field))


def test_without_an_address_of_the_web_a_letter_asks_for_a_reply(
    field: Outreach, installation: Settings, received: Received
) -> None:
    _post(field, installation.model_copy(update={"public_url": ""}))
    text = received.letters[0].get_content()
    assert "Mohon balas pesan ini" in text
    assert "http" not in text


def test_a_bug_leaves_the_message_to_another_try(field: Outreach, installation: Settings) -> None:
    class Broken:
        def send(self, letter: Letter) -> None:
            raise ZeroDivisionError(letter.key)

    with pytest.raises(ZeroDivisionError):
        post_one(field.engine, _message(field).id or 0, Broken(), installation)
    message = _message(field)
    assert (message.state, message.attempts) == (MessageState.WAITING, 1)
    assert message.lease_until is not None


def _letter(to: str = ADDRESS) -> Letter:
    return Letter(to, "Mohon jawaban", "Yth. …\n", "outreach-1", datetime(2026, 11, 2, tzinfo=UTC))


def test_an_address_that_cannot_be_one_is_final(server: Controller) -> None:
    mail = MailServer("127.0.0.1", server.port, "a@cabang.example", "none")
    address = "a@b.example\nBcc: x@y.example"
    with pytest.raises(NotTaken) as refusal:
        mail.send(_letter(address))
    assert refusal.value.is_final
    assert address not in str(refusal.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("certificate")
    key, paper = str(folder / "key.pem"), str(folder / "paper.pem")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    told = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", paper]
    subprocess.run([*command.split(), *told], check=True, capture_output=True)
    return key, paper


def context_of(certificate: tuple[str, str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


def _secure(received: Received, certificate: tuple[str, str], security: str) -> Controller:
    def check(*args: Any) -> AuthResult:
        data = args[-1]
        good = (data.login, data.password) == (b"outreach", b"rahasia")
        return AuthResult(success=good, handled=good)

    told: dict[str, Any] = {"hostname": "localhost", "port": free_port()}
    if security == "tls":
        return Controller(received, **told, ssl_context=context_of(certificate))
    told |= {"authenticator": check, "auth_required": True, "require_starttls": True}
    return Controller(received, **told, tls_context=context_of(certificate))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_way_to_the_server_is_secure_and_needs_the_login(
    received: Received,
    certificate: tuple[str, str],
    security: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    controller = _secure(received, certificate, security)
    controller.start()
    try:
        login = ("outreach", "rahasia") if security == "starttls" else ("", "")
        mail = MailServer("localhost", controller.port, "a@cabang.example", security, *login)
        with pytest.raises(NotTaken, match="server_unreachable"):
            mail.send(_letter())  # nobody vouches for its certificate
        monkeypatch.setenv("SSL_CERT_FILE", certificate[1])
        mail.send(_letter())
        if security == "starttls":
            with pytest.raises(NotTaken, match="server_535") as refusal:
                replace(mail, password="salah").send(_letter())
            assert not refusal.value.is_final
    finally:
        controller.stop()
    assert len(received.letters) == 1


def test_a_server_without_security_gets_nothing(server: Controller, received: Received) -> None:
    mail = MailServer("127.0.0.1", server.port, "a@cabang.example", "starttls")
    with pytest.raises(NotTaken, match="server_lacks_security_or_login"):
        mail.send(_letter())
    assert received.letters == []


def test_the_sweeper_tells_and_sends(
    field: Outreach, installation: Settings, received: Received
) -> None:
    with unit_of_work(field.engine) as db:
        db.delete(db.scalars(select(Message)).one())
    sweeper.tidy_once(field.engine, NOW, by_email=True)
    server = mail_server(installation)
    send: Callable[[int], object] = lambda one: post_one(  # noqa: E731
        field.engine, one, server, installation
    )
    assert sweeper.post_once(field.engine, NOW, send) == 1
    sweeper.tidy_once(field.engine, NOW, by_email=True)
    assert sweeper.post_once(field.engine, NOW, send) == 0
    assert len(received.letters) == 1


@pytest.mark.parametrize(
    ("told", "setting"),
    [
        ({"smtp_host": "mail.example"}, "smtp_from"),
        ({"smtp_host": "mail.example", "smtp_from": "bukan alamat"}, "smtp_from"),
        ({"smtp_from": "a@b.example\nBcc: c@d.example"}, "smtp_from"),
        ({"smtp_security": "mungkin"}, "smtp_security"),
        ({"smtp_port": "0"}, "smtp_port"),
    ],
)
def test_settings_that_cannot_work_are_refused(told: dict[str, str], setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        Settings(_env_file=None, **told)  # type: ignore[arg-type]


def test_the_password_is_not_told() -> None:
    settings = Settings(_env_file=None, smtp_password=SecretStr("rahasia"))
    assert "rahasia" not in repr(settings)
