"""`posemill serve`: the service, from its processes to its socket, and back down."""

import asyncio
import ipaddress
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from types import MappingProxyType
from typing import Final

from posemill.cli.report import tell
from posemill.config import Settings, Watching, data_folder, plain
from posemill.cores import usable_cores

_ANY: Final = ("0.0.0.0", "::", "")
_MEDIA: Final = "posemill.server.media_process"
_ANALYSIS: Final = "posemill.server.analysis_process"
_OPEN_FILES: Final = 65_536
_STANDS_BACK: Final = 5  # niceness of analyses: pictures and live sessions come first


def serve(
    settings: Settings, watching: Watching, origins: Mapping[str, str] = MappingProxyType({})
) -> int:
    """Serve until SIGTERM or Ctrl-C. UsageError where the port is taken.

    ``origins``: by setting, where its value comes from.
    """
    from posemill.alerts import AlertStore  # noqa: PLC0415
    from posemill.exercises.templates import Templates  # noqa: PLC0415
    from posemill.jobs import Jobs  # noqa: PLC0415
    from posemill.server.app import build_app  # noqa: PLC0415
    from posemill.server.examination import Examination  # noqa: PLC0415
    from posemill.server.listening import listen, server  # noqa: PLC0415
    from posemill.server.metrics import Metrics  # noqa: PLC0415
    from posemill.server.service import Service  # noqa: PLC0415
    from posemill.server.supervisor import Supervisor  # noqa: PLC0415
    from posemill.server.watching import Watch  # noqa: PLC0415
    from posemill.workers import Lanes, Limits, MediaProcess, Seats, keep_private  # noqa: PLC0415

    keep_private()
    _allow_files()

    limits = Limits(memory_bytes=settings.worker_memory)

    def media() -> MediaProcess:
        return MediaProcess(_MEDIA, {"settings": plain(settings)}, limits=limits)

    def analysis() -> MediaProcess:
        return MediaProcess(_ANALYSIS, {}, limits=limits, nice=_STANDS_BACK)

    cores = usable_cores()
    with ExitStack() as stack:
        listening = stack.enter_context(closing(listen(settings)))
        _announce(settings, listening.getsockname()[1])
        jobs = stack.enter_context(closing(Jobs(settings)))
        pictures = stack.enter_context(
            closing(
                Lanes(settings.picture_workers or cores + 1, media, queue_size=settings.queue_size)
            )
        )
        live = stack.enter_context(
            closing(Seats(settings.live_workers or cores, media, queue_size=settings.queue_size))
        )
        analyses = stack.enter_context(
            closing(Lanes(settings.analysis_workers, analysis, queue_size=settings.queue_size))
        )
        alerts = stack.enter_context(closing(AlertStore(data_folder(settings) / "alerts")))
        watch = stack.enter_context(closing(Watch(settings, watching)))
        service = Service(
            settings,
            jobs,
            pictures,
            live,
            analyses,
            Templates.of(settings),
            watch,
            alerts,
            Metrics(),
            Examination(settings, watching, origins),
        )
        running = server(build_app(service), settings, service.stopping)
        stack.enter_context(closing(Supervisor(settings)))

        def asked(_: int, __: object) -> None:
            running.should_exit = True

        # uvicorn has handlers of its own while it runs, and raises the signal again after that.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, asked)
        asyncio.run(running.serve(sockets=[listening]))
    return 0


def _allow_files() -> None:
    """Open as many files as this process may: each connection is one."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _announce(settings: Settings, port: int) -> None:
    """Say on stderr where to open it, and what to mind."""
    is_open = not _is_loopback(settings.host)
    addresses = list(_addresses(settings.host))
    opened = [f"http://{_bracketed(each)}:{port}{settings.root_path}/" for each in addresses]
    tell(f"listening on {' and '.join(opened)}; jobs are in {data_folder(settings)}")
    if is_open and settings.auth_token is None:
        tell(
            "whoever reaches this machine may use the service: set auth_token to ask for a "
            "token, or host to 127.0.0.1 to stay on this machine"
        )


def _addresses(host: str) -> Iterator[str]:
    """Yield where a browser finds a service that listens on ``host``."""
    if host not in _ANY:
        yield host
        return
    yield "127.0.0.1"
    import psutil  # noqa: PLC0415

    for name, known in psutil.net_if_addrs().items():
        # Bridges of containers are no way in from outside.
        if name.startswith(("docker", "br-", "veth", "virbr")):
            continue
        for each in known:
            if each.family == socket.AF_INET and not _is_loopback(each.address):
                yield each.address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
