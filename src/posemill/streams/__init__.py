"""Streams that are watched: cameras that stay up, people in them, and what is told of that."""

from posemill.streams.added import has_added
from posemill.streams.hub import Event, Hub, Listener

__all__ = ["Event", "Hub", "Listener", "has_added"]
