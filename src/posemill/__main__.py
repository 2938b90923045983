"""``python -m posemill``."""

from posemill.cli import run

run()
