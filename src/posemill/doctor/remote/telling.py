"""What others sent, as it may be shown; and findings that several checks have."""

from typing import Final

from posemill.doctor.finding import Finding, Words, failed
from posemill.doctor.remote.wire import NoReply, Reply, Silence

_SILENCES: Final[dict[Silence, Words]] = {
    "timeout": Words("no answer within {after_s:.0f} s", "{after_s:.0f} s 内没有响应"),
    "closed": Words(
        "the connection was closed after {after_s:.1f} s", "连接在 {after_s:.1f} s 后被断开"
    ),
    "not_http": Words("what came back is not HTTP", "返回的内容不是 HTTP"),
    "tls": Words("TLS broke", "TLS 出错"),
}


def printable(text: object, most: int = 120) -> str:
    """Return text from elsewhere in one line, without what terminals obey."""
    shown = "".join(each if each.isprintable() else " " for each in str(text)[: 4 * most])
    return " ".join(shown.split())[:most]


def silence(error: NoReply) -> Words:
    """Return how an answer failed to come."""
    words = _SILENCES[error.silence]
    return Words(words.en.format(after_s=error.after_s), words.zh.format(after_s=error.after_s))


def answered(reply: Reply) -> Words:
    """Return what came, and from whom."""
    if reply.code:
        return Words(
            f"{reply.status} {reply.code} from posemill",
            f"posemill 返回 {reply.status} {reply.code}",
        )
    if not reply.server:
        return Words(
            f"{reply.status}, not in posemill's way", f"{reply.status}（不是 posemill 的格式）"
        )
    server = printable(reply.server, 60)
    return Words(
        f"{reply.status} from {server}, not from posemill",
        f"{server} 返回 {reply.status}（不是 posemill）",
    )


def unanswered(code: str, what: Words, error: NoReply, fix: Words) -> Finding:
    """Return that there was no answer to something."""
    how = silence(error)
    return failed(code, Words(f"{what.en}: {how.en}.", f"{what.zh}：{how.zh}。"), fix)
