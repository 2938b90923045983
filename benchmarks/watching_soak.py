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
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any, Final

import psutil

from posemill.alerts import AlertStore
from posemill.config import Settings, data_folder, parse_watching
from posemill.streams.hub import Hub
from posemill.streams.watcher import Watcher

Status = Mapping[str, Any]

FPS: Final = 10
SIZES: Final = ((480, 360), (640, 360))
TICK_S: Final = 0.1
SAMPLE_S: Final = 10.0
WARM_UP_S: Final = 60.0
PATIENCE_S: Final = 30.0
# Rates and ages are those of the last five seconds.
WINDOW_S: Final = 6.0
LEAST_SHARE, MOST_AGE_MS = 0.8, 1000.0
MIB: Final = 2**20


# --- the other process: cameras and the receiver


def cameras(count: int) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from live_servers import MjpegServer, RtspServer, h264_clip, jpegs, people  # noqa: PLC0415

    received: list[tuple[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((body["id"], body["stream"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    shown = [people(60, size, fps=FPS) for size in SIZES]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clips = [h264_clip(folder / f"{n}.mp4", each, FPS) for n, each in enumerate(shown)]
        pictures = [jpegs(each) for each in shown]
        receiver = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Receiver))
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        stack.callback(receiver.shutdown)
        servers: list[Any] = [
            stack.enter_context(MjpegServer(pictures[0], FPS) if n % 2 else RtspServer(clips[0]))
            for n in range(count)
        ]
        say([each.url for each in servers], f"http://127.0.0.1:{receiver.server_port}/")
        for line in sys.stdin:
            number, verb, size = json.loads(line)
            if verb == "received":
                say(received)
                continue
            server = servers[number]
            if verb == "switch":
                server.switch(clips[size])
            elif verb == "show":
                server.show(pictures[size])
            else:
                getattr(server, verb)()
            say("done")


def say(*words: object) -> None:
    print(json.dumps(words), flush=True)


class Cameras:
    """The other process, as this one sees it."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, __file__, "--cameras", str(count)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.pid = self._process.pid
        self.urls, self.receiver = self._answer()

    def ask(self, number: int, verb: str, size: int = 0) -> Any:
        print(json.dumps([number, verb, size]), file=self._pipe(self._process.stdin), flush=True)
        return self._answer()[0]

    def close(self) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(60)

    def cpu_s(self) -> float:
        """Return what it and its servers, also those that were killed, have taken."""
        process = psutil.Process(self.pid)
        took = sum(process.cpu_times()[:4])
        for server in process.children():
            try:
                took += sum(server.cpu_times()[:2])
            except psutil.Error:
                continue
        return took

    def _answer(self) -> Any:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise SystemExit("the cameras' process has ended")
        return json.loads(line)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


# --- faults


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault: how it is made, and how it is healed, after how long; "" where that isn't needed."""

    what: str
    make: str
    heal: str = ""
    after_s: float = 5.0


KINDS: Final = {
    "rtsp": (
        Kind("killed and started again", "kill", "start"),
        Kind("frozen and thawed", "freeze", "thaw", 6.0),
        Kind("switched to another size", "switch"),
    ),
    "mjpeg": (
        Kind("cut in mid-frame", "cut"),
        Kind("garbage", "garbage", "heal"),
        Kind("the same picture again and again", "repeat", "heal"),
        Kind("refused with 503", "refuse", "heal"),
        Kind("another size shown", "show"),
    ),
}


@dataclass(slots=True)
class Fault:
    """One fault of one stream, and what was seen of it and of the others."""

    kind: Kind
    name: str
    number: int
    width: int  # that it must have when it is over
    connections: int  # before it
    made_s: float
    steady: dict[str, float]  # the others that were well, and their rates
    healed_s: float | None = None
    back_s: float | None = None
    has_shown: bool = False  # in the stream's state
    processed: int = 0
    least: dict[str, float] = field(default_factory=dict)  # share of its rate before
    oldest_ms: dict[str, float] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def see(self, statuses: Mapping[str, Status], now: float) -> None:
        own = statuses[self.name]
        self.has_shown = self.has_shown or own["state"] != "live"
        if self.healed_s is not None and self.back_s is None:
            if not self._is_well(own):
                self.processed = own["processed"]
            elif own["processed"] > self.processed:
                self.back_s = now
        for name, rate in self.steady.items():
            other = statuses[name]
            if other["state"] != "live":
                self.lost.add(name)
            self.least[name] = min(self.least.get(name, 9.9), other["fps"] / max(rate, 0.1))
            age_ms = other["age_p95_ms"] or 0.0
            self.oldest_ms[name] = max(self.oldest_ms.get(name, 0.0), age_ms)

    def _is_well(self, own: Status) -> bool:
        is_anew = own["connections"] > self.connections or self.kind.make != "cut"
        return own["state"] == "live" and own["width"] == self.width and is_anew

    def is_over(self, now: float) -> bool:
        return self.back_s is not None and now - self.made_s > WINDOW_S

    @property
    def took_s(self) -> float | None:
        if self.back_s is None or self.healed_s is None:
            return None
        return self.back_s - self.healed_s

    def troubles(self) -> list[str]:
        found = []
        if self.back_s is None:
            found.append("it did not come back in time")
        if self.kind.make not in ("switch", "show") and not self.has_shown:
            found.append("its state never told of it")
        found += [f"{name} was not live" for name in sorted(self.lost)]
        slow = {name: share for name, share in self.least.items() if share < LEAST_SHARE}
        found += [f"{name} fell to {share:.0%} of its rate" for name, share in slow.items()]
        old = {name: age for name, age in self.oldest_ms.items() if age > MOST_AGE_MS}
        found += [f"{name} had a p95 age of {age:.0f} ms" for name, age in old.items()]
        return found

    def line(self) -> str:
        since = "healing" if self.kind.heal else "the fault"
        took = "not back" if self.took_s is None else f"{self.took_s:5.1f} s after {since}"
        rest = (
            f"others: least {min(self.least.values()):4.0%} of their rates, p95 age "
            f"{max(self.oldest_ms.values()):4.0f} ms"
            if self.least
            else "no other was steady"
        )
        return f"{self.name} {self.kind.what:32} {took:>25}; {rest}"


# --- this process


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
    parser.add_argument("--cameras", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.cameras:
        cameras(args.cameras)
        return
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
