"""The pictures of a zip, some at a step."""

import zipfile
from typing import Any, Final

from posemill.assemble import drawing_style, pose_options, selection
from posemill.drawing import draw
from posemill.errors import SourceError
from posemill.jobs.media.archives import Archive
from posemill.jobs.media.checkpoint import Checkpoint, load, save
from posemill.jobs.media.folder import Parts, sync_file
from posemill.jobs.media.results import Plan, header_of, write_bytes, write_thumbnail
from posemill.runtime import load_engine
from posemill.sinks import Sink, open_sink
from posemill.sinks.picture import encoded
from posemill.sources import open_picture_bytes
from posemill.types import Frame, FramePoses, SourceInfo

STEP_PICTURES: Final = 8
_MAX_PROBLEMS: Final = 100


class PictureSteps:
    """One job's archive, ready for the next step."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._parts = plan, Parts(plan.folder)
        self._archive = Archive(plan.source, plan.name, plan.settings)
        self._estimator = load_engine(pose_options(plan.settings)).estimator()
        self._selection = selection(plan.settings)
        self._done = Checkpoint()

    @property
    def next_step(self) -> int:
        """The step that it is ready for."""
        return self._done.step + 1

    def close(self) -> None:
        """Do nothing: the archive is closed with the process."""

    def resume(self, step: int) -> None:
        """Get ready for ``step``."""
        if step:
            self._done = load(self._parts.file(step - 1, ".state"))

    def step(self) -> dict[str, Any]:
        """Look at the next pictures; what can't be read is told in the summary."""
        step = self.next_step
        tally: dict[str, Any] = {
            **{"frames": 0, "frames_with_people": 0, "problems": [], "unread": 0},
            **self._done.tally,
        }
        places = range(step * STEP_PICTURES, min((step + 1) * STEP_PICTURES, len(self._archive)))
        sinks: list[Sink] = []
        try:
            for place in places:
                try:
                    self._one(step, place, sinks, tally)
                except SourceError as error:
                    tally["unread"] += 1
                    tally["problems"] = [*tally["problems"], str(error)][:_MAX_PROBLEMS]
            for sink in sinks:
                sink.finish()
        finally:
            for sink in sinks:
                sink.discard()
        finished = places.stop >= len(self._archive)
        self._parts.sync(sink.path for sink in sinks)
        self._done = Checkpoint(step, tally=tally, finished=finished)
        save(self._parts.file(step, ".state"), self._done)
        self._parts.sync([])
        return {"frames": len(places), "time_s": 0.0, "finished": finished}

    def _one(self, step: int, place: int, sinks: list[Sink], tally: dict[str, Any]) -> None:
        plan, name = self._plan, self._archive.name(place)
        with open_picture_bytes(self._archive.read(place), name, self._selection) as source:
            info = source.info
            (frame,) = source
        poses = self._estimator.estimate(frame)
        self._record(step, info, poses, sinks)
        if "annotated" in plan.results:
            picture = draw(frame, poses, drawing_style(plan.settings, "picture"))
            path = self._parts.folder / f"{place:06d}.jpg"
            write_bytes(path, encoded(picture, ".jpg", name))
        self._keep_thumbnail(frame, poses, tally)
        tally["frames"] += 1
        tally["frames_with_people"] += bool(poses.people)

    def _record(self, step: int, info: SourceInfo, poses: FramePoses, sinks: list[Sink]) -> None:
        header = header_of(info, self._plan.settings)
        if sinks:
            for sink in sinks:
                sink.begin(info, header)
        else:
            wanted = [suffix for suffix in self._plan.suffixes if suffix != ".mp4"]
            sinks += [open_sink(self._parts.file(step, each), info, header) for each in wanted]
        for sink in sinks:
            sink.write(poses, None)

    def _keep_thumbnail(self, frame: Frame, poses: FramePoses, tally: dict[str, Any]) -> None:
        if "thumbnail" not in tally or (poses.people and tally["thumbnail"] != "person"):
            write_thumbnail(self._parts.results / "thumbnail.jpg", frame, poses, self._plan)
            tally["thumbnail"] = "person" if poses.people else "nobody"


def zip_pictures(parts: Parts, archive: Archive) -> None:
    """Put the annotated pictures into results/annotated.zip, as they are."""
    target = parts.results / "annotated.zip"
    part = target.with_name(f".{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as made:
        for place in archive:
            path = parts.folder / f"{place:06d}.jpg"
            if path.is_file():
                # A fixed time, or the same work would not give the same file.
                entry = zipfile.ZipInfo(f"{archive.name(place)}.pose.jpg")
                made.writestr(entry, path.read_bytes())
    sync_file(part)
    part.replace(target)


def facts_of(archive: Archive) -> dict[str, Any]:
    """Return what is known of an archive beforehand."""
    return {"kind": "pictures", "frames_total": len(archive), "duration_s": None}
