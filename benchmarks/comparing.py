"""Margins of comparing: the same movement against others, and how long it takes.

    python benchmarks/comparing.py [FOLDER]

FOLDER: real media as docs/en/comparing.md says; without it only the generated figure counts.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from movements import JACK, KICK, WAVE, again, clip, squat
from posemill.analysis.comparing import compare_motions, mirrored
from posemill.analysis.motion import Motion, motions
from posemill.cli.skeletons import SkeletonReader
from posemill.config import resolve

CLIPS = {
    "dance": "tfjs_pose/pose_1.mp4",
    "squats": "tfjs_pose/pose_squats.mp4",
    "walk and sprint": "sports2d/demo.mp4",
    "sit down": "gmdcsa24/s1_adl_16.mp4",
    "walk about": "gmdcsa24/s2_adl_23.mp4",
}
# The four cameras, and where the same person is at first, in pixels.
CAMERAS = "pose2sim/videos/cam0{}.mp4"
WOMAN = {1: (735, 1180), 2: (125, 950), 4: (800, 590)}


def main(arguments: Sequence[str]) -> None:
    figures = {
        "squats": clip(again(squat())),
        "jacks": clip(again(JACK)),
        "wave": clip(again(WAVE)),
        "kicks": clip(again(KICK)),
    }
    print("generated figure")
    told(figures)
    print("  squats from 60 degrees to the side:", end=" ")
    row(figures["squats"], clip(again(squat(yaw=60))))
    timing(figures)
    if arguments:
        real(Path(arguments[0]))


def real(folder: Path) -> None:
    settings = resolve({"max_people": 2}).settings
    with SkeletonReader(settings) as reader:
        found = {
            name: motions(reader.read(str(folder / path)).frames)[0] for name, path in CLIPS.items()
        }
        seen = {}
        for camera, place in WOMAN.items():
            frames = reader.read(str(folder / CAMERAS.format(camera))).frames
            seen[camera] = min(motions(frames), key=lambda each: far(each, place))
    print("real clips")
    told(found)
    print("one person, two cameras at once")
    for a, b in ((1, 2), (1, 4), (2, 4)):
        print(f"  cameras {a} and {b}:", end=" ")
        row(seen[a], seen[b])


def far(motion: Motion, place: tuple[float, float]) -> float:
    return float(np.hypot(*(motion.points_px[0, [11, 12, 23, 24]].mean(axis=0) - place)))


def told(clips: dict[str, Motion]) -> None:
    for name, motion in clips.items():
        print(f"  {name}")
        quarter = len(motion) // 4
        for what, other, mirror in (
            ("itself", motion, False),
            ("half as fast", replace(motion, time_s=motion.time_s * 2), False),
            ("mirrored, --mirror", mirrored(motion), True),
            ("mirrored, without", mirrored(motion), False),
            ("its middle half", motion.at(slice(quarter, 3 * quarter)), False),
            ("all but the last sixth", motion.at(slice(0, len(motion) * 5 // 6)), False),
        ):
            print(f"    {what:24}", end="")
            row(motion, other, mirror=mirror)
        for other_name, other in clips.items():
            if other_name != name:
                print(f"    {other_name:24}", end="")
                row(motion, other)


def row(a: Motion, b: Motion, *, mirror: bool = False) -> None:
    found = compare_motions(a, b, mirror=mirror)
    span = found.similarity_range
    if found.similarity is None or span is None:
        print("unknown")
        return
    print(
        f"{found.similarity:6.1f} ({span[0]:.0f} to {span[1]:.0f}), {found.difference_deg:5.1f} "
        f"degrees, movement {found.movement:5.1f}, {found.way} {' '.join(found.doubts)}"
    )


def timing(clips: dict[str, Motion]) -> None:
    random = np.random.default_rng(0)
    times = np.arange(9000) / 30
    pair = []
    for motion in (clips["squats"], clips["jacks"]):
        places = (np.arange(9000) * 2 // 3) % len(motion)
        world = motion.world[places] + random.normal(0, 0.005, (9000, 33, 3))
        long = motion.at(places)
        pair.append(replace(long, time_s=times, frame=np.arange(9000), world=world))
    for what, a, b in (("each other", pair[0], pair[1]), ("itself", pair[0], pair[0])):
        began = perf_counter()
        compare_motions(a, b)
        print(f"9000 frames against {what}: {perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
