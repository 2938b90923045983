"""Mixed precision: what it promises, where it runs, and that f32 knows nothing of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posemill.assemble import Workshop
from posemill.config import Settings
from posemill.drawing.figure import draw_figure
from posemill.options import MODEL_NAMES, PoseOptions
from posemill.runtime import load_engine, precision
from posemill.runtime.bias import correct_biases
from posemill.runtime.model_cache import Array
from posemill.runtime.openvino import OpenVinoEngine
from posemill.runtime.precision import F32, POINTS, effective_precision, point_for
from posemill.runtime.quiet_openvino import op, ov, shared_core
from posemill.sources import expand, open_source
from posemill.types import Frame, Pose, SourceInfo

# Mean distance from f32: world landmarks in mm, image landmarks in % of the person's box.
PROMISED = {"fast": (30.0, 0.5), "auto": (8.0, 0.3)}


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip where the processor has no bfloat16."""
    if not precision._has_bf16():
        pytest.skip("the processor doesn't compute in bfloat16")


def options(model: str = "full", **more: Any) -> PoseOptions:
    return PoseOptions(model_complexity=MODEL_NAMES.index(model), **more)


def arithmetic(engine: OpenVinoEngine) -> Iterator[tuple[int, str]]:
    """Yield width and type of every convolution of the landmark model as it runs."""
    compiled = engine.models.landmark._compiled  # type: ignore[attr-defined]
    for node in compiled.get_runtime_model().get_ordered_ops():
        about = {key: value.value for key, value in node.get_rt_info().items()}
        if about["layerType"] == "Convolution":
            yield list(node.get_output_shape(0))[-1], about["primitiveType"].split("_")[-1]


def apart(first: Pose, second: Pose) -> tuple[float, float]:
    world = 1000 * np.linalg.norm(first.world - second.world, axis=1).mean()
    image = np.linalg.norm(first.points_px - second.points_px, axis=1).mean()
    return float(world), float(100 * image / max(first.box_px[2:]))


def mean_apart(frames: list[Frame], mixed: PoseOptions, exact: PoseOptions) -> list[float]:
    engines = [load_engine(each).estimator() for each in (exact, mixed)]
    distances = []
    for frame in frames:
        first, second = (engine.estimate(frame).people for engine in engines)
        if first:
            distances.append(apart(first[0], second[0]))
    assert distances
    return [float(value) for value in np.mean(distances, axis=0)]


def test_f32_is_f32_throughout() -> None:
    engine = OpenVinoEngine(options())
    assert {kind for _, kind in arithmetic(engine)} == {"f32"}
    assert engine.precision == effective_precision(options()) == "f32"


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(("model", "name"), list(POINTS))
def test_each_size_runs_as_the_table_says(model: str, name: str) -> None:
    engine = OpenVinoEngine(options(model, precision=name))
    point = POINTS[model, name]
    kinds = list(arithmetic(engine))
    expected = ["bf16" if width in point.sizes else "f32" for width, _ in kinds]
    expected[: point.first] = ["f32"] * point.first
    assert [kind for _, kind in kinds] == expected
    assert "bf16" in expected
    assert engine.precision == effective_precision(options(model, precision=name))


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(("model", "name"), list(POINTS))
def test_a_drawn_person_stays_within_the_promise(model: str, name: str) -> None:
    frames = [Frame(draw_figure(640, 360, time_s)) for time_s in np.linspace(0, 5, 8)]
    frames += [Frame(draw_figure(200, 150, time_s)) for time_s in (0.5, 1.5)]
    world, image = mean_apart(frames, options(model, precision=name), options(model))
    assert 0 < world <= PROMISED[name][0]
    assert 0 < image <= PROMISED[name][1]


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("name", PROMISED)
@pytest.mark.parametrize("model", ["lite", "full"])
def test_photos_stay_within_the_promise(model: str, name: str, shared_data: Path) -> None:
    frames = []
    for path in expand([shared_data / "coco_mini", shared_data / "tf_examples_pose"]):
        with open_source(path) as source:
            frames.append(next(iter(source)))
    world, image = mean_apart(frames, options(model, precision=name), options(model))
    assert 0 < world <= PROMISED[name][0]
    assert 0 < image <= PROMISED[name][1]


@pytest.mark.usefixtures("native")
def test_masks_hardly_change() -> None:
    frame = Frame(draw_figure(320, 240))
    masks = []
    for name in ("f32", "fast"):
        engine = load_engine(options("lite", precision=name, enable_segmentation=True))
        (pose,) = engine.estimator().estimate(frame).people
        masks.append(pose.mask)
    assert masks[0] is not None
    assert masks[1] is not None
    assert 0 < np.abs(masks[0] - masks[1]).mean() < 0.01


@pytest.mark.parametrize("name", PROMISED)
def test_without_bf16_everything_is_f32(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = Frame(draw_figure(320, 240))
    (exact,) = load_engine(options("lite")).estimator().estimate(frame).people
    monkeypatch.setattr(precision, "_has_bf16", lambda: False)
    mixed = options("lite", precision=name)
    assert effective_precision(mixed) == "f32"
    (pose,) = load_engine(mixed).estimator().estimate(frame).people
    np.testing.assert_array_equal(pose.landmarks, exact.landmarks)


def test_biases_make_up_for_what_rounded_weights_lose() -> None:
    """One layer whose weights all round up: on noise, nothing is left of the shift."""
    core = shared_core()
    source = op.parameter([1, 256, 256, 3], np.float32)
    weights = np.full((2, 3, 1, 1), 1 + 1e-3, np.float32)  # 1 in bfloat16
    planar = op.transpose(source, op.constant([0, 3, 1, 2]))
    convolution = op.convolution(planar, op.constant(weights), [1, 1], [0, 0], [0, 0], [1, 1])
    total = op.add(convolution, op.constant(np.zeros((1, 2, 1, 1), np.float32)))
    graph = ov.Model([total.output(0)], [source], "one layer")
    before = values_on_grey(core, graph)
    correct_biases([convolution], graph, core)
    shift = values_on_grey(core, graph) - before
    assert shift == pytest.approx(np.full(2, 3 * 1e-3 * 0.5), rel=0.2)


def values_on_grey(core: ov.Core, graph: ov.Model) -> Array:
    compiled = core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(np.full((1, 256, 256, 3), 0.5, np.float32))[0][0, :, 9, 9])


@pytest.mark.usefixtures("native")
def test_mixed_graphs_come_out_the_same_every_time() -> None:
    frame = Frame(draw_figure(320, 240))
    fast = options("lite", precision="fast", model_cache=False, threads=1)
    first, second = (load_engine(fast).estimator().estimate(frame).people for _ in range(2))
    np.testing.assert_array_equal(first[0].world, second[0].world)


def test_the_name_says_which_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_has_bf16", lambda: True)
    assert effective_precision(options(precision="auto")) == "bf16:8,16"
    assert effective_precision(options(precision="auto", engine="mediapipe")) == "f32"
    assert point_for(options()) == F32


def test_f32_asks_nothing_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> bool:
        raise AssertionError("must not be called")

    monkeypatch.setattr(precision, "_has_bf16", never)
    assert effective_precision(options()) == "f32"


def test_records_tell_the_effective_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_has_bf16", lambda: True)
    info = SourceInfo("clip.mp4", "video", 640, 360, fps=30.0)
    header = Workshop(Settings(precision="fast")).header(info)
    assert header["precision"] == "bf16:8,16,32,64/6"
