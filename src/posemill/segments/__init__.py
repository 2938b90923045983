"""A long video as parts that are tracked side by side, and joined as if it were in one pass.

A tracker that begins in the middle doesn't know what the one before it knows: who is who, and
what its filters have seen, some of which remember for ten seconds and more. So no part is
believed at once. The tracker of the part before runs on into the next one, until both have
agreed for some time on who is there and where; from there on, the next part's results count.
Where they don't come to agree, it runs on as a single pass would.
"""

import math
from dataclasses import dataclass
from typing import Final

from posemill.segments.joining import Joined
from posemill.segments.parts import Divisible

__all__ = ["SHORTEST_S", "Divisible", "Joined", "Plan", "plan"]

# Parts are as long as that: running on, which takes 5 to 20 s, shall be a small share of each,
# and their poses, about 2 KB a frame and person, shall not fill the memory.
SHORTEST_S: Final = 60.0
LONGEST_S: Final = 120.0
LEAST_SETTLED_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How many ``workers`` track parts of about ``length_s``.

    ``settled_s``: for how long two trackings must agree.
    """

    workers: int
    length_s: float
    settled_s: float


def plan(duration_s: float | None, workers: int, patience_s: float) -> Plan:
    """Return parts of equal length, as many as keep all ``workers`` busy to the end.

    ``patience_s``: for how long a lost person keeps the id. Trackings must agree for as long,
    or somebody whom only one of them still waits for could come back.
    """
    length_s = LONGEST_S
    if duration_s is not None:
        rounds = max(1, math.ceil(duration_s / (workers * LONGEST_S)))
        length_s = duration_s / (workers * rounds)
    return Plan(workers, length_s, max(patience_s, LEAST_SETTLED_S))
