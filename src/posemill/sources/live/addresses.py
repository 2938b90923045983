"""What a live address means to FFmpeg, and how it is shown: without user, password and query."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from posemill.errors import SourceNotFound, UnsupportedSource
from posemill.sources.containers import DEMUXERS
from posemill.sources.files import shown

_CAMERA: Final = re.compile(r"[0-9]{1,3}|/dev/video[0-9]{1,3}")
_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
# FFmpeg's devices for cameras: V4L2, AVFoundation, DirectShow.
_DEVICES: Final = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
_WEB: Final = "http,https,tcp,tls"
# FFmpeg counts frames for a second to guess their rate, which nobody needs here.
_OPEN_FAST: Final = {"fpsprobesize": "0", "analyzeduration": "1000000"}


@dataclass(frozen=True, slots=True)
class LiveAddress:
    """Where to connect.

    ``shown``: what people may see of it. ``url``, ``format``, ``options``: for FFmpeg. ``paced``:
    whether frames come faster than they are to be shown, as from files and HLS. ``is_file``: it
    ends.
    """

    shown: str
    url: str = field(repr=False)
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    paced: bool = False
    is_file: bool = False


def live_address(address: str, *, rtsp_transport: str = "tcp") -> LiveAddress:
    """Return what ``address`` means: a camera's number or path, rtsp, http, or a file.

    UnsupportedSource for other schemes; SourceNotFound for a file that is not there.
    """
    if _CAMERA.fullmatch(address) and not (address.isdecimal() and Path(address).exists()):
        return _camera(address)
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return _file(address)
    scheme = match[1].lower()
    if scheme in ("rtsp", "rtsps"):
        return _rtsp(address, rtsp_transport)
    if scheme in ("http", "https"):
        return _web(address)
    if scheme == "file":
        return _file(urlsplit(address).path)
    raise UnsupportedSource(
        f"{redacted(address)}: {scheme}:// is no live source that posemill reads; those are "
        "rtsp://, rtsps://, http://, https://, a camera's number, and files."
    )


def is_camera_or_web(address: str) -> bool:
    """Return whether an address is a camera, or leads out of this machine's disk."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return _CAMERA.fullmatch(address) is not None
    return match[1].lower() in ("rtsp", "rtsps", "http", "https")


def redacted(address: str) -> str:
    """Return an address without user, password and query, which may hold secrets too."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return shown(address)
    rest, query, _ = match[2].partition("?")
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    # A password may hold a slash or a question mark that nobody escaped.
    if "@" in path or "@" in _:
        return f"{match[1]}://..."
    return shown(f"{match[1]}://{host}{slash}{path}{'?...' if query else ''}")


def _camera(address: str) -> LiveAddress:
    device = _DEVICES.get(sys.platform)
    if device is None:
        raise UnsupportedSource(f"{address}: cameras can't be read on {sys.platform}.")
    name = address
    if device == "v4l2" and address.isdecimal():
        name = f"/dev/video{address}"
    if device == "v4l2" and not os.path.lexists(name):
        raise SourceNotFound(f"{name}: there is no such camera; is it plugged in?")
    if device == "dshow":
        name = f"video={address}"
    return LiveAddress(address, name, device)


def _rtsp(address: str, transport: str) -> LiveAddress:
    return LiveAddress(
        redacted(address),
        address,
        "rtsp",
        {
            "rtsp_transport": transport,
            "protocol_whitelist": "rtsp,rtsps,rtp,udp,tcp,tls",
            "allowed_media_types": "video",
            # Packets of UDP come in disorder; what is later than this is lost.
            "max_delay": "200000",
            **_OPEN_FAST,
        },
    )


def _web(address: str) -> LiveAddress:
    path = urlsplit(address).path.lower()
    return LiveAddress(
        redacted(address),
        address,
        None,
        {
            "protocol_whitelist": _WEB,
            "format_whitelist": f"{DEMUXERS},hls,mpjpeg",
            **_OPEN_FAST,
        },
        paced=path.endswith((".m3u8", ".m3u")),
    )


def _file(address: str) -> LiveAddress:
    path = Path(address).absolute()
    if not path.is_file():
        raise SourceNotFound(f"{shown(address)}: there is no such file.")
    options = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
    return LiveAddress(shown(address), f"file:{path}", None, options, paced=True, is_file=True)
