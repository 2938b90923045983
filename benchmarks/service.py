"""Pictures over HTTP: `posemill serve` against the usual Flask deployment of MediaPipe.

    .venv/bin/python benchmarks/service.py photos/ --flask-python PATH

Both get the same JPEGs from the same clients, in turn. Each answer is compared with what the same
server says of the same picture when it is asked alone. ``--flask-python``: an interpreter that
has flask and mediapipe 0.10.21; without it, posemill alone. Then: what HTTP and processes cost
over the bare engine, overload, and how long a start takes.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from service_client import (
    OURS,
    THEIRS,
    Load,
    alone,
    free_port,
    load,
    photos,
    process,
    served,
    wait_for,
)

from posemill import PoseEstimator

FLASK = Path(__file__).with_name("usual_flask.py")
# Room for all that wait, so that both answer everything they are asked.
QUEUE = ("--queue-size", "256", "--max-uploads", "256")


@contextmanager
def flask(python: str) -> Iterator[int]:
    port = free_port()
    with process([python, str(FLASK), str(port)]) as running:
        wait_for(port, THEIRS, running)
        yield port


def line(name: str, clients: int, one: Load) -> str:
    return (
        f"{name:9} {clients:3} clients {one.rate:6.1f} pictures/s"
        f"   p50 {one.percentile_ms(0.5):6.0f}  p95 {one.percentile_ms(0.95):6.0f}"
        f"  p99 {one.percentile_ms(0.99):6.0f} ms"
        f"   {dict(one.statuses)}  of other pictures: {one.strangers}"
    )


def compare(pictures: Sequence[bytes], python: str | None, clients: Sequence[int], for_s: float):
    with served(*QUEUE) as (ours, _):
        own = alone(ours, OURS, pictures)
        if python is None:
            for count in clients:
                print(line("posemill", count, load(ours, OURS, pictures, own, count, for_s)))
            return
        with flask(python) as theirs:
            their_own = alone(theirs, THEIRS, pictures)
            for count in clients:
                rates = []
                for _ in range(2):
                    a = load(ours, OURS, pictures, own, count, for_s)
                    b = load(theirs, THEIRS, pictures, their_own, count, for_s)
                    print(line("posemill", count, a))
                    print(line("flask", count, b))
                    rates.append(a.rate / b.rate)
                print(f"          {count:3} clients: {', '.join(f'{r:.2f}' for r in rates)} times")


def overload(pictures: Sequence[bytes], for_s: float) -> None:
    """Ten times the clients that the default queue has room for."""
    with served() as (ours, _):
        own = alone(ours, OURS, pictures)
        print(line("overload", 320, load(ours, OURS, pictures, own, 320, for_s)))


def overhead(pictures: Sequence[bytes], rounds: int) -> None:
    """One picture at a time, in turn: over HTTP, and by the engine in this process."""
    estimator = PoseEstimator(threads=1)
    with served() as (ours, _):
        alone(ours, OURS, pictures)
        ratios = []
        for _ in range(rounds):
            started = time.perf_counter()
            alone(ours, OURS, pictures)
            middle = time.perf_counter()
            for picture in pictures:
                with Image.open(BytesIO(picture)) as image:
                    pixels = np.asarray(image.convert("RGB"))
                estimator.estimate(pixels)
            ratios.append((middle - started) / (time.perf_counter() - middle))
    print(
        f"over HTTP / bare engine, decoding in both: {statistics.median(ratios):.3f} "
        f"({min(ratios):.3f}..{max(ratios):.3f})"
    )


def start(picture: bytes, rounds: int) -> None:
    ready, first = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        with served() as (port, _):
            ready.append(time.perf_counter() - began)
            alone(port, OURS, [picture])
            first.append(time.perf_counter() - began)
    bare = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", ""], check=True)
        bare.append(time.perf_counter() - began)
    print(
        f"start to ready {statistics.median(ready):.2f} s, to the first answer "
        f"{statistics.median(first):.2f} s (an empty Python {statistics.median(bare):.2f} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a folder of .jpg")
    parser.add_argument("--flask-python")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    pictures = photos(args.photos)
    start(pictures[0], args.rounds)
    overhead(pictures, args.rounds)
    overload(pictures, args.seconds)
    compare(pictures, args.flask_python, args.clients, args.seconds)


if __name__ == "__main__":
    main()
