"""What people write around MediaPipe: a photo, or a video to records and an annotated video.

    python usual_script.py photo.jpg
    python usual_script.py clip.mp4 records.jsonl [--video annotated.mp4]

Runs where MediaPipe 0.10.21 and OpenCV are installed, and imports nothing of posemill;
`posemill bench --against script` starts it.
"""

# ruff: noqa: D103
import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import mediapipe as mp


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("records", nargs="?")
    parser.add_argument("--video")
    parser.add_argument("--model-complexity", type=int, default=1)
    args = parser.parse_args()
    if args.records:
        video(args.source, args.records, args.video, args.model_complexity)
    else:
        photo(args.source, args.model_complexity)


def photo(path: str, complexity: int) -> None:
    picture = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    with mp.solutions.pose.Pose(static_image_mode=True, model_complexity=complexity) as pose:
        found = pose.process(picture).pose_landmarks
    print(json.dumps(rows(found) if found else None))


def video(path: str, records_path: str, video_path: str | None, complexity: int) -> None:
    capture = cv2.VideoCapture(path)
    size = tuple(int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    rate = capture.get(cv2.CAP_PROP_FPS)
    writer = None
    if video_path:
        writer = cv2.VideoWriter(video_path, cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
    with (
        mp.solutions.pose.Pose(model_complexity=complexity) as pose,
        Path(records_path).open("w") as records,
    ):
        while True:
            more, picture = capture.read()
            if not more:
                break
            result = pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            if result.pose_landmarks:
                records.write(json.dumps(rows(result.pose_landmarks)) + "\n")
            if writer is not None:
                mp.solutions.drawing_utils.draw_landmarks(
                    picture, result.pose_landmarks, mp.solutions.pose.POSE_CONNECTIONS
                )
                writer.write(picture)
    if writer is not None:
        writer.release()


def rows(found: Any) -> list[list[float]]:
    return [[p.x, p.y, p.z, p.visibility] for p in found.landmark]


if __name__ == "__main__":
    main()
