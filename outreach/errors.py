"""Everything that can go wrong: one root, a stable code and the facts.

No sentence for people stands here: `outreach.web.words` chooses the words for each code, in
Indonesian and English, where the reader is known.
"""

from __future__ import annotations

from typing import ClassVar


class OutreachError(Exception):
    """What went wrong, as a code that never changes and the facts about it."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code, facts)
        self.facts = facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}({told})"


class NotFound(OutreachError):
    """The thing is missing, or lies outside the person's area: both look the same."""

    code = "not_found"
    status = 404


class NotAllowed(OutreachError):
    """The person's role does not include this act."""

    code = "not_allowed"
    status = 403


class Conflict(OutreachError):
    """Somebody else changed the thing first, or a rule of the tables refused it."""

    code = "conflict"
    status = 409


class Invalid(OutreachError):
    """The input cannot be taken; `problems` maps each field to its problem codes."""

    code = "invalid"
    status = 422


class UnsafeSettings(OutreachError):
    """The settings would make the product unsafe or unable to start."""

    code = "unsafe_settings"
    status = 500


class LoginRequired(OutreachError):
    """Nobody is logged in, or the login has run out."""

    code = "login_required"
    status = 401


class TokenRequired(OutreachError):
    """A program showed no token that holds: none at all, a wrong one, or one that is over."""

    code = "token_required"
    status = 401


class DeviceRevoked(OutreachError):
    """The phone's right to speak for its official was taken back."""

    code = "device_revoked"
    status = 401


class BehindPin(OutreachError):
    """The phone has a PIN, and something else than its page that asks for it wants an answer."""

    code = "behind_pin"
    status = 403


class OtherPerson(OutreachError):
    """What was saved on a phone speaks for another person than the one who is connected now."""

    code = "other_person"
    status = 409


class NotInOffice(OutreachError):
    """The official for whom a phone speaks is not in office: the office may renew it any day."""

    code = "not_in_office"
    status = 401


class NotFromOurPage(OutreachError):
    """A request that changes something did not come from a page of ours."""

    code = "not_from_our_page"
    status = 400


class UndeclaredRoute(OutreachError):
    """A route does not say who may open it; the app does not start."""

    code = "undeclared_route"
    status = 500
