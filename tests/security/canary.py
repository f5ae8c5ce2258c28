"""A person whose name, numbers and address are nobody else's, and where they must never stand."""

from __future__ import annotations

NAME, LOGIN = "Kenari-Jingga Prawirasukmana", "kenari.jingga"
PHONE, AS_STORED = "081398765432", "+6281398765432"
EMAIL = "kenari.jingga@desa.example"
#: With the structure of an identity number; nobody's.
NIK = "3372015504870003"
EVERYTHING = f"{NAME} {PHONE} {EMAIL} {NIK}"
#: By any of these somebody would know them again.
TRACES = ("kenari", "prawirasukmana", "81398765432", NIK)


def traces_in(text: str) -> list[str]:
    """Which of them stand in a text, in any writing."""
    plain = text.casefold()
    return [trace for trace in TRACES if trace in plain]
