"""Settings that can't be used, and those that a deployment regrets."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from posemill.config import DEFAULT_ORIGIN
from posemill.cores import core_quota, usable_cores
from posemill.doctor.checks.engine import RUNNING_BYTES, TRIAL, mended
from posemill.doctor.checks.room import MIB, no_room
from posemill.doctor.checks.whereabouts import is_loopback
from posemill.doctor.child import ask
from posemill.doctor.finding import Finding, Words, failed, good, skipped, warning
from posemill.doctor.premises import Premises
from posemill.reasons import in_chinese

# Photos of phones have up to 12 MB; a minute of their 1080p video about 100.
_PHOTO_BYTES: Final = 12 * MIB
_VIDEO_BYTES: Final = 100 * MIB
_USUAL: Final = frozenset(("jpg", "jpeg", "png", "mp4", "mov"))
_SHORT: Final = 16
_WIDE: Final = 8  # bits of a network that is no longer a proxy's
_ENGINE: Final = ("model_complexity", "precision")


def look(given: Premises) -> Iterator[Finding]:
    """Say where the settings come from, or why they can't be used."""
    if given.problem is not None:
        yield failed(
            "settings_wrong",
            Words(given.problem, in_chinese(given.problem)),
            Words(
                "Correct that line; posemill config init writes a file with every setting in it "
                "(posemill commands refuse to start until then).",
                "请更正该行；posemill config init 可生成包含全部设置的文件（"
                "更正之前各命令都会拒绝启动）。",
            ),
        )
        return
    set_by = {origin for origin in given.origins.values() if origin != DEFAULT_ORIGIN}
    count = sum(origin != DEFAULT_ORIGIN for origin in given.origins.values())
    where = ", ".join(sorted(set_by)) or str(given.settings_path)
    absent = ("", "") if set_by else (" is not there", " 不存在")
    streams, alerts = len(given.watching.streams), len(given.watching.alerts)
    yield good(
        "settings",
        f"{count} set ({where}{absent[0]}), the others are defaults; {streams} streams, "
        f"{alerts} alerts",
        f"已设置 {count} 项（{where}{absent[1]}），其余为默认值；{streams} "
        f"路视频流，{alerts} 条警报规则",
    )


def uploads(given: Premises) -> Iterator[Finding]:
    """Compare the limits of uploads with what people send."""
    settings, fine = given.settings, True
    for name, size, least, what in (
        ("max_content_length", settings.max_content_length, _PHOTO_BYTES, ("photos", "照片")),
        ("max_video_length", settings.max_video_length, _VIDEO_BYTES, ("videos", "视频")),
    ):
        if size < least:
            fine = False
            yield warning(
                "low_limit",
                Words(
                    f"{name} is {_mib(size)}: {what[0]} of phones have up to {_mib(least)}",
                    f"{name} 为 {_mib(size)}：手机{what[1]}可达 {_mib(least)}",
                ),
                Words(
                    f'Set {name} = "{_mib(least).replace(" ", "")}" or more.',
                    f'请设置 {name} = "{_mib(least).replace(" ", "")}" 或更大。',
                ),
            )
    missing = _USUAL - set(settings.upload_extensions.split(","))
    if missing:
        fine = False
        names = ", ".join(sorted(missing))
        yield warning(
            "suffixes_missing",
            Words(f"upload_extensions leaves out {names}", f"upload_extensions 缺少 {names}"),
            Words(
                f"Add them, or take the setting away: {names}.", f"请加入 {names}，或删除该设置。"
            ),
        )
    if fine:
        pictures, videos = _mib(settings.max_content_length), _mib(settings.max_video_length)
        yield good(
            "uploads",
            f"Pictures up to {pictures}, videos up to {videos}; a proxy in front needs the same "
            "(client_max_body_size): posemill doctor --url tells",
            f"图片最大 {pictures}，视频最大 {videos}；前置代理需设置相同上限"
            "（client_max_body_size），可用 posemill doctor --url 检查",
        )


def tracking(given: Premises) -> Iterator[Finding]:
    """Look whether videos are tracked and smoothed."""
    settings, fine = given.settings, True
    if settings.static_image_mode:
        fine = False
        yield warning(
            "static_image_mode",
            Words(
                "static_image_mode is on: each frame of a video is taken by itself, so landmarks "
                "jitter, people have no lasting id, and a frame costs twice as much",
                "static_image_mode 已开启：视频逐帧独立处理，关键点抖动，人物编号不连续，耗时加倍",
            ),
            Words("static_image_mode = false", "static_image_mode = false"),
        )
    if not settings.smooth_landmarks:
        fine = False
        yield warning(
            "not_smoothed",
            Words(
                "smooth_landmarks is off: landmarks jitter", "smooth_landmarks 已关闭：关键点会抖动"
            ),
            Words("smooth_landmarks = true", "smooth_landmarks = true"),
        )
    if fine:
        yield good(
            "tracking",
            "Videos and streams are tracked, smoothed, and by their own timestamps",
            "视频与视频流按真实时间戳跟踪并平滑",
        )


def load(given: Premises) -> Iterator[Finding]:
    """Measure a frame here, and compare with the frames that may be asked for."""
    settings = given.settings
    if settings.engine != "openvino":
        yield skipped("not_measured", "The engine is not openvino", "引擎不是 openvino")
        return
    too_little = no_room(RUNNING_BYTES)
    if too_little is not None:
        yield too_little
        return
    answer = ask(TRIAL, "pace", given={name: getattr(settings, name) for name in _ENGINE})
    if answer.found is None:
        yield failed(
            "cant_track",
            Words(
                f"A stream can't be tracked: {answer.failure}",
                f"无法跟踪视频流：{answer.failure}",
            ),
            mended(
                answer,
                Words(
                    "See the checks openvino and models.", "请查看 openvino 与 models 两项检查。"
                ),
            ),
        )
        return
    frame_ms = answer.found["frame_ms"]
    cores = min(usable_cores(), core_quota() or usable_cores())
    carried = 1000 / frame_ms * cores
    streams = sum(each.settings.max_fps for each in given.watching.streams)
    live = settings.max_live * settings.max_fps
    said_en = (
        f"A frame costs {frame_ms:.1f} ms of a core here: about {carried:.0f} frames a second on "
        f"{cores:.2g} cores; streams ask for {streams:.0f}, {settings.max_live} live sessions "
        f"at {settings.max_fps:g} would for {live:.0f}"
    )
    said_zh = (
        f"本机每帧耗费单核 {frame_ms:.1f} 毫秒：{cores:.2g} 核约每秒 {carried:.0f} 帧；"
        f"视频流共需 {streams:.0f} 帧，{settings.max_live} 个实时会话（各 {settings.max_fps:g} 帧）"
        f"共需 {live:.0f} 帧"
    )
    if streams + live <= carried:
        yield good("load", said_en, said_zh)
        return
    yield warning(
        "load_too_high",
        Words(said_en, said_zh),
        Words(
            "All of them then get fewer frames. Lower max_fps (10 is enough for people) or "
            "max_live, use --model-complexity 0 or --precision fast, or give it more cores.",
            "届时每一路都会降帧。请降低 max_fps（看人 10 帧足够）或 max_live，"
            "使用 --model-complexity 0 或 --precision fast，或增加核心。",
        ),
    )


def debug(given: Premises) -> Iterator[Finding]:
    """Look whether debug is off."""
    if given.settings.debug:
        yield warning(
            "debug",
            Words(
                "debug is on: errors show where in the program they arose",
                "debug 已开启：错误信息会显示程序内部位置",
            ),
            Words(
                "Take debug out of the settings file, or POSEMILL_DEBUG out of the environment.",
                "请从设置文件中删除 debug，或从环境变量中删除 POSEMILL_DEBUG。",
            ),
        )
        return
    yield good("no_debug", "Off", "已关闭")


def access(given: Premises) -> Iterator[Finding]:
    """Look at who may use the service."""
    settings = given.settings
    token, is_local = settings.auth_token, is_loopback(settings.host)
    wide = [word for word in settings.trusted_proxies.split(",") if word and _is_wide(word)]
    if wide:
        yield warning(
            "proxies_wide",
            Words(
                f"trusted_proxies has {', '.join(wide)}: anybody there may pretend another address",
                f"trusted_proxies 包含 {', '.join(wide)}：其中任何人都可伪造来源地址",
            ),
            Words(
                "Name the proxy's own address or its network.",
                "请填写代理自身的地址或其所在网络。",
            ),
        )
    if token is not None and len(token) < _SHORT:
        yield warning(
            "token_short",
            Words("auth_token is short enough to be guessed", "auth_token 过短，容易被猜中"),
            Words(
                'python3 -c "import secrets; print(secrets.token_urlsafe(24))"',
                'python3 -c "import secrets; print(secrets.token_urlsafe(24))"',
            ),
        )
    if token is not None and not (token.isascii() and token.isprintable()):
        yield warning(
            "token_not_ascii",
            Words(
                "auth_token has signs that programs can't send in a header: they get 401",
                "auth_token 含有请求头无法发送的字符：程序访问会得到 401",
            ),
            Words(
                "Use letters and digits of ASCII: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(24))"',
                "请只使用 ASCII 字母和数字："
                'python3 -c "import secrets; print(secrets.token_urlsafe(24))"',
            ),
        )
    if token is None and not is_local:
        yield warning(
            "open_to_all",
            Words(
                f"host is {settings.host} and there is no auth_token: whoever reaches this machine "
                "may use the service",
                f"host 为 {settings.host} 且没有 auth_token：能访问本机的任何人都可使用该服务",
            ),
            Words(
                "Set auth_token, or let a proxy ask who it is, or stay on this machine: "
                "--host 127.0.0.1.",
                "请设置 auth_token，或由代理负责认证，或仅限本机：--host 127.0.0.1。",
            ),
        )
        return
    who = ("Only this machine", "仅限本机") if is_local else ("A token is asked for", "需要令牌")
    yield good("access", *who)


def _is_wide(network: str) -> bool:
    return ip_network(network, strict=False).prefixlen < _WIDE


def _mib(size: int) -> str:
    if size >= 1024 * MIB:
        return f"{size / MIB / 1024:.3g} GiB"
    return f"{size / MIB:.0f} MiB" if size >= MIB else f"{size / 1024:.0f} KiB"
