"""Flags made from the settings table: one place names them, bounds them and explains them."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any, Final, ParamSpec, TypeVar

import typer

from posemill.config import FLAG, TABLE, Section, Setting
from posemill.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")

_NO: Final = "no_"
PANELS: Final[Mapping[Section, str]] = {
    "engine": "Engine",
    "people": "Which people",
    "drawing": "Drawing",
    "selection": "Which frames",
    "analysis": "Analysis",
    "streams": "Streams",
    "mqtt": "MQTT",
    "service": "Service",
    "limits": "Limits",
    "retention": "How long results are kept",
    "other": "Other",
}
# What pictures and videos on the command line need.
FOR_SOURCES: Final[tuple[Section, ...]] = ("engine", "people", "drawing", "selection", "other")
# What a source's records may hold beside the landmarks.
FOR_DETECTION: Final[tuple[Section, ...]] = (*FOR_SOURCES, "analysis")
# What finds the skeletons that are then analysed.
FOR_ANALYSIS: Final[tuple[Section, ...]] = ("engine", "people", "selection", "other")
# The service gets the rest with each request, from whoever asks.
FOR_SERVICE: Final[tuple[Section, ...]] = (
    *("service", "streams", "analysis", "mqtt", "limits", "retention", "engine", "other"),
)
FOR_WATCHING: Final[tuple[Section, ...]] = (
    *("engine", "people", "drawing", "analysis", "streams", "mqtt", "other"),
)
MORE_FOR_WATCHING: Final = (
    *("rotate", "max_pixels", "data_dir", "keep_records_for", "keep_alerts_for"),
)
FOR_ALL: Final[tuple[Section, ...]] = tuple(PANELS)


def keep_text(command: Any) -> None:
    """Have a typer command, and those below it, hand values over as they were typed.

    typer's own conversion imports pydantic, 0.3 s of every start; config.py converts anyway.
    """
    own_params = command.get_params

    def get_params(context: Any) -> list[Any]:
        found: list[Any] = own_params(context)
        for parameter in found:
            parameter.get_runtime_param = _AsTyped
        return found

    command.get_params = get_params
    for below in getattr(command, "commands", {}).values():
        keep_text(below)


class _AsTyped:
    def coerce(self, value: Any, param: Any, ctx: object) -> Any:
        several = param.multiple or param.nargs == -1
        return () if several and value is None else value


def with_settings(
    sections: Collection[Section], *more: str
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command a flag for each setting of ``sections`` and for those named in ``more``.

    It gets those that were given, by name, as ``flags``.
    """
    chosen = [row for row in TABLE.values() if row.section in sections or row.name in more]

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @wraps(command)
        def wrapper(**arguments: Any) -> R:
            flags = _taken_from(arguments, chosen)
            return command(**arguments, flags=flags)

        own = inspect.signature(command)
        parameters = [each for name, each in own.parameters.items() if name != "flags"]
        for setting in chosen:
            parameters += _parameters(setting)
        wrapper.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {each.name: each.annotation for each in parameters}
        return wrapper

    return decorate


def _taken_from(arguments: dict[str, Any], chosen: Sequence[Setting]) -> dict[str, object]:
    flags: dict[str, object] = {}
    for setting in chosen:
        value = arguments.pop(setting.name)
        if setting.kind is FLAG and arguments.pop(_NO + setting.name):
            if value:
                raise UsageError(f"{setting.flag} and {setting.negative_flag} contradict.")
            value = False
        if value is not None:
            flags[setting.name] = value
    return flags


def _parameters(setting: Setting) -> list[inspect.Parameter]:
    if setting.kind is not FLAG:
        return [_parameter(setting, setting.name, setting.flag)]
    # The one that changes the default is shown; the other one overrides a settings file.
    yes, no = setting.flag, setting.negative_flag
    return [
        _parameter(setting, setting.name, yes, hidden=setting.default is True),
        _parameter(setting, _NO + setting.name, no, hidden=setting.default is False),
    ]


def _parameter(
    setting: Setting, name: str, flag: str, *, hidden: bool = False
) -> inspect.Parameter:
    # Values stay text here: config.py parses them, with the same bounds and words as those
    # of the settings file and of the variables.
    off = "Off: " if flag.startswith("--no-") else ""
    option = typer.Option(
        flag,
        help=f"{off}{setting.text}{_default(setting)}",
        metavar=setting.kind.label,
        rich_help_panel=PANELS[setting.section],
        show_default=False,
        hidden=hidden,
        autocompletion=_completer(setting),
    )
    kind = bool | None if setting.kind is FLAG else str | None
    annotation = Annotated[kind, option]  # type: ignore[valid-type]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _default(setting: Setting) -> str:
    if setting.default is None or setting.kind is FLAG:
        return ""
    return f" \\[default: {setting.default}]"  # the backslash keeps it from being rich markup


def _completer(setting: Setting) -> Callable[[], list[str]] | None:
    words = setting.kind.words
    return (lambda: list(words)) if words else None
