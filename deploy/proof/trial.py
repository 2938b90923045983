"""The image's service, run at its strictest: what it does, and how it stops and goes on."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from image import Image
from rootfs import as_user, confined

_PORT: Final = "15999"
_URL: Final = f"http://127.0.0.1:{_PORT}"
_STOP_S: Final = 30.0  # stop_grace_period in compose.yaml
_OPEN: Final = ("/data", "/run/lock", "/tmp", "/var/tmp")
# Only OpenVINO's plug-in for graphics processors asks for it, which is never loaded.
_NEVER_LOADED: Final = {"libOpenCL.so.1"}
# Made by the image's own packages: a drawn person, as a picture and for a minute.
_MEDIA: Final = """
import av, sys
from PIL import Image
from posemill.drawing.figure import draw_figure
frames = [draw_figure(640, 480, number / 30) for number in range(60)]
Image.fromarray(frames[0]).save("/tmp/figure.jpg")
with av.open("/tmp/figure.mp4", "w") as file:
    stream = file.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
    stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
    for number in range(1800):
        frame = av.VideoFrame.from_ndarray(frames[number % 60], format="rgb24")
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))
"""


class Trial:
    """Tries an image; ``place``: a folder for what is needed beside it."""

    def __init__(self, image: Image, place: Path) -> None:
        self._image, self._data = image, place / "data"
        self._media = place / "media"
        self._failed = 0

    def run(self) -> int:
        """Try everything; return 1 where something was not as it should be."""
        self._make_media()
        self._look_at_files()
        shutil.rmtree(self._data, ignore_errors=True)
        # As an engine does for a new volume: as the folder in the image is.
        self._data.mkdir(mode=0o700)
        os.chown(self._data, *map(int, self._image.user.split(":")))
        video = (self._media / "figure.mp4").read_bytes()
        with self._serving() as number:
            self._look_at_process(number)
            self._detect()
            whole = self._records(self._finish(self._post(video)))
            job = self._post(video)
            before = self._wait(job, lambda told: (told["progress"] or 0) > 0.2)
            took_s = self._stop(number)
            self._say(took_s < _STOP_S, f"stopped {took_s:.1f} s after SIGTERM, at a job")
        with self._serving() as number:
            after = self._get(f"/api/v1/jobs/{job}")
            kept = f"{before['progress']:.2f} before, {after['progress']:.2f} after"
            self._say(after["progress"] >= before["progress"], f"the job goes on: {kept}")
            same = self._records(self._finish(job)) == whole
            self._say(same, "its records are those of the job that was left alone")
            took_s = self._stop(number)
            self._say(took_s < _STOP_S, f"stopped {took_s:.1f} s after SIGTERM, idle")
        print(f"{self._failed} failed", flush=True)
        return 1 if self._failed else 0

    def _look_at_files(self) -> None:
        root = self._image.root
        unwanted = ("cc", "gcc", "c++", "ld", "node", "npm", "zig", "uv", "git", "make")
        found = [name for name in unwanted if self._in_root("sh", "-c", f"command -v {name}")]
        self._say(not found, f"no compilers, no Node: {found or 'none'}")
        libraries = [str(path.relative_to(root)) for path in (root / "opt/posemill").rglob("*.so*")]
        # A library finds those beside it once what loads it is there; those of others never.
        said = self._in_root("sh", "-c", "ldd $(cat)", sent="\n".join(libraries))
        missing = {line.split()[0] for line in said.splitlines() if "not found" in line}
        missing -= {Path(name).name for name in libraries} | _NEVER_LOADED
        self._say(not missing, f"libraries that are nowhere: {missing or 'none'}")
        writable = ["find", "/", "-xdev", "-path", "/dev", "-prune", "-o", "-writable"]
        written = self._in_root(*writable, "-not", "-type", "l", "-print", user=True).split()
        places = [path for path in written if not path.startswith(_OPEN)]
        self._say(not places, f"what its user can write besides: {places[:5] or 'nothing'}")

    def _look_at_process(self, number: int) -> None:
        status = Path(f"/proc/{number}/status").read_text()
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self._say(facts["Uid"].split()[0] == self._image.user.split(":")[0], "it is no root")
        self._say(int(facts["CapBnd"], 16) == 0, "it can have no capability")
        self._say(facts["NoNewPrivs"] == "1", "it gains no privileges")
        made = self._beside(number, "sh", "-c", "touch /etc/posemill/x || touch /opt/x")
        self._say(made != 0, "its root file system is read-only")
        told = self._get("/api/v1/status")
        self._say(told["confined"] == "seccomp", f"decoders are confined by {told['confined']}")
        self._say(self._beside(number, *self._image.health) == 0, "HEALTHCHECK: healthy")
        cached = list((self._data / "cache/posemill").glob("*.model"))
        self._say(bool(cached), f"compiled models kept in the volume: {len(cached)}")

    def _detect(self) -> None:
        found = self._ask("/api/v1/detect", (self._media / "figure.jpg").read_bytes())
        people = found["frames"][0]["people"]
        self._say(len(people) == 1, f"people in the picture: {len(people)}")

    @contextmanager
    def _serving(self) -> Iterator[int]:
        """Run the service until the end; yield its process number."""
        image, began_s = self._image, time.monotonic()
        values = image.values | {"POSEMILL_HOST": "127.0.0.1", "POSEMILL_PORT": _PORT}
        command = confined(image.root, self._data, image.user, image.command, values, image.folder)
        with subprocess.Popen(command) as outer:
            try:
                while not self._is_ready():
                    if outer.poll() is not None or time.monotonic() - began_s > 60:
                        raise RuntimeError("the service did not become ready")
                    time.sleep(0.05)
                self._say(True, f"ready after {time.monotonic() - began_s:.1f} s")
                yield _child(outer.pid)
            finally:
                # unshare's own end doesn't reach it: it has changed its user since.
                if outer.poll() is None:
                    os.kill(_child(outer.pid), signal.SIGKILL)

    def _stop(self, number: int) -> float:
        """Send SIGTERM; return how long it took to end, with all that it had started."""
        began_s = time.monotonic()
        os.kill(number, signal.SIGTERM)
        while Path(f"/proc/{number}").exists() and time.monotonic() - began_s < _STOP_S + 5:
            time.sleep(0.02)
        return time.monotonic() - began_s

    def _is_ready(self) -> bool:
        try:
            self._get("/readyz")
        except OSError:
            return False
        return True

    def _post(self, video: bytes) -> str:
        return str(self._ask("/api/v1/jobs", video, {"X-File-Name": "figure.mp4"})["id"])

    def _finish(self, job: str) -> str:
        told = self._wait(job, lambda told: told["state"] in ("succeeded", "failed", "cancelled"))
        self._say(told["state"] == "succeeded", f"a job of a minute of video: {told['state']}")
        return job

    def _wait(self, job: str, is_there: Any) -> Any:
        ends_s = time.monotonic() + 300
        while not is_there(told := self._get(f"/api/v1/jobs/{job}")):
            if time.monotonic() > ends_s:
                raise RuntimeError(f"nothing moves: {told}")
            time.sleep(0.2)
        return told

    def _records(self, job: str) -> bytes:
        with urllib.request.urlopen(f"{_URL}/api/v1/jobs/{job}/results/records") as answer:
            return bytes(answer.read())

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(_URL + path, timeout=30) as answer:
            return json.load(answer)

    def _ask(self, path: str, data: bytes, headers: dict[str, str] | None = None) -> Any:
        octets = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(_URL + path, data, octets | (headers or {}))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _make_media(self) -> None:
        self._media.mkdir(exist_ok=True)
        self._in_root("python", "-c", _MEDIA)
        for name in ("figure.jpg", "figure.mp4"):
            shutil.move(self._image.root / "tmp" / name, self._media / name)

    def _in_root(self, *words: str, sent: str = "", user: bool = False) -> str:
        """Run a command in the image's files; return what it prints."""
        image = self._image
        values = [f"{name}={value}" for name, value in image.values.items()]
        before = as_user(image.user, image.values, "/") if user else ["env", "-i", *values]
        command = ["chroot", str(image.root), *before, *words]
        # Folders that are closed to its user, and files that are no libraries, are told on stderr.
        done = subprocess.run(command, input=sent, capture_output=True, text=True, check=False)
        return done.stdout

    def _beside(self, number: int, *words: str) -> int:
        """Run a command in the service's own namespaces, as docker exec does; return its code."""
        image = self._image
        values = image.values | {"POSEMILL_PORT": _PORT}
        enter = ["nsenter", f"--target={number}", "--mount", "--pid", "--root"]
        command = [*enter, *as_user(image.user, values, image.folder), *words]
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode

    def _say(self, is_good: bool, text: str) -> None:
        self._failed += not is_good
        print(f"  {'ok  ' if is_good else 'FAIL'}  {text}", flush=True)


def _child(number: int) -> int:
    return int(Path(f"/proc/{number}/task/{number}/children").read_text())
