"""Why an e-mail did not arrive, in words: the outbox keeps a code and no address."""

from __future__ import annotations

from flask_babel import gettext as _


def mail_words(code: str) -> str:
    """Say what became of a try to send an e-mail."""
    name, _mark, answer = code.partition("_")
    if name == "refused":
        return str(_("The mail server refused it (%(answer)s).", answer=answer))
    if name == "server" and answer.isdecimal():
        return str(
            _(
                "The mail server did not let us in (%(answer)s). Tell who looks after the product.",
                answer=answer,
            )
        )
    known = {
        "address_unusable": _("The e-mail address cannot be used."),
        "server_lacks_security_or_login": _(
            "The mail server offers no secure way in. Tell who looks after the product."
        ),
        "server_unreachable": _("The mail server does not answer."),
        "area_lost": _("You do not see this area any more. Choose another one."),
        "worker_lost": _("It broke off every time. Tell who looks after the product."),
    }
    return str(known.get(code, code))
