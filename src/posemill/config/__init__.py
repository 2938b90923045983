"""The settings: one table feeds ``posemill.toml``, ``POSEMILL_*`` variables, flags and help.

Plain Python on purpose: pydantic-settings would cost a quarter of a cold start.
"""

from posemill.config.kinds import FLAG, LABEL_WIDTH, Kind, Value
from posemill.config.places import data_folder
from posemill.config.resolving import (
    DEFAULT_ORIGIN,
    FILE_NAME,
    FILE_VARIABLE,
    Resolved,
    nearest,
    resolve,
    settings_file,
)
from posemill.config.rows import PREFIX, Section, Setting
from posemill.config.table import TABLE, Settings, plain
from posemill.config.watching import (
    AlertConfig,
    StreamConfig,
    Watching,
    WebhookConfig,
    Zone,
    parse_stream,
    parse_watching,
)

__all__ = [
    "DEFAULT_ORIGIN",
    "FILE_NAME",
    "FILE_VARIABLE",
    "FLAG",
    "LABEL_WIDTH",
    "PREFIX",
    "TABLE",
    "AlertConfig",
    "Kind",
    "Resolved",
    "Section",
    "Setting",
    "Settings",
    "StreamConfig",
    "Value",
    "Watching",
    "WebhookConfig",
    "Zone",
    "data_folder",
    "nearest",
    "parse_stream",
    "parse_watching",
    "plain",
    "resolve",
    "settings_file",
]
