"""A media process of jobs without media: steps that take a moment and write what they are told.

The name of the source says what happens: ``steps=8``, ``crash=3`` (at that step, always),
``fall=3`` (at that step, the first time), ``refuse``.
"""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posemill.errors import BrokenSource
from posemill.workers import Answer, Handler, run_as_media_process

STEP_S = 0.05


def _said(request: Mapping[str, Any], word: str) -> int | None:
    found = re.search(rf"{word}=(\d+)", request["name"])
    return int(found[1]) if found else None


def begin(request: Mapping[str, Any], _: bytes) -> Answer:
    if "refuse" in request["name"]:
        raise BrokenSource(f"{request['name']}: is damaged.")
    folder = Path(request["folder"])
    (folder / "parts").mkdir(exist_ok=True)
    (folder / "results").mkdir(exist_ok=True)
    return Answer({"kind": "video", "frames_total": 10 * (_said(request, "steps") or 1)})


def step(request: Mapping[str, Any], _: bytes) -> Answer:
    folder, number = Path(request["folder"]), request["step"]
    fallen = folder / "fallen"
    if _said(request, "crash") == number:
        os._exit(3)
    if _said(request, "fall") == number and not fallen.exists():
        fallen.touch()
        os._exit(3)
    before = folder / "parts" / f"{number - 1}"
    text = before.read_text() if number else ""
    time.sleep(STEP_S)
    part = folder / "parts" / f".{number}.part"
    part.write_text(f"{text}{number}\n")
    part.replace(folder / "parts" / f"{number}")
    with (folder / "trace").open("a") as trace:
        trace.write(f"{number}\n")
    last = (_said(request, "steps") or 1) - 1
    return Answer({"frames": 10, "time_s": 1.0 * number, "finished": number == last})


def finish(request: Mapping[str, Any], _: bytes) -> Answer:
    folder = Path(request["folder"])
    last = (_said(request, "steps") or 1) - 1
    part = folder / "results" / ".records.part"
    part.write_text((folder / "parts" / f"{last}").read_text())
    part.replace(folder / "results" / "records.jsonl")
    return Answer()


def build(_: Mapping[str, Any]) -> Mapping[str, Handler]:
    return {"begin": begin, "step": step, "finish": finish}


if __name__ == "__main__":
    run_as_media_process(build)
