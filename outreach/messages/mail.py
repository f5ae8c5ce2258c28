"""Hands letters to a mail server, and tells whether it is worth trying again."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

#: Longer than any server that works takes, shorter than a worker may stand still.
_SECONDS = 20.0
#: From here on a server's answer is final (RFC 5321): it will be the same tomorrow.
_FINAL = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail to one person; `key` is the same each time it is sent.

    `html` says the same as `text` for programs that show pages; `unsubscribe` is the address at
    which a mail program ends, without a login, what comes regularly.
    """

    to: str
    subject: str
    text: str
    key: str
    written_at: datetime
    html: str = ""
    unsubscribe: str = ""


class NotTaken(Exception):
    """The letter was not taken; `is_final` if it never will be.

    `code` never holds an address, nor the server's own words, which often quote one.
    """

    def __init__(self, code: str, *, is_final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_final = is_final


class Post(Protocol):
    """Whatever takes letters."""

    def send(self, letter: Letter) -> None:
        """Hand one letter over, or raise `NotTaken`."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes mail; `security` is `none`, `starttls` or `tls`."""

    host: str
    port: int
    sender: str
    security: str = "starttls"
    user: str = ""
    password: str = ""

    def send(self, letter: Letter) -> None:
        """Hand one letter over.

        Raises
        ------
        NotTaken
            Finally if the server refuses the letter or the address, else for another try.
        """
        try:
            mail = self._written(letter)
        except (ValueError, UnicodeError) as error:
            raise NotTaken("address_unusable", is_final=True) from error
        try:
            with closing(self._connected()) as server:
                server.send_message(mail)
                with suppress(OSError):  # it has the letter, however the two part
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(*(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code) from None
        except smtplib.SMTPResponseException as error:
            # Greeting, login or sender: the fault of our settings, which somebody may mend.
            raise NotTaken(f"server_{error.smtp_code}") from None
        except smtplib.SMTPNotSupportedError:
            raise NotTaken("server_lacks_security_or_login") from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken("server_unreachable") from error

    def _written(self, letter: Letter) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self.sender
        mail["To"] = letter.to
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(letter.written_at)
        # The same for a second try after a crash: mail programs show such a letter once.
        mail["Message-ID"] = f"<{letter.key}@{self.sender.rpartition('@')[2].strip('> ')}>"
        mail["Auto-Submitted"] = "auto-generated"
        if letter.unsubscribe:
            mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(letter.text, cte="quoted-printable")
        if letter.html:
            mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        # Last: whatever sets the content forgets what was said of it.
        mail["Content-Language"] = "id"
        return mail

    def _connected(self) -> smtplib.SMTP:
        secure = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=_SECONDS, context=secure
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        try:
            if self.security == "starttls":
                server.starttls(context=secure)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _refused(*codes: int) -> NotTaken:
    worst = max(codes, default=_FINAL)
    return NotTaken(f"refused_{worst}", is_final=worst >= _FINAL)
