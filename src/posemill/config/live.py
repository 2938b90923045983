"""The settings of streams that are watched: cameras, files in real time, what becomes of them."""

from dataclasses import dataclass
from typing import Final

from posemill.config.analysing import AnalysisSettings
from posemill.config.kinds import DURATION, FLAG, TEXT, choice, number
from posemill.config.rows import row

TRANSPORTS: Final = ("tcp", "udp")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings(AnalysisSettings):
    """What streams do, where each may have its own value, and the broker that all tell it to."""

    max_fps: float = row(15.0, number(0, 240, above=True), "streams", "Live frames a second.")
    rtsp_transport: str = row(
        "tcp", choice(*TRANSPORTS), "streams", "What RTSP carries its pictures by: tcp or udp."
    )
    loop: bool = row(True, FLAG, "streams", "Play a file again when it ends, in watching.")
    stall_s: float = row(
        10.0, DURATION, "streams", "Connect anew where no frame comes for so long."
    )
    freeze_s: float = row(
        60.0, number(0), "streams", "The same where all frames are identical; 0 for never."
    )
    max_gap_s: float = row(
        2.0, DURATION, "streams", "Follow people anew after a gap in time of so long."
    )
    step_down: bool = row(
        False, FLAG, "streams", "Use the lite model while the full one costs too many frames."
    )
    run_async: bool = row(
        True, FLAG, "streams", "Leave out pictures for people who look, rather than wait for them."
    )
    record: bool = row(False, FLAG, "streams", "Keep records, in a file of JSON lines an hour.")
    clip_before_s: float = row(5.0, number(0, 120), "streams", "Seconds of a clip before an alert.")
    clip_after_s: float = row(5.0, number(0, 120), "streams", "Seconds of a clip after an alert.")
    mqtt_records: bool = row(False, FLAG, "streams", "Publish each record by MQTT.")
    mqtt_url: str | None = row(
        None,
        TEXT,
        "mqtt",
        "The MQTT broker to publish to.",
        '"mqtt://user:password@host:1883"',
        secret=True,
    )
    mqtt_topic: str = row("posemill", TEXT, "mqtt", "What all its topics begin with.")
