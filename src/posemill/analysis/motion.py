"""One person over time, as arrays: what most of the analysis works on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from posemill.skeleton import LANDMARK_COUNT, LANDMARK_INDEX
from posemill.types import FramePoses, Pose

Array = npt.NDArray[np.float64]

# Whoever is seen again within so long, near enough and of about the same size, is taken for the
# same person under a new id.
_LINK_S: Final = 5.0
_LINK_DISTANCE, _LINK_SIZE = 1.0, 1.6  # in sizes of the person; larger by smaller
_TORSO: Final = tuple(
    LANDMARK_INDEX[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """One person in the frames where they were seen.

    ``time_s``: float64 (n,), rising. ``frame``: int64 (n,), their numbers. ``landmarks``: float64
    (n, 33, 5) and ``world``: (n, 33, 3), as in ``Pose``. ``size_px``: (width, height).
    ``ids``: those the tracker gave this person, in turn.
    """

    ids: tuple[int, ...]
    time_s: Array
    frame: npt.NDArray[np.int64]
    landmarks: Array
    world: Array
    size_px: tuple[int, int]

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def id(self) -> int:
        """The first id."""
        return self.ids[0]

    @property
    def points_px(self) -> Array:
        """The landmarks in pixels of the upright picture, (n, 33, 2)."""
        return np.asarray(self.landmarks[:, :, :2] * np.array(self.size_px, float))

    @property
    def visibility(self) -> Array:
        """How well each landmark is seen, 0..1, (n, 33)."""
        return self.landmarks[:, :, 3]

    @property
    def duration_s(self) -> float:
        """From the first to the last frame."""
        return float(self.time_s[-1] - self.time_s[0]) if len(self) else 0.0

    @property
    def interval_s(self) -> float:
        """The usual time from one frame to the next; 0 with fewer than two."""
        return float(np.median(np.diff(self.time_s))) if len(self) > 1 else 0.0

    def at(self, which: slice | npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Self:
        """Return the motion in some of its frames."""
        return replace(
            self,
            time_s=self.time_s[which],
            frame=self.frame[which],
            landmarks=self.landmarks[which],
            world=self.world[which],
        )

    def between(self, start_s: float, end_s: float) -> Self:
        """Return the part within two times, both included."""
        return self.at((self.time_s >= start_s) & (self.time_s <= end_s))


def motion_of(poses: Sequence[tuple[FramePoses, Pose]]) -> Motion:
    """Return one person's motion; frames whose time doesn't go on are left out."""
    kept: list[tuple[FramePoses, Pose]] = []
    for frame, pose in poses:
        if not kept or frame.time_s > kept[-1][0].time_s:
            kept.append((frame, pose))
    ids = tuple(dict.fromkeys(pose.id for _, pose in kept))
    size_px = kept[-1][0].size_px if kept else (1, 1)
    return Motion(
        ids or (0,),
        np.array([frame.time_s for frame, _ in kept]),
        np.array([frame.index for frame, _ in kept], np.int64),
        np.array([pose.landmarks for _, pose in kept], float).reshape(-1, LANDMARK_COUNT, 5),
        np.array([pose.world for _, pose in kept], float).reshape(-1, LANDMARK_COUNT, 3),
        size_px,
    )


def motions(frames: Iterable[FramePoses]) -> tuple[Motion, ...]:
    """Return everyone's motion, those who are seen most and largest first.

    Where there is never more than one person, all is one motion, whatever the ids. Else one who
    is lost and comes back soon and near is joined.
    """
    tracks: dict[int, list[tuple[FramePoses, Pose]]] = {}
    most = 0
    for frame in frames:
        most = max(most, len(frame.people))
        for pose in frame.people:
            tracks.setdefault(pose.id, []).append((frame, pose))
    if most > 1:
        found = _joined(list(tracks.values()))
    else:
        every = [seen for track in tracks.values() for seen in track]
        found = [sorted(every, key=lambda seen: seen[0].index)]
    joined = [motion_of(track) for track in found]
    return tuple(sorted((motion for motion in joined if len(motion)), key=_weight, reverse=True))


def _joined(
    tracks: list[list[tuple[FramePoses, Pose]]],
) -> list[list[tuple[FramePoses, Pose]]]:
    found: list[list[tuple[FramePoses, Pose]]] = []
    for track in sorted(tracks, key=lambda track: track[0][0].time_s):
        before = [other for other in found if _continues(other, track)]
        if before:
            max(before, key=lambda other: other[-1][0].time_s).extend(track)
        else:
            found.append(list(track))
    return found


def _continues(
    before: Sequence[tuple[FramePoses, Pose]], after: Sequence[tuple[FramePoses, Pose]]
) -> bool:
    (last, old), (first, new) = before[-1], after[0]
    return is_same_person(old, new, first.time_s - last.time_s)


def is_same_person(old: Pose, new: Pose, gap_s: float) -> bool:
    """Whether somebody may be who was lost ``gap_s`` ago: soon, near, and about as large."""
    if not 0 < gap_s <= _LINK_S:
        return False
    old_px, new_px = _size(old), _size(new)
    if max(old_px, new_px) > _LINK_SIZE * min(old_px, new_px):
        return False
    apart = old.points_px[list(_TORSO)].mean(axis=0) - new.points_px[list(_TORSO)].mean(axis=0)
    return float(np.hypot(*apart)) <= _LINK_DISTANCE * max(old_px, new_px)


def _size(pose: Pose) -> float:
    return max(pose.box_px[2:])


def _weight(motion: Motion) -> float:
    points = motion.points_px
    spans = points.max(axis=1) - points.min(axis=1)
    return float(spans.max(axis=1).sum())
