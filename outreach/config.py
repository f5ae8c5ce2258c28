"""The settings: read once from the environment or `.env`, frozen, unsafe ones refused."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AnyHttpUrl,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from outreach.errors import UnsafeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Where the product stands; data and `.env` are looked for here, from wherever a command is called.
ROOT = Path(__file__).resolve().parents[1]
#: Signs of a secret, so that nobody guesses it.
SHORTEST_SECRET = 32
ENV_FILES = (ROOT / ".env", Path(".env"))

#: Told by sentences of the command line alone: no page takes the addresses.
NOT_REDIS, IN_THE_CLEAR, NOT_QUEUES = "not_a_redis_url", "in_the_clear", "not_queues"
#: What is told of a value that is refused: the limit, never the value, which may be a secret.
_LIMITS = {"least", "ge", "gt", "le", "pattern"}
_QUEUES = {"planning", "questions", "post", "celery"}


class Settings(BaseSettings):
    """Everything that differs between one installation and another.

    Every setting has a default that works on one machine; many machines need `DATABASE_URL`,
    `REDIS_URL` and `SECRET_KEY`, the same on all of them.
    """

    model_config = SettingsConfigDict(env_file=ENV_FILES, frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    # Before the addresses, which are judged by it.
    plain_connections: bool = False
    database_url: str = ""
    postgres_bin: str = ""
    redis_url: str = ""
    secret_key: SecretStr = SecretStr("")
    var_dir: Path = ROOT / "var"
    demo: bool = True
    web_workers: int = Field(default=2, ge=1, le=64)
    phones_wait_seconds: float = Field(default=2.0, gt=0, le=30)
    task_workers: int = Field(default=2, ge=1, le=64)
    # Which queues this machine's worker serves, see tasks/app.py; without it all of them.
    task_queues: str = ""
    # Eight threads, and the one that warms up, of which each may open a second one for a moment.
    database_connections: int = Field(default=15, ge=10, le=200)
    lease_seconds: int = Field(default=30, ge=1, le=3600)
    https_only: bool = False
    locale: str = Field(default="id", pattern="^(id|en)$")
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    public_url: str = ""
    routing_url: str = ""
    accept_photos: bool = True
    team_day_rupiah: int = Field(default=0, ge=0, le=100_000_000)
    travel_hour_rupiah: int = Field(default=0, ge=0, le=100_000_000)
    village_funds_discount: bool = False
    # How many days people's data are kept; pictures and codes never longer than without a setting.
    retain_messages_days: int = Field(default=90, ge=7, le=3650)
    retain_devices_days: int = Field(default=365, ge=30, le=3650)
    retain_links_days: int = Field(default=30, ge=1, le=3650)
    retain_codes_days: int = Field(default=30, ge=1, le=90)
    retain_officials_days: int = Field(default=365, ge=30, le=3650)
    retain_pictures_days: int = Field(default=365, ge=30, le=365)
    log_format: str = Field(default="", pattern="^(|json|text)$")
    metrics_token: SecretStr = SecretStr("")
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: str = Field(default="starttls", pattern="^(none|starttls|tls)$")
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    # Without a sender a server takes nothing, and that should be heard at the start.
    smtp_from: str = Field(default="", validate_default=True)

    @field_validator("public_url", "routing_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        """Keep the address of the web or of the road service, without a slash at its end."""
        given = url.strip().rstrip("/")
        told = AnyHttpUrl(given) if given else None
        if told and (told.query or told.fragment or told.username or told.password):
            raise ValueError("an address without login, query and fragment")
        return given

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        """Keep the address of a Redis server, in the clear or with TLS."""
        try:
            address = urlsplit(url)
            is_one = address.scheme in ("redis", "rediss") and address.port != 0
        except ValueError:
            is_one = False
        if url and not (is_one and address.hostname):
            raise PydanticCustomError(NOT_REDIS, "not the address of a Redis server")
        return url

    @field_validator("task_queues")
    @classmethod
    def _are_queues(cls, queues: str) -> str:
        """Keep the names of queues, with commas and nothing else between them; or none."""
        names = [name.strip() for name in queues.split(",")]
        if queues and not _QUEUES.issuperset(names):
            raise PydanticCustomError(NOT_QUEUES, "not names of queues")
        return ",".join(names)

    @field_validator("database_url", "redis_url", "routing_url")
    @classmethod
    def _is_protected(cls, url: str, told: ValidationInfo) -> str:
        """Keep the address of a server elsewhere if it is to show who it is, by TLS."""
        if not told.data.get("plain_connections") and not is_protected(url):
            raise PydanticCustomError(IN_THE_CLEAR, "neither on this machine nor by TLS")
        return url

    @field_validator("metrics_token")
    @classmethod
    def _is_long_enough(cls, token: SecretStr) -> SecretStr:
        """Take a token that nobody guesses, or none."""
        if 0 < len(token.get_secret_value()) < SHORTEST_SECRET:
            raise PydanticCustomError("too_short", "too short", {"least": SHORTEST_SECRET})
        return token

    @field_validator("smtp_from")
    @classmethod
    def _needed_with_a_server(cls, sender: str, told: ValidationInfo) -> str:
        """Take an address, alone or behind a name: `Outreach <outreach@example.go.id>`."""
        address = parseaddr(sender)[1]
        is_address = all(address.rpartition("@")[::2]) and sender.isprintable()
        if not is_address and (sender or told.data.get("smtp_host")):
            raise ValueError("an e-mail address")
        return sender

    @property
    def database(self) -> str:
        """URL of the database; by default a SQLite file below `var_dir`."""
        return self.database_url or f"sqlite:///{self.var_dir.resolve() / 'outreach.sqlite'}"

    @property
    def embedded_database(self) -> bool:
        """Whether the database is the default one of this machine alone."""
        return not self.database_url

    @property
    def retained_days(self) -> dict[str, int]:
        """How many days which data of people are kept, by the name of the rule."""
        rules = ("messages", "devices", "links", "codes", "officials", "pictures")
        return {name: getattr(self, f"retain_{name}_days") for name in rules}

    @property
    def sends_mail(self) -> bool:
        """Whether there is a server that takes e-mails to officials."""
        return bool(self.smtp_host)

    @property
    def embedded_redis(self) -> bool:
        """Whether we start a Redis server ourselves."""
        return not self.redis_url

    @cached_property
    def secret(self) -> str:
        """Key that signs cookies and links; made once and kept below `var_dir` if none is set.

        Raises
        ------
        UnsafeSettings
            If the key given is shorter than 32 characters, or if there is an outside database
            and no key: every machine of an installation must share one.
        """
        given = self.secret_key.get_secret_value()
        if given:
            if len(given) < SHORTEST_SECRET:
                raise UnsafeSettings(
                    setting="SECRET_KEY", problem="too_short", least=SHORTEST_SECRET
                )
            return given
        if not self.embedded_database:
            raise UnsafeSettings(setting="SECRET_KEY", problem="missing")
        return _kept_secret(self.var_dir / "secret")


def fingerprint(key: str) -> str:
    """Tell keys apart without telling them; empty where there is none.

    Eight signs tell whoever guesses at keys less than any cookie does that is signed by one.
    """
    return hashlib.sha256(b"outreach backup:" + key.encode()).hexdigest()[:8] if key else ""


def is_protected(url: str) -> bool:
    """Whether a server is on this machine, or is reached by TLS and has to prove who it is.

    What cannot be read, addresses of files and of other kinds of server are not judged here.
    """
    try:
        address = urlsplit(url)
        asked = parse_qs(address.query)
        named = [address.hostname or "", *asked.get("host", []), *asked.get("hostaddr", [])]
        hosts = ",".join(named).split(",")
    except ValueError:
        return True
    if all(_is_here(host) for host in hosts):
        return True
    if address.scheme.startswith("postgres"):
        return asked.get("sslmode") == ["verify-full"]
    if address.scheme == "rediss":
        proofs = (("ssl_cert_reqs", "required"), ("ssl_check_hostname", "true"))
        return all(asked.get(name, [usual]) == [usual] for name, usual in proofs)
    return address.scheme not in {"redis", "http"}


def _is_here(host: str) -> bool:
    """Whether a host is this machine: by its loopback, or by a socket in a folder."""
    if not host or host == "localhost" or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def make_private(folder: Path) -> None:
    """Make a folder of the data for its owner alone, unless it is there.

    Raises
    ------
    UnsafeSettings
        If it cannot be made.
    """
    with using_folder():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def using_folder() -> Iterator[None]:
    """Name the setting where the folder of the data cannot be made, read or written.

    Raises
    ------
    UnsafeSettings
        With what the system said.
    """
    try:
        yield
    except OSError as error:
        raise UnsafeSettings(
            setting="VAR_DIR", problem="folder_unusable", detail=str(error)
        ) from error


@using_folder()
def _kept_secret(path: Path) -> str:
    make_private(path.parent)
    if not path.exists():
        # Written aside and linked: no process may ever read a key that is not whole, and of two
        # that make one at the same time the first stays.
        with NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()


def read_settings() -> Settings:
    """Read the settings of this process.

    Raises
    ------
    UnsafeSettings
        With the name of the first setting that cannot be read.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        limits = {key: told for key, told in first.get("ctx", {}).items() if key in _LIMITS}
        raise UnsafeSettings(setting=name, problem=first["type"], **limits) from error
