"""What people do, from where their landmarks are. Pure: time comes as ``frame.time_s``."""

from posemill.analysis.behaviour import (
    CONDITIONS,
    Condition,
    Edge,
    Facts,
    Held,
    Point,
    condition,
)

__all__ = ["CONDITIONS", "Condition", "Edge", "Facts", "Held", "Point", "condition"]
