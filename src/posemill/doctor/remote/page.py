"""The page: does it load under the prefix, with all that it names, and does it know the prefix."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from posemill.doctor.finding import Finding, Words, failed, good, warning
from posemill.doctor.remote.proxies import setting
from posemill.doctor.remote.refusals import refusal
from posemill.doctor.remote.telling import answered, printable, silence, unanswered
from posemill.doctor.remote.visit import Visit
from posemill.doctor.remote.wire import NoReply, Reply, ask

_TYPES: Final = {
    ".js": ("text/javascript", "application/javascript"),
    ".css": ("text/css",),
    ".svg": ("image/svg+xml",),
}
_MOST_ASSETS: Final = 40
_PAGE: Final = "text/html"


def page(visit: Visit) -> Iterator[Finding]:
    """Load the page and its parts, and ask whether the service knows where it is."""
    try:
        reply = ask(visit, "GET", "/", headers={"Accept": _PAGE})
    except NoReply as error:
        yield unanswered("page_silent", Words("The page", "页面"), error, _LOG)
        return
    if reply.status != 200 or reply.kind != _PAGE or b"posemill" not in reply.body:
        yield refusal(visit, reply, "/") if reply.status != 200 else _other_page(visit, reply)
        return
    yield from _parts(visit, reply)
    yield from _prefix(visit)
    yield from _slash(visit)
    yield from _origin(visit)


_LOG: Final = Words("Look at the logs of the service and of the proxy.", "请查看服务和代理的日志。")


class _References(HTMLParser):
    """Gathers what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = {"script": "src", "link": "href", "img": "src"}.get(tag)
        target = dict(attrs).get(name or "")
        if target and not target.startswith("data:"):
            self.found.append(target)


def _other_page(visit: Visit, reply: Reply) -> Finding:
    how = setting("prefix", visit.server, prefix=visit.address.prefix)
    kind = printable(reply.kind, 60)
    return failed(
        "page_other",
        Words(
            f"The API is posemill's, but {visit.address.root} is another page ({kind}).",
            f"API 是 posemill 的，但 {visit.address.root} 是别的页面（{kind}）。",
        ),
        Words(
            f"Have the proxy pass on everything under the prefix, not the API alone: {how.en}.",
            f"请让代理转发该前缀下的全部路径，而不只是 API：{how.zh}。",
        ),
    )


def _parts(visit: Visit, reply: Reply) -> Iterator[Finding]:
    references = _References()
    references.feed(reply.body.decode("utf-8", "replace"))
    wanted = dict.fromkeys(_joined(visit.address.root, each) for each in references.found)
    faults: list[Words] = []
    for url in list(wanted)[:_MOST_ASSETS]:
        fault = _fault(visit, url)
        if fault is not None:
            path = printable(url.removeprefix(visit.address.origin))
            faults.append(Words(f"{path}: {fault.en}", f"{path}：{fault.zh}"))
    if not faults:
        yield good(
            "page_loads",
            f"The page and the {len(wanted)} files it names load from {visit.address.root}.",
            f"页面及其引用的 {len(wanted)} 个文件均可从 {visit.address.root} 加载。",
        )
        return
    how = setting("prefix", visit.server, prefix=visit.address.prefix)
    yield failed(
        "assets_missing",
        Words(
            f"The page loads, {len(faults)} of the {len(wanted)} files it names don't, so it stays "
            f"empty. {faults[0].en}.",
            f"页面可以加载，但其引用的 {len(wanted)} 个文件中有 {len(faults)} 个加载失败，"
            f"页面将是空白。{faults[0].zh}。",
        ),
        Words(
            "The proxy must pass on everything under the prefix: take out whatever answers files "
            f"by their suffix (`location ~ \\.(js|css)$`, `try_files`), and have {how.en}.",
            "代理必须转发该前缀下的全部路径：请去掉按扩展名处理静态文件的配置"
            f"（`location ~ \\.(js|css)$`、`try_files`），并使用：{how.zh}。",
        ),
    )


def _joined(root: str, reference: str) -> str:
    """Return where a reference of the page leads; as it is where it can't be read."""
    try:
        return urljoin(root, reference)
    except ValueError:
        return reference


def _fault(visit: Visit, url: str) -> Words | None:
    """Return what is wrong with a file of the page."""
    root = visit.address.root
    if not url.startswith(root):
        return Words(f"outside of {root}", f"不在 {root} 之下")
    path = urlsplit(url).path.removeprefix(visit.address.prefix)
    try:
        reply = ask(visit, "GET", path)
    except NoReply as error:
        return silence(error)
    if reply.status != 200:
        return answered(reply)
    suffix = "." + path.rpartition(".")[2]
    kinds = _TYPES.get(suffix)
    if kinds is not None and reply.kind not in kinds:
        kind = printable(reply.kind or "?", 60)
        return Words(f"comes as {kind}, which browsers refuse", f"返回类型为 {kind}，浏览器会拒绝")
    return None


def _prefix(visit: Visit) -> Iterator[Finding]:
    """Compare the prefix in the address with the one that the service takes for its own."""
    try:
        document: Any = ask(visit, "GET", "/openapi.json").json()
    except NoReply:
        return
    if not isinstance(document, dict) or "openapi" not in document:
        return
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {}
    told = printable(first.get("url", "") if isinstance(first, dict) else "").rstrip("/")
    prefix = visit.address.prefix
    if told == prefix:
        return
    how = setting("prefix", visit.server, prefix=prefix)
    untold = (
        Words(
            f"Have the proxy tell it, from an address in `trusted_proxies` (a proxy in another "
            f"container isn't 127.0.0.1): {how.en}; or start posemill with `root_path = "
            f'"{prefix}"`.',
            "请让代理告知前缀，且代理的地址须在 `trusted_proxies` 中"
            "（另一容器中的代理不是 127.0.0.1）："
            f'{how.zh}；或在 posemill 中设置 `root_path = "{prefix}"`。',
        )
        if prefix
        else Words(
            f"Open the service under {told}, or take `root_path` and X-Forwarded-Prefix away.",
            f"请在 {told} 下访问服务，或去掉 `root_path` 和 X-Forwarded-Prefix。",
        )
    )
    yield failed(
        "prefix_untold",
        Words(
            f"The page is under {prefix or '/'}, but the service takes its prefix to be "
            f"{told or '/'}: addresses that it answers with (of uploads, jobs, the login) lead "
            "nowhere.",
            f"页面位于 {prefix or '/'}，但服务认为前缀是 {told or '/'}。"
            "它返回的地址（上传、任务、登录）将无法访问。",
        ),
        untold,
    )


def _slash(visit: Visit) -> Iterator[Finding]:
    """Try the address without / at its end, as people type it."""
    prefix, root = visit.address.prefix, visit.address.root
    if not prefix:
        return
    try:
        reply = ask(visit, "GET", "", headers={"Accept": _PAGE}, has_token=False)
    except NoReply:
        return
    target = urljoin(root.rstrip("/"), reply.headers.get("location", ""))
    is_page = reply.status == 200 and b"posemill" in reply.body
    if target == root or reply.code == "unauthorized" or target == root + "login":
        return
    said = answered(reply)
    en, zh = (f"gives {said.en}", said.zh)
    if is_page:
        en, zh = (
            "shows the page, which then looks for its files in /",
            "会显示页面，但其文件会从 / 加载",
        )
    elif "location" in reply.headers:
        en, zh = f"leads to {printable(target)}", f"会跳转到 {printable(target)}"
    yield warning(
        "no_slash",
        Words(f"{root[:-1]}, without / at the end, {en}.", f"末尾没有 / 的 {root[:-1]} {zh}。"),
        Words(
            f"In nginx: `location = {prefix} {{ return 301 {prefix}/; }}` with "
            "`absolute_redirect off;`.",
            f"在 nginx 中：`location = {prefix} {{ return 301 {prefix}/; }}`，并设置 "
            "`absolute_redirect off;`。",
        ),
    )


def _origin(visit: Visit) -> Iterator[Finding]:
    """Send an empty login as the page would; for what it is refused tells whether Host is lost."""
    headers = {"Origin": visit.address.origin, "Content-Length": "0"}
    try:
        reply = ask(visit, "POST", "/api/v1/session", headers=headers, has_token=False)
    except NoReply:
        return
    if reply.code == "foreign_origin":
        yield host_lost(visit)


def host_lost(visit: Visit) -> Finding:
    """Return that the service takes its own page for another site's."""
    how = setting("host", visit.server)
    return failed(
        "host_lost",
        Words(
            "403 foreign_origin: the service takes its own page for that of another site, since "
            f"the proxy doesn't tell it the name {visit.address.netloc}. Photos, videos and live "
            "sessions from the page are refused.",
            "403 foreign_origin：代理没有把域名 "
            f"{visit.address.netloc} 传给服务，服务将自己的页面当作其他网站的页面。"
            "在页面上处理照片、视频和实时画面都会被拒绝。",
        ),
        Words(
            f"Pass the header Host on: {how.en}; or name `{visit.address.origin}` in the setting "
            "`cors_origins`.",
            f"请转发 Host 请求头：{how.zh}；"
            f"或将 `{visit.address.origin}` 加入设置 `cors_origins`。",
        ),
    )
