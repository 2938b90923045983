"""The process that watches streams, from the service's side: asked, listened to, started again."""

import asyncio
import itertools
import json
import logging
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from posemill.config import Settings, Watching, data_folder
from posemill.errors import (
    BY_NAME,
    Busy,
    PosemillError,
    StreamNotFound,
    WorkerCrashed,
    WorkerTimeout,
)
from posemill.streams import Event, has_added
from posemill.workers import environment, receive, send

MODULE: Final = "posemill.streams.process"
ASK_S: Final = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _HEALTHY_S = 0.5, 30.0, 60.0
_LISTEN_S, _SILENT_S = 5.0, 60.0
_LOG: Final = logging.getLogger("posemill")
# Of one follower; who reads more slowly misses the oldest.
_MOST_RECORDS: Final = 100


class Feed:
    """What one follower is told, at its own speed: of pictures the newest of each stream.

    ``offer`` may come from any thread, ``next`` from the event loop's.
    """

    def __init__(self, wants: Callable[[Event], bool]) -> None:
        self._wants = wants
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._there = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Tell it, if it wants this."""
        if self._wants(event):
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._put, event)

    async def next(self) -> Event:
        """Wait for the next event."""
        while not self._events:
            self._there.clear()
            await self._there.wait()
        return self._events.popleft()

    def _put(self, event: Event) -> None:
        if event.kind in ("picture", "status"):
            stale = [e for e in self._events if (e.kind, e.stream) == (event.kind, event.stream)]
            for each in stale:
                self._events.remove(each)
        self._events.append(event)
        while len(self._events) > _MOST_RECORDS:
            self._events.popleft()
        self._there.set()


class Watch:
    """Keeps the process running while there is something to watch; any thread may call.

    ``on_event``: is told of all that streams tell, in the thread that reads.
    """

    def __init__(self, settings: Settings, watching: Watching) -> None:
        self._first = {"settings": asdict(settings), "watching": watching.to_dict()}
        self.watching = watching
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None  # the same, once it is ready
        self._heard_s = time.monotonic()
        self._asked: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._feeds: set[Feed] = set()
        self._looks: dict[tuple[str, str], int] = {}
        self._stopping = threading.Event()
        self._wanted, self._ready = threading.Event(), threading.Event()
        self.statuses: list[dict[str, Any]] = []
        self.busy = 0.0
        self.starts = 0
        self._stop_timeout_s = settings.stop_timeout_s
        if watching.streams or has_added(data_folder(settings)):
            self._wanted.set()
        self._thread = threading.Thread(target=self._run, name="posemill-watching", daemon=True)
        self._thread.start()
        self._guard = threading.Thread(target=self._listen_for_silence, daemon=True)
        self._guard.start()

    def start(self) -> None:
        """Have the process run from now on."""
        self._wanted.set()

    @property
    def pid(self) -> int | None:
        """Its number while it runs."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def ask(self, do: str, timeout_s: float = ASK_S, **fields: Any) -> Any:
        """Return the answer to a request. Errors: those of posemill raised there; WorkerError."""
        if not self._wanted.is_set():
            raise StreamNotFound("there is no stream at all.")
        future: Future[Any] = Future()
        number = next(self._numbers)
        self._ready.wait(timeout_s)
        with self._lock:
            process = self._process
            if process is None:
                raise Busy("streams are not being watched for now.", _LONGEST_PAUSE_S)
            self._asked[number] = future
            self._send(process, {"id": number, "do": do, **fields})
        try:
            return future.result(timeout_s)
        except TimeoutError:
            raise WorkerTimeout(f"no answer came within {timeout_s:g} s.") from None
        finally:
            with self._lock:
                self._asked.pop(number, None)

    def follow(self, feed: Feed) -> None:
        """Tell ``feed`` of all that happens from now on."""
        with self._lock:
            self._feeds = {*self._feeds, feed}

    def leave(self, feed: Feed, who: str) -> None:
        """Tell it no longer, and let ``who`` look no more."""
        with self._lock:
            self._feeds = self._feeds - {feed}
            names = [name for name, each in self._looks if each == who]
        self.look(who, dict.fromkeys(names, None))

    def look(self, who: str, widths: Mapping[str, int | None]) -> None:
        """Have ``who`` look: ``widths`` in pixels by stream, 0 for records alone, None to end."""
        with self._lock:
            for name, width in widths.items():
                if width is None:
                    self._looks.pop((name, who), None)
                else:
                    self._looks[name, who] = width
                if self._process is not None:
                    self._send(self._process, _looking(name, who, width))

    def close(self) -> None:
        """End the process, and wait for it."""
        self._stopping.set()
        self._wanted.set()
        child = self._child
        if child is not None and child.stdin is not None:
            # Whoever holds the lock may be waiting for a process that reads nothing any more.
            if self._lock.acquire(timeout=1.0):
                with suppress(OSError):
                    child.stdin.close()
                self._lock.release()
            else:
                child.kill()
            try:
                child.wait(self._stop_timeout_s)
            except subprocess.TimeoutExpired:
                child.kill()
        self._thread.join()
        self._guard.join()

    def _listen_for_silence(self) -> None:
        """End a process that says nothing; it tells how it is every second."""
        while not self._stopping.wait(_LISTEN_S):
            process = self._process
            if process is not None and time.monotonic() - self._heard_s > _SILENT_S:
                _LOG.warning("the process that watches streams says nothing; it is ended.")
                process.kill()

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            self._wanted.wait()
            if self._stopping.is_set():
                return
            began_s = time.monotonic()
            try:
                self._serve_once()
            except OSError as error:
                _LOG.warning("streams can't be watched for now (%s); it is tried again.", error)
            if self._stopping.is_set():
                return
            pause_s = _FIRST_PAUSE_S if time.monotonic() - began_s > _HEALTHY_S else pause_s
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _serve_once(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment(),
            process_group=0,  # Ctrl-C is the service's, from the first moment on
        )
        assert process.stdin is not None and process.stdout is not None
        self.starts += 1
        self._heard_s = time.monotonic()
        try:
            with self._lock:
                self._child = process
                if self._stopping.is_set():
                    return
                self._send(process, self._first)
            while (message := _received(process)) is not None:
                self._take(process, *message)
        finally:
            self._ended(process)

    def _take(
        self, process: "subprocess.Popen[bytes]", fields: dict[str, Any], data: bytes
    ) -> None:
        self._heard_s = time.monotonic()
        if "ready" in fields:
            with self._lock:
                self._process = process
                for (name, who), width in self._looks.items():
                    self._send(process, _looking(name, who, width))
            self._ready.set()
        elif "event" in fields:
            self._tell(Event(fields["event"], fields["stream"], fields["fields"], data))
        elif (future := self._asked.get(fields["id"])) is not None:
            if "error" in fields:
                future.set_exception(BY_NAME.get(fields["error"], PosemillError)(fields["text"]))
            else:
                future.set_result(fields["answer"])

    def _tell(self, event: Event) -> None:
        if event.kind == "status":
            self.statuses = event.fields["streams"]
            self.busy = event.fields["busy"]
        for feed in self._feeds:
            feed.offer(event)

    def _ended(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        code = process.wait()
        self._ready.clear()
        with self._lock:
            self._child = self._process = None
            asked, self._asked = list(self._asked.values()), {}
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        for future in asked:
            if not future.done():
                future.set_exception(WorkerCrashed("the process that watches streams ended."))
        self._tell(Event("status", "", {"streams": _unwatched(self.statuses), "busy": 0.0}))
        if not self._stopping.is_set():
            _LOG.warning("the process that watches streams ended (%s); another one follows.", code)

    def _send(self, process: "subprocess.Popen[bytes]", fields: Mapping[str, Any]) -> None:
        assert process.stdin is not None
        with suppress(OSError, ValueError):  # it has ended; the reading thread finds that
            send(process.stdin, fields)  # type: ignore[arg-type]


async def left(watch: Watch, feed: Feed, who: str) -> None:
    """Have ``who`` leave, to the end, also where whoever waits for it is cancelled."""
    await asyncio.shield(asyncio.to_thread(watch.leave, feed, who))


def told(event: Event) -> dict[str, Any]:
    """Return an event as the text of a WebSocket or of server-sent events has it."""
    if event.kind == "status":
        return {"event": "status", "streams": event.fields["streams"]}
    if event.kind == "record":
        return {"event": "record", "stream": event.stream, "record": json.loads(event.data)}
    if event.kind in ("header", "alert"):
        return {"event": event.kind, "stream": event.stream, event.kind: event.fields}
    return {"event": event.kind, "stream": event.stream, **event.fields}


def wants(streams: Collection[str] | None, *, records: bool) -> Callable[[Event], bool]:
    """Return what a follower of ``streams`` (None: all) wants to be told."""

    def wanted(event: Event) -> bool:
        if event.kind in ("record", "header") and not records:
            return False
        return not event.stream or streams is None or event.stream in streams

    return wanted


def _unwatched(statuses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how streams are while there is no process to watch them."""
    fallen = {
        **{"state": "failed", "reason": "streams are not being watched for now", "fps": 0.0},
        **{"since": round(time.time(), 3), "age_p50_ms": None, "age_p95_ms": None},
    }
    return [{**each, **fallen} for each in statuses]


def _looking(name: str, who: str, width: int | None) -> dict[str, Any]:
    return {"id": 0, "do": "look", "name": name, "who": who, "width": width}


def _received(process: "subprocess.Popen[bytes]") -> tuple[dict[str, Any], bytes] | None:
    try:
        return receive(process.stdout)  # type: ignore[arg-type]
    except (OSError, ValueError):
        return None
