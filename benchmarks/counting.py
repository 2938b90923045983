"""How often the counts are right: of generated sequences, and of a folder of annotated clips.

    python benchmarks/counting.py
    python benchmarks/counting.py --folder ../shared/data

Generated: every exercise of the jointed figure in tests/, seen from all around, at 10 to 60 frames
a second, with noise, pauses, a tenth of the frames lost at random, and longer dropouts. A folder
holds ground_truth/reps.json: [{"path": "a.mp4", "exercise": "squat", "full_reps": 2}, ...].
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from figure_exercises import MOVEMENTS, Session
from moving_figure import Look, filmed
from posemill.analysis.counting import count, count_automatically
from posemill.analysis.motion import Motion, motions
from posemill.api import PoseTracker
from posemill.exercises import exercise_names, load_exercise
from posemill.sources import open_source

ALTERNATING = ("lunge", "high_knees")
PERIODS_S = {"high_knees": (0.7, 1.5), "jumping_jack": (0.7, 1.5), "burpee": (3.0, 5.0)}


def generated(exercise: str, seed: int) -> tuple[Motion, int]:
    """Return somebody at an exercise, and how many repetitions there are."""
    random = np.random.default_rng([seed, *exercise.encode()])
    number = int(random.integers(3, 9))
    low_s, high_s = PERIODS_S.get(exercise, (1.2, 4.0))
    period_s = float(random.uniform(low_s, high_s))
    pauses = {int(random.integers(1, number)): 4.0} if random.random() < 0.4 else None
    session = Session(
        MOVEMENTS[exercise],
        number,
        period_s=period_s,
        pauses=pauses,
        alternates=exercise in ALTERNATING,
        yaw=float(random.choice([0, 30, 60, 90, 180, -60])),
        seed=seed,
    )
    rate_hz = float(random.choice([10, 15, 25, 30, 60]))
    look = Look(noise_m=float(random.choice([0.0, 0.01, 0.02, 0.03])), seed=seed)
    frames = filmed(session.posture, session.times_s(rate_hz), look)
    lost = random.random(len(frames)) < 0.1
    # Nobody is found for a fifth of a repetition.
    start = int(random.integers(0, len(frames)))
    lost[start : start + int(0.2 * period_s * rate_hz)] = True
    return motions([f for f, is_lost in zip(frames, lost, strict=True) if not is_lost])[0], number


def print_generated(each: int) -> None:
    """Print how many of the generated sequences are counted exactly."""
    exact: Counter[str] = Counter()
    auto: Counter[str] = Counter()
    for exercise in MOVEMENTS:
        for seed in range(each):
            motion, number = generated(exercise, seed)
            exact[exercise] += count(motion, load_exercise(exercise)).count == number
            auto[exercise] += count_automatically(motion).count == number
        share = "-" if exercise in ALTERNATING else f"{auto[exercise]}/{each}"
        print(f"{exercise:16} {exact[exercise]}/{each} exact, without a name {share}", flush=True)
    named = [name for name in MOVEMENTS if name not in ALTERNATING]
    total, unnamed = each * len(MOVEMENTS), each * len(named)
    print(
        f"all              {100 * exact.total() / total:.1f} % exact, "
        f"without a name {100 * sum(auto[name] for name in named) / unnamed:.1f} %"
    )


def print_folder(folder: Path) -> None:
    """Print the counts of annotated clips."""
    off: list[int] = []
    for row in json.loads((folder / "ground_truth" / "reps.json").read_text()):
        name = row["exercise"].replace("-", "_").replace(" ", "_")
        tracker = PoseTracker()
        with open_source(folder / row["path"]) as source:
            people = motions(tracker.track(frame) for frame in source)
        if not people:
            print(f"{row['path']}: nobody")
            continue
        known = name in exercise_names()
        found = count(people[0], load_exercise(name)) if known else count_automatically(people[0])
        off.append(abs(found.count - row["full_reps"]))
        print(
            f"{row['path']}: {found.count} of {row['full_reps']}, {found.between}, "
            f"{', '.join(found.doubts) or 'no doubts'}",
            flush=True,
        )
    if off:
        right, near = np.mean([each == 0 for each in off]), np.mean([each <= 1 for each in off])
        print(f"{len(off)} clips: {100 * right:.0f} % exact, {100 * near:.0f} % within one")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="a folder with ground_truth/reps.json")
    parser.add_argument("--each", type=int, default=30, help="sequences of each exercise")
    arguments = parser.parse_args()
    if arguments.folder:
        print_folder(arguments.folder)
    else:
        print_generated(arguments.each)


if __name__ == "__main__":
    main()
