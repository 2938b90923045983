"""The leaves of the pose graph, on numbers worked out by hand, and their properties."""

from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.blazepose.anchors import anchor_centers
from posemill.blazepose.constants import (
    ANCHOR_COUNT,
    HEATMAP_KERNEL,
    LANDMARK_FILTER,
    MODEL_LANDMARKS,
    OneEuroConstants,
)
from posemill.blazepose.detections import Detections, decode, suppress
from posemill.blazepose.landmarks import (
    HeatmapHead,
    _decode_numpy,
    _refine_numpy,
    decode_landmarks,
)
from posemill.blazepose.landmarks import refine as refine_with_head
from posemill.blazepose.mask import project_mask, smooth_mask
from posemill.blazepose.roi import (
    Region,
    aligned_region,
    crop_matrix,
    rotated,
    to_picture,
    to_region,
    whole_picture,
    widened,
)
from posemill.blazepose.smoothing import (
    _one_euro_numpy,
    one_euro,
    one_euro_px,
    smooth_visibility,
)
from posemill.types import Floats

regions = st.builds(
    Region, st.floats(-500, 2500), st.floats(-500, 2500), st.floats(10, 4000), st.floats(-pi, pi)
)


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


# Anchors


def test_anchors_are_two_a_cell_at_stride_8_and_16_and_six_at_32() -> None:
    centers = anchor_centers()
    assert centers.shape == (ANCHOR_COUNT, 2) == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2)
    np.testing.assert_allclose(centers[0], [0.5 / 28, 0.5 / 28])
    np.testing.assert_allclose(centers[2], [1.5 / 28, 0.5 / 28])
    np.testing.assert_allclose(centers[28 * 28 * 2], [0.5 / 14, 0.5 / 14])
    np.testing.assert_allclose(centers[-1], [6.5 / 7, 6.5 / 7])
    with pytest.raises(ValueError, match="read-only"):
        centers[0] = 0


# Detections


def test_decode_keeps_the_sure_and_counts_from_the_anchor() -> None:
    boxes = np.zeros((ANCHOR_COUNT, 12), np.float32)
    scores = np.full(ANCHOR_COUNT, -9, np.float32)
    boxes[-1] = [22.4, 0, 44.8, 22.4, *([0, 0] * 3), 0, -112]
    scores[-1] = 0  # sigmoid 0.5
    found = decode(boxes, scores, 0.5)
    assert found.scores == pytest.approx([0.5])
    center = 6.5 / 7
    expected = [center + 0.1 - 0.1, center - 0.05, center + 0.1 + 0.1, center + 0.05]
    np.testing.assert_allclose(found.boxes[0], expected, rtol=1e-5)
    np.testing.assert_allclose(found.keypoints[0, 3], [center, center - 0.5], rtol=1e-5)
    assert len(decode(boxes, scores, 0.51)) == 0


def test_decode_drops_boxes_of_negative_size_and_survives_extreme_scores() -> None:
    boxes = np.zeros((ANCHOR_COUNT, 12), np.float32)
    scores = np.full(ANCHOR_COUNT, -1e9, np.float32)
    scores[:2] = 1e9
    boxes[0, 2] = -1
    found = decode(boxes, scores, 0.5)
    assert len(found) == 1
    assert found.scores[0] == pytest.approx(1)


def people(*rows: tuple[float, float, float, float, float]) -> Detections:
    """Each row: score and box; all keypoints at the box's low corner."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    keypoints = np.repeat(table[:, None, 1:3], 4, axis=1)
    return Detections(table[:, 0], table[:, 1:], keypoints)


def test_suppression_merges_by_score_and_keeps_the_best_score() -> None:
    found = suppress(people((0.6, 0, 0, 1, 1), (0.9, 0.1, 0, 1.1, 1), (0.7, 5, 5, 6, 6)))
    assert found.scores.tolist() == pytest.approx([0.9, 0.7])
    expected_x = (0.9 * 0.1 + 0.6 * 0) / 1.5
    np.testing.assert_allclose(found.boxes[0], [expected_x, 0, expected_x + 1, 1], rtol=1e-5)
    np.testing.assert_allclose(found.keypoints[0, 2], [expected_x, 0], rtol=1e-5)


def test_suppression_leaves_boxes_that_overlap_by_less_than_a_third() -> None:
    # Intersection 0.4, union 1.6: 0.25.
    assert len(suppress(people((0.9, 0, 0, 1, 1), (0.8, 0.6, 0, 1.6, 1)))) == 2
    # Intersection 0.6, union 1.4: 0.43.
    assert len(suppress(people((0.9, 0, 0, 1, 1), (0.8, 0.4, 0, 1.4, 1)))) == 1


def test_suppression_of_nothing_and_of_a_point() -> None:
    assert len(suppress(people())) == 0
    assert len(suppress(people((0.9, 1, 1, 1, 1), (0.8, 1, 1, 1, 1)))) == 2


box = st.tuples(st.floats(0.5, 1, width=32), *(st.floats(0, 1, width=32) for _ in range(4))).map(
    lambda v: (v[0], v[1], v[2], v[1] + v[3], v[2] + v[4])
)


@given(st.lists(box, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_suppression_does_not_depend_on_the_order(rows, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(rows)
    random.shuffle(shuffled)
    first, second = suppress(people(*rows)), suppress(people(*shuffled))
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.boxes, second.boxes)


# Regions


def test_region_points_from_the_hips_to_the_alignment_point() -> None:
    upright = aligned_region(floats(100, 200), floats(100, 50))
    assert (upright.x_px, upright.y_px, upright.side_px) == (100, 200, 300)
    assert upright.rotation == pytest.approx(0)
    lying = aligned_region(floats(0, 0), floats(10, 0))
    assert lying.rotation == pytest.approx(pi / 2)
    assert widened(lying).side_px == pytest.approx(25)
    assert aligned_region(floats(0, 0), floats(0, 10)).rotation == pytest.approx(-pi)


def test_whole_picture_is_letterboxed() -> None:
    assert whole_picture((1280, 720)) == Region(640, 360, 1280)
    corner = crop_matrix(whole_picture((1280, 720)), 224) @ [0, 0, 1]
    np.testing.assert_allclose(corner, [0, 360 - 640], atol=1e-9)


@given(regions)
def test_crop_and_projection_are_inverse(region: Region) -> None:
    points = np.array([[0, 0], [1, 0], [0.3, 0.8], [0.5, 0.5]], np.float32)
    there = to_picture(points, region)
    np.testing.assert_allclose(to_region(there, region), points, atol=2e-3)
    pixels = np.concatenate([points * 256, np.ones((4, 1))], axis=1)
    np.testing.assert_allclose(
        pixels @ crop_matrix(region, 256).T, there, atol=1e-3 * max(1, region.side_px / 100)
    )


def test_unusable_regions() -> None:
    assert Region(0, 0, 10).usable
    for bad in (Region(0, 0, 0), Region(0, 0, float("nan")), Region(float("inf"), 0, 9)):
        assert not bad.usable


def test_world_turns_with_the_region() -> None:
    world = rotated(floats(1, 0, 5)[None], Region(0, 0, 1, pi / 2))
    np.testing.assert_allclose(world, [[0, 1, 5]], atol=1e-6)


# Landmarks


def test_decode_landmarks_scales_and_squashes() -> None:
    raw = np.zeros((MODEL_LANDMARKS, 5), np.float32)
    raw[3] = [128, 64, -256, 0, 1000]
    landmarks = decode_landmarks(raw.ravel())
    np.testing.assert_allclose(landmarks, _decode_numpy(raw.ravel()), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(landmarks[3], [0.5, 0.25, -1, 0.5, 1])
    assert raw[3, 0] == 128, "the tensor is the model's"


# A head that passes 39 of 40 channels on as they are, so that features are heatmaps.
PLAIN_HEAD = HeatmapHead(np.eye(MODEL_LANDMARKS, 40, dtype=np.float32), np.zeros(39, np.float32))


def refine(landmarks: Floats, heatmaps: Floats) -> Floats:
    features = np.pad(heatmaps, ((0, 0), (0, 0), (0, 1)))
    refined = refine_with_head(landmarks, features, PLAIN_HEAD)
    by_numpy = _refine_numpy(landmarks, features, PLAIN_HEAD)
    np.testing.assert_allclose(refined, by_numpy, rtol=1e-4)
    return refined


@given(st.integers(0, 2**32 - 1))
def test_the_kernel_refines_as_numpy_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 2, (64, 64, 48)).astype(np.float32)
    head = HeatmapHead(
        rng.normal(0, 1, (39, 48)).astype(np.float32), rng.normal(0, 1, 39).astype(np.float32)
    )
    landmarks = rng.uniform(-0.2, 1.2, (39, 5)).astype(np.float32)
    refined = refine_with_head(landmarks, features, head)
    np.testing.assert_allclose(refined, _refine_numpy(landmarks, features, head), atol=2e-5)
    assert not np.array_equal(refined, landmarks)


def at(x: float, y: float) -> Floats:
    landmarks = np.full((MODEL_LANDMARKS, 5), 0.5, np.float32)
    landmarks[:, :2] = x, y
    return landmarks


def test_refine_takes_the_center_of_mass() -> None:
    heatmaps = np.full((64, 64, MODEL_LANDMARKS), -30, np.float32)
    heatmaps[10, 20], heatmaps[10, 22] = 30, 30
    refined = refine(at(21 / 64, 10 / 64), heatmaps)
    np.testing.assert_allclose(refined[:, :2], [[21 / 64, 10 / 64]] * MODEL_LANDMARKS, rtol=1e-5)
    refined = refine(at(19 / 64, 12 / 64), heatmaps)
    np.testing.assert_allclose(refined[0, :2], [21 / 64, 10 / 64], rtol=1e-5)


def test_refine_ignores_what_lies_beyond_its_kernel() -> None:
    heatmaps = np.full((64, 64, MODEL_LANDMARKS), -30, np.float32)
    reach = HEATMAP_KERNEL // 2
    heatmaps[30, 30 + reach + 1] = 30
    landmarks = at(30 / 64, 30 / 64)
    np.testing.assert_array_equal(refine(landmarks, heatmaps), landmarks)
    heatmaps[30, 30 + reach] = 30
    assert refine(landmarks, heatmaps)[0, 0] == pytest.approx((30 + reach) / 64, rel=1e-4)


def test_refine_needs_half_confidence_and_a_landmark_in_the_crop() -> None:
    faint = np.full((64, 64, MODEL_LANDMARKS), -0.1, np.float32)
    landmarks = at(0.52, 0.52)
    np.testing.assert_array_equal(refine(landmarks, faint), landmarks)
    strong = np.full((64, 64, MODEL_LANDMARKS), 5, np.float32)
    for x, y in ((-0.1, 0.5), (0.5, 1.0), (1e30, 0.5), (-1e30, 0.5)):
        np.testing.assert_array_equal(refine(at(x, y), strong), at(x, y))


def test_refine_at_the_edge_uses_what_is_there() -> None:
    flat = np.zeros((64, 64, MODEL_LANDMARKS), np.float32)
    reach = HEATMAP_KERNEL // 2
    np.testing.assert_allclose(refine(at(0, 0), flat)[0, :2], [reach / 2 / 64] * 2, rtol=1e-5)


# Smoothing


@given(
    st.floats(-1e4, 1e4, width=32),
    st.lists(st.floats(0.001, 2), min_size=1, max_size=20),
    st.floats(0.001, 10),
)
def test_one_euro_on_constant_input_is_the_input(
    value: float, intervals: list[float], scale: float
) -> None:
    state = None
    for interval_s in intervals:
        state = one_euro(state, floats(value), interval_s, LANDMARK_FILTER, scale)
        np.testing.assert_allclose(state.value, [value], rtol=1e-6)


@given(st.integers(0, 1000), st.floats(0.001, 2), st.floats(0.001, 10))
def test_the_kernel_filters_as_numpy_does(seed: int, interval_s: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    state = one_euro(None, rng.normal(0, 300, (33, 3)).astype(np.float32), 0.1, LANDMARK_FILTER)
    for _ in range(3):
        values = rng.normal(0, 300, (33, 5)).astype(np.float32)[:, :3]
        by_numpy = _one_euro_numpy(state, values, interval_s, LANDMARK_FILTER, scale)
        state = one_euro(state, values, interval_s, LANDMARK_FILTER, scale)
        np.testing.assert_allclose(state.value, by_numpy.value, rtol=2e-6, atol=1e-4)
        np.testing.assert_allclose(state.speed, by_numpy.speed, rtol=2e-6, atol=1e-3)
    with pytest.raises(ValueError, match="33, 3"):
        one_euro(state, values[:5], interval_s, LANDMARK_FILTER)


def test_one_euro_by_hand() -> None:
    constants = OneEuroConstants(min_cutoff=1.0, beta=2.0)
    state = one_euro(None, floats(0), 0.1, constants)
    state = one_euro(state, floats(1), 0.1, constants)
    alpha_speed = 1 / (1 + 1 / (2 * pi * 1.0 * 0.1))
    speed = alpha_speed * 10.0
    alpha = 1 / (1 + 1 / (2 * pi * (1.0 + 2.0 * speed) * 0.1))
    assert state.speed[0] == pytest.approx(speed, rel=1e-6)
    assert state.value[0] == pytest.approx(alpha, rel=1e-6)


def test_one_euro_follows_fast_and_calms_slow() -> None:
    jitter, jump = floats(0.001), floats(1.0)
    zero = one_euro(None, floats(0), 1 / 30, LANDMARK_FILTER)
    assert one_euro(zero, jitter, 1 / 30, LANDMARK_FILTER).value[0] < 0.3 * 0.001
    assert one_euro(zero, jump, 1 / 30, LANDMARK_FILTER).value[0] > 0.7


def test_a_person_without_size_passes_unfiltered() -> None:
    assert one_euro_px(None, floats(1), 0.1, LANDMARK_FILTER, 0.0) is None


def test_visibility_low_pass() -> None:
    assert smooth_visibility(None, floats(0.3))[0] == pytest.approx(0.3)
    assert smooth_visibility(floats(1.0), floats(0.0))[0] == pytest.approx(0.9)


# Mask


def test_mask_lies_where_the_region_is() -> None:
    raw = np.full((256, 256), 20, np.float32)
    mask = project_mask(raw, Region(50, 40, 20, sqrt(2)), (100, 80))
    assert mask.shape == (80, 100)
    assert mask[40, 50] == pytest.approx(1)
    assert mask[5, 5] == 0
    assert mask.sum() == pytest.approx(20 * 20, rel=0.05)


def test_smooth_mask_trusts_a_sure_mask_and_blends_an_unsure_one() -> None:
    previous = np.zeros((2, 2), np.float32)
    sure, unsure = np.ones((2, 2), np.float32), np.full((2, 2), 0.5, np.float32)
    np.testing.assert_allclose(smooth_mask(previous, sure), sure, atol=0.02)
    np.testing.assert_allclose(smooth_mask(previous, unsure), 0.5 * (1 - 0.7), rtol=1e-5)
    assert smooth_mask(None, unsure) is unsure
    assert smooth_mask(np.zeros((3, 3), np.float32), unsure) is unsure
