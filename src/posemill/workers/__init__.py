"""Processes that handle what users send: confined, watched, and replaced when they fall.

Pictures and videos from anywhere are decoded in processes that have no network, can start no
program, and may only use so much memory and time. One that falls costs the request that it was
at; the next one gets a new process.
"""

from posemill.workers.confinement import (
    Limits,
    confine,
    end_with_parent,
    give_up_capabilities,
    keep_private,
)
from posemill.workers.lanes import Lanes, Seat, Seats
from posemill.workers.messages import Answer, Handler, receive, send
from posemill.workers.process import MediaProcess, environment
from posemill.workers.serving import Build, run_as_media_process, take_pipes

__all__ = [
    "Answer",
    "Build",
    "Handler",
    "Lanes",
    "Limits",
    "MediaProcess",
    "Seat",
    "Seats",
    "confine",
    "end_with_parent",
    "environment",
    "give_up_capabilities",
    "keep_private",
    "receive",
    "run_as_media_process",
    "send",
    "take_pipes",
]
