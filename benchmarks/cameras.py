"""Calibrated cameras: Qualisys' file of them, and points in space from what several see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Qualisys Track Manager writes intrinsics in 1/64 px, and the camera's place in mm.
SUBPIXELS, MM = 64.0, 1000.0
# Its camera axes are x right, y up, z back; ours are x right, y down, z away.
# Cameras agree on a landmark that is so near in each picture, in sizes of the person: two alone
# agree by chance more easily than three do.
NEAR = {2: 0.02, 3: 0.03}
APART = 0.2  # the sine of the angle between two views, at least
TURNED = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class Camera:
    """``rotation`` (3, 3): rows are its axes in the room; ``place_m`` (3,) in the room.

    ``focal_px``, ``centre_px``: (2,). ``distortion``: k1, k2, p1, p2, k3, as OpenCV means them.
    """

    name: str
    rotation: Array
    place_m: Array
    focal_px: Array
    centre_px: Array
    distortion: Array

    @property
    def projection(self) -> Array:
        """From the room, homogeneous, to undistorted and normalised coordinates: (3, 4)."""
        return np.hstack([self.rotation, -(self.rotation @ self.place_m)[:, None]])

    def project(self, room_m: Array) -> Array:
        """Return the pixels (..., 2) of points in the room (..., 3)."""
        seen = (room_m - self.place_m) @ self.rotation.T
        return self.centre_px + self.focal_px * self.distorted(seen[..., :2] / seen[..., 2:])

    def distorted(self, flat: Array) -> Array:
        k1, k2, p1, p2, k3 = self.distortion
        x, y = flat[..., 0], flat[..., 1]
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        return np.stack(
            [
                x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
                y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
            ],
            axis=-1,
        )

    def undistorted(self, points_px: Array) -> Array:
        """Return normalised coordinates (..., 2) of pixels, by fixed-point iteration."""
        wanted = (points_px - self.centre_px) / self.focal_px
        found = wanted.copy()
        for _ in range(20):
            found = found + wanted - self.distorted(found)
        return found


def read_qualisys(path: Path) -> Mapping[str, Camera]:
    """Return the cameras in a .qca.txt file, by name."""
    cameras = {}
    for each in ElementTree.parse(path).getroot().iter("camera"):
        place, inner = each.find("transform"), each.find("intrinsic")
        if place is None or inner is None:
            raise ValueError(f"{path}: camera {each.get('serial')} lacks its calibration")
        rows = [[float(place.attrib[f"r{i}{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)]
        names = ("radialDistortion1", "radialDistortion2", "tangentalDistortion1",
                 "tangentalDistortion2", "radialDistortion3")  # fmt: skip
        name = each.attrib["serial"]
        cameras[name] = Camera(
            name,
            TURNED @ np.array(rows),
            np.array([float(place.attrib[axis]) for axis in "xyz"]) / MM,
            np.array([float(inner.attrib[f"focalLength{axis}"]) for axis in "UV"]) / SUBPIXELS,
            np.array([float(inner.attrib[f"centerPoint{axis}"]) for axis in "UV"]) / SUBPIXELS,
            np.array([float(inner.attrib[name]) for name in names]),
        )
    return cameras


def triangulate(cameras: Sequence[Camera], points_px: Array, weights: Array) -> Array:
    """Return points in the room (..., 3) from pixels (cameras, ..., 2), by least squares.

    ``weights``: (cameras, ...), 0 where a camera doesn't count. Where fewer than two do: NaN.
    Linear (direct linear transform), then two rounds that weigh each camera by its depth, which
    makes it the distance in the picture that is least.
    """
    flat = np.stack([c.undistorted(p) for c, p in zip(cameras, points_px, strict=True)])
    rows = []
    for camera, each in zip(cameras, flat, strict=True):
        p = camera.projection
        rows.append(each[..., :1] * p[2] - p[0])
        rows.append(each[..., 1:] * p[2] - p[1])
    system = np.stack(rows, axis=-2)  # (..., 2 cameras, 4)
    enough = (weights > 0).sum(axis=0) >= 2
    scale = np.repeat(np.moveaxis(weights, 0, -1), 2, axis=-1)
    found = np.full((*points_px.shape[1:-1], 3), np.nan)
    depth = np.ones_like(scale)
    for _ in range(3):
        weighted = system * (scale / depth)[..., None]
        # The point is a solution of A x = -b; homogeneous points at infinity don't occur.
        a, b = weighted[enough][..., :3], -weighted[enough][..., 3]
        normal = np.swapaxes(a, -1, -2) @ a
        found[enough] = np.linalg.solve(normal, (np.swapaxes(a, -1, -2) @ b[..., None]))[..., 0]
        for at, camera in enumerate(cameras):
            z = (np.nan_to_num(found) - camera.place_m) @ camera.rotation[2]
            depth[..., 2 * at : 2 * at + 2] = np.maximum(z, 0.1)[..., None]
    return found


def residuals(cameras: Sequence[Camera], points_px: Array, room: Array) -> Array:
    """Return how far each camera's pixels are from points in the room, (cameras, ...)."""
    return np.stack(
        [
            np.linalg.norm(camera.project(room) - each, axis=-1)
            for camera, each in zip(cameras, points_px, strict=True)
        ]
    )


def agreeing(cameras: Sequence[Camera], points_px: Array, weights: Array, sizes: Array) -> Array:
    """Return the points (..., 3) that most cameras agree on, NaN where no two do.

    Landmark by landmark the largest group of cameras counts that is near enough in all of its
    pictures, the nearest of several: those where left and right are exchanged stay outside.
    """
    found = np.full((*points_px.shape[1:-1], 3), np.nan)
    for count in range(len(cameras), 1, -1):
        best, least = np.full_like(found, np.nan), np.full(found.shape[:-1], np.inf)
        for group in combinations(range(len(cameras)), count):
            room, worst = _agreement(cameras, points_px, weights, sizes, list(group))
            better = worst < least
            best[better], least[better] = room[better], worst[better]
        good = np.isnan(found[..., 0]) & (least <= NEAR[min(count, 3)])
        found[good] = best[good]
    return found


def _agreement(
    cameras: Sequence[Camera], points_px: Array, weights: Array, sizes: Array, group: list[int]
) -> tuple[Array, Array]:
    chosen = [cameras[at] for at in group]
    all_see = weights[group].min(axis=0)
    room = triangulate(chosen, points_px[group], np.broadcast_to(all_see, weights[group].shape))
    worst = (residuals(chosen, points_px[group], room) / sizes[group, None, None]).max(axis=0)
    rays = [room - camera.place_m for camera in chosen]
    rays = [each / np.linalg.norm(each, axis=-1, keepdims=True) for each in rays]
    apart = [np.linalg.norm(np.cross(a, b), axis=-1) for a, b in combinations(rays, 2)]
    worst[~(np.max(apart, axis=0) > APART)] = np.inf
    return room, worst
