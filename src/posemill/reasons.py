"""What errors say, in Chinese: sentences that people meet on the page, in answers and in doctor.

Errors speak English wherever they arise; who answers in Chinese asks here. What is not in the table
stays as it is.
"""

import re
from typing import Final

# Group 1 is what comes before the sentence.
_SENTENCES: Final = tuple(
    (re.compile(rf"(?:(?P<what>.{{1,400}}?): )?{pattern}", re.DOTALL), chinese)
    for pattern, chinese in (
        # Files
        (r"is empty \(0 bytes\)", "文件为空（0 字节）"),
        (r"is not a picture in a format that posemill reads", "不是可读取的图片格式"),
        (
            r"is neither a picture \((.+)\) nor a video that posemill reads",
            r"既不是可读取的图片（\2），也不是可读取的视频",
        ),
        (
            r"is in the (\S+) format, which posemill doesn't read; "
            r"convert it to JPEG or PNG first",
            r"为 \2 格式，无法读取；请先转换为 JPEG 或 PNG",
        ),
        (
            r"is a playlist, which may name other files and hosts; give the video itself",
            "是播放列表，可能指向其他文件和主机；请直接提供视频",
        ),
        (
            r"is an archive; unpack it and give the pictures and videos in it",
            "是压缩包；请解压后提供其中的图片和视频",
        ),
        (
            r"is a picture; send it to (\S+), or several as a zip",
            r"是图片；请发送到 \2，多张图片可打包为 zip",
        ),
        (r"the (\S+ )?picture is damaged or cut short", r"图片已损坏或不完整"),
        (r"the picture is (\d+) x (\d+) pixels, empty", r"图片为 \2 × \3 像素，没有内容"),
        (r"the picture doesn't fit into memory", "图片过大，内存放不下"),
        (r"the video is damaged or cut short, and can't be opened", "视频已损坏或不完整，无法打开"),
        (
            r"the video is damaged or cut short before its first track",
            "视频已损坏或不完整，读不到任何轨道",
        ),
        (r"not one frame of this video can be decoded", "视频中没有一帧能够解码"),
        (r"has no video track", "没有视频轨道"),
        (r"its video codec is not one that posemill reads", "不支持该视频编码"),
        (
            r"(\d+) x (\d+) pixels is beyond the limit max_pixels = (\d+), "
            r"raise it to read this",
            r"\2 × \3 像素，超过 max_pixels = \4；调高该设置后才能读取",
        ),
        (
            r"(\d+) x (\d+) pixels is more than (\d+) on one side, "
            r"cut it into parts first",
            r"\2 × \3 像素，有一边超过 \4；请先裁成几部分",
        ),
        (r"has more frames than max_frames = (\d+)", r"帧数超过 max_frames = \2"),
        (r"is longer than max_duration_s = ([\d.e+]+)", r"时长超过 max_duration_s = \2 秒"),
        (r"has more files than max_archive_files = (\d+)", r"文件数超过 max_archive_files = \2"),
        (r"is larger than (max_\w+) = (\d+)( bytes)?", r"超过 \2 = \3 字节"),
        (r"there is nothing in this archive", "压缩包中没有内容"),
        (r"is encrypted", "已加密"),
        (
            r"start \((\S+) s\) is beyond the last frame, at (\S+) s",
            r"start（\2 秒）在最后一帧（\3 秒）之后",
        ),
        # Settings and options
        (
            r"(.+) is not a (?:setting|parameter); did you mean (\S+)\?",
            r"没有 \2 这一项；是否想写 \3？",
        ),
        (r"(.+) is not a (?:setting|parameter)", r"没有 \2 这一项"),
        (
            r"(\w+) must be a number from (\S+) to (\S+), not (.+)",
            r"\2 必须是 \3 到 \4 的数，而不是 \5",
        ),
        (r"(\w+) must be true or false, not (.+)", r"\2 必须是 true 或 false，而不是 \3"),
        (
            r"(\w+) must be a whole number from (\S+) to (\S+), not (.+)",
            r"\2 必须是 \3 到 \4 的整数，而不是 \5",
        ),
    )
)
_ORIGIN: Final = re.compile(r" \(from (.+)\)$")


def in_chinese(reason: str) -> str:
    """Return what an error says in Chinese, or as it is where that isn't known.

    What comes before, as a file's name, stays: `clip.mp4: has no video track.`
    """
    said = reason.removesuffix(".")
    origin = _ORIGIN.search(said)
    if origin:
        said = said[: origin.start()]
    for pattern, chinese in _SENTENCES:
        found = pattern.fullmatch(said)
        if found:
            what = f"{found['what']}：" if found["what"] else ""
            sentence = found.expand(chinese)
            source = f"（来自{_origin(origin[1])}）" if origin else ""
            return what + sentence + source + "。" * (not sentence.endswith("？"))
    return reason


def _origin(name: str) -> str:
    return "请求" if name == "the request" else f" {name}"
