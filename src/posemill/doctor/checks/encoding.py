"""Whether annotated videos can be written."""

from collections.abc import Iterator

from posemill.doctor.checks.engine import LOADING_BYTES, TRIAL, mended
from posemill.doctor.checks.installed import install_command
from posemill.doctor.checks.room import no_room
from posemill.doctor.child import ask
from posemill.doctor.finding import Finding, Words, failed, good
from posemill.doctor.premises import Premises


def look(_: Premises) -> Iterator[Finding]:
    """Encode a few frames as H.264, and decode them again."""
    too_little = no_room(LOADING_BYTES)
    if too_little is not None:
        yield too_little
        return
    answer = ask(TRIAL, "encoding")
    if answer.found is None or answer.found["frames"] != 5:
        said = answer.failure or f"{answer.found['frames']} of 5 frames came back"
        anew = install_command("--force-reinstall", "--only-binary=av", "av")
        wheel = Words(
            f"Annotated videos and clips of alerts need PyAV's own wheel, which has x264: {anew}",
            f"标注视频和警报短片需要 PyAV 官方 wheel（内含 x264）：{anew}",
        )
        yield failed(
            "no_h264",
            Words(f"H.264 can't be encoded: {said}", f"无法编码 H.264：{said}"),
            mended(answer, wheel),
        )
        return
    yield good(
        "h264",
        f"PyAV {answer.found['version']}: 5 frames of H.264 in MP4 written and read again",
        f"PyAV {answer.found['version']}：写入并读回 5 帧 MP4（H.264）",
    )
