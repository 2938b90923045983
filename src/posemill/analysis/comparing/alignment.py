"""Two movements brought into step: dynamic time warping, whole or a short one within a long one.

Whole: Sakoe and Chiba 1978, symmetric steps (a diagonal one counts twice, so that all paths have
the same weight), within their band around the straight line. Where one has to wait for the other
at an end, the wait is cut off: a clip may begin a little earlier, or end a little later.
Part: subsequence search (Mueller, Information Retrieval for Music and Motion, 2007, section 4.4)
with steps that bound the tempo to a third and three times; each frame of the short one counts once.

Rows are computed as a whole: the dependency on the left neighbour is a running minimum over costs
summed from the left.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from posemill.analysis.vectors import Array

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Costs = Callable[[int, int, int, int], npt.NDArray[np.floating]]  # rows from, to; columns from, to

BAND: Final = 0.1  # of each, to either side: the usual width (Sakoe and Chiba 1978)
_ROWS: Final = 256
_UNKNOWN: Final = 0.25  # of the weights: less in common says nothing
_NEUTRAL: Final = np.float32(0.5)  # radians, of what says nothing: neither liked nor feared
# How far both go in a step of the search: along the short one, along the long one.
_UP, _DIAGONAL, _LEFT = 0, 1, 2
_STEPS: Final = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1))


class Path(NamedTuple):
    """Which moments belong together: ``a``, ``b`` (p,) rising; ``weight``: how much each counts."""

    a: Ints
    b: Ints
    weight: Array


def costs(a: tuple[Array, Array], b: tuple[Array, Array], weights: Array) -> Costs:
    """Return what gives the cost of blocks of pairs: the root mean square of weighted angles.

    ``a``, ``b``: numbers and how well they are known, (n, k) and (m, k), from ``features.table``.
    ``weights``: (k,).
    """
    first, second = _prepared(*a, weights), _prepared(*b, np.ones_like(weights))
    full = float(np.float32(weights.sum()))

    def block(top: int, bottom: int, left: int, right: int) -> Floats:
        known_a, values_a, squares_a = (each[top:bottom] for each in first)
        known_b, values_b, squares_b = (each[left:right] for each in second)
        weight = known_a @ known_b.T
        total = squares_a @ known_b.T + known_a @ squares_b.T - 2 * (values_a @ values_b.T)
        found = np.sqrt(np.maximum(total, 0) / np.maximum(weight, np.float32(1e-6)))
        return np.asarray(np.where(weight < _UNKNOWN * full, _NEUTRAL, found), np.float32)

    return block


def _prepared(values: Array, known: Array, weights: Array) -> tuple[Floats, Floats, Floats]:
    weighted: Floats = (known * weights).astype(np.float32)
    short: Floats = values.astype(np.float32)
    linear: Floats = weighted * short
    return weighted, linear, linear * short


def warp(cost: Costs, count: int, other: int, band: float = BAND) -> Path:
    """Return the best path through all of two movements of ``count`` and ``other`` moments.

    ``band``: how far from the straight line it may go, as a part of either.
    """
    slope = (other - 1) / max(count - 1, 1)
    reach = max(int(np.ceil(band * other)), int(np.ceil(slope)) + 1, 2)
    low = np.round(np.arange(count) * slope).astype(np.int64) - reach
    steps = np.zeros((count, 2 * reach + 1), np.int8)
    before = np.full(2 * reach + 1, np.inf)
    for row, line in _lines(cost, low, other, 2 * reach + 1):
        inside = np.isfinite(line)
        step = np.where(inside, line, 0.0)
        shift = int(low[row] - low[row - 1]) if row else 0
        up = _shifted(before, shift) + step
        diagonal = _shifted(before, shift - 1) + 2 * step
        if row == 0:
            diagonal[reach] = 2 * step[reach]  # the beginning
        came = np.where(inside, np.minimum(up, diagonal), np.inf)
        # best[j] = min(came[j], best[j - 1] + step[j]), for all j at once.
        summed = np.cumsum(step)
        offset = came - summed
        best = np.minimum.accumulate(offset)
        steps[row] = np.where(offset > best, _LEFT, np.where(diagonal <= up, _DIAGONAL, _UP))
        before = np.where(inside, best + summed, np.inf)
    return _trimmed(_traced(steps, low, other), cost)


def _lines(cost: Costs, low: Ints, other: int, width: int) -> Iterator[tuple[int, Array]]:
    """Yield the costs of each row within the band, infinite outside of the other movement."""
    count = len(low)
    for top in range(0, count, _ROWS):
        bottom = min(top + _ROWS, count)
        left, right = max(int(low[top]), 0), min(int(low[bottom - 1]) + width, other)
        block = cost(top, bottom, left, right)
        for row in range(top, bottom):
            line = np.full(width, np.inf)
            first, last = max(int(low[row]), 0), min(int(low[row]) + width, other)
            begin = first - int(low[row])
            line[begin : begin + last - first] = block[row - top, first - left : last - left]
            yield row, line


def _shifted(values: Array, by: int) -> Array:
    """Return values moved to the left, infinity coming in."""
    found = np.full_like(values, np.inf)
    if by >= 0:
        found[: len(values) - by] = values[by:]
    else:
        found[-by:] = values[:by]
    return found


def _traced(steps: npt.NDArray[np.int8], low: Ints, other: int) -> tuple[Ints, Ints]:
    row, column = len(low) - 1, other - 1
    pairs = [(row, column)]
    while row or column:
        step = steps[row, column - low[row]]
        if step != _LEFT:
            row -= 1
        if step != _UP:
            column -= 1
        pairs.append((row, column))
    found = np.array(pairs[::-1], np.int64)
    return found[:, 0], found[:, 1]


def _trimmed(pairs: tuple[Ints, Ints], cost: Costs) -> Path:
    """Return the path without its waits at both ends, but for the best moment of each."""
    a, b = pairs
    begin = max(_run(a), _run(b))
    end = len(a) - max(_run(a[::-1]), _run(b[::-1]))
    first, last = _cheapest(cost, a, b, 0, begin), _cheapest(cost, a, b, end, len(a))
    if first >= last:  # all of it is a wait: one of the two is a moment
        first, last = 0, len(a) - 1
    a, b = a[first : last + 1], b[first : last + 1]
    weight = np.diff(a, prepend=a[0] - 1) + np.diff(b, prepend=b[0] - 1)
    return Path(a, b, weight.astype(float))


def _run(values: Ints) -> int:
    """Return how many values at the beginning are the same."""
    others = np.flatnonzero(values != values[0])
    return int(others[0]) if len(others) else len(values)


def _cheapest(cost: Costs, a: Ints, b: Ints, begin: int, end: int) -> int:
    left, right = int(a[begin:end].min()), int(a[begin:end].max()) + 1
    low, high = int(b[begin:end].min()), int(b[begin:end].max()) + 1
    block = cost(left, right, low, high)
    return begin + int(np.argmin(block[a[begin:end] - left, b[begin:end] - low]))


class Found(NamedTuple):
    """Where a short movement is within a long one: the path, and its mean cost."""

    path: Path
    cost: float


def search(cost: Costs, count: int, other: int, most: int = 1) -> list[Found]:
    """Return up to ``most`` places, apart from each other, best first, of a short movement.

    ``count``: its moments. ``other``: those of the long one.
    """
    block = cost(0, count, 0, other)
    sums = np.full((count, other), np.inf, np.float32)
    steps = np.full((count, other), -1, np.int8)
    sums[0] = block[0]
    for row in range(1, count):
        for number, (back, along) in enumerate(_STEPS):
            if back > row or along >= other:
                continue
            # Moments of the short one that the step passes over count where it arrives.
            passed = block[row - back + 1 : row + 1, along:].sum(axis=0)
            came = sums[row - back, : other - along] + passed
            better = came < sums[row, along:]
            sums[row, along:][better] = came[better]
            steps[row, along:][better] = number
    return list(_places(sums[-1] / count, steps, most))


def _places(total: Array, steps: npt.NDArray[np.int8], most: int) -> Iterator[Found]:
    total = total.copy()
    for _ in range(most):
        end = int(np.argmin(total))
        mean = float(total[end])
        if not np.isfinite(mean):
            return
        path = _followed(steps, end)
        yield Found(path, mean)
        length = int(path.b[-1] - path.b[0]) + 1
        # The next one ends before this one begins, or begins after its end: a tolerance of half.
        total[int(path.b[0]) + length // 4 : end + max(length * 3 // 4, 1)] = np.inf


def _followed(steps: npt.NDArray[np.int8], end: int) -> Path:
    row, column = len(steps) - 1, end
    rows, columns = [row], [column]
    while row:
        back, along = _STEPS[int(steps[row, column])]
        # Each moment of the short one has its pair, also those that the step passed over.
        for number in range(1, back):
            rows.append(row - number)
            columns.append(column)
        row, column = row - back, column - along
        rows.append(row)
        columns.append(column)
    a, b = np.array(rows[::-1], np.int64), np.array(columns[::-1], np.int64)
    return Path(a, b, np.ones(len(a)))
