"""Anti-aliased strokes on a picture, in numpy: only the pixels that they touch are computed.

A stroke is a segment with a radius (of length 0: a disc). How much of a pixel it covers is
what the distance of the pixel's centre to its edge says, so strokes are crisp, round and
smooth in motion, and cost follows their length and width and not the size of the picture.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from posemill.types import Floats, Picture

Colour = tuple[int, int, int]
Ints = npt.NDArray[np.intp]

_SQRT2: Final = 1.4143
_SHORTEST_PX: Final = 1e-3
_HALF: Final = np.float32(0.5)


class Strokes(NamedTuple):
    """Segments ``start`` to ``end``, float32 (n, 2) x, y, with ``radius_px`` (n,)."""

    start: Floats
    end: Floats
    radius_px: Floats


class Touched(NamedTuple):
    """Pixels that strokes touch, in the order of the strokes, some more than once.

    ``pixel``: its number in the flat picture. ``outside``: distance of the pixel's centre from the
    stroke's edge in px, below 0 inside. ``stroke``: which one.
    """

    pixel: Ints
    outside: Floats
    stroke: Ints

    def of(self, first: int, last: int) -> "Touched":
        """Return the part that strokes ``first`` up to, not with, ``last`` touch."""
        low, high = np.searchsorted(self.stroke, (first, last)).tolist()
        return Touched(self.pixel[low:high], self.outside[low:high], self.stroke[low:high])

    def and_(self, other: "Touched") -> "Touched":
        """Return both, as one shape."""
        return Touched(
            np.concatenate([self.pixel, other.pixel]),
            np.concatenate([self.outside, other.outside]),
            np.concatenate([self.stroke, other.stroke]),
        )


class Layer(NamedTuple):
    """A colour for all that is less than ``margin_px`` outside of the strokes."""

    colour: Colour
    margin_px: float = 0.0
    opacity: float = 1.0


def touch(strokes: Strokes, margin_px: float, size_px: tuple[int, int]) -> Touched:
    """Return what ``strokes`` and ``margin_px`` around them touch of a picture.

    Pixel centres have whole coordinates. Strokes must lie in or near the picture of
    ``size_px`` (width, height): cost follows their distance.
    """
    along = strokes.end - strokes.start
    along[np.abs(along) < _SHORTEST_PX] = 0  # a point, and not to be divided by
    # Step along the longer axis, u, and take as many pixels across, along v, as can matter.
    is_tall = np.abs(along[:, 1]) > np.abs(along[:, 0])
    u0, v0 = _swapped(strokes.start, is_tall)
    du, dv = _swapped(along, is_tall)
    reach = float(strokes.radius_px.max(initial=0)) + margin_px + 0.5
    first = np.floor(np.minimum(u0, u0 + du) - reach)
    counts = (np.ceil(np.maximum(u0, u0 + du) + reach) - first).astype(np.intp) + 1
    which = np.repeat(np.arange(len(counts)), counts)
    steps = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    u = first.astype(np.intp)[which] + steps

    length2 = du * du + dv * dv
    per_length2 = np.divide(1, length2, out=np.zeros_like(length2), where=length2 > 0)
    pu = (u - u0[which]).astype(np.float32)
    per_du = np.divide(1, du, out=np.zeros_like(du), where=du != 0)
    base = np.clip(pu * per_du[which], 0, 1) * dv[which] + v0[which]
    half = reach * _SQRT2
    v = np.floor(base - np.float32(half)).astype(np.intp)[:, None] + np.arange(int(2 * half) + 2)

    outside = _distance(pu, v - v0[which][:, None], du[which], dv[which], per_length2[which])
    outside -= strokes.radius_px[which][:, None]
    width, height = size_px
    near = outside < margin_px + 0.5
    seen_v = v[near]
    position, _ = np.nonzero(near)
    seen_u, tall = u[position], is_tall[which[position]]
    columns, rows = np.where(tall, seen_v, seen_u), np.where(tall, seen_u, seen_v)
    found = Touched(rows * width + columns, outside[near], which[position])
    is_in = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    if is_in.all():
        return found
    return Touched(*(values[is_in] for values in found))


def paint(canvas: Picture, touched: Touched, layers: Sequence[Layer]) -> None:
    """Paint ``layers``, the lowest first, into ``canvas``, RGB or RGBA (straight alpha).

    Where strokes overlap there is no seam, however transparent they are.
    """
    pixel = touched.pixel
    if not len(pixel):
        return
    # The smallest distance at each pixel, kept in a buffer of the rows that are touched.
    low = int(pixel.min())
    nearest = np.full(int(pixel.max()) + 1 - low, np.inf, np.float32)
    near = pixel - low
    np.minimum.at(nearest, near, touched.outside)
    outside = nearest[near]
    flat = canvas.reshape(-1, canvas.shape[2])
    pixels = flat[pixel].astype(np.float32)
    for layer in layers:
        coverage = np.clip(np.float32(layer.margin_px + 0.5) - outside, 0, 1)
        pixels = blended(pixels, layer.colour, coverage * np.float32(layer.opacity))
    # Pixels that occur twice are given the same value twice.
    flat[pixel] = (pixels + _HALF).astype(np.uint8)


def blended(pixels: Floats, colour: Colour, coverage: Floats) -> Floats:
    """Return ``pixels`` (..., 3 or 4), 0..255, under ``colour`` by ``coverage`` (...), 0..1."""
    share = coverage[..., None]
    over = np.array(colour, np.float32)
    if pixels.shape[-1] == 3:
        return pixels + (over - pixels) * share
    alpha = pixels[..., 3:] / 255
    total = share + alpha * (1 - share)
    share = np.divide(share, total, out=np.zeros_like(total), where=total > 0)
    return np.concatenate([pixels[..., :3] + (over - pixels[..., :3]) * share, total * 255], -1)


def _distance(
    pu: Floats, pv: npt.NDArray[Any], du: Floats, dv: Floats, per_length2: Floats
) -> Floats:
    """Return how far points are from their segment: (n, k) of u (n,) and v (n, k)."""
    pv = pv.astype(np.float32)
    share = pv * (dv * per_length2)[:, None]
    share += (pu * du * per_length2)[:, None]
    np.clip(share, 0, 1, out=share)
    across = pv - share * dv[:, None]
    share *= du[:, None]
    share -= pu[:, None]
    share *= share
    across *= across
    across += share
    distance: Floats = np.sqrt(across, out=across)
    return distance


def _swapped(points: Floats, is_tall: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    x, y = points[:, 0], points[:, 1]
    return np.where(is_tall, y, x), np.where(is_tall, x, y)
