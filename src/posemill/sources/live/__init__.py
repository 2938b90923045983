"""Live sources: cameras, RTSP, HTTP, and files in real time. They come back by themselves.

``LiveSource`` is the one place that connects again: it yields the frames that are wanted, each
with the moment at which it was captured, for as long as it is not stopped.
"""

from posemill.sources.live.addresses import LiveAddress, is_camera_or_web, live_address, redacted
from posemill.sources.live.clock import Backoff, CaptureClock, Pace
from posemill.sources.live.connection import Connection, LiveOptions, OnPacket, has_stamps
from posemill.sources.live.late import Counts, LateDecoder, LiveFrame
from posemill.sources.live.source import LiveSource, LiveState, Taken

__all__ = [
    "Backoff",
    "CaptureClock",
    "Connection",
    "Counts",
    "LateDecoder",
    "LiveAddress",
    "LiveFrame",
    "LiveOptions",
    "LiveSource",
    "LiveState",
    "OnPacket",
    "Pace",
    "Taken",
    "has_stamps",
    "is_camera_or_web",
    "live_address",
    "redacted",
]
