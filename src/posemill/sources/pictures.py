"""Still and animated pictures, through Pillow and its decoders for an allow-list of formats."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from PIL import Image, ImageFile

from posemill.errors import BrokenSource, SourceTooLarge
from posemill.sources.decoding import FAILURES, open_header, quiet, too_large
from posemill.sources.files import shown
from posemill.sources.modes import exif_orientation, upright_rgb
from posemill.sources.selection import Picker, Selection
from posemill.types import Frame, Picture, SourceInfo

# Browsers show a frame that names no duration for a tenth of a second.
_NO_DURATION_S: Final = 0.1


class PictureSource:
    """One still picture: a source of a single frame."""

    damage: str | None = None

    def __init__(self, info: SourceInfo, pixels: Picture) -> None:
        self.info = info
        self._pixels: Picture | None = pixels

    def __iter__(self) -> Iterator[Frame]:
        if self._pixels is not None:
            yield Frame(self._pixels)

    def close(self) -> None:
        """Let go of the pixels."""
        self._pixels = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AnimationSource:
    """An animated picture, or the pages of a TIFF, frame by frame: a video."""

    def __init__(
        self,
        info: SourceInfo,
        image: ImageFile.ImageFile,
        file: BinaryIO,
        selection: Selection,
    ) -> None:
        self.info = info
        self._file = file  # Pillow forgets it where a decoder holds the whole file in memory
        self.damage: str | None = None
        self._image: ImageFile.ImageFile | None = image
        self._selection = selection
        self._first_page = 1 if getattr(image, "default_image", False) else 0

    def __iter__(self) -> Iterator[Frame]:
        picker, time_s, index = Picker(self._selection), 0.0, 0
        while self._image is not None and not picker.is_past(time_s):
            try:
                with quiet():
                    self._image.seek(self._first_page + index)
                    _load(self._image, self._selection.max_pixels)
                    duration_s = _duration_s(self._image)
                    wanted = picker.wants(time_s)
                    pixels = _pixels(self._image, self._selection) if wanted else None
            except EOFError:
                return
            except Image.DecompressionBombError:
                self.damage = (
                    f"frame {index} is beyond the limit max_pixels = {self._selection.max_pixels}, "
                    "and is left out with those after it"
                )
                return
            except (*FAILURES, MemoryError):
                self.damage = f"frame {index} is damaged, and the frames from it on are left out"
                return
            if pixels is not None and pixels.shape[:2] != (self.info.height, self.info.width):
                self.damage = f"frame {index} has another size, and is left out with those after it"
                return
            if pixels is not None:
                yield Frame(pixels, index, time_s)
            index, time_s = index + 1, time_s + duration_s

    def close(self) -> None:
        """Close the file."""
        if self._image is not None:
            self._image.close()
            self._image = None
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_picture(
    file: BinaryIO, format_name: str, name: str, path: Path, selection: Selection
) -> PictureSource | AnimationSource:
    """Decode the picture in ``file``, or the first frame of it; closes ``file``.

    Errors: SourceTooLarge, BrokenSource.
    """
    label = shown(name)
    image: ImageFile.ImageFile | None = None
    kept = False
    try:
        with quiet():
            image = open_header(file, format_name, label, selection.max_pixels)
            first = _first_pixels(image, label, selection)
            frames = _frame_count(image) if selection.all_frames else 1
        if frames == 1 or format_name == "JPEG":
            return PictureSource(_picture_info(name, path, format_name, first), first)
        info = _animation_info(name, path, first, image, frames)
        kept = True
        return AnimationSource(info, image, file, selection)
    finally:
        if not kept:
            if image is not None:
                image.close()
            file.close()


def _first_pixels(image: ImageFile.ImageFile, label: str, selection: Selection) -> Picture:
    try:
        if selection.all_frames and getattr(image, "default_image", False):
            image.seek(1)  # what a PNG shows where animation is unknown is not part of it
        _load(image, selection.max_pixels)
        return _pixels(image, selection)
    except Image.DecompressionBombError as error:
        raise SourceTooLarge(too_large(label, selection.max_pixels)) from error
    except MemoryError as error:
        raise SourceTooLarge(f"{label}: the picture doesn't fit into memory.") from error
    except FAILURES as error:
        raise BrokenSource(f"{label}: the picture is damaged or cut short.") from error


def _load(image: ImageFile.ImageFile, max_pixels: int) -> None:
    """Decode the frame that ``image`` stands at; frames may be larger than the header said."""
    if image.width * image.height > max_pixels:
        raise Image.DecompressionBombError
    image.load()


def _pixels(image: ImageFile.ImageFile, selection: Selection) -> Picture:
    return upright_rgb(image, exif_orientation(image), selection.rotate)


def _frame_count(image: ImageFile.ImageFile) -> int | None:
    """Return how many frames there are to show, None where the file is damaged further on."""
    try:
        return int(getattr(image, "n_frames", 1)) - int(getattr(image, "default_image", False))
    except FAILURES:
        return None


def _duration_s(image: ImageFile.ImageFile) -> float:
    duration_ms = image.info.get("duration", 0)
    if isinstance(duration_ms, (int, float)) and duration_ms > 0:
        return float(duration_ms) / 1000.0
    return _NO_DURATION_S


def _picture_info(name: str, path: Path, format_name: str, pixels: Picture) -> SourceInfo:
    extra: dict[str, Any] = {"path": str(path), "codec": format_name.lower()}
    height, width = pixels.shape[:2]
    return SourceInfo(name, "picture", width, height, frames=1, extra=extra)


def _animation_info(
    name: str, path: Path, pixels: Picture, image: ImageFile.ImageFile, frames: int | None
) -> SourceInfo:
    # The durations of later frames are known once they are read; the first one's stands in.
    rate = 1 / Fraction(_duration_s(image)).limit_denominator(1000)
    extra: dict[str, Any] = {
        "path": str(path),
        "codec": str(image.format).lower(),
        "time_base": Fraction(1, 1000),
        "start_s": 0.0,
        "audio": False,
        "average_rate": rate,
    }
    height, width = pixels.shape[:2]
    return SourceInfo(name, "video", width, height, float(rate), frames, None, extra)
