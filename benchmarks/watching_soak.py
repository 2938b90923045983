"""Streams under faults: what each costs until it is over, and whether anything grows meanwhile.

    .venv/bin/python benchmarks/watching_soak.py --minutes 10 --streams 8 --every 20

RTSP and MJPEG cameras (tests/live_servers.py) and a receiver of webhooks run in a process of their
own, so that their threads and descriptors don't count. Faults come to one stream after the other.
Exit code 1 where something is not as it should be, with a line for each such thing at the end.

One alert per stream is what there must be, however many faults: people are in every picture, and a
gap in time neither begins nor ends anything (``posemill.analysis.Held``), so the first alert of a
stream still goes on at the end, with one occurrence. The cool-down has nothing to join.
"""

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil
from watching_faults import (
    FPS,
    KINDS,
    LEAST_SHARE,
    MOST_AGE_MS,
    SIZES,
    WINDOW_S,
    Cameras,
    Fault,
    Status,
)

from posemill.alerts import AlertStore
from posemill.config import Settings, data_folder, parse_watching
from posemill.streams.hub import Hub
from posemill.streams.watcher import Watcher

TICK_S: Final = 0.1
SAMPLE_S: Final = 10.0
WARM_UP_S: Final = 60.0
PATIENCE_S: Final = 30.0
MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    threads: int
    descriptors: int
    rss_mib: float


class Loud(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


class Soak:
    def __init__(self, watcher: Watcher, other: Cameras, every_s: float) -> None:
        self._watcher, self._other, self._every_s = watcher, other, every_s
        self._process = psutil.Process()
        self._sizes = [0] * len(other.urls)
        self._made: Counter[str] = Counter()
        self._well_since: dict[str, float] = {}
        self._statuses: dict[str, Status] = {}
        self._began_s = time.monotonic()
        self.faults: list[Fault] = []
        self.samples: list[Sample] = []
        # How often, without any fault, all was as it must be.
        self.quiet: Counter[bool] = Counter()

    def run(self, seconds: float) -> None:
        self._began_s = now = time.monotonic()
        sample_s, fault_s, rest = now + WARM_UP_S, now + self._every_s, self._others_cpu()
        ends_s, made = now + seconds, 0
        current: Fault | None = None
        while (now := self.look()) < ends_s:
            if current is not None:
                current.see(self._statuses, now)
                kind = current.kind
                if current.healed_s is None and now >= current.made_s + kind.after_s:
                    self._other.ask(current.number, kind.heal)
                    current.healed_s = time.monotonic()
                if current.is_over(now) or now >= fault_s:
                    rest = self._tell(current, now, rest)
                    current = None
            elif now >= fault_s and fault_s + self._every_s / 2 < ends_s:
                current = self._fault(made % len(self._sizes), now)
                made, fault_s = made + 1, fault_s + self._every_s
            else:
                self._see_quiet(now)
            is_calm = bool(self.samples) or (current is None and self.is_all_live())
            if now >= sample_s and is_calm:
                self.sample(now)
                sample_s = now + SAMPLE_S
        if current is not None:
            self._tell(current, now, rest)

    def look(self) -> float:
        """Wait for a moment, and see how all are; return when that was."""
        time.sleep(TICK_S)
        now = time.monotonic()
        statuses = {each["name"]: each for each in self._watcher.statuses()}
        for name, status in statuses.items():
            before = self._statuses.get(name, {}).get("width")
            if status["state"] != "live" or status["width"] != before:
                self._well_since[name] = now
        self._statuses = statuses
        return now

    def is_all_live(self) -> bool:
        return all(s["state"] == "live" and s["fps"] > 0 for s in self._statuses.values())

    def wait(self, is_done: Callable[[], bool], patience_s: float) -> bool:
        ends_s = time.monotonic() + patience_s
        while self.look() < ends_s:
            if is_done():
                return True
        return False

    def sample(self, now: float) -> Sample:
        process = self._process
        with process.oneshot():
            found = Sample(
                process.num_threads(), process.num_fds(), process.memory_info().rss / MIB
            )
        self.samples.append(found)
        print(
            f"{now - self._began_s:6.0f} s  {found.threads} threads, {found.descriptors} "
            f"descriptors, {found.rss_mib:.1f} MiB",
            flush=True,
        )
        return found

    def states(self) -> dict[str, str]:
        return {
            name: f"{s['state']}{': ' if s['reason'] else ''}{s['reason']}"
            for name, s in self._statuses.items()
        }

    def _steady(self, now: float) -> dict[str, float]:
        """Return those that have been well for as long as rates look back, and their rates."""
        return {
            name: status["fps"]
            for name, status in self._statuses.items()
            if status["state"] == "live" and now - self._well_since.get(name, now) > WINDOW_S
        }

    def _see_quiet(self, now: float) -> None:
        for name, rate in self._steady(now).items():
            age_ms = self._statuses[name]["age_p95_ms"] or 0.0
            self.quiet[rate >= LEAST_SHARE * FPS and age_ms <= MOST_AGE_MS] += 1

    def _fault(self, number: int, now: float) -> Fault:
        name = list(self._statuses)[number]
        family = name.partition("-")[0]
        kind = KINDS[family][self._made[family] % len(KINDS[family])]
        self._made[family] += 1
        if kind.make in ("switch", "show"):
            self._sizes[number] = 1 - self._sizes[number]
        steady = self._steady(now)
        steady.pop(name, None)
        own, size = self._statuses[name], self._sizes[number]
        fault = Fault(kind, name, number, SIZES[size][0], own["connections"], now, steady)
        fault.processed = own["processed"]
        if not kind.heal:
            fault.healed_s = now
        self._other.ask(number, kind.make, size)
        return fault

    def _tell(self, fault: Fault, now: float, before: tuple[float, float]) -> tuple[float, float]:
        self.faults.append(fault)
        wall_s, rest_s = self._others_cpu()
        cores = max(0.0, rest_s - before[1]) / max(1e-3, wall_s - before[0])
        print(
            f"{now - self._began_s:6.0f} s  {fault.line()}; other programs: {cores:.1f} cores",
            flush=True,
        )
        for trouble in fault.troubles():
            print(f"          {trouble}", flush=True)
        return wall_s, rest_s

    def _others_cpu(self) -> tuple[float, float]:
        """Return the time, and what all programs but ours have taken of the processors."""
        times = psutil.cpu_times()
        idle_s = times.idle + getattr(times, "iowait", 0.0)
        busy_s = sum(times[:8]) - idle_s
        ours_s = sum(self._process.cpu_times()[:2]) + self._other.cpu_s()
        return time.monotonic(), busy_s - ours_s


def watcher_of(other: Cameras, folder: str) -> tuple[Watcher, Settings]:
    settings = Settings(
        model_complexity=0,
        max_fps=float(FPS),
        stall_s=3.0,
        freeze_s=4.0,
        record=True,
        data_dir=folder,
    )
    names = [f"{'mjpeg' if n % 2 else 'rtsp'}-{n}" for n in range(len(other.urls))]
    tables = {
        "streams": [
            {"name": name, "url": url} for name, url in zip(names, other.urls, strict=True)
        ],
        "alerts": [{"name": "somebody", "rule": "person", "clip": True, "cooldown_s": 5.0}],
        "webhooks": [{"name": "counter", "url": other.receiver}],
    }
    return Watcher(settings, parse_watching(tables, settings, "here"), Hub()), settings


def grown(samples: list[Sample], most_mib: float) -> list[str]:
    """Print how the samples went; return what grew."""
    troubles = []
    for word, least in (("threads", 0.0), ("descriptors", 0.0), ("rss_mib", most_mib)):
        values = [float(getattr(each, word)) for each in samples]
        growth = values[-1] - values[0]
        if word == "rss_mib":  # single values say little
            third = max(1, len(values) // 3)
            growth = statistics.median(values[-third:]) - statistics.median(values[:third])
        print(
            f"{word}: first {values[0]:.1f}, last {values[-1]:.1f}, max {max(values):.1f}, "
            f"growth {growth:+.1f}{' (medians of thirds)' if word == 'rss_mib' else ''}"
        )
        if growth > least:
            troubles.append(f"{word} grew by {growth:.1f}")
    return troubles


def alerts_right(settings: Settings, other: Cameras, count: int) -> list[str]:
    """Print what the store holds and the receiver got; return what is not as it must be."""
    store = AlertStore(data_folder(settings) / "alerts")
    try:
        alerts, counts = store.list(10_000), store.counts()
    finally:
        store.close()
    stored = {each.id for each in alerts}
    got = Counter(alert_id for alert_id, _ in other.ask(0, "received"))
    per_stream = Counter(each.stream for each in alerts)
    repeats = sum(got.values()) - len(got)
    print(
        f"alerts: {len(stored)} stored, {len(got)} received, {repeats} repeats; expected {count}: "
        "one per stream, which goes on through all faults"
    )
    troubles = []
    if len(stored) != count or len(per_stream) != count:
        troubles.append(f"alerts per stream are not one each: {dict(per_stream)}")
    if set(got) != stored:
        lost, strange = len(stored - set(got)), len(set(got) - stored)
        troubles.append(f"{lost} alerts were not received, {strange} received are not stored")
    if repeats:
        troubles.append(f"{repeats} deliveries were repeats")
    if counts["deliveries_waiting"] or counts["deliveries_failed"]:
        troubles.append(f"deliveries are left: {counts}")
    for each in alerts:
        if each.ended is not None or each.occurrences != 1:
            troubles.append(
                f"{each.stream}: its alert ended or began again, though somebody was always there: "
                f"{each.occurrences} occurrences, ended {each.ended}"
            )
        if not (each.has_snapshot and each.has_clip):
            troubles.append(f"{each.stream}: its alert lacks picture or clip")
    return troubles


def soak(args: argparse.Namespace, other: Cameras, folder: str) -> list[str]:
    watcher, settings = watcher_of(other, folder)
    run = Soak(watcher, other, args.every)
    watcher.start(added=False)
    try:
        if not run.wait(run.is_all_live, 2 * PATIENCE_S):
            return [f"not all were live at the beginning: {run.states()}"]
        run.run(args.minutes * 60)
        is_live = run.wait(run.is_all_live, PATIENCE_S)
        run.sample(run.look())
        print()
        troubles = [f"{f.name}, {f.kind.what}: {t}" for f in run.faults for t in f.troubles()]
        troubles += grown(run.samples, args.most_mib)
        print(f"live at the end: {'all' if is_live else run.states()}")
        if not is_live:
            troubles.append("not every stream is live")
        well, unwell = run.quiet[True], run.quiet[False]
        print(
            f"without a fault, {unwell / max(1, well + unwell):.1%} of looks at streams found less "
            f"than {LEAST_SHARE * FPS:g} frames/s or ages over {MOST_AGE_MS:g} ms"
        )
        for kind in [kind for family in KINDS.values() for kind in family]:
            took = [f.took_s for f in run.faults if f.kind is kind and f.took_s is not None]
            if took:
                print(
                    f"{kind.what}: {len(took)} times, back after {statistics.median(took):.1f} s "
                    f"({min(took):.1f} to {max(took):.1f})"
                )
        return troubles + alerts_right(settings, other, args.streams)
    finally:
        watcher.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--every", type=float, default=20, help="seconds from fault to fault")
    parser.add_argument("--most-mib", type=float, default=16, help="growth that is let pass")
    parser.add_argument("--log", help="a file for what posemill logs")
    args = parser.parse_args()
    loud = Loud()
    logging.basicConfig(
        filename=args.log or os.devnull, level=logging.INFO, format="%(asctime)s %(message)s"
    )
    logging.getLogger("posemill").addHandler(loud)
    other = Cameras(args.streams)
    try:
        with tempfile.TemporaryDirectory() as folder:
            troubles = soak(args, other, folder)
    finally:
        other.close()
    troubles += [f"logged: {line}" for line in loud.said]
    print("\n".join([f"NOT SO: {each}" for each in troubles] or ["all is as it must be"]))
    raise SystemExit(bool(troubles))


if __name__ == "__main__":
    main()
