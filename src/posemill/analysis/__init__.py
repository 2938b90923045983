"""What people do, from where their landmarks are. Pure: time comes as ``frame.time_s``."""

from posemill.analysis.behaviour import (
    CONDITIONS,
    LASTING,
    Condition,
    Edge,
    Event,
    Facts,
    Held,
    Options,
    Point,
    condition,
    find_events,
)

__all__ = [
    "CONDITIONS",
    "LASTING",
    "Condition",
    "Edge",
    "Event",
    "Facts",
    "Held",
    "Options",
    "Point",
    "condition",
    "find_events",
]
