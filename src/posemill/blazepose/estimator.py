"""People in single pictures: search, look, keep who is credible.

Source for one person: mediapipe/modules/pose_landmark/pose_landmark_cpu.pbtxt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from posemill.blazepose.belief import CREDIBLE, examine, needs_no_belief
from posemill.blazepose.doubts import outside
from posemill.blazepose.look import Body, Candidate, look
from posemill.blazepose.models import Models
from posemill.blazepose.roi import widened
from posemill.blazepose.search import search
from posemill.blazepose.similarity import same_body
from posemill.blazepose.subject import choose_candidate, choose_pose
from posemill.options import PEOPLE_CAP, PoseOptions
from posemill.types import Frame, FramePoses, Pose


class BlazePoseEstimator:
    """Finds people in single pictures; keeps nothing between them."""

    def __init__(self, models: Models, options: PoseOptions) -> None:
        self._models = models
        if options.subject in ("largest", "central"):  # of all who are there
            options = replace(options, max_people=0)
        self._options = options

    def estimate(self, frame: Frame) -> FramePoses:
        candidates = search(frame, self._models.detector, self._options, still=True)
        if self._options.max_people == 1:
            candidates = choose_candidate(candidates, frame, self._options.subject)
        bodies = self._bodies(frame, candidates)
        size_px = frame.width, frame.height
        people = [pose_of(number, body, size_px) for number, body in enumerate(bodies)]
        if self._options.subject is not None:
            people = choose_pose(people, self._options.subject)
        return FramePoses(frame.index, frame.time_s, size_px, tuple(people))

    def _bodies(self, frame: Frame, candidates: Sequence[Candidate]) -> list[Body]:
        options = self._options
        if needs_no_belief(candidates, options):
            found = look(frame, [each.region for each in candidates], self._models, options)
            return self._refined(frame, [body for body in found if body is not None])
        seen = examine(frame, candidates, self._models, options)
        seen.sort(key=lambda each: -each.belief)
        bodies = distinct([each.body for each in seen if each.belief >= CREDIBLE])
        return self._refined(frame, bodies[: options.max_people or PEOPLE_CAP])

    def _refined(self, frame: Frame, bodies: list[Body]) -> list[Body]:
        """Look again from what was seen; where nothing is seen then, the first look counts."""
        for _ in range(self._options.refine_passes if bodies else 0):
            regions = [widened(body.extent) for body in bodies]
            again = look(frame, regions, self._models, self._options)
            bodies = [new or old for new, old in zip(again, bodies, strict=True)]
        return bodies


class StillTracker:
    """Takes each frame of a stream as a picture of its own: ``static_image_mode``."""

    def __init__(self, estimator: BlazePoseEstimator) -> None:
        self._estimator = estimator

    def track(self, frame: Frame) -> FramePoses:
        return self._estimator.estimate(frame)

    def reset(self) -> None:
        """Do nothing: there is nothing to forget."""

    def state(self) -> Mapping[str, Any]:
        """Return nothing: there is nothing to go on from."""
        return {}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Do nothing."""


def distinct(bodies: Sequence[Body]) -> list[Body]:
    """Return the bodies without those that show an earlier one's body again."""
    kept: list[Body] = []
    for body in bodies:
        if not same_body(body, kept).any():
            kept.append(body)
    return kept


def pose_of(
    identity: int,
    body: Body,
    size_px: tuple[int, int],
    flags: dict[str, tuple[int, ...]] | None = None,
) -> Pose:
    """Return a body as the rest of posemill knows it, in parts of the picture."""
    width, height = size_px
    unit = np.array([width, height, width, 1, 1], np.float32)  # z has the scale of x
    landmarks = body.landmarks / unit
    flags = {**outside(landmarks), **(flags or {})}
    return Pose(identity, body.score, landmarks, body.world, size_px, body.mask, flags)
