"""The 33 landmarks of MediaPipe Pose: their names, their bones, their sides.

Source: mediapipe/python/solutions/pose.py (PoseLandmark) and pose_connections.py.
"""

from typing import Final, Literal

LANDMARK_NAMES: Final = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)
LANDMARK_COUNT: Final = 33
LANDMARK_INDEX: Final = {name: index for index, name in enumerate(LANDMARK_NAMES)}

Limb = Literal["face", "torso", "left_arm", "right_arm", "left_leg", "right_leg"]

# Every bone with the limb it belongs to: MediaPipe's POSE_CONNECTIONS, grouped.
BONES: Final[dict[Limb, tuple[tuple[int, int], ...]]] = {
    "face": ((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10)),
    "torso": ((11, 12), (11, 23), (12, 24), (23, 24)),
    "left_arm": ((11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19)),
    "right_arm": ((12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20)),
    "left_leg": ((23, 25), (25, 27), (27, 29), (27, 31), (29, 31)),
    "right_leg": ((24, 26), (26, 28), (28, 30), (28, 32), (30, 32)),
}
CONNECTIONS: Final = tuple(bone for bones in BONES.values() for bone in bones)
