"""How many plans wait in the queue: as many as the workers take, so that nobody waits behind more.

Whoever asks for a plan now waits behind all that is in the queue by then, and a worker that finds
it empty does nothing until the next sweep. So it holds twice what was taken since the last sweep.
"""

from __future__ import annotations

from dataclasses import dataclass

#: What one machine takes up at once.
FEWEST_SENT = 8
#: About a megabyte of Redis, and more than five hundred workers take in a second.
MOST_PLANS_SENT = 1024


@dataclass
class Depth:
    """How many messages the queue may hold.

    Attributes
    ----------
    left
        How many it held when the last sweep was over.
    """

    most: int = FEWEST_SENT
    left: int = 0

    def look(self, waiting: int) -> None:
        """Reckon how many may wait, from how many of those `left` still wait."""
        taken = max(0, self.left - waiting)
        # Who took all would have taken more; how many more nobody can tell.
        growth = 2 if waiting else 4
        self.most = min(MOST_PLANS_SENT, max(FEWEST_SENT, growth * taken))
