"""Two clips of a movement: how alike they are, and the joints that differ most.

Run: python examples/compare_clips.py mine.mp4 coach.mp4
"""

import sys

from posemill import PosemillError, PoseTracker, open_source
from posemill.analysis.comparing import compare_motions
from posemill.analysis.motion import Motion, motions


def motion_in(clip: str) -> Motion:
    """Return the movement of whoever is seen most in ``clip``."""
    tracker = PoseTracker()
    with open_source(clip) as source:
        for motion in motions(tracker.track(frame) for frame in source):
            return motion
    sys.exit(f"{clip}: there is nobody to be seen in it.")


def main(mine: str, coach: str) -> None:
    """Print the similarity from 0 to 100, how sure it is, and five joints."""
    found = compare_motions(motion_in(mine), motion_in(coach))
    low, high = found.similarity_range or sys.exit("too little is seen in both to compare them.")
    print(f"similarity {found.similarity:.0f}, from {low:.0f} to {high:.0f}")
    print("doubts:", *(found.doubts or ["none"]))
    joints = sorted(found.joints, key=lambda joint: joint.difference_deg or 0.0, reverse=True)
    for joint in joints[:5]:
        print(f"  {joint.name:16} {joint.difference_deg or 0.0:5.1f} degrees apart")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except PosemillError as error:
        sys.exit(str(error))
