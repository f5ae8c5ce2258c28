"""E-mail addresses of officials: one way to write them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from outreach.people.identity import refuse_identity_numbers

LONGEST = 254  # RFC 5321
#: Plain addresses only: no quoted names, no comments, no second line for a mail's head.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def normal(text: str) -> str:
    """Write an address with its host in small letters; an empty one stays empty.

    Raises
    ------
    PydanticCustomError
        With the code `not_an_email` or `identity_number`, never with the address itself.
    """
    told = text.strip()
    if not told:
        return ""
    # Its length comes first: nothing looks closely at what is far too long.
    if len(told) > LONGEST or not _ADDRESS.fullmatch(refuse_identity_numbers(told)):
        raise PydanticCustomError("not_an_email", "no e-mail address")
    name, _, host = told.rpartition("@")
    return f"{name}@{host.casefold()}"


Email = Annotated[str, AfterValidator(normal)]
