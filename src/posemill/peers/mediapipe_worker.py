"""MediaPipe Pose as a separate process: frames on stdin, landmarks and CPU times on stdout.

Runs in an environment of its own, so it imports nothing of posemill. Each request is one
line of JSON, {"width", "height"} and, on the first, the options, then the RGB bytes; each
answer is one line of JSON. A request with options starts a new stream; pictures that it is
to keep are processed later, all in a row, by a request to run.
"""

# ruff: noqa: D103, PLC0415
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any


def main(models_dir: str) -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever MediaPipe prints must not mix with the answers
    del sys.path[0]  # this folder, whose mediapipe.py is not the one that is meant
    started = time.perf_counter()
    import mediapipe as mp
    import numpy as np

    imported_s = time.perf_counter() - started
    provide_models(Path(mp.__file__).parent, Path(models_dir))
    pose = None
    kept: list[Any] = []
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "options" in request:
            if pose is not None:
                pose.close()
            pose = mp.solutions.pose.Pose(**request["options"])
            answer: dict[str, Any] = {"import_s": imported_s, "version": mp.__version__}
        elif "run" in request:
            answers_of_all = [infer(pose, picture) for picture in kept]
            answer = {key: sum(one[key] for one in answers_of_all) for key in ("cpu_s", "wall_s")}
        else:
            shape = request["height"], request["width"], 3
            data = sys.stdin.buffer.read(shape[0] * shape[1] * 3)
            picture = np.frombuffer(data, np.uint8).reshape(shape)
            if "keep" in request:
                kept.append(picture)
                answer = {"kept": len(kept)}
            else:
                answer = infer(pose, picture)
        print(json.dumps(answer), file=answers, flush=True)


def infer(pose: Any, picture: Any) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = pose.process(picture)
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    answer: dict[str, Any] = dict(spent)
    if result.pose_landmarks:
        answer["landmarks"] = [
            [p.x, p.y, p.z, p.visibility] for p in result.pose_landmarks.landmark
        ]
        answer["world"] = [[p.x, p.y, p.z] for p in result.pose_world_landmarks.landmark]
    return answer


def provide_models(package: Path, models: Path) -> None:
    """Put the lite and heavy models where MediaPipe would otherwise download them to."""
    for name in ("lite", "heavy"):
        target = package / "modules" / "pose_landmark" / f"pose_landmark_{name}.tflite"
        if not target.exists():
            partial = target.with_suffix(".part")
            shutil.copyfile(models / target.name, partial)
            partial.replace(target)


if __name__ == "__main__":
    main(sys.argv[1])
