"""Processes that handle what users send: confined, watched, and replaced when they fall.

Pictures and videos from anywhere are decoded in processes that have no network, can start no
program, and may only use so much memory and time. One that falls costs the request that it was
at; the next one gets a new process.
"""

from posemill.workers.confinement import Limits, keep_private
from posemill.workers.lanes import Lanes, Seat, Seats
from posemill.workers.messages import Answer, Handler
from posemill.workers.process import MediaProcess
from posemill.workers.serving import Build, run_as_media_process

__all__ = [
    "Answer",
    "Build",
    "Handler",
    "Lanes",
    "Limits",
    "MediaProcess",
    "Seat",
    "Seats",
    "keep_private",
    "run_as_media_process",
]
