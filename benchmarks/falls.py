"""Which falls are found in clips whose falls are known, and which alarms are false.

    .venv/bin/python benchmarks/falls.py ../shared/data/ground_truth/falls.json
    .venv/bin/python benchmarks/falls.py TRUTH.json --clips FOLDER --fps 10 --model-complexity 0

The truth is a list of objects: `path` from the folder of clips (by default the one above the
truth's), `fall` whether there is one, and for a fall `fall_from_s` and `fall_to_s`. Found is a fall
where an event lies within that time, by `--slack` seconds; all other events are false alarms.
Other clips can be given as paths: they hold no falls.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from posemill import PoseTracker
from posemill.analysis.behaviour import Event, Options, find_events
from posemill.sources import open_source
from posemill.types import FramePoses


@dataclass
class Tally:
    """How many clips with a fall, and with none; in how many it was found, and an alarm false."""

    falls: int = 0
    found: int = 0
    others: int = 0
    false: int = 0
    frames: int = 0
    analysis_s: float = 0.0


def main() -> None:
    asked = parse()
    truth = json.loads(asked.truth.read_text())
    folder = asked.clips or asked.truth.parent.parent
    clips = [(folder / each["path"], each) for each in truth]
    clips += [(path, {"fall": False}) for path in asked.others]
    tally = Tally()
    for path, known in clips:
        if path.exists():
            look(path, known, asked, tally)
        else:
            print(f"{path}: is not there")
    print(
        f"found {tally.found} of {tally.falls} falls; false alarms in {tally.false} of "
        f"{tally.falls + tally.others} clips, {tally.others} of them without a fall; "
        f"{1e6 * tally.analysis_s / max(tally.frames, 1):.0f} us of analysis a frame"
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth", type=Path)
    parser.add_argument("others", type=Path, nargs="*", help="clips without falls")
    parser.add_argument("--clips", type=Path, help="the folder that paths begin at")
    parser.add_argument("--fps", type=float, help="look at so many frames a second, as live")
    parser.add_argument("--model-complexity", type=int, default=1)
    parser.add_argument("--max-people", type=int, default=1)
    parser.add_argument("--confirm-s", type=float, default=1.0)
    parser.add_argument("--slack", type=float, default=1.0)
    return parser.parse_args()


def look(path: Path, known: dict[str, object], asked: argparse.Namespace, tally: Tally) -> None:
    frames = list(followed(path, asked))
    start = time.perf_counter()
    events = find_events(frames, ("fall",), {"fall": Options(confirm_s=asked.confirm_s)})
    tally.analysis_s += time.perf_counter() - start
    tally.frames += len(frames)
    is_fall = bool(known["fall"])
    hits = [event for event in events if is_fall and is_hit(event, known, asked.slack)]
    false = len(events) - len(hits)
    tally.falls += is_fall
    tally.found += bool(hits)
    tally.others += not is_fall
    tally.false += bool(false)
    word = ("found" if hits else "MISSED") if is_fall else "none"
    print(f"{path.name}: {word}{f', {false} FALSE' if false else ''}")
    for event in events:
        print(f"    {json.dumps(event.to_dict())}")


def is_hit(event: Event, known: dict[str, object], slack_s: float) -> bool:
    from_s, to_s = float(str(known["fall_from_s"])), float(str(known["fall_to_s"]))
    return from_s - slack_s <= event.began_s <= to_s + slack_s


def followed(path: Path, asked: argparse.Namespace) -> Iterator[FramePoses]:
    tracker = PoseTracker(model_complexity=asked.model_complexity, max_people=asked.max_people)
    last_s = float("-inf")
    with open_source(path) as source:
        for frame in source:
            if asked.fps is None or frame.time_s - last_s >= 1 / asked.fps - 1e-3:
                last_s = frame.time_s
                yield tracker.track(frame)


if __name__ == "__main__":
    main()
