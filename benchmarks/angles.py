"""How far joint angles from one camera are from those that several calibrated cameras give.

    .venv/bin/python benchmarks/angles.py ../shared/data/pose2sim [--records FOLDER]

The folder holds synchronous `videos/*.mp4` and `calibration/*.qca.txt`. Each video is tracked by
itself. Who is who from camera to camera is decided by where their pixels meet in space. The
reference is triangulated from the landmarks in the pictures of all cameras that agree; it owes
nothing to what the model says of depth, but it shares its idea of where a hip is. Both sides are
filtered at 6 Hz, and both are in the camera's own axes, so that its tilt is no error.

`3D` is the angle from the world landmarks of one camera, `2D` what a protractor on its picture
reads, `2D square` where posemill doubts it not as oblique. Columns: frames; the mean of absolute
differences, their median, their mean; the mean difference of the range of motion; how many
are within the uncertainty that posemill tells (about two thirds would be right), and what that is
on average. `all` has every frame. `placed` leaves out those where the camera's own pixels are far
from the reference: there left and right are exchanged, or a limb is hidden and guessed.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
from cameras import Array, Camera, agreeing, read_qualisys, residuals, triangulate

from posemill.analysis.angles import Angle, angles
from posemill.analysis.joints import WORLD_ANGLES, index, landmarks_of
from posemill.analysis.motion import Motion, motions
from posemill.cli.skeletons import SkeletonReader
from posemill.config import resolve
from posemill.sources.recordings import Recording

SURE = 0.7  # a landmark that counts for the reference is that visible
SAME = 0.03  # of the person's size: two cameras see the same one if that is the median distance
PLACED = 0.05  # of the person's size
PAIRS_2D = {"knee_angle": "knee_flexion", "elbow_angle": "elbow_flexion"}

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Seen:
    """One person in one camera: pixels (frames, 33, 2), which are sure (frames, 33), size."""

    camera: Camera
    motion: Motion
    points_px: Array
    sure: Array
    size_px: float


@dataclass(frozen=True, eq=False)
class Row:
    """Differences of one angle (n,), where they are placed, and what goes with them."""

    apart: Array
    placed: Mask
    span: float
    uncertainty: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=Path, help="a folder of *.jsonl in place of tracking")
    arguments = parser.parse_args()
    cameras = read_qualisys(next(arguments.folder.glob("calibration/*.qca.txt")))
    tracked = {name: tracks(name, arguments) for name in cameras}
    length = 1 + max(int(each.frame[-1]) for every in tracked.values() for each in every)
    everyone = [
        seen_by(cameras[name], each, length) for name, every in tracked.items() for each in every
    ]
    rows: dict[str, list[Row]] = {}
    for number, group in enumerate(people(everyone), start=1):
        for name, row in differences(number, group):
            rows.setdefault(name, []).append(row)
    for which in ("all", "placed"):
        tell(which, rows)


def tracks(name: str, arguments: argparse.Namespace) -> Sequence[Motion]:
    if arguments.records is not None:
        return motions(Recording(arguments.records / f"{name}.jsonl"))
    with SkeletonReader(resolve({"max_people": "2"}).settings) as reader:
        return motions(reader.read(str(arguments.folder / "videos" / f"{name}.mp4")).frames)


def seen_by(camera: Camera, motion: Motion, length: int) -> Seen:
    points, sure = np.zeros((length, 33, 2)), np.zeros((length, 33))
    points[motion.frame] = motion.points_px
    inside = ((motion.landmarks[..., :2] > 0) & (motion.landmarks[..., :2] < 1)).all(axis=-1)
    sure[motion.frame] = (motion.visibility >= SURE) & inside
    size_px = float(np.median(np.ptp(motion.points_px, axis=1).max(axis=1)))
    return Seen(camera, motion, points, sure, size_px)


def people(everyone: Sequence[Seen]) -> Iterator[list[Seen]]:
    """Yield each person as seen by several cameras, the surest pairs joined first."""
    groups = [[each] for each in everyone]
    pairs = [
        (distance([a, b]), a, b)
        for a, b in combinations(everyone, 2)
        if a.camera.name != b.camera.name
    ]
    for apart, a, b in sorted(pairs, key=lambda pair: pair[0]):
        one, other = (next(g for g in groups if any(s is each for s in g)) for each in (a, b))
        names = [each.camera.name for each in (*one, *other)]
        if apart <= SAME and one is not other and len(set(names)) == len(names):
            one += other
            groups.remove(other)
    yield from (group for group in groups if len(group) > 1)


def distance(group: Sequence[Seen]) -> float:
    """Return the median distance between landmarks and where all meet, in sizes; inf of none."""
    points, sure, sizes, cameras = stacked(group)
    room = triangulate(cameras, points, sure * sure.min(axis=0))
    away = residuals(cameras, points, room) / sizes[:, None, None]
    known = away[np.isfinite(away)]
    return float(np.median(known)) if len(known) else float("inf")


def stacked(group: Sequence[Seen]) -> tuple[Array, Array, Array, list[Camera]]:
    return (
        np.stack([each.points_px for each in group]),
        np.stack([each.sure for each in group]),
        np.array([each.size_px for each in group]),
        [each.camera for each in group],
    )


def differences(number: int, group: Sequence[Seen]) -> Iterator[tuple[str, Row]]:
    points, sure, sizes, cameras = stacked(group)
    room = agreeing(cameras, points, sure, sizes)
    print(
        f"person {number}: {', '.join(each.camera.name for each in group)}; "
        f"{np.isfinite(room[..., 0]).mean():.0%} of the landmarks are agreed on"
    )
    for each in group:
        own = residuals([each.camera], each.points_px[None], room)[0] / each.size_px
        known = np.isfinite(own)
        print(
            f"  {each.camera.name}: {np.mean(own[known] <= PLACED):.0%} of its landmarks are placed"
            f", these within {100 * np.median(own[own <= PLACED]):.1f} % of the person's size"
        )
        errors_of_landmarks(each, room[each.motion.frame], own[each.motion.frame])
        yield from compared(each, room[each.motion.frame], own[each.motion.frame])


def errors_of_landmarks(each: Seen, room: Array, own: Array) -> None:
    """Print how far placed world landmarks are off, scaled to the trunk of the reference, mm."""
    hips = [index("left_hip"), index("right_hip")]
    truth = np.where((own <= PLACED)[..., None], room @ each.camera.rotation.T, np.nan)
    truth = truth - truth[:, hips].mean(axis=1, keepdims=True)
    world = each.motion.world - each.motion.world[:, hips].mean(axis=1, keepdims=True)
    trunks = [
        np.linalg.norm(
            p[:, [index("left_shoulder"), index("right_shoulder")]].mean(axis=1), axis=-1
        )
        for p in (truth, world)
    ]
    scale = float(np.nanmedian(trunks[0] / trunks[1]))
    apart = 1000 * (scale * world - truth)
    told = []
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        both = apart[:, [index(f"left_{part}"), index(f"right_{part}")]]
        plane, depth = (np.sqrt(np.nanmean(both[..., k] ** 2)) for k in (slice(0, 2), 2))
        told.append(f"{part} {plane:.0f}/{depth:.0f}")
    print(f"    world landmarks, mm in plane/in depth: {', '.join(told)}; scale {scale:.2f}")


def compared(each: Seen, room: Array, own: Array) -> Iterator[tuple[str, Row]]:
    motion = each.motion
    world = room @ each.camera.rotation.T  # the camera's own axes
    landmarks = motion.landmarks.copy()
    landmarks[..., 3] = np.isfinite(world).all(axis=-1)
    truth = angles(replace(motion, world=np.nan_to_num(world), landmarks=landmarks), ["3d"])
    found = angles(motion, ["3d", "2d"])
    for name, one in found.by_name.items():
        placed = (own[:, [index(part) for part in landmarks_of(name)]] <= PLACED).all(axis=1)
        bare = name.removeprefix("left_").removeprefix("right_")
        if name in WORLD_ANGLES:
            yield f"3D {bare}", row_of(one, truth[name], placed)
        elif bare in PAIRS_2D:
            row = row_of(one, truth[name.replace(bare, PAIRS_2D[bare])], placed)
            yield f"2D {bare}", row
            if "oblique" not in one.doubts:
                yield f"2D square {bare}", row


def row_of(one: Angle, other: Angle, placed: Mask) -> Row:
    apart = (one.values - other.values + 180) % 360 - 180
    both = np.isfinite(apart)
    spans = [np.ptp(each.values[both]) if both.any() else np.nan for each in (one, other)]
    return Row(apart, placed, float(spans[0] - spans[1]), one.uncertainty)


def tell(which: str, rows: Mapping[str, Sequence[Row]]) -> None:
    print(f"\n{which:28} {'frames':>6} {'mean':>6} {'median':>6} {'bias':>6} {'range':>6}"
          f" {'within':>6} {'told':>6}")  # fmt: skip
    for name, every in sorted(rows.items()):
        kept = [(row, np.isfinite(row.apart) & (row.placed | (which == "all"))) for row in every]
        apart = np.concatenate([row.apart[where] for row, where in kept])
        if len(apart) < 30:
            continue
        sure = np.concatenate([np.full(where.sum(), row.uncertainty) for row, where in kept])
        away = np.abs(apart)
        spans = [abs(row.span) for row, where in kept if where.mean() > 0.5]
        span = f"{np.mean(spans):6.1f}" if spans else "     -"
        print(
            f"{name:28} {len(apart):6} {away.mean():6.1f} {np.median(away):6.1f} "
            f"{apart.mean():6.1f} {span} {np.mean(away <= sure):6.0%} {np.nanmean(sure):6.1f}"
        )


if __name__ == "__main__":
    main()
