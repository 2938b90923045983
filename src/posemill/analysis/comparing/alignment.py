"""Two movements brought into step: dynamic time warping, whole or a short one within a long one.

Both ways use the steps of Sakoe and Chiba (1978) with a slope constraint: without one a movement
would wait until another one, that the other person doesn't do, is over.

Whole: their P = 1, which did best there: neither may go more than twice as fast as the other one;
symmetric weights, so that all paths count the same; within their band around the straight line.
Ends are open (Tormene et al. 2009): a clip may begin a little earlier, or end a little later; each
moment left out costs as much as a difference of ten degrees.
Part: subsequence search (Mueller, Information Retrieval for Music and Motion, 2007, section 4.4),
P = 1/2, up to three times as fast; each moment of the short one counts once.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from posemill.analysis.vectors import Array

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Costs = Callable[[int, int, int, int], npt.NDArray[np.floating]]  # rows from, to; columns from, to

BAND: Final = 0.1  # of each, to either side: the usual width (Sakoe and Chiba 1978)
_ROWS: Final = 128
_UNKNOWN: Final = 0.25  # of the weights: less in common says nothing
_NEUTRAL: Final = np.float32(0.5)  # radians, of what says nothing: neither liked nor feared
_LEFT_OUT: Final = float(np.radians(10.0))
# How far both go in a step: along the first one, along the second one.
_TRIES: Final = 4  # places looked at for one that is apart from the others
_STEPS: Final = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1))
_WHOLE: Final = _STEPS[:3]
_BACK: Final = max(back for back, _ in _WHOLE)
_BEGIN: Final = -1


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
    known_a, values_a, squares_a = _prepared(*a, weights)
    known_b, values_b, squares_b = _prepared(*b, np.ones_like(weights))
    # Sums of weighted squares of differences, as one product of matrices.
    first = np.concatenate([squares_a, known_a, -2 * values_a], axis=1)
    second = np.concatenate([known_b, squares_b, values_b], axis=1).T
    least = np.float32(_UNKNOWN * weights.sum())

    def block(top: int, bottom: int, left: int, right: int) -> Floats:
        weight: Floats = known_a[top:bottom] @ known_b[left:right].T
        total: Floats = first[top:bottom] @ second[:, left:right]
        is_unknown = weight < least
        np.maximum(weight, np.float32(1e-6), out=weight)
        np.maximum(total, np.float32(0), out=total)
        total /= weight
        np.sqrt(total, out=total)
        total[is_unknown] = _NEUTRAL
        return total

    return block


def _prepared(values: Array, known: Array, weights: Array) -> tuple[Floats, Floats, Floats]:
    weighted: Floats = (known * weights).astype(np.float32)
    short: Floats = values.astype(np.float32)
    linear: Floats = weighted * short
    return weighted, linear, linear * short


def warp(cost: Costs, count: int, band: float = BAND) -> Path:
    """Return the best path through two movements of ``count`` moments each.

    ``band``: how far from the straight line it may go, as a part of them; ends may be left out as
    far.
    """
    reach = min(max(int(np.ceil(band * count)), _BACK), count - 1)
    width = 2 * reach + 1
    steps = np.full((count, width), _BEGIN, np.int8)
    sums: deque[Array] = deque(maxlen=_BACK)  # of the rows before, the last one first
    lines: deque[Array] = deque(maxlen=_BACK)
    ends: list[tuple[float, int, int]] = []
    places: Ints = np.arange(width, dtype=np.int64) - reach  # columns, from the straight line
    for row, line in _lines(cost, count, reach):
        lines.appendleft(line)
        best = _begun(row, line, places, reach)
        for number, (back, along) in enumerate(_WHOLE):
            if back > len(sums):
                continue
            came = _moved(sums[back - 1], back - along) + _passed(lines, back, along)
            better = came < best
            best = np.where(better, came, best)
            steps[row][better] = number
        sums.appendleft(best)
        ends += _ended(row, best, count, reach)
    _, row, column = min(ends)
    return _traced(steps, row, column, reach)


def _lines(cost: Costs, count: int, reach: int) -> Iterator[tuple[int, Array]]:
    """Yield the costs of each row within the band, infinite outside of the other movement."""
    for top in range(0, count, _ROWS):
        bottom = min(top + _ROWS, count)
        left, right = max(top - reach, 0), min(bottom + reach, count)
        block = cost(top, bottom, left, right)
        for row in range(top, bottom):
            line = np.full(2 * reach + 1, np.inf)
            first, last = max(row - reach, 0), min(row + reach + 1, count)
            begin = first - row + reach
            line[begin : begin + last - first] = block[row - top, first - left : last - left]
            yield row, line


def _begun(row: int, line: Array, places: Ints, reach: int) -> Array:
    """Return what it costs to begin in a row: at the first moment of one of both."""
    column = row + places
    is_begin = (column >= 0) & (column <= reach) if row == 0 else column == 0
    skipped = np.maximum(column, row)
    return np.where(is_begin, 2 * line + _LEFT_OUT * skipped, np.inf)


def _passed(lines: Sequence[Array], back: int, along: int) -> Array:
    """Return the cost of the pairs that a step passes, and of where it ends."""
    found = lines[0].copy() if max(back, along) > 1 else 2 * lines[0]
    for number in range(1, max(back, along)):
        is_last = number == max(back, along) - 1
        # Up: the same column in the rows before; along: the columns before in the same row.
        passed = _moved(lines[number], number) if back > 1 else _moved(lines[0], -number)
        found += 2 * passed if is_last else passed
    return found


def _ended(row: int, best: Array, count: int, reach: int) -> list[tuple[float, int, int]]:
    """Return the ends in a row: at the last moment of one of both."""
    last = count - 1
    if row < last - reach:
        return []
    columns = range(last - reach, last + 1) if row == last else (last,)
    found = []
    for column in columns:
        value = float(best[column - row + reach])
        left_out = max(last - column, last - row)
        found.append((value + _LEFT_OUT * left_out, row, column))
    return found


def _moved(values: Array, by: int) -> Array:
    """Return values whose places move to the left, infinity coming in."""
    if by == 0:
        return values
    found = np.full_like(values, np.inf)
    if by > 0:
        found[:-by] = values[by:]
    else:
        found[-by:] = values[:by]
    return found


def _traced(steps: npt.NDArray[np.int8], row: int, column: int, reach: int) -> Path:
    rows, columns, weights = [row], [column], [1.0]
    while (number := int(steps[row, column - row + reach])) != _BEGIN:
        back, along = _STEPS[number]
        for passed in range(1, max(back, along)):
            rows.append(row - passed if back > 1 else row)
            columns.append(column if back > 1 else column - passed)
            weights.append(1.0)
        weights[-1] = 2.0
        row, column = row - back, column - along
        rows.append(row)
        columns.append(column)
        weights.append(1.0)
    weights[-1] = 2.0
    return Path(np.array(rows[::-1]), np.array(columns[::-1]), np.array(weights[::-1]))


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
    steps = np.full((count, other), _BEGIN, np.int8)
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
    taken: list[tuple[int, int]] = []
    for _ in range(_TRIES * most):
        end = int(np.argmin(total))
        mean = float(total[end])
        if not np.isfinite(mean) or len(taken) == most:
            return
        path = _followed(steps, end)
        begin, length = int(path.b[0]), int(path.b[-1] - path.b[0]) + 1
        # The next one ends before this one begins, or a third of it later: a faster one may.
        total[begin + length // 4 : end + max(length // 3, 1)] = np.inf
        if all(_apart(begin, end, other) for other in taken):
            taken.append((begin, end))
            yield Found(path, mean)


def _apart(begin: int, end: int, other: tuple[int, int]) -> bool:
    """Whether two places share no more than half of the shorter one."""
    both = min(end, other[1]) - max(begin, other[0]) + 1
    return both <= (min(end - begin, other[1] - other[0]) + 1) / 2


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
