"""The filters of one person: what is remembered from frame to frame, and where to look next.

Source: mediapipe/modules/pose_landmark/pose_landmark_filtering.pbtxt and
pose_segmentation_filtering.pbtxt.
"""

from dataclasses import dataclass, replace

import numpy as np

from posemill.blazepose.constants import AUXILIARY_FILTER, LANDMARK_FILTER, WORLD_FILTER
from posemill.blazepose.look import Body, region_between
from posemill.blazepose.mask import smooth_mask
from posemill.blazepose.roi import Region, widened
from posemill.blazepose.smoothing import (
    OneEuroState,
    one_euro,
    one_euro_px,
    smooth_visibility,
)
from posemill.options import PoseOptions
from posemill.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """The state of one person's filters; ``unseen_s`` since they were fed last."""

    landmarks: OneEuroState | None = None
    auxiliary: OneEuroState | None = None
    mask: Floats | None = None
    visibility: Floats | None = None
    world: OneEuroState | None = None
    unseen_s: float = 0.0

    def after_loss(self, interval_s: float) -> "Filters":
        """Return what remains in a frame without the person.

        As in MediaPipe, the filters of visibility and world landmarks outlive a loss: their
        calculators have one input only, so nothing tells them of a frame without a person.
        """
        return Filters(
            visibility=self.visibility, world=self.world, unseen_s=self.unseen_s + interval_s
        )


def smooth(
    filters: Filters, body: Body, interval_s: float, options: PoseOptions
) -> tuple[Filters, Body, Region]:
    """Return the filters as they go on, the smoothed body, and the region of the next frame."""
    scale_px = body.extent.side_px
    if options.smooth_landmarks:
        filters, body = _smooth_landmarks(filters, body, interval_s, scale_px)
    # The region is steadied even where the landmarks shall not be.
    auxiliary = one_euro_px(
        filters.auxiliary, body.auxiliary[:, :3], interval_s, AUXILIARY_FILTER, scale_px
    )
    steady = body.auxiliary if auxiliary is None else auxiliary.value
    if body.mask is not None and options.smooth_segmentation:
        body = replace(body, mask=smooth_mask(filters.mask, body.mask))
    filters = replace(filters, auxiliary=auxiliary, mask=body.mask)
    return filters, body, widened(region_between(steady))


def _smooth_landmarks(
    filters: Filters, body: Body, interval_s: float, scale_px: float
) -> tuple[Filters, Body]:
    visibility = smooth_visibility(filters.visibility, body.landmarks[:, 3])
    since_seen_s = interval_s + filters.unseen_s
    world = one_euro(filters.world, body.world, since_seen_s, WORLD_FILTER)
    landmarks = one_euro_px(
        filters.landmarks, body.landmarks[:, :3], interval_s, LANDMARK_FILTER, scale_px
    )
    position = body.landmarks[:, :3] if landmarks is None else landmarks.value
    smooth = np.concatenate([position, visibility[:, None], body.landmarks[:, 4:]], axis=1)
    return (
        Filters(landmarks, filters.auxiliary, filters.mask, visibility, world),
        replace(body, landmarks=smooth, world=world.value),
    )
