"""What people write around a camera: OpenCV, MediaPipe, and a limit on frames a second.

    python usual_camera.py ADDRESS FPS SECONDS [--frame-rate N]

Runs where MediaPipe 0.10.21 and OpenCV are installed, and imports nothing of posemill. A file is
read at its own pace (``--frame-rate``), as a camera gives its frames. Prints one line of JSON:
processor seconds, wall seconds, frames read and frames looked at, after a warm-up of 3 seconds.
"""

import argparse
import json
import time

import cv2
import mediapipe as mp

WARM_UP_S = 3.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("fps", type=float)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--frame-rate", type=float, default=0)
    args = parser.parse_args()
    capture = cv2.VideoCapture(args.address)
    read = looked_at = 0
    last_s = cpu_s = 0.0
    began_s = time.monotonic()
    is_warm = False
    with mp.solutions.pose.Pose(model_complexity=1) as pose:
        while time.monotonic() < began_s + WARM_UP_S * (not is_warm) + args.seconds * is_warm:
            more, picture = capture.read()
            if not more:  # a file is played again
                capture.release()
                capture = cv2.VideoCapture(args.address)
                continue
            read += 1
            if args.frame_rate:
                time.sleep(max(0.0, began_s + read / args.frame_rate - time.monotonic()))
            now = time.monotonic()
            if now - last_s >= 1 / args.fps - 0.5 / 30:
                last_s = now
                looked_at += 1
                result = pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
                mp.solutions.drawing_utils.draw_landmarks(
                    picture, result.pose_landmarks, mp.solutions.pose.POSE_CONNECTIONS
                )
            if not is_warm and time.monotonic() >= began_s + WARM_UP_S:
                is_warm, began_s, cpu_s = True, time.monotonic(), time.process_time()
                read = looked_at = 0
    wall_s = time.monotonic() - began_s
    figures = {"cpu_s": time.process_time() - cpu_s, "wall_s": wall_s}
    print(json.dumps({**figures, "read": read, "looked_at": looked_at}))


if __name__ == "__main__":
    main()
