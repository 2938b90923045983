"""A jointed figure that moves by known angles: exact truth for what is computed from landmarks.

Body axes are forward, up and left; camera axes x right, y down, z away, as in world landmarks.
Angles are degrees and zero in the upright standing body with hanging arms.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from posemill.skeleton import LANDMARK_INDEX
from posemill.types import FramePoses, Pose

Array = npt.NDArray[np.float64]

# Parts of stature: Winter, Biomechanics and Motor Control of Human Movement, figure 4.1.
_STATURE_M: Final = 1.7
_THIGH, _SHANK, _TRUNK = 0.245, 0.246, 0.288
_UPPER_ARM, _FOREARM, _HAND = 0.186, 0.146, 0.08
_SHOULDERS, _HIPS, _FOOT, _HEEL = 0.25, 0.12, 0.11, 0.05


@dataclass(frozen=True)
class Posture:
    """Angles of the whole body, then of each side; ``yaw`` 0 faces the camera, 90 its right side.

    ``pitch`` leans the pelvis forward (90 face down, -90 on the back), ``roll`` to the left.
    Of a pair of values the first is the left one.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    trunk_flexion: float = 0.0
    trunk_lateral: float = 0.0
    hip_flexion: tuple[float, float] = (0.0, 0.0)
    hip_abduction: tuple[float, float] = (0.0, 0.0)
    knee_flexion: tuple[float, float] = (0.0, 0.0)
    ankle_dorsiflexion: tuple[float, float] = (0.0, 0.0)
    shoulder_flexion: tuple[float, float] = (0.0, 0.0)
    shoulder_abduction: tuple[float, float] = (8.0, 8.0)
    elbow_flexion: tuple[float, float] = (5.0, 5.0)
    # Of the middle of the hips: right of the camera's axis, above the floor, beyond its distance.
    # Without a height the lowest point touches the floor.
    x_m: float = 0.0
    height_m: float | None = None
    z_m: float = 0.0
    lift_m: float = 0.0  # above the floor, of the lowest point: in a jump

    def towards(self, other: "Posture", share: float) -> Self:
        """Return the posture at a share of the way to another one."""
        mixed = {
            name: _mix(getattr(self, name), getattr(other, name), share)
            for name in self.__dataclass_fields__
        }
        return replace(self, **mixed)  # type: ignore[arg-type]


def _mix(a: object, b: object, share: float) -> object:
    if a is None or b is None:
        return None
    if isinstance(a, tuple):
        return tuple(np.asarray(a) + share * (np.asarray(b) - np.asarray(a)))
    return a + share * (b - a)  # type: ignore[operator]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along z; ``tilt`` degrees down, ``height_m`` above the floor."""

    width: int = 1280
    height: int = 720
    focal_px: float = 900.0
    distance_m: float = 4.0
    height_m: float = 1.0
    tilt: float = 0.0

    def project(self, points_m: Array) -> Array:
        """Return pixels (n, 2) of points (n, 3): x right, y down from the floor, z beyond."""
        seen = points_m + np.array([0.0, self.height_m, self.distance_m])
        angle = np.radians(self.tilt)
        turned = seen @ np.array(
            [[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]]
        )
        middle = np.array([self.width / 2, self.height / 2])
        return np.asarray(middle + self.focal_px * turned[:, :2] / turned[:, 2:])


def body_m(posture: Posture) -> Array:
    """Return the landmarks (33, 3), metres from the middle of the hips, in the camera's axes."""
    frame = _turned(_facing(posture.yaw), posture.pitch, posture.roll)
    trunk = _turned(frame, posture.trunk_flexion, posture.trunk_lateral)
    forward, up, left = trunk
    places: dict[str, Array] = {}
    neck = _TRUNK * up
    for side, outer, index in (("left", 1.0, 0), ("right", -1.0, 1)):
        hip = outer * _HIPS / 2 * frame[2]
        places |= _leg(posture, frame, side, outer, index, hip)
        shoulder = neck + outer * _SHOULDERS / 2 * left
        places |= _arm(posture, trunk, side, outer, index, shoulder)
    places |= _head(neck + 0.11 * up, forward, up, left)
    found = np.zeros((len(LANDMARK_INDEX), 3))
    for name, place in places.items():
        found[LANDMARK_INDEX[name]] = place
    return found * _STATURE_M


def _leg(
    posture: Posture, frame: Array, side: str, outer: float, index: int, hip: Array
) -> dict[str, Array]:
    thigh, ahead = _limb(frame, posture.hip_flexion[index], posture.hip_abduction[index], outer)
    knee = hip + _THIGH * thigh
    bend = np.radians(posture.knee_flexion[index])
    shank = np.cos(bend) * thigh - np.sin(bend) * ahead
    ahead = np.cos(bend) * ahead + np.sin(bend) * thigh
    ankle = knee + _SHANK * shank
    lift = np.radians(posture.ankle_dorsiflexion[index])
    foot = np.cos(lift) * ahead - np.sin(lift) * shank
    return {
        f"{side}_hip": hip,
        f"{side}_knee": knee,
        f"{side}_ankle": ankle,
        f"{side}_heel": ankle - 0.02 * foot + 0.04 * shank,
        f"{side}_foot_index": ankle + _FOOT * foot,
    }


def _arm(
    posture: Posture, trunk: Array, side: str, outer: float, index: int, shoulder: Array
) -> dict[str, Array]:
    upper, ahead = _limb(
        trunk, posture.shoulder_flexion[index], posture.shoulder_abduction[index], outer
    )
    elbow = shoulder + _UPPER_ARM * upper
    bend = np.radians(posture.elbow_flexion[index])
    lower = np.cos(bend) * upper + np.sin(bend) * ahead
    wrist = elbow + _FOREARM * lower
    hand = wrist + _HAND * lower
    return {
        f"{side}_shoulder": shoulder,
        f"{side}_elbow": elbow,
        f"{side}_wrist": wrist,
        f"{side}_pinky": hand - 0.02 * ahead,
        f"{side}_index": hand,
        f"{side}_thumb": wrist + 0.03 * lower + 0.02 * ahead,
    }


def _head(middle: Array, forward: Array, up: Array, left: Array) -> dict[str, Array]:
    face = middle + 0.05 * forward
    places = {"nose": face + 0.01 * forward}
    for side, outer in (("left", 1.0), ("right", -1.0)):
        places[f"{side}_ear"] = middle + outer * 0.045 * left
        places[f"mouth_{side}"] = face - 0.02 * up + outer * 0.012 * left
        for name, across in (("eye_inner", 0.01), ("eye", 0.018), ("eye_outer", 0.026)):
            places[f"{side}_{name}"] = face + 0.02 * up + outer * across * left
    return places


def _limb(frame: Array, flexion: float, abduction: float, outer: float) -> tuple[Array, Array]:
    """Return a limb's direction, and the one ahead of it that its next joint bends in."""
    forward, up, left = frame
    theta, phi = np.radians(flexion), np.radians(abduction)
    hanging = -np.cos(theta) * up + np.sin(theta) * forward
    along = np.cos(phi) * hanging + np.sin(phi) * outer * left
    return along, np.sin(theta) * up + np.cos(theta) * forward


def _facing(yaw: float) -> Array:
    angle = np.radians(yaw)
    forward = np.array([-np.sin(angle), 0.0, -np.cos(angle)])
    left = np.array([np.cos(angle), 0.0, -np.sin(angle)])
    return np.array([forward, [0.0, -1.0, 0.0], left])


def _turned(frame: Array, pitch: float, roll: float) -> Array:
    forward, up, left = frame
    a, b = np.radians(pitch), np.radians(roll)
    forward, up = np.cos(a) * forward - np.sin(a) * up, np.cos(a) * up + np.sin(a) * forward
    up, left = np.cos(b) * up + np.sin(b) * left, np.cos(b) * left - np.sin(b) * up
    return np.array([forward, up, left])


@dataclass(frozen=True)
class Look:
    """How the figure is seen: noise of landmarks in metres, and what is hidden.

    ``hidden``: landmarks with a visibility of 0.1, and ten times the noise.
    """

    camera: Camera = field(default_factory=Camera)
    noise_m: float = 0.0
    hidden: Sequence[str] = ()
    seed: int = 0


def filmed(
    moves: Callable[[float], Posture | None] | Mapping[int, Callable[[float], Posture | None]],
    times_s: Iterable[float],
    look: Look | None = None,
) -> list[FramePoses]:
    """Return what a perfect tracker says of figures that move by functions of time.

    ``moves``: of one person, whose id is 0, or of several by id; None where nobody is seen.
    """
    look = look or Look()
    people = moves if isinstance(moves, Mapping) else {0: moves}
    random = np.random.default_rng(look.seed)
    frames = []
    for index, time_s in enumerate(times_s):
        seen = [(identity, move(time_s)) for identity, move in people.items()]
        poses = tuple(
            pose_of(posture, look, identity, random)
            for identity, posture in seen
            if posture is not None
        )
        size_px = (look.camera.width, look.camera.height)
        frames.append(FramePoses(index, float(time_s), size_px, poses))
    return frames


def pose_of(
    posture: Posture,
    look: Look | None = None,
    identity: int = 0,
    random: np.random.Generator | None = None,
) -> Pose:
    """Return what a perfect tracker says of a figure in a posture."""
    look = look or Look()
    camera = look.camera
    world = body_m(posture)
    visibility = np.ones(len(world))
    visibility[[LANDMARK_INDEX[name] for name in look.hidden]] = 0.1
    if look.noise_m:
        random = random or np.random.default_rng(look.seed)
        spread = np.where(visibility < 0.5, 10, 1)[:, None] * look.noise_m
        world = world + random.normal(size=world.shape) * spread
    lowest = body_m(posture)[:, 1].max()
    hips_m = posture.height_m if posture.height_m is not None else lowest + posture.lift_m
    placed = world + np.array([posture.x_m, -hips_m, posture.z_m])
    points_px = camera.project(placed)
    landmarks = np.empty((len(world), 5), np.float32)
    landmarks[:, :2] = points_px / (camera.width, camera.height)
    scale = camera.focal_px / (camera.distance_m + posture.z_m) / camera.width
    landmarks[:, 2] = world[:, 2] * scale
    inside = ((landmarks[:, :2] >= 0) & (landmarks[:, :2] <= 1)).all(axis=1)
    landmarks[:, 3] = np.where(inside, visibility, 0.1)
    landmarks[:, 4] = np.where(inside, 1.0, 0.1)
    size_px = (camera.width, camera.height)
    return Pose(identity, 0.99, landmarks, world.astype(np.float32), size_px)
