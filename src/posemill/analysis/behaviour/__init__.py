"""What people do: conditions that hold in a frame or don't, and whether they have for a while.

A condition looks at the people of a frame. It returns facts, which JSON can hold: ``people``, a
list with the ``id`` of each that is concerned and the values that decided; or None where it
doesn't hold. Some look at one frame, others keep the last seconds of everybody. ``Held`` makes
something that begins and ends of these moments, ``find_events`` does so with a whole clip.

An aid, and no medical or safety device: who is far, hidden or seen from above may be missed.
"""

from posemill.analysis.behaviour.events import KINDS, Event, find_events
from posemill.analysis.behaviour.fall import Fall
from posemill.analysis.behaviour.held import END_S, FLICKER_S, GAP_S, Edge, Facts, Held
from posemill.analysis.behaviour.lasting import Lying, Running, Still
from posemill.analysis.behaviour.rules import CONDITIONS, LASTING, Options, condition
from posemill.analysis.behaviour.signs import Condition
from posemill.analysis.behaviour.zones import Crossing, Point, is_inside

__all__ = [
    "CONDITIONS",
    "END_S",
    "FLICKER_S",
    "GAP_S",
    "KINDS",
    "LASTING",
    "Condition",
    "Crossing",
    "Edge",
    "Event",
    "Facts",
    "Fall",
    "Held",
    "Lying",
    "Options",
    "Point",
    "Running",
    "Still",
    "condition",
    "find_events",
    "is_inside",
]
