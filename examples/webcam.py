"""A camera without a window: a line a second of who is seen. It may be away, and come back.

Run: python examples/webcam.py 0   # or rtsp://..., http://..., a video; Ctrl-C ends it
"""

import sys
from contextlib import suppress

from posemill import PoseTracker
from posemill.errors import SourceError
from posemill.sources.live import LiveOptions, LiveSource, LiveState


def tell(state: LiveState) -> None:
    """Say how the camera is: live, stalled, failed or ended, and why."""
    print("camera:", state.word, state.reason, flush=True)


def main(address: str) -> None:
    """Watch the camera at ``address``."""
    source = LiveSource(address, LiveOptions(max_fps=15, loop=False), on_state=tell)
    tracker = PoseTracker(max_people=0)
    told_s, frames, people = 0.0, 0, 0
    for taken in source:  # where the camera is away, this waits for it
        with suppress(SourceError):  # a damaged frame: the next one may do
            people = len(tracker.track(source.frame(taken)).people)
            frames += 1
        if taken.time_s >= told_s + 1:
            rate = frames / (taken.time_s - told_s)
            print(f"{taken.time_s:7.1f} s: {rate:4.1f} frames/s, {people} people", flush=True)
            told_s, frames = taken.time_s, 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with suppress(KeyboardInterrupt):
        main(sys.argv[1])
