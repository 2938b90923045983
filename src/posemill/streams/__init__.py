"""Streams that are watched: cameras that stay up, people in them, and what is told of that."""

from posemill.streams.hub import Event, Hub, Listener
from posemill.streams.places import has_added

__all__ = ["Event", "Hub", "Listener", "has_added"]
