"""Angles and directions of many vectors at once; what has no length gives no number (NaN)."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def dot(a: Array, b: Array) -> Array:
    """Return the products of vectors along the last axis."""
    return np.asarray(np.einsum("...i,...i->...", a, b))


def norm(vectors: Array) -> Array:
    """Return the lengths of vectors."""
    return np.asarray(np.sqrt(dot(vectors, vectors)))


def cross(a: Array, b: Array) -> Array:
    """Return the cross products of vectors in space; numpy's own takes four times as long."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def unit(vectors: Array) -> Array:
    """Return vectors of length 1."""
    length = norm(vectors)[..., None]
    found = np.full_like(vectors, np.nan)
    np.divide(vectors, length, out=found, where=length > 1e-9)
    return found


def between(a: Array, b: Array) -> Array:
    """Return the angles between vectors, degrees 0..180.

    By atan2, which stays exact where the vectors are nearly parallel (Kahan).
    """
    a, b = unit(a), unit(b)
    apart, together = norm(a - b), norm(a + b)
    return np.asarray(np.degrees(2 * np.arctan2(apart, together)))


def without(vectors: Array, axis: Array) -> Array:
    """Return what is left of vectors beside their part along an axis of length 1."""
    return np.asarray(vectors - dot(vectors, axis)[..., None] * axis)
