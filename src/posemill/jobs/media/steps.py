"""What a worker asks a media process for: begin, step after step, finish."""

import errno
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from posemill.assemble import selection
from posemill.errors import BrokenSource, NoRoom, SinkError, UnsupportedSource
from posemill.jobs.media import pictures, video
from posemill.jobs.media.archives import Archive, is_archive
from posemill.jobs.media.checkpoint import load
from posemill.jobs.media.folder import Parts, join
from posemill.jobs.media.joining import join_videos
from posemill.jobs.media.pictures import PictureSteps, zip_pictures
from posemill.jobs.media.results import Plan, header_of, write_bytes
from posemill.jobs.media.video import OtherPatchesError, VideoSteps
from posemill.sources import open_source
from posemill.workers import Answer, Handler


class Media:
    """The handlers; between two steps of a job everything stays open."""

    def __init__(self) -> None:
        self._open: tuple[Plan, VideoSteps | PictureSteps] | None = None

    def begin(self, request: Mapping[str, Any], _: bytes) -> Answer:
        """Look at what was sent."""
        plan = Plan.of(request)
        Parts(plan.folder).create()
        if is_archive(plan.source):
            return Answer(pictures.facts_of(Archive(plan.source, plan.name, plan.settings)))
        with open_source(plan.source, selection(plan.settings), name=plan.name) as source:
            if source.info.kind != "video":
                raise UnsupportedSource(
                    f"{plan.name}: is a picture; send it to /api/v1/detect, or several as a zip."
                )
            facts = video.facts_of(source.info, plan.settings)
        return Answer(facts)

    def step(self, request: Mapping[str, Any], _: bytes) -> Answer:
        """Do one step, after whatever came before."""
        plan, number = Plan.of(request), int(request["step"])
        try:
            with _room():
                try:
                    return Answer(self._at(plan, number).step())
                except OtherPatchesError:
                    self._let_go()
                    return Answer(self._at(plan, number, seeks=False).step())
        except BaseException:
            self._let_go()  # it is somewhere within a step
            raise

    def finish(self, request: Mapping[str, Any], _: bytes) -> Answer:
        """Join what the steps made; again does the same."""
        plan = Plan.of(request)
        self._let_go()
        parts = Parts(plan.folder)
        if not (parts.results / "summary.json").exists():
            with _room():
                _join(plan, parts)
        shutil.rmtree(parts.folder, ignore_errors=True)
        return Answer()

    def _at(self, plan: Plan, number: int, *, seeks: bool = True) -> VideoSteps | PictureSteps:
        if self._open is not None:
            opened, steps = self._open
            if opened == plan and steps.next_step == number:
                return steps
            self._let_go()
        Parts(plan.folder).create()
        steps = PictureSteps(plan) if is_archive(plan.source) else VideoSteps(plan, seeks=seeks)
        self._open = (plan, steps)
        steps.resume(number)
        return steps

    def _let_go(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened[1].close()


def _join(plan: Plan, parts: Parts) -> None:
    summary: dict[str, Any] = {"name": plan.name}
    states = parts.files(".state")
    tally = dict(load(states[-1]).tally)
    if is_archive(plan.source) and not tally["frames"]:
        raise BrokenSource(f"{plan.name}: no picture in it can be read: {tally['problems'][0]}")
    if "records" in plan.results:
        headers = 0 if is_archive(plan.source) else 1
        join(parts.files(".jsonl"), parts.results / "records.jsonl", headers=headers)
    if "csv" in plan.results:
        join(parts.files(".csv"), parts.results / "table.csv", headers=1)
    if is_archive(plan.source):
        archive = Archive(plan.source, plan.name, plan.settings)
        summary |= {"kind": "pictures", "pictures": len(archive)}
        if "annotated" in plan.results:
            zip_pictures(parts, archive)
    else:
        summary |= _joined_video(plan, parts, tally)
        summary |= _analysed(plan, parts, tally)
    for internal in ("thumbnail", "begin_s"):
        tally.pop(internal, None)
    text = json.dumps({**summary, **tally}, indent=1, ensure_ascii=False)
    write_bytes(parts.results / "summary.json", text.encode())


def _joined_video(plan: Plan, parts: Parts, tally: dict[str, Any]) -> dict[str, Any]:
    with open_source(plan.source, selection(plan.settings), name=plan.name) as source:
        info = source.info
    header = header_of(info, plan.settings)
    files = parts.files(".mp4")
    if files:
        starts = [load(path.with_suffix(".state")).tally["begin_s"] for path in files]
        problem = join_videos(files, starts, parts.results / "annotated.mp4", info)
        if problem is not None:
            tally["problems"] = [*tally["problems"], problem]
    keys = ("kind", "width", "height", "fps", "model", "engine", "precision")
    return {key: header[key] for key in keys}


def _analysed(plan: Plan, parts: Parts, tally: dict[str, Any]) -> dict[str, Any]:
    """Write what was asked for of movements; return what the summary says of it."""
    exercise = plan.settings.exercise
    if exercise is None:
        return {}
    from posemill.jobs.media.analysis import write_counts  # noqa: PLC0415 - seldom asked for

    records = parts.results / "records.jsonl"
    if "records" not in plan.results:
        records = parts.folder / "records.jsonl"
        join(parts.files(".jsonl"), records, headers=1)
    found = write_counts(records, parts.results / "analysis.json", exercise)
    problem = found.pop("problem", None)
    if problem is not None:
        tally["problems"] = [*tally["problems"], problem]
    return found


@contextmanager
def _room() -> Iterator[None]:
    """Tell a full disk from whatever else a sink may say."""
    try:
        yield
    except SinkError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom("the disk is full.") from error
        raise


def build(_: Mapping[str, Any]) -> Mapping[str, Handler]:
    """Return the handlers; models are loaded with the first step."""
    media = Media()
    return {"begin": media.begin, "step": media.step, "finish": media.finish}
