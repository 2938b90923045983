"""What people write around MediaPipe: a photo, or a video to an annotated video.

    python usual_script.py photo.jpg                 landmarks of a photo
    python usual_script.py clip.mp4 annotated.mp4    records and an annotated video

Runs where MediaPipe 0.10.21 and OpenCV are installed; the other benchmarks start it.
"""

import json
import sys
from pathlib import Path

import cv2
import mediapipe as mp


def photo(path: str) -> None:
    picture = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    with mp.solutions.pose.Pose(static_image_mode=True) as pose:
        found = pose.process(picture).pose_landmarks
    print(json.dumps([[p.x, p.y, p.z, p.visibility] for p in found.landmark] if found else None))


def video(path: str, target: str) -> None:
    capture = cv2.VideoCapture(path)
    size = tuple(int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    rate = capture.get(cv2.CAP_PROP_FPS)
    writer = cv2.VideoWriter(target, cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
    frames = 0
    with mp.solutions.pose.Pose() as pose, Path(target + ".jsonl").open("w") as records:
        while True:
            more, picture = capture.read()
            if not more:
                break
            result = pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            if result.pose_landmarks:
                points = result.pose_landmarks.landmark
                records.write(json.dumps([[p.x, p.y, p.z, p.visibility] for p in points]) + "\n")
                mp.solutions.drawing_utils.draw_landmarks(
                    picture, result.pose_landmarks, mp.solutions.pose.POSE_CONNECTIONS
                )
            writer.write(picture)
            frames += 1
    writer.release()
    print(json.dumps({"frames": frames}))


if __name__ == "__main__":
    photo(sys.argv[1]) if len(sys.argv) == 2 else video(sys.argv[1], sys.argv[2])
