"""What a file holds, told by its first bytes and not by its suffix."""

from typing import Final, Literal, NamedTuple

HEAD_BYTES: Final = 4096


class Content(NamedTuple):
    """``kind``: who reads it; ``format``: Pillow's name of a picture, a word for the rest."""

    kind: Literal["picture", "video", "refused", "unknown"]
    format: str


_WEBP: Final = Content("picture", "WEBP")
_MAGICS: Final = (
    (b"\xff\xd8\xff", Content("picture", "JPEG")),
    (b"\x89PNG\r\n\x1a\n", Content("picture", "PNG")),
    (b"GIF87a", Content("picture", "GIF")),
    (b"GIF89a", Content("picture", "GIF")),
    (b"BM", Content("picture", "BMP")),
    (b"II*\0", Content("picture", "TIFF")),
    (b"MM\0*", Content("picture", "TIFF")),
    (b"II+\0", Content("picture", "TIFF")),
    (b"MM\0+", Content("picture", "TIFF")),
    (b"\x1aE\xdf\xa3", Content("video", "Matroska")),
    (b"OggS", Content("video", "Ogg")),
    (b"FLV\x01", Content("video", "FLV")),
    (b"0&\xb2u\x8ef\xcf\x11", Content("video", "ASF")),
    (b"\0\0\x01\xba", Content("video", "MPEG")),
    (b"\0\0\x01\xb3", Content("video", "MPEG")),
    (b"DKIF", Content("video", "IVF")),
    (b"YUV4MPEG2", Content("video", "YUV4MPEG")),
    # Formats that people do have, so that the message can name them.
    (b"\0\0\x01\0", Content("refused", "ICO")),
    (b"\0\0\0\x0cJXL ", Content("refused", "JPEG XL")),
    (b"\xff\x0a", Content("refused", "JPEG XL")),
    (b"\0\0\0\x0cjP  ", Content("refused", "JPEG 2000")),
    (b"\xff\x4f\xff\x51", Content("refused", "JPEG 2000")),
    (b"8BPS", Content("refused", "Photoshop")),
    (b"%PDF", Content("refused", "PDF")),
    (b"%!PS", Content("refused", "PostScript")),
    (b"#EXTM3U", Content("refused", "playlist")),
    (b"ffconcat", Content("refused", "playlist")),
    (b"PK\x03\x04", Content("refused", "ZIP")),
)
_CONVERT: Final = "which posemill doesn't read; convert it to JPEG or PNG first"
# What to say of each format that is refused.
REFUSALS: Final = {
    content.format: f"is in the {content.format} format, {_CONVERT}"
    for content in (*(content for _, content in _MAGICS), Content("refused", "HEIC"))
    if content.kind == "refused"
} | {
    "playlist": "is a playlist, which may name other files and hosts; give the video itself",
    "ZIP": "is an archive; unpack it and give the pictures and videos in it",
}
_HEIF_BRANDS: Final = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1"))
_ATOMS: Final = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))


def identify(head: bytes, suffix: str = "") -> Content:
    """Return what begins with ``head`` (the first HEAD_BYTES bytes of a file).

    ``suffix`` matters for one thing: Motion JPEG is JPEG pictures back to back, so only the
    name says that it is a video.
    """
    if head[:4] == b"RIFF":
        return _WEBP if head[8:12] == b"WEBP" else Content("video", "AVI")
    if head[4:8] == b"ftyp":
        return _identify_iso(head)
    if head[4:8] in _ATOMS:
        return Content("video", "QuickTime")
    if head[:3] == b"\xff\xd8\xff" and suffix.lower() in (".mjpeg", ".mjpg"):
        return Content("video", "Motion JPEG")
    matches = (content for magic, content in _MAGICS if head.startswith(magic))
    return next(matches, Content("unknown", ""))


def _identify_iso(head: bytes) -> Content:
    size = min(max(int.from_bytes(head[:4], "big"), 16), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return Content("picture", "AVIF")
    if brands & _HEIF_BRANDS:
        return Content("refused", "HEIC")
    return Content("video", "MP4")
