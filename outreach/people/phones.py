"""Phone numbers of officials: one way to write them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

#: Mobile numbers start with 8; landlines with an area code from 2 to 7 or 9.
_NUMBER = re.compile(r"(?:8[1-9][0-9]{7,10}|[2-79][0-9]{6,10})")


def normal(text: str) -> str:
    """Write an Indonesian phone number as +62…; an empty one stays empty.

    Raises
    ------
    PydanticCustomError
        With the code `not_a_phone`, and never with the number itself.
    """
    digits = re.sub(r"[\s().\-]", "", text)
    if not digits:
        return ""
    # "62812…" without its plus is how WhatsApp shows numbers.
    national = re.sub(r"^(?:\+?62|0)0?", "", digits)
    bare = national == digits and not digits.startswith("8")
    if bare or not _NUMBER.fullmatch(national):
        raise PydanticCustomError("not_a_phone", "no phone number")
    return f"+62{national}"


Phone = Annotated[str, AfterValidator(normal)]
