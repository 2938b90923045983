"""Videos and zips that mean harm, made on the spot, and how the job of each must end."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any, Final

import av
import numpy as np

from hostile_pictures import saved, zipped
from posemill.drawing.figure import draw_figure

_LINK: Final = 0o120777
_FIFO: Final = 0o010666


# Its stubs know streams by the names of codecs.
def clip(
    frames: int,
    *,
    tracks: int = 1,
    fps: int = 10,
    codec: str = "mpeg4",
    size: tuple[int, int] = (64, 64),
    form: str = "mp4",
) -> bytes:
    """Return a video of grey frames, or of a person where it is large enough to show one."""
    width, height = size
    file = BytesIO()
    with av.open(file, "w", format=form) as output:
        streams: list[Any] = [output.add_stream(codec, rate=fps) for _ in range(tracks)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for stream in streams:
            for index in range(frames):
                picture = draw_figure(width, height, index / fps) if height >= 100 else None
                if picture is None:
                    picture = np.full((height, width, 3), 90, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, fps)
                for packet in stream.encode(frame):
                    output.mux(packet)
            for packet in stream.encode(None):
                output.mux(packet)
    return file.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box of an MP4."""
    return struct.pack(">I", len(content) + 8) + kind + content


def referring(mp4: bytes, entry: bytes) -> bytes:
    """Return an MP4 whose one track says that its data is in another file (``dref``)."""
    at = mp4.index(b"dref") - 4
    length = int.from_bytes(mp4[at : at + 4], "big")
    reference = box(b"dref", struct.pack(">II", 0, 1) + entry)
    made = bytearray(mp4[:at] + reference + mp4[at + length :])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):  # each holds the next
        place = mp4.rindex(kind, 0, at) - 4
        size = int.from_bytes(mp4[place : place + 4], "big") + len(reference) - length
        made[place : place + 4] = struct.pack(">I", size)
    return bytes(made)


def alias(path: str) -> bytes:
    """Return an entry of ``dref`` as QuickTime writes it: a path on a volume."""
    words = path.encode()
    head = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12)
    head += bytes([4]) + b"file".ljust(63, b"\0") + bytes(16) + bytes(4) + bytes(16)
    padded = words + b"\0" * (len(words) % 2)
    more = struct.pack(">HH", 2, len(words)) + padded + struct.pack(">HH", 18, len(words)) + padded
    return box(b"alis", bytes(4) + head + more + b"\xff\xff\0\0" + bytes(100))


def address(url: str) -> bytes:
    """Return an entry of ``dref`` that is a URL."""
    return box(b"url ", bytes(4) + url.encode() + b"\0")


def of_size(side: int) -> bytes:
    """Return an MP4 whose track says a size that its frames don't have."""
    found = bytearray(clip(3))
    at = found.index(b"mp4v") + 28
    found[at : at + 4] = struct.pack(">HH", side, side)
    return bytes(found)


def raw_of_size(side: int) -> bytes:
    """Return an AVI of unpacked frames whose header says how large they are."""
    found = bytearray(clip(3, codec="rawvideo", form="avi"))
    at = found.index(b"strf") + 12
    found[at : at + 8] = struct.pack("<ii", side, side)
    return bytes(found)


@dataclass(frozen=True, slots=True)
class Places:
    """What a hostile file may name: a video of this machine, and an address that is listened to."""

    video: str
    url: str


def hls(target: str) -> bytes:
    """Return an HLS playlist of one piece."""
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n".encode()


def dash(target: str) -> bytes:
    """Return a DASH manifest of one piece."""
    text = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f'<Period><AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>{target}'
        "</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>"
    )
    return text.encode()


_SDP: Final = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"

# Code of the problem by the name of the file; an empty one where the job may succeed.
VIDEOS: Final[Mapping[str, tuple[Callable[[Places], bytes], str]]] = {
    "hls-file.mp4": (lambda _: hls("file:///etc/passwd"), "unsupported_media"),
    "hls-video.mp4": (lambda places: hls(f"file://{places.video}"), "unsupported_media"),
    "hls-url.mp4": (lambda places: hls(places.url), "unsupported_media"),
    "hls-late.mp4": (lambda places: b"\n" + hls(places.url), "unsupported_media"),
    "hls-late.ts": (lambda places: b"\xef\xbb\xbf" + hls(places.url), "unsupported_media"),
    "concat.mp4": (
        lambda places: f"ffconcat version 1.0\nfile {places.video}\n".encode(),
        "unsupported_media",
    ),
    "concat.mkv": (
        lambda places: f"# x\nffconcat version 1.0\nfile {places.url}\n".encode(),
        "unsupported_media",
    ),
    "dash-file.mp4": (lambda places: dash(f"file://{places.video}"), "unsupported_media"),
    "dash-url.mp4": (lambda places: dash(places.url), "unsupported_media"),
    "session.mp4": (lambda _: _SDP, "unsupported_media"),
    "redirect.wmv": (
        lambda places: f"[Reference]\nRef1={places.url}\n".encode(),
        "unsupported_media",
    ),
    "frame%03d.jpg": (lambda _: saved("JPEG"), "unsupported_media"),
    "text.mp4": (lambda _: b"hello\n" * 1000, "unsupported_media"),
    "head.mp4": (lambda _: clip(10)[:32], "broken_media"),
    "half.mp4": (lambda _: clip(10)[:800], "broken_media"),
    "many-tracks.mp4": (lambda _: clip(1, tracks=40), "media_too_large"),
    "huge.mp4": (lambda _: of_size(65_000), ""),
    "huge.avi": (lambda _: raw_of_size(60_000), "broken_media"),
    "alias.mov": (lambda places: referring(clip(3), alias(places.video)), "broken_media"),
    "address-file.mov": (lambda places: referring(clip(3), address(f"file://{places.video}")), ""),
    "address-url.mov": (lambda places: referring(clip(3), address(places.url)), ""),
    "bomb.zip": (lambda _: zipped({"a.png": bytes(50_000_000)}), "media_too_large"),
    "out.zip": (lambda _: zipped({"../../out.jpg": saved("JPEG")}), "unsupported_media"),
    "absolute.zip": (lambda _: zipped({"/tmp/out.jpg": saved("JPEG")}), "unsupported_media"),
    "link.zip": (lambda _: zipped({"a.jpg": b"/etc/passwd"}, _LINK), "unsupported_media"),
    "fifo.zip": (lambda _: zipped({"a.jpg": b"x"}, _FIFO), "unsupported_media"),
    "nested.zip": (lambda _: zipped({"a.zip": zipped({"b.jpg": saved("JPEG")})}), "broken_media"),
    "no-end.zip": (lambda _: zipped({"a.jpg": saved("JPEG")})[:-30], "broken_media"),
}
