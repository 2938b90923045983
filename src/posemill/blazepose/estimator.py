"""The graph itself: a picture goes in, the people in it come out.

Source: mediapipe/modules/pose_landmark/pose_landmark_cpu.pbtxt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol, TypeVar

import numpy as np

from posemill.blazepose.constants import (
    AUXILIARY,
    AUXILIARY_FILTER,
    DETECTOR_RANGE,
    DETECTOR_SIZE,
    KEYPOINT_ALIGNMENT,
    KEYPOINT_CENTER,
    LANDMARK_FILTER,
    LANDMARK_RANGE,
    LANDMARK_SIZE,
    NOMINAL_INTERVAL_S,
    SHORTEST_INTERVAL_S,
    WORLD_FILTER,
)
from posemill.blazepose.detections import Detections, decode, suppress
from posemill.blazepose.landmarks import HeatmapHead, decode_landmarks, refine
from posemill.blazepose.mask import project_mask, smooth_mask
from posemill.blazepose.roi import (
    Region,
    aligned_region,
    crop_matrix,
    rotated,
    to_picture,
    whole_picture,
    widened,
)
from posemill.blazepose.smoothing import (
    OneEuroState,
    one_euro,
    one_euro_px,
    smooth_visibility,
)
from posemill.options import PoseOptions
from posemill.skeleton import LANDMARK_COUNT
from posemill.types import Floats, Frame, FramePoses, Pose
from posemill.warp import crop

T = TypeVar("T")


Fill = Callable[[Floats], None]


class Model(Protocol):
    """One compiled model, safe to call from several threads."""

    def run(self, fill: Fill, read: Callable[..., T]) -> T:
        """Let ``fill`` write the input, float32 (size, size, 3), and ``read`` the outputs.

        Both see the model's own memory, which is theirs only until they return.
        """
        ...

    def run_all(self, jobs: Sequence[tuple[Fill, Callable[..., T]]]) -> list[T]:
        """Do several ``run`` of one frame in whatever way is fastest, and return in order."""
        ...


@dataclass(frozen=True, slots=True)
class Models:
    """The two models of the graph and what their outputs hold.

    ``detector``: boxes (2254, 12), scores (2254,). ``landmark``: landmarks (195,), score
    (1,), features (64, 64, channels), world (117,) and, with segmentation, mask (256, 256).
    ``head`` makes heatmaps of the features.
    """

    detector: Model
    landmark: Model
    head: HeatmapHead


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """What the landmark model sees in one region, before any smoothing.

    ``landmarks``: float32 (33, 5), x, y, z in pixels. ``auxiliary``: the same, (2, 5).
    """

    score: float
    landmarks: Floats
    auxiliary: Floats
    world: Floats
    mask: Floats | None


class BlazePoseEstimator:
    """Finds people in single pictures; keeps nothing between them."""

    def __init__(self, models: Models, options: PoseOptions) -> None:
        self._models = models
        self._options = options

    def estimate(self, frame: Frame) -> FramePoses:
        size_px = frame.width, frame.height
        people = []
        for region in detect_regions(frame, self._models.detector, self._options)[:1]:
            body = look(frame, region, self._models, self._options)
            if body is not None:
                people.append(_pose(0, body, size_px))
        return FramePoses(frame.index, frame.time_s, size_px, tuple(people))


class StillTracker:
    """Takes each frame of a stream as a picture of its own: ``static_image_mode``."""

    def __init__(self, estimator: BlazePoseEstimator) -> None:
        self._estimator = estimator

    def track(self, frame: Frame) -> FramePoses:
        return self._estimator.estimate(frame)

    def reset(self) -> None:
        """Do nothing: there is nothing to forget."""


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """One person followed: where to look next, who (once seen), what ends with a loss."""

    region: Region
    id: int | None = None
    landmarks: OneEuroState | None = None
    auxiliary: OneEuroState | None = None
    mask: Floats | None = None


class BlazePoseTracker:
    """Follows people through the frames of one stream.

    The detector runs only while nobody is followed. A time that doesn't advance (a
    duplicate or a clock set back) counts as one more of the last interval. A change of the
    picture's size ends what was followed.

    As in MediaPipe, the filters of visibility and world landmarks outlive a loss: their
    calculators have one input only, so nothing tells them of a frame without a person.
    """

    def __init__(self, models: Models, options: PoseOptions) -> None:
        self._models = models
        self._options = options
        self._ids = count()
        self.reset()

    def reset(self) -> None:
        """Forget the stream, as before its first frame; ids go on."""
        self._track: _Track | None = None
        self._size_px = (0, 0)
        self._time_s: float | None = None
        self._interval_s = NOMINAL_INTERVAL_S
        self._visibility: Floats | None = None
        self._world: OneEuroState | None = None
        self._unseen_s = 0.0

    def track(self, frame: Frame) -> FramePoses:
        size_px = frame.width, frame.height
        interval_s = self._advance(frame.time_s)
        track = self._track if size_px == self._size_px else None
        self._size_px = size_px
        if track is None:
            regions = detect_regions(frame, self._models.detector, self._options)
            track = _Track(regions[0]) if regions else None
        body = None
        if track is not None:
            body = look(frame, track.region, self._models, self._options)
        if track is None or body is None:
            self._track = None
            self._unseen_s += interval_s
            return FramePoses(frame.index, frame.time_s, size_px)
        identity = next(self._ids) if track.id is None else track.id
        self._track, body = self._smooth(replace(track, id=identity), body, interval_s)
        return FramePoses(frame.index, frame.time_s, size_px, (_pose(identity, body, size_px),))

    def _advance(self, time_s: float) -> float:
        if self._time_s is not None and time_s - self._time_s > SHORTEST_INTERVAL_S:
            self._interval_s = time_s - self._time_s
        self._time_s = time_s
        return self._interval_s

    def _smooth(self, track: _Track, body: _Body, interval_s: float) -> tuple[_Track | None, _Body]:
        """Return the track as it goes on, None where it can't, and the smoothed body.

        Source: mediapipe/modules/pose_landmark/pose_landmark_filtering.pbtxt.
        """
        scale_px = _region_between(body.auxiliary).side_px
        if self._options.smooth_landmarks:
            self._visibility = smooth_visibility(self._visibility, body.landmarks[:, 3])
            since_seen_s, self._unseen_s = interval_s + self._unseen_s, 0.0
            self._world = one_euro(self._world, body.world, since_seen_s, WORLD_FILTER)
            landmarks = one_euro_px(
                track.landmarks, body.landmarks[:, :3], interval_s, LANDMARK_FILTER, scale_px
            )
            position = body.landmarks[:, :3] if landmarks is None else landmarks.value
            columns = (position, self._visibility[:, None], body.landmarks[:, 4:])
            smooth = np.concatenate(columns, axis=1)
            body = replace(body, landmarks=smooth, world=self._world.value)
            track = replace(track, landmarks=landmarks)
        # The region is steadied even where the landmarks shall not be.
        auxiliary = one_euro_px(
            track.auxiliary, body.auxiliary[:, :3], interval_s, AUXILIARY_FILTER, scale_px
        )
        steady = body.auxiliary if auxiliary is None else auxiliary.value
        if body.mask is not None and self._options.smooth_segmentation:
            body = replace(body, mask=smooth_mask(track.mask, body.mask))
        region = widened(_region_between(steady))
        track = replace(track, region=region, auxiliary=auxiliary, mask=body.mask)
        return (track if region.usable else None), body


def detect_regions(frame: Frame, detector: Model, options: PoseOptions) -> list[Region]:
    """Return where the detector sees people in the whole picture, the surest first."""
    whole = whole_picture((frame.width, frame.height))
    low, high = DETECTOR_RANGE
    matrix = crop_matrix(whole, DETECTOR_SIZE)

    def fill(tensor: Floats) -> None:
        scale = (high - low) / 255
        crop(frame.pixels, matrix, tensor, replicate=False, scale=scale, offset=low)

    def read(boxes: Floats, scores: Floats) -> Detections:
        return suppress(decode(boxes, scores, options.min_detection_confidence))

    people = detector.run(fill, read)
    keypoints = to_picture(people.keypoints, whole)
    regions = [
        widened(aligned_region(points[KEYPOINT_CENTER], points[KEYPOINT_ALIGNMENT]))
        for points in keypoints
    ]
    return [region for region in regions if region.usable]


def look(frame: Frame, region: Region, models: Models, options: PoseOptions) -> _Body | None:
    """Return the body that the landmark model sees in a region, None where there is none."""
    low, high = LANDMARK_RANGE
    matrix = crop_matrix(region, LANDMARK_SIZE)

    def fill(tensor: Floats) -> None:
        scale = (high - low) / 255
        crop(frame.pixels, matrix, tensor, replicate=True, scale=scale, offset=low)

    def read(
        raw: Floats, score: Floats, features: Floats, world: Floats, mask: Floats | None = None
    ) -> _Body | None:
        if not score[0] > options.min_tracking_confidence:
            return None
        landmarks = refine(decode_landmarks(raw), features, models.head)
        landmarks[:, :2] = to_picture(landmarks[:, :2], region)
        landmarks[:, 2] *= np.float32(region.side_px)
        size_px = frame.width, frame.height
        return _Body(
            float(score[0]),
            landmarks[:LANDMARK_COUNT],
            landmarks[AUXILIARY],
            rotated(world.reshape(-1, 3)[:LANDMARK_COUNT], region),
            None if mask is None else project_mask(mask, region, size_px),
        )

    return models.landmark.run(fill, read)


def _region_between(auxiliary_px: Floats) -> Region:
    return aligned_region(auxiliary_px[0, :2], auxiliary_px[1, :2])


def _pose(identity: int, body: _Body, size_px: tuple[int, int]) -> Pose:
    width, height = size_px
    unit = np.array([width, height, width, 1, 1], np.float32)  # z has the scale of x
    return Pose(identity, body.score, body.landmarks / unit, body.world, size_px, body.mask)
