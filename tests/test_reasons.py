"""Errors' sentences in Chinese: those that are really raised, so that both stay in step."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from posemill.config import Settings, resolve
from posemill.errors import PosemillError
from posemill.reasons import in_chinese
from posemill.server.options import choosable, chosen
from posemill.sources import Selection, open_picture_bytes, open_source


def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "selection", "chinese"),
    [
        (b"", Selection(), "a b.jpg：文件为空（0 字节）。"),
        (b"nothing", Selection(), "a b.jpg：不是可读取的图片格式。"),
        (b"%PDF-1.4", Selection(), "a b.jpg：为 PDF 格式，无法读取；请先转换为 JPEG 或 PNG。"),
        (b"PK\x03\x04", Selection(), "a b.jpg：是压缩包；请解压后提供其中的图片和视频。"),
        (_jpeg()[:300], Selection(), "a b.jpg：图片已损坏或不完整。"),
        (
            _jpeg(),
            Selection(max_pixels=99),
            "a b.jpg：64 × 64 像素，超过 max_pixels = 99；调高该设置后才能读取。",
        ),
    ],
)
def test_pictures(data: bytes, selection: Selection, chinese: str) -> None:
    with pytest.raises(PosemillError) as error:
        list(open_picture_bytes(data, "a b.jpg", selection))
    assert in_chinese(str(error.value)) == chinese


def test_videos(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41")
    with pytest.raises(PosemillError) as error:
        open_source(path)
    assert re.fullmatch(".*clip.mp4：视频已损坏或不完整，无法打开。", in_chinese(str(error.value)))


@pytest.mark.parametrize(
    ("given", "chinese"),
    [
        (("max_peple", "2"), "没有 'max_peple' 这一项；是否想写 max_people？"),
        (("max_people", "x"), "max_people 必须是 0 到 32 的整数，而不是 'x'（来自请求）。"),
    ],
)
def test_options(given: tuple[str, str], chinese: str) -> None:
    with pytest.raises(PosemillError) as error:
        chosen([given], Settings(), choosable(("people",)))
    assert in_chinese(str(error.value)) == chinese


def test_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('hots = "127.0.0.1"')
    with pytest.raises(PosemillError) as error:
        resolve(environ={"POSEMILL_CONFIG": str(tmp_path / "p.toml")})
    assert in_chinese(str(error.value)) == f"{tmp_path}/p.toml：没有 'hots' 这一项；是否想写 host？"


def test_what_is_not_known_stays() -> None:
    assert in_chinese("clip.mp4: is odd.") == "clip.mp4: is odd."
