"""How well a person is seen in a clip: what every result about them depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from posemill.analysis.motion import Motion
from posemill.analysis.views import facing, view_of
from posemill.skeleton import LANDMARK_INDEX
from posemill.types import FramePoses

_SEEN: Final = 0.5
# What is looked at, by parts: the face doesn't move a limb.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "torso": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    **{
        f"{side}_{limb}": tuple(f"{side}_{part}" for part in parts)
        for side in ("left", "right")
        for limb, parts in (
            ("arm", ("shoulder", "elbow", "wrist")),
            ("leg", ("hip", "knee", "ankle")),
            ("foot", ("ankle", "heel", "foot_index")),
        )
    },
}


@dataclass(frozen=True, slots=True)
class Quality:
    """How well one person is seen.

    ``present``: the share of frames with them. ``frames``: how many those are. ``rate_hz``: of
    frames. ``parts``: of torso, arms, legs and feet the share of these frames in which all
    landmarks are seen. ``outside``: that in which one of them is out of the picture. ``size_px``:
    the usual size of the person. ``view``: front, back, side or oblique; ``facing_deg``: 0 square
    to the picture, 90 from the side. ``flags``: what the tracker doubted (``Pose.flags``), in
    which share of frames.
    """

    present: float
    frames: int
    rate_hz: float | None
    parts: Mapping[str, float]
    outside: float
    size_px: float
    view: str
    facing_deg: float | None
    flags: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return {
            "present": round(self.present, 3),
            "frames": self.frames,
            "rate_hz": None if self.rate_hz is None else round(self.rate_hz, 2),
            "parts_seen": {name: round(share, 3) for name, share in self.parts.items()},
            "outside": round(self.outside, 3),
            "size_px": round(self.size_px),
            "view": self.view,
            "facing_deg": None if self.facing_deg is None else round(self.facing_deg, 1),
            "flags": {name: round(share, 3) for name, share in self.flags.items()},
        }


def quality(motion: Motion, frames: Sequence[FramePoses]) -> Quality:
    """Return how well a person is seen in ``frames``, all of a source."""
    count = max(len(motion), 1)
    used = [LANDMARK_INDEX[name] for part in _PARTS.values() for name in part]
    places = motion.landmarks[:, used, :2]
    points_px = motion.points_px
    spans = (points_px.max(axis=1) - points_px.min(axis=1)).max(axis=1)
    angle = facing(motion)
    return Quality(
        present=len(motion) / max(len(frames), 1),
        frames=len(motion),
        rate_hz=1 / motion.interval_s if motion.interval_s else None,
        parts={name: _seen(motion, part) for name, part in _PARTS.items()},
        outside=int(((places < 0) | (places > 1)).any(axis=(1, 2)).sum()) / count,
        size_px=float(np.median(spans)) if len(motion) else 0.0,
        view=view_of(motion),
        facing_deg=None if np.isnan(angle) else angle,
        flags={name: many / count for name, many in _flags(motion, frames).items()},
    )


def _seen(motion: Motion, part: Sequence[str]) -> float:
    if not len(motion):
        return 0.0
    columns = [LANDMARK_INDEX[name] for name in part]
    return float((motion.visibility[:, columns].min(axis=1) >= _SEEN).mean())


def _flags(motion: Motion, frames: Sequence[FramePoses]) -> dict[str, int]:
    ids, numbers = set(motion.ids), set(motion.frame.tolist())
    found: dict[str, int] = {}
    for frame in frames:
        if frame.index not in numbers:
            continue
        for pose in frame.people:
            if pose.id in ids:
                for name in pose.flags:
                    found[name] = found.get(name, 0) + 1
    return found
