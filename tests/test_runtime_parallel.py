"""Several crops and several callers at once give what each alone gives."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import numpy as np
import pytest

from posemill.blazepose.models import Fill
from posemill.options import PoseOptions
from posemill.runtime import openvino
from posemill.runtime.compiling import Layout
from posemill.runtime.openvino import OpenVinoEngine, OpenVinoModel
from posemill.types import Floats

INPUTS = list(np.random.default_rng(1).random((7, 256, 256, 3), np.float32))


class Spoiled(Exception):
    """What a caller's own code raises."""


@pytest.fixture(scope="module", params=["one core", "streams", "its own layout"])
def model(request: pytest.FixtureRequest) -> OpenVinoModel:
    cores = 1 if request.param == "one core" else 2
    threads = 1 if request.param == "streams" else 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openvino, "usable_cores", lambda: cores)
        options = PoseOptions(model_complexity=0, threads=threads, max_people=4)
        landmark = OpenVinoEngine(options).models.landmark
    assert isinstance(landmark, OpenVinoModel)
    return landmark


def filler(value: Floats) -> Callable[[Floats], None]:
    def fill(tensor: Floats) -> None:
        tensor[:] = value

    return fill


def copy_world(_raw: Floats, _score: Floats, _features: Floats, world: Floats) -> Floats:
    return world.copy()


def spoiled(*_: Floats) -> NoReturn:
    raise Spoiled


@pytest.mark.parametrize(
    ("threads", "cores", "several", "expected"),
    [
        (0, 1, True, (Layout(1, 1), None)),
        (0, 8, False, (Layout(8, 1), None)),
        (0, 8, True, (Layout(8, 1), Layout(1, 8))),
        (1, 8, True, (Layout(1, 8), None)),
        (3, 8, False, (Layout(3, 2), None)),
        (16, 8, True, (Layout(16, 1), None)),
    ],
)
def test_layouts(
    threads: int, cores: int, several: bool, expected: tuple[Layout, Layout | None]
) -> None:
    assert Layout.of(threads, cores, several=several) == expected


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_all_at_once_is_as_one_by_one_and_in_order(model: OpenVinoModel, count: int) -> None:
    inputs = INPUTS[:count]
    expected = [model.run(filler(each), copy_world) for each in inputs]
    for _ in range(2):
        results = model.run_all([(filler(each), copy_world) for each in inputs])
        for result, one in zip(results, expected, strict=True):
            np.testing.assert_allclose(result, one, atol=1e-5)


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("where", ["fill", "read"])
def test_an_error_leaves_the_model_as_it_was(model: OpenVinoModel, place: int, where: str) -> None:
    jobs: list[tuple[Fill, Callable[..., Floats]]]
    jobs = [(filler(each), copy_world) for each in INPUTS[:5]]
    fill, read = jobs[place]
    jobs[place] = (spoiled, read) if where == "fill" else (fill, spoiled)
    with pytest.raises(Spoiled):
        model.run_all(jobs)
    test_all_at_once_is_as_one_by_one_and_in_order(model, 5)


def test_callers_in_threads_get_their_own(model: OpenVinoModel) -> None:
    expected = [model.run(filler(each), copy_world) for each in INPUTS]

    def work(index: int) -> Floats:
        if index % 3 == 0:
            jobs = [(filler(INPUTS[k % 7]), copy_world) for k in (index, index + 1)]
            return model.run_all(jobs)[0]
        return model.run(filler(INPUTS[index % 7]), copy_world)

    with ThreadPoolExecutor(4) as pool:
        for index, result in enumerate(pool.map(work, range(40))):
            np.testing.assert_allclose(result, expected[index % 7], atol=1e-5)
