"""An analysis of your own on a stream: who holds both hands above the head, and for how long.

Run: python examples/own_analysis.py clip.mp4   # or a camera: 0, rtsp://..., http://...
"""

import sys
from collections.abc import Iterator

from posemill import FramePoses, Pose, PosemillError, PoseTracker, open_source


def is_up(person: Pose) -> bool:
    """Whether both wrists are seen, and above the nose; y goes down."""
    wrists = person["left_wrist"], person["right_wrist"]
    return all(wrist.visibility > 0.5 and wrist.y < person["nose"].y for wrist in wrists)


def hands_up(stream: Iterator[FramePoses]) -> Iterator[str]:
    """Yield a sentence when a person raises the hands, and when they come down."""
    since: dict[int, float] = {}  # by person
    for poses in stream:
        up = {person.id for person in poses.people if is_up(person)}
        for number in up - since.keys():
            since[number] = poses.time_s
            yield f"{poses.time_s:.2f} s: person {number} raises both hands"
        for number in since.keys() - up:
            held_s = poses.time_s - since.pop(number)
            yield f"{poses.time_s:.2f} s: person {number} had them up for {held_s:.2f} s"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        with open_source(sys.argv[1]) as source:
            for sentence in hands_up(map(PoseTracker(max_people=0).track, source)):
                print(sentence, flush=True)
    except PosemillError as error:
        sys.exit(str(error))
