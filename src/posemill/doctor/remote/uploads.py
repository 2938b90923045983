"""Uploads: a drawn person of 1, 10 and 15 MB, and who refuses it where it doesn't go through."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.remote.proxies import setting
from posemill.doctor.remote.telling import answered, printable, silence
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import NoReply, Reply, Wire

MEGABYTE: Final = 1_000_000
SIZES: Final = (1 * MEGABYTE, 10 * MEGABYTE, 15 * MEGABYTE)
_PICTURE: Final = Path(__file__).with_name("person.jpg")
_PART: Final = bytes(64 * 1024)
_UPLOAD_S: Final = 20.0
_MIB: Final = 1024 * 1024
_PICTURE_BYTES: Final = 16 * _MIB
_VIDEO_BYTES: Final = 2048 * _MIB


def picture() -> bytes:
    """Return a JPEG of one person, as posemill.drawing.figure draws them, 320x320."""
    return _PICTURE.read_bytes()


class Padded:
    """The picture with zeros behind its end, which decoders pass over; counts what was taken."""

    def __init__(self, size: int) -> None:
        self._size, self.sent = size, 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts():
            yield part
            self.sent += len(part)

    def _parts(self) -> Iterator[bytes]:
        first = picture()
        yield first
        left = self._size - len(first)
        while left > 0:
            yield _PART[:left]
            left -= len(_PART)


def uploads(visit: Visit) -> Iterator[Finding]:
    """Send the picture by itself, then in each size, up to the first that is refused."""
    passed: list[str] = []
    rate = 0.0
    for size in (len(picture()), *SIZES):
        if rate and size / rate > visit.patience(_UPLOAD_S):
            yield _slow(size, rate)
            break
        body, began = Padded(size), time.monotonic()
        try:
            reply = _sent(visit, body, size)
        except NoReply as error:
            yield _cut(visit, size, body.sent, error)
            break
        seconds = time.monotonic() - began
        if reply.status != 200:
            yield _refused(visit, size, reply)
            break
        if size < MEGABYTE:
            visit.picture_s = seconds
            if (people := _people(reply)) != 1:
                yield _unseen(people)
            continue
        rate = size / max(0.05, seconds - visit.picture_s)  # without what looking takes
        passed.append(f"{_shown(size)} {seconds:.2f} s")
    if passed:
        shown = ", ".join(passed)
        yield good("uploads_pass", f"Accepted: {shown}.", f"已接受：{shown}。")


def _shown(size: int) -> str:
    return f"{size / MEGABYTE:.0f} MB" if size >= MEGABYTE else f"{size / 1000:.0f} kB"


def _sent(visit: Visit, body: Padded, length: int) -> Reply:
    headers = {"Content-Type": "image/jpeg", "Content-Length": str(length)}
    with Wire(visit) as wire:
        return wire.ask("POST", "/api/v1/detect", body=body, headers=headers, patience_s=_UPLOAD_S)


def _people(reply: Reply) -> int:
    """Return how many people an answer has."""
    found: Any = reply.json()
    try:
        return len(found["frames"][0]["people"])
    except (TypeError, LookupError):
        return 0


def _unseen(people: int) -> Finding:
    return warning(
        "person_unseen",
        Words(
            f"The picture was accepted, but {people} people found in it instead of 1.",
            f"图片已接受，但检测到 {people} 人，应为 1 人。",
        ),
        Words("Run `posemill doctor` on the server.", "请在服务器上运行 `posemill doctor`。"),
    )


def _refused(visit: Visit, size: int, reply: Reply) -> Finding:
    if reply.status == 413:
        return _own_limit(visit, size, reply) if reply.code else _limit(visit, size, reply)
    said = answered(reply)
    problem: Any = reply.json() if reply.code else {}
    detail = printable(problem.get("detail", ""), 200)
    if reply.code and reply.status in (408, 429, 503):
        return warning(
            "upload_busy",
            Words(f"{_shown(size)}: {said.en}: {detail}", f"{_shown(size)}：{said.zh}：{detail}"),
            Words(
                "The service is busy or the way to it slow: look again in a minute.",
                "服务繁忙或网络较慢：请稍后重试。",
            ),
        )
    if reply.status in (408, 504):
        return failed(
            "upload_timeout",
            Words(f"{_shown(size)}: {said.en}.", f"{_shown(size)}：{said.zh}。"),
            Words(
                "Let the proxy wait longer: in nginx `client_body_timeout 60s; proxy_read_timeout "
                "120s; proxy_request_buffering off;`.",
                "请延长代理的超时：在 nginx 中为 `client_body_timeout 60s; "
                "proxy_read_timeout 120s; proxy_request_buffering off;`。",
            ),
        )
    return failed(
        "upload_refused",
        Words(
            f"{_shown(size)}: {said.en}. {detail}".strip(), f"{_shown(size)}：{said.zh}。{detail}"
        ),
        Words(
            "Look at the log of whoever answered. 500 of nginx: it can't write to "
            "`client_body_temp_path`, or the disk is full; `proxy_request_buffering off;` does "
            "without. 403: a firewall for web applications takes pictures for attacks.",
            "请查看返回该响应的程序的日志。nginx 返回 500：无法写入 `client_body_temp_path` "
            "或磁盘已满，可用 `proxy_request_buffering off;` 避免。"
            "403：Web 应用防火墙误将图片当作攻击。",
        ),
    )


def _own_limit(visit: Visit, size: int, reply: Reply) -> Finding:
    limit = visit.limits.get("max_content_length")
    shown = f"{limit / _MIB:.1f} MiB" if isinstance(limit, int) else "?"
    return warning(
        "own_limit",
        Words(
            f"{_shown(size)}: 413 too_large from posemill itself; its `max_content_length` is "
            f"{shown}. Photos from telephones have up to 15 MB.",
            f"{_shown(size)}：posemill 自身返回 413 too_large；其 `max_content_length` 为 {shown}。"
            "手机照片可达 15 MB。",
        ),
        Words(
            'If that is too little: `max_content_length = "16MiB"` in posemill.toml.',
            '如需放宽：在 posemill.toml 中设置 `max_content_length = "16MiB"`。',
        ),
    )


def _limit(visit: Visit, size: int, reply: Reply) -> Finding:
    """Return that a proxy has a lower limit than the service."""
    pictures = _own(visit, "max_content_length", _PICTURE_BYTES)
    videos = _own(visit, "max_video_length", _VIDEO_BYTES)
    most, said = max(pictures, videos), answered(reply)
    how = setting("size", reply.server, size=-(-most // _MIB), bytes=most)
    below = _shown(max((each for each in SIZES if each < size), default=0))
    is_nginx = "nginx" in reply.server.lower()
    usual = (" (nginx's own is 1 MiB)", "（nginx 默认为 1 MiB）") if is_nginx else ("", "")
    load = (" Then load it anew: `nginx -s reload`.", "然后重新加载：`nginx -s reload`。")
    load = load if is_nginx else ("", "")
    return failed(
        "proxy_limit",
        Words(
            f"{_shown(size)}: {said.en}. The proxy's limit is between {below} and {_shown(size)}"
            f"{usual[0]}; posemill takes {pictures // _MIB} MiB of pictures and {videos // _MIB} "
            "MiB of video.",
            f"{_shown(size)}：{said.zh}。代理的上限在 {below} 到 {_shown(size)} 之间{usual[1]}；"
            f"posemill 可接受 {pictures // _MIB} MiB 的图片和 {videos // _MIB} MiB 的视频。",
        ),
        Words(f"Raise it: {how.en}.{load[0]}", f"请调大上限：{how.zh}。{load[1]}"),
    )


def _own(visit: Visit, name: str, usual: int) -> int:
    """Return a limit of the service, in bytes."""
    limit = visit.limits.get(name)
    return limit if isinstance(limit, int) else usual


def _cut(visit: Visit, size: int, sent: int, error: NoReply) -> Finding:
    how = silence(error)
    most = setting("size", visit.server, size=2048, bytes=_VIDEO_BYTES)
    shown = f"{sent / MEGABYTE:.1f}"
    is_slow = error.silence == "timeout"
    return failed(
        "upload_timeout" if is_slow else "upload_cut",
        Words(
            f"{_shown(size)}: {how.en}, after {shown} MB were sent.",
            f"{_shown(size)}：{how.zh}，已发送 {shown} MB。",
        ),
        Words(
            "Something in between gives up: a time-out (nginx: `client_body_timeout 60s; "
            "proxy_read_timeout 120s;`; load balancers have one too)."
            if is_slow
            else "Something in between hangs up: most likely at a limit on size "
            f"({most.en}), or a firewall that inspects uploads; the proxy's error log says which.",
            "中间环节超时（nginx：`client_body_timeout 60s; proxy_read_timeout 120s;`；"
            "负载均衡器也有超时设置）。"
            if is_slow
            else f"中间环节断开了连接：很可能是大小上限（{most.zh}），"
            "或检查上传内容的防火墙；请查看代理的错误日志。",
        ),
    )


def _slow(size: int, rate: float) -> Finding:
    shown = f"{8 * rate / MEGABYTE:.1f}"
    return warning(
        "upload_slow",
        Words(
            f"{_shown(size)} weren't tried: at {shown} Mbit/s they take {size / rate:.0f} s.",
            f"未测试 {_shown(size)}：以 {shown} Mbit/s 上传需 {size / rate:.0f} s。",
        ),
        Words(
            "Use a faster way to the service. Videos from the page go on where they were cut off.",
            "请使用更快的网络。页面上传视频支持断点续传。",
        ),
    )
