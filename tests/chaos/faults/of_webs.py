"""Faults of the webs, and of bringing a new version into service."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.chaos.faults.aim import AIM_SECONDS, NothingThere, planning, waited_for

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.product import Product, Web

#: How long a web waits for a phone's reports that it may take and never answer.
ARMED_SECONDS = 30
#: What was on its way to a web that is killed is cut by then.
CUT_SECONDS = 5.0


def kill(product: Product, drawn: Random) -> bool:
    """Kill a web with its processes while it is asked something, and start it again."""
    web = drawn.choice(product.webs)
    if not waited_for(web.wire.is_asked, AIM_SECONDS):
        raise NothingThere
    before = web.wire.unanswered
    web.program.kill()
    has_hit = waited_for(lambda: web.wire.unanswered > before, CUT_SECONDS)
    web.start()
    return has_hit


def kill_before_answer(product: Product, drawn: Random) -> bool:
    """Kill a web when it has stored new reports and has not told the phone so."""
    web = drawn.choice(product.webs)
    killed = threading.Event()

    def act() -> None:
        web.program.kill()
        killed.set()

    web.wire.before_answer(b"POST /api/v1/reports", b'"accepted"', act)
    for _ in range(ARMED_SECONDS):
        if killed.wait(1) or product.is_over.is_set():
            break
    if not web.wire.disarm():
        killed.wait()  # it is done, or just being done
    web.start()
    if not killed.is_set():
        raise NothingThere  # no phone had anything new to tell
    return True


def half_open(product: Product, drawn: Random) -> bool:
    """Lose the network between phones and a web, in both directions."""
    return drawn.choice(product.webs).wire.half_open(drawn.uniform(2.0, 4.0))


def deploy(product: Product, drawn: Random) -> bool:
    """Tell everything to end and start it anew, one after the other, while plans are made."""
    for web in product.webs:
        _anew(web)
    planning(product)
    for program in (*product.workers, *product.sweepers):
        program.end()
        program.start()
    return True


def _anew(web: Web) -> None:
    web.program.end()
    web.start()
