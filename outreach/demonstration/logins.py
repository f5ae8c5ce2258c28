"""Who can log in to the demonstration: one for each role, and coordinators of other branches."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from outreach.people.tables import Role


@dataclass(frozen=True, slots=True)
class Login:
    """One person of the demonstration."""

    login: str
    name: str
    role: Role
    area: str | None = None


COORDINATOR = Login("koordinator.surakarta", "Wening Prameswari", Role.COORDINATOR)
#: Sees another branch: who looks at both sees who sees what.
MAKASSAR_COORDINATOR = Login("koordinator.makassar", "Andi Besse Tenri", Role.COORDINATOR)
#: Has teams that stay overnight.
AMBON_COORDINATOR = Login("koordinator.ambon", "Grace Pattiwael", Role.COORDINATOR)
OFFICIAL = Login("perangkat.desa", "Sri Lestari", Role.OFFICIAL)
MANAGER = Login("manajer.pusat", "Rangga Adinata", Role.MANAGER, area="")
ADMIN = Login("admin.kantor", "Tirta Mahendra", Role.ADMIN)
LOGINS = (COORDINATOR, MAKASSAR_COORDINATOR, AMBON_COORDINATOR, OFFICIAL, MANAGER, ADMIN)


def demo_password(secret: str, login: str) -> str:
    """Derive a password that only this installation knows and can tell again at any time.

    A fixed one would be an open door on every server where the demonstration was left on.
    """
    digest = hmac.new(secret.encode(), f"demonstration:{login}".encode(), hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode().lower()
    return "-".join((letters[0:4], letters[4:8], letters[8:12]))
