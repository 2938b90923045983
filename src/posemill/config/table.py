"""The one settings table: all names, types, bounds and defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, cast

from posemill.config.kinds import (
    ADDRESSES,
    DURATION,
    FLAG,
    ORIGINS,
    PREFIX_PATH,
    SIZE,
    TEXT,
    WORD_LIST,
    Value,
    whole,
)
from posemill.config.live import LiveSettings
from posemill.config.rows import Setting, row

MIB: Final = 1024**2
GIB: Final = 1024**3
DAY_S: Final = 86_400.0
UPLOAD_EXTENSIONS: Final = (
    "jpg,jpeg,png,webp,avif,bmp,gif,tif,tiff,"
    "mp4,mov,m4v,mkv,webm,avi,mpg,mpeg,ts,3gp,wmv,flv,ogv,zip"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LiveSettings):
    """The effective value of every setting; the fields are the rows of the table."""

    max_pixels: int = row(64_000_000, whole(1), "limits", "Largest width x height to decode.")
    max_content_length: int = row(
        16 * MIB, SIZE, "limits", "Largest picture, or frame of a live session, to take."
    )
    max_video_length: int = row(2 * GIB, SIZE, "limits", "Largest upload of a job to take.")
    max_frames: int = row(2_000_000, whole(1), "limits", "Most frames of a job's video.")
    max_duration_s: float = row(21_600.0, DURATION, "limits", "Longest video of a job.")
    max_streams: int = row(16, whole(1, 256), "limits", "Most tracks in a job's video.")
    max_archive_files: int = row(10_000, whole(1), "limits", "Most pictures in a job's zip.")
    upload_extensions: str = row(
        UPLOAD_EXTENSIONS, WORD_LIST, "limits", "Suffixes of file names to take."
    )
    header_timeout_s: float = row(
        10.0, DURATION, "limits", "How long the headers of a request may take."
    )
    body_timeout_s: float = row(
        30.0, DURATION, "limits", "How long a request may send nothing of its body."
    )
    picture_timeout_s: float = row(30.0, DURATION, "limits", "How long one picture may take.")
    step_timeout_s: float = row(
        300.0, DURATION, "limits", "How long a few seconds of a job's video may take."
    )
    analysis_timeout_s: float = row(
        300.0, DURATION, "limits", "How long the analysis of a job's records may take."
    )
    worker_memory: int = row(
        4 * GIB, SIZE, "limits", "Address space of a process that decodes media, 0 for any."
    )
    host: str = row("0.0.0.0", TEXT, "service", "Address to listen on.")
    port: int = row(5000, whole(0, 65_535), "service", "Port to listen on, 0 for a free one.")
    root_path: str = row(
        "", PREFIX_PATH, "service", "Path prefix that a proxy in front takes away, as /pose."
    )
    trusted_proxies: str = row(
        "127.0.0.1,::1", ADDRESSES, "service", "Proxies whose X-Forwarded-* headers count."
    )
    auth_token: str | None = row(
        None, TEXT, "service", "Ask everyone for this token.", '"a-long-random-word"', secret=True
    )
    cors_origins: str = row("", ORIGINS, "service", "Other origins whose pages may call the API.")
    data_dir: str = row("", TEXT, "service", "Where jobs live; empty: the user's data folder.")
    database_url: str | None = row(
        None,
        TEXT,
        "service",
        "PostgreSQL for jobs on several machines; without it SQLite in data_dir.",
        '"postgresql://user:password@host/posemill"',
        secret=True,
    )
    picture_workers: int = row(
        0, whole(0, 256), "service", "Processes for pictures, 0: one more than cores."
    )
    live_workers: int = row(0, whole(0, 256), "service", "Processes for live, 0: a core each.")
    job_workers: int = row(1, whole(0, 64), "service", "Processes for jobs; 0: others run them.")
    analysis_workers: int = row(
        1, whole(1, 64), "service", "Processes that analyse what jobs found."
    )
    queue_size: int = row(
        32, whole(1, 10_000), "service", "Pictures that may wait, and so many analyses."
    )
    max_uploads: int = row(32, whole(1, 10_000), "service", "Uploads at the same time.")
    max_live: int = row(8, whole(0, 1000), "service", "Live sessions at the same time.")
    live_idle_s: float = row(60.0, DURATION, "service", "Close a live session without frames.")
    worker_timeout_s: float = row(
        15.0, DURATION, "service", "Take over the jobs of a worker that is silent for so long."
    )
    stop_timeout_s: float = row(10.0, DURATION, "service", "How long stopping may take.")
    keep_results_for: float = row(
        7 * DAY_S, DURATION, "retention", "How long finished jobs are kept."
    )
    keep_records_for: float = row(
        7 * DAY_S, DURATION, "retention", "How long the records of streams are kept."
    )
    keep_alerts_for: float = row(
        30 * DAY_S, DURATION, "retention", "How long alerts and their clips are kept."
    )
    max_storage: int = row(
        50 * GIB, SIZE, "retention", "Room for jobs; the oldest finished ones go first."
    )
    min_free_space: int = row(
        GIB, SIZE, "retention", "Free room on the disk below which uploads are refused."
    )
    debug: bool = row(False, FLAG, "other", "Show where in the program an error arose.")


TABLE: Final[Mapping[str, Setting]] = {
    each.name: Setting(each.name, cast(Value, each.default), **each.metadata)
    for each in fields(Settings)
}


def plain(settings: Settings) -> dict[str, Any]:
    """Return settings as plain values, as for another process; without secrets."""
    return {name: None if row.secret else getattr(settings, name) for name, row in TABLE.items()}
