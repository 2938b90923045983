"""A photo: where everyone's joints are, and a copy with the skeletons drawn in.

Run: python examples/photo.py photo.jpg annotated.png
"""

import sys

from PIL import Image

from posemill import LANDMARK_NAMES, PoseEstimator, PosemillError, draw, open_source


def main(photo: str, copy: str) -> None:
    """Print the landmarks in ``photo``, and write the annotated ``copy``."""
    with open_source(photo) as source:  # upright and in RGB, whatever the file holds
        frame = next(iter(source))
    poses = PoseEstimator(max_people=0).estimate(frame)
    for person in poses.people:
        print(f"person {person.id}, score {person.score:.2f}")
        for name, (x, y) in zip(LANDMARK_NAMES, person.points_px, strict=True):
            print(f"  {name:16} {x:7.1f} {y:7.1f} px, visibility {person[name].visibility:.2f}")
    Image.fromarray(draw(frame, poses)).save(copy)
    print(f"{len(poses.people)} people; {copy} is written")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except PosemillError as error:  # its text is one sentence that says what to do
        sys.exit(str(error))
