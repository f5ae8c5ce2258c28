"""What the tests of the phone's API ask it for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.web.conftest import Visitor

STATE = "/api/v1/phone"


def state(phone: Visitor) -> Any:
    answer = phone.get(STATE)
    assert answer.status_code == 200, answer.text
    return answer.get_json()
