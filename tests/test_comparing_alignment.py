"""The alignment against the definition, computed cell by cell."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.analysis.comparing.alignment import Costs, costs, search, warp

Array = npt.NDArray[np.float64]
LEFT_OUT = np.radians(10.0)


def given_costs(values: Array) -> Costs:
    return lambda top, bottom, left, right: values[top:bottom, left:right]


def best_by_definition(values: Array, reach: int) -> float:
    """Sakoe and Chiba's table 1, P = 1, symmetric, with open ends."""
    count = len(values)
    sums = np.full((count, count), np.inf)

    def cost(i: int, j: int) -> float:
        return float(values[i, j]) if min(i, j) >= 0 and abs(i - j) <= reach else np.inf

    def before(i: int, j: int) -> float:
        return float(sums[i, j]) if min(i, j) >= 0 else np.inf

    for i in range(count):
        for j in range(max(i - reach, 0), min(i + reach + 1, count)):
            options = [
                before(i - 1, j - 1) + 2 * cost(i, j),
                before(i - 1, j - 2) + 2 * cost(i, j - 1) + cost(i, j),
                before(i - 2, j - 1) + 2 * cost(i - 1, j) + cost(i, j),
            ]
            if min(i, j) == 0:
                options.append(2 * cost(i, j) + LEFT_OUT * max(i, j))
            sums[i, j] = min(options)
    last = count - 1
    ends = range(max(last - reach, 0), count)
    return float(
        min(
            *(sums[last, j] + LEFT_OUT * (last - j) for j in ends),
            *(sums[i, last] + LEFT_OUT * (last - i) for i in ends),
            np.inf,
        )
    )


@given(st.integers(1, 40), st.floats(0.05, 1.0), st.integers(0, 10_000))
def test_warp_finds_the_best_path(count: int, band: float, seed: int) -> None:
    values = np.random.default_rng(seed).random((count, count))
    path = warp(given_costs(values), count, band)
    left_out = max(path.a[0], path.b[0]) + (count - 1 - min(path.a[-1], path.b[-1]))
    total = float((path.weight * values[path.a, path.b]).sum()) + LEFT_OUT * left_out
    reach = min(max(int(np.ceil(band * count)), 2), count - 1)
    assert total == pytest.approx(best_by_definition(values, reach))
    assert np.abs(path.a - path.b).max() <= reach
    # All paths weigh as much as they are long.
    assert path.weight.sum() == path.a[-1] - path.a[0] + path.b[-1] - path.b[0] + 2


@given(st.integers(2, 12), st.integers(12, 40), st.integers(0, 10_000))
def test_search_counts_each_moment_of_the_short_one_once(short: int, long: int, seed: int) -> None:
    values = np.random.default_rng(seed).random((short, long))
    for found in search(given_costs(values), short, long, 3):
        assert found.path.a.tolist() == list(range(short))
        assert (np.diff(found.path.b) >= 0).all()
        mean = float(values[found.path.a, found.path.b].mean())
        assert found.cost == pytest.approx(mean, rel=1e-5)


def test_costs_are_root_mean_squares_of_what_both_know() -> None:
    a, b = np.array([[0.3, 9.0, 1.0]]), np.array([[0.0, 0.0, 0.5]])
    known = np.array([[1.0, 0.0, 1.0]])
    block = costs((a, known), (b, np.ones((1, 3))), np.array([1.0, 1.0, 3.0]))
    expected = np.sqrt((0.3**2 + 3 * 0.5**2) / 4)
    assert float(block(0, 1, 0, 1)[0, 0]) == pytest.approx(expected, rel=1e-5)
    unknown = costs((a, 0 * known), (b, np.ones((1, 3))), np.ones(3))
    assert float(unknown(0, 1, 0, 1)[0, 0]) == 0.5
