"""Text that people type: trimmed, bounded, readable, and never with an identity number in it."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from outreach.people.identity import refuse_identity_numbers, without_identity


def _readable(text: str) -> str:
    # PostgreSQL refuses the zero sign, and nobody types the others.
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text if sign not in "\r\n\t"):
        raise PydanticCustomError("unreadable_text", "control characters")
    return refuse_identity_numbers(text)


#: One line that names something.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(_readable),
]

#: A name in a list of one's own: blanks within it count as one, and a broken line as a blank.
ShortName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80),
    AfterValidator(_readable),
    BeforeValidator(lambda text: " ".join(text.split()) if isinstance(text, str) else text),
]

LONGEST_REMARK = 1000

#: A few sentences; may be empty.
Remark = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_REMARK),
    AfterValidator(_readable),
]

#: A few words beside something; may be empty.
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_readable)
]

#: Who said so: without it nobody can judge a rule or an announcement later.
Source = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=200),
    AfterValidator(_readable),
]


#: Of a file's name nothing before these last signs is looked at.
_END_OF_NAME = 2_000


def plain_file_name(told: str, most: int) -> str:
    """Keep the last part of a file's name, at most *most* signs of it that can be seen.

    One that holds an identity number is not kept at all, and one without a sign is ``?``.
    """
    last = told[-_END_OF_NAME:].replace("\\", "/").rpartition("/")[2]
    seen = "".join(sign for sign in last if sign.isprintable())
    return without_identity(seen)[-most:] or "?"
