"""Is there a stream at an address: one frame of it, or the reason why not."""

import threading
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from posemill.config import Settings
from posemill.errors import PosemillError, SourceError
from posemill.sources.live import LiveOptions, LiveSource, LiveState
from posemill.streams.added import parse_added
from posemill.streams.pictures import jpeg_within
from posemill.types import Frame

_PATIENCE_S: Final = 15.0
_WIDTH_PX: Final = 640


def probe(raw: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return what the stream ``raw`` gives: size, codec and a picture, or a reason.

    SettingError where ``raw`` is no stream.
    """
    config = parse_added({"name": "test", **raw}, settings)
    own = config.settings
    failed: list[str] = []

    def note(state: LiveState) -> None:
        if state.word == "failed":
            failed.append(state.reason)
            source.stop()

    options = LiveOptions(own.max_fps, own.stall_s, rotate=own.rotate, max_pixels=own.max_pixels)
    source = LiveSource(config.url, options, rtsp_transport=own.rtsp_transport, on_state=note)
    timer = threading.Timer(_PATIENCE_S, source.stop)
    timer.daemon = True
    timer.start()
    try:
        frame = _first(source)
    except PosemillError as error:
        return {"ok": False, "reason": str(error)}
    finally:
        timer.cancel()
    if frame is None:
        return {"ok": False, "reason": failed[0] if failed else f"no frame in {_PATIENCE_S:g} s."}
    picture = b64encode(jpeg_within(frame.pixels, _WIDTH_PX)).decode()
    return {
        "ok": True,
        "width": frame.width,
        "height": frame.height,
        "codec": source.codec,
        "picture": f"data:image/jpeg;base64,{picture}",
    }


def _first(source: LiveSource) -> Frame | None:
    frames = iter(source)
    try:
        for taken in frames:
            try:
                return source.frame(taken)
            except SourceError:
                continue
    finally:
        frames.close()  # type: ignore[attr-defined]
    return None
