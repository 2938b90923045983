"""Memory of the whole service under an hour of bounded load.

    .venv/bin/python benchmarks/service_soak.py photos/ --minutes 60 --rate 5

Pictures, one in ten broken, and a job now and then; every half minute the memory of all of the
service's processes (unique set size, which counts shared pages once). The growth is from the
median of the second tenth of the time to that of the last.
"""

import argparse
import http.client
import json
import statistics
import time
from pathlib import Path

import psutil
from service_client import OURS, ask, photos, served

JOBS = "/api/v1/jobs"
SAMPLE_S = 30.0


def memory_mib(pid: int) -> float:
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.memory_full_info().uss for one in family) / 2**20


def job(connection: http.client.HTTPConnection, clip: bytes) -> None:
    headers = {"Content-Type": "video/mp4", "X-File-Name": "clip.mp4"}
    connection.request("POST", JOBS, clip, headers)
    response = connection.getresponse()
    said = response.read()
    if response.status != 202:
        raise SystemExit(f"{JOBS} answered {response.status}: {said[:300]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--clip", type=Path, help="a video for a job every two minutes")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5, help="pictures a second")
    args = parser.parse_args()
    pictures = photos(args.photos)
    clip = args.clip.read_bytes() if args.clip else None
    samples: list[float] = []
    statuses: dict[int, int] = {}
    with served() as (port, running):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        began, sent, jobs = time.monotonic(), 0, 0
        while (passed := time.monotonic() - began) < args.minutes * 60:
            time.sleep(max(0.0, sent / args.rate - passed))
            picture = pictures[sent % len(pictures)]
            picture = picture[: len(picture) // 2] if sent % 10 == 9 else picture
            status, _, _ = ask(connection, OURS, picture)
            statuses[status] = statuses.get(status, 0) + 1
            sent += 1
            if clip is not None and passed > 120 * jobs:
                job(connection, clip)
                jobs += 1
            if passed > SAMPLE_S * len(samples):
                samples.append(memory_mib(running.pid))
                print(f"{passed:6.0f} s  {samples[-1]:7.1f} MiB", flush=True)
        connection.request("GET", f"{JOBS}?limit=100")
        states = [each["state"] for each in json.loads(connection.getresponse().read())["jobs"]]
    tenth = max(1, len(samples) // 10)
    warm, last = statistics.median(samples[tenth : 2 * tenth]), statistics.median(samples[-tenth:])
    print(f"statuses {statuses}, jobs { {state: states.count(state) for state in set(states)} }")
    print(f"{warm:.1f} MiB after warming up, {last:.1f} at the end: {last / warm - 1:+.1%}")


if __name__ == "__main__":
    main()
