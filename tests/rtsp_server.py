"""An RTSP camera at /cam, for tests: `python3 rtsp_server.py PORT CLIP [SCHEME USER PASSWORD]`.

Debian's python3 runs it, which has GStreamer's bindings; `live_servers.RtspServer` starts it. CLIP
holds access units as that class writes them. Every connection gets it from its start, in real time
and again and again, with timestamps that go on. It obeys the lines on stdin, each with an answer:

    serve CLIP      what connections get from now on
    switch CLIP     the same, and those that are open go over to it, at the next picture

The end of stdin ends it, so that it doesn't outlive whoever started it.
"""

import pickle
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402
    GLib,
    Gst,
    GstRtsp,
    GstRtspServer,
)

# SPS and PPS go out again with every key frame, so whoever has lost packets gets on.
PIPELINE = (
    "( appsrc name=camera is-live=true format=time"
    " caps=video/x-h264,stream-format=byte-stream,alignment=au"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
ROLE = "viewer"


class Unit(NamedTuple):
    """One access unit as a byte stream; times in ns from the first one of its clip."""

    dts: int
    pts: int
    duration: int
    data: bytes


@dataclass
class Station:
    """What is on the air, and how often those who are connected were switched over."""

    units: list[Unit]
    switches: int = 0


def read(path: str) -> list[Unit]:
    """Read a clip."""
    return [Unit(*fields) for fields in pickle.loads(Path(path).read_bytes())]


def endless(station: Station) -> Iterator[Any]:
    """Yield buffers for ever; the next loop, or the next clip, goes on where the last one ended."""
    units, seen, start = station.units, station.switches, 0
    while True:
        end = start
        for unit in units:
            if station.switches != seen:
                units, seen = station.units, station.switches
                break
            buffer = Gst.Buffer.new_wrapped(unit.data)
            buffer.dts, buffer.pts = start + unit.dts, start + unit.pts
            buffer.duration = unit.duration
            end = buffer.dts + unit.duration
            yield buffer
        start = end


def configure(_: Any, media: Any, station: Station) -> None:
    """Feed a new connection's pipeline; its sinks wait until each picture is due."""
    buffers = endless(station)
    source = media.get_element().get_by_name("camera")
    source.connect("need-data", lambda source, _: source.emit("push-buffer", next(buffers)))


def authentication(scheme: str, user: str, password: str) -> Any:
    """Return what asks for user and password, by ``basic`` or ``digest``."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth = GstRtspServer.RTSPAuth()
    if scheme == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    return auth


def media_factory(station: Station) -> Any:
    """Return what makes a pipeline for each connection."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE)
    factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP | GstRtsp.RTSPLowerTrans.TCP)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(ROLE, "media.factory.access", True)
    permissions.add_permission_for_role(ROLE, "media.factory.construct", True)
    factory.set_permissions(permissions)
    factory.connect("media-configure", configure, station)
    return factory


def obey(stdin: Any, _: Any, station: Station, loop: Any) -> bool:
    """Do what one line on stdin says; its end is the end."""
    verb, _, path = stdin.readline().rstrip("\n").partition(" ")
    if not verb:
        loop.quit()
        return False
    station.units = read(path)
    station.switches += verb == "switch"
    print("done", flush=True)
    return True


def main(port: str, clip: str, *credentials: str) -> None:
    """Serve until stdin ends."""
    Gst.init(None)
    station, loop = Station(read(clip)), GLib.MainLoop()
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if credentials:
        server.set_auth(authentication(*credentials))
    server.get_mount_points().add_factory("/cam", media_factory(station))
    if not server.attach(None):
        sys.exit(f"can't listen on port {port}")
    GLib.io_add_watch(
        sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, obey, station, loop
    )
    loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
