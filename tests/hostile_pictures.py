"""Pictures that mean harm, made on the spot, and the status that each must be answered with."""

import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

from PIL import Image

from posemill.drawing.figure import draw_figure

_PNG: Final = b"\x89PNG\r\n\x1a\n"


def saved(form: str, width: int = 160, height: int = 120, **options: Any) -> bytes:
    """Return the picture of a standing person as a file."""
    file = BytesIO()
    Image.fromarray(draw_figure(width, height)).save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a PNG that declares its size and holds next to nothing."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return _PNG + head + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def png_at_the_limit() -> bytes:
    """Return 62 megapixels in 180 kB."""
    file = BytesIO()
    Image.new("RGB", (7900, 7900)).save(file, "PNG")
    return file.getvalue()


def png_with(*chunks: bytes) -> bytes:
    """Return a good PNG with more chunks after its header."""
    good = saved("PNG")
    return good[:33] + b"".join(chunks) + good[33:]


def gif(screen: int, frame: int) -> bytes:
    """Return a GIF of one frame that declares both sizes."""
    table = bytes(6)
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + table
    return head + b"," + struct.pack("<HHHHB", 0, 0, frame, frame, 0) + b"\x02\x02\x4c\x01\x00;"


def webp_canvas(side: int) -> bytes:
    """Return a WebP with the canvas of an animation (VP8X) and no frame."""
    size = (side - 1).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_lossless(side: int) -> bytes:
    """Return the head of a lossless WebP."""
    size = struct.pack("<I", (side - 1) | (side - 1) << 14)
    body = b"WEBPVP8L" + struct.pack("<I", 20) + b"\x2f" + size + bytes(15)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(*entries: tuple[int, int, int, int], following: int = 0, more: bytes = b"") -> bytes:
    """Return a TIFF of one directory of (tag, type, count, value), at byte 8."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    directory = struct.pack("<H", len(entries)) + rows + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 8) + directory + more


def grey_tiff(side: int, *more: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Return a grey TIFF whose pixels are the start of the file itself."""
    size = ((256, 4, 1, side), (257, 4, 1, side), (278, 4, 1, side))
    kind = ((258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1))
    place = ((273, 4, 1, 0), (279, 4, 1, min(side * side, 2**32 - 1)))
    return tiff(*size, *kind, *place, *more, following=following, more=bytes(64))


def tiff_chain(count: int) -> bytes:
    """Return a TIFF of as many directories, none of which describes a picture."""
    found = bytearray(b"II*\0" + struct.pack("<I", 8))
    for _ in range(count):
        found += struct.pack("<HHHIII", 1, 256, 4, 1, 8, len(found) + 18)
    return bytes(found)


def bmp(width: int, height: int, compression: int = 0) -> bytes:
    """Return the head of a BMP."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 1000, 0, 0, 54) + head + bytes(1000)


def jpeg_of_size(side: int) -> bytes:
    """Return a JPEG whose header says a size that its data doesn't have."""
    found = bytearray(saved("JPEG"))
    at = found.index(b"\xff\xc0")
    found[at + 5 : at + 9] = struct.pack(">HH", side, side)
    return bytes(found)


def jpeg_with_exif(tiff_file: bytes) -> bytes:
    """Return a good JPEG that holds a TIFF as its EXIF."""
    body = b"Exif\0\0" + tiff_file
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + saved("JPEG")[2:]


def jpeg_of_many_scans(count: int) -> bytes:
    """Return a progressive JPEG that goes over its 49 megapixels as many times: minutes of work."""
    file = BytesIO()
    Image.new("L", (7000, 7000), 90).save(file, "JPEG", progressive=True)
    found = file.getvalue()
    last = found.rindex(b"\xff\xda")
    return found[:last] + found[last:-2] * count + b"\xff\xd9"


def avif_of_size(side: int) -> bytes:
    """Return an AVIF whose property says a size that its data doesn't have."""
    found = bytearray(saved("AVIF"))
    at = found.index(b"ispe")
    found[at + 8 : at + 16] = struct.pack(">II", side, side)
    return bytes(found)


def zipped(entries: Mapping[str, bytes], attributes: int = 0) -> bytes:
    """Return a zip; ``attributes``: what kind of file each is, as Unix has it."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, attributes << 16
            archive.writestr(entry, data)
    return file.getvalue()


def _noise(count: int) -> bytes:
    return random.Random(1).randbytes(count)


def _half(form: str) -> bytes:
    whole = saved(form)
    return whole[: len(whole) // 2]


_LOOP: Final = (34665, 4, 1, 8)  # its EXIF directory is itself
_HUGE: Final = (270, 2, 2**32 - 1, 8)  # a description of 4 GiB
_TEXT_BOMB: Final = b"Comment\0\0" + zlib.compress(bytes(100_000_000))

PICTURES: Final[Mapping[str, tuple[Callable[[], bytes], int]]] = {
    "bomb.png": (lambda: png(60_000, 60_000), 413),
    "long.png": (lambda: png(1_000_001, 30), 413),
    "nothing-of-much.png": (lambda: png(8_000, 8_000), 422),
    "at-the-limit.png": (png_at_the_limit, 200),
    "text-bomb.png": (lambda: png_with(chunk(b"zTXt", _TEXT_BOMB)), 422),
    "profile-bomb.png": (lambda: png_with(chunk(b"iCCP", _TEXT_BOMB)), 422),
    "many-chunks.png": (lambda: png_with(chunk(b"tEXt", b"a\0b") * 50_000), 200),
    "bomb.gif": (lambda: gif(65_535, 65_535), 413),
    "frame-bomb.gif": (lambda: gif(8, 65_535), 413),
    "bomb.webp": (lambda: webp_canvas(2**24), 413),
    "bomb-lossless.webp": (lambda: webp_lossless(2**14), 413),
    "bomb.tif": (lambda: grey_tiff(100_000), 413),
    "bomb.bmp": (lambda: bmp(100_000, -100_000), 413),
    "bomb-packed.bmp": (lambda: bmp(60_000, 60_000, 1), 413),
    "bomb.jpg": (lambda: jpeg_of_size(65_500), 413),
    "bomb.avif": (lambda: avif_of_size(2**31 - 1), 422),
    "half.jpg": (lambda: _half("JPEG"), 422),
    "half.png": (lambda: _half("PNG"), 422),
    "half.webp": (lambda: _half("WEBP"), 422),
    "half.avif": (lambda: _half("AVIF"), 422),
    "half.gif": (lambda: _half("GIF"), 422),
    "and-a-zip.jpg": (lambda: saved("JPEG") + zipped({"a.sh": b"rm -r /"}), 200),
    "and-a-page.jpg": (lambda: saved("JPEG", comment=b"<script>alert(1)</script>"), 200),
    "and-a-script.gif": (lambda: b"GIF89a/*" + b"*/=1;alert(1)//" + bytes(99), 422),
    "document.jpg": (lambda: b"%PDF-1.7\n1 0 obj<</OpenAction 2 0 R>>" + bytes(99), 415),
    "page.jpg": (lambda: b"<!doctype html><script src=http://127.0.0.1/></script>", 415),
    "drawing.jpg": (lambda: b'<svg><image href="file:///etc/passwd"/></svg>', 415),
    "entities.jpg": (lambda: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x/>', 415),
    "program.jpg": (lambda: b"%!PS\n(/etc/passwd) (r) file\n", 415),
    "playlist.jpg": (lambda: b"#EXTM3U\nfile:///etc/passwd\n", 415),
    "screen.jpg": (lambda: b"#define a_width 9\n#define a_height 9\n", 415),
    "executable.jpg": (lambda: b"\x7fELF" + _noise(999), 415),
    "empty.jpg": (lambda: b"", 422),
    "noise.jpg": (lambda: b"\x01" + _noise(100_000), 415),
    "noise-that-begins-well.jpg": (lambda: b"\xff\xd8\xff" + _noise(100_000), 422),
    "noise-that-begins-well.png": (lambda: _PNG + _noise(100_000), 422),
    "itself-again.tif": (lambda: grey_tiff(8, following=8), 200),
    "itself-as-exif.tif": (lambda: grey_tiff(8, _LOOP), 200),
    "itself-as-exif.jpg": (lambda: jpeg_with_exif(tiff(_LOOP, following=8)), 200),
    "huge-tag.tif": (lambda: grey_tiff(8, _HUGE), 200),
    "huge-tag.jpg": (lambda: jpeg_with_exif(tiff(_HUGE)), 200),
    "chain.tif": (lambda: tiff_chain(50_000), 422),
}
