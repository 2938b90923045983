"""The page of all settings, from their table."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final

from commands_page import sections_of
from posemill.cli.listing import toml
from posemill.config import FLAG, TABLE, Setting, Settings, Value, parse_watching
from posemill.config.alerting import AlertConfig
from posemill.config.analysing import GROUPS
from posemill.config.kinds import DURATION, SIZE
from posemill.config.watching import OWN, WebhookConfig
from posemill.errors import SettingError
from words import Words, code, table

# The least that a table must have, of which one key is then made wrong.
_LEAST: Final[Mapping[str, Mapping[str, str]]] = {
    "streams": {"name": "door", "url": "0"},
    "alerts": {"name": "help", "rule": "hands_up"},
    "webhooks": {"name": "ops", "url": "https://example.org"},
}
_UNITS: Final = {
    SIZE: (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)),
    DURATION: (("d", 86_400), ("h", 3600)),
}


def settings_page(words: Words) -> str:
    """Return the page."""
    parts = [f"# {words.page('settings')}", words.page("settings_intro")]
    for section in dict.fromkeys(each.section for each in TABLE.values()):
        rows = [_row(each, words) for each in TABLE.values() if each.section == section]
        heads = ["setting", "default", "takes", "meaning"]
        takers = words.listed(code(name) for name, taken in sections_of() if section in taken)
        parts += [
            f"## {words.section(section)}",
            words.page("taken_by").format(takers),
            table([words.page(head) for head in heads], rows),
        ]
    for name in _LEAST:
        text = words.page(name).replace("{own}", words.listed(map(code, _own())))
        heads = [words.page(head) for head in ("key", "default", "takes", "meaning")]
        parts += [f"## `[[{name}]]`", text, table(heads, _key_rows(name, words))]
    return "\n\n".join([*parts, words.page("settings_end")]) + "\n"


def _row(setting: Setting, words: Words) -> list[str]:
    is_on = setting.kind is FLAG and setting.default is True
    flag = setting.negative_flag if is_on else setting.flag
    name = "<br>".join(map(code, (setting.name, flag, setting.variable)))
    text = words.say(setting.text)
    if setting.secret:
        text += words.page("secret")
    return [name, _default(setting, words), _takes(setting, words), text]


def _default(setting: Setting, words: Words) -> str:
    value = setting.default
    if value is None or value == "":
        return words.page("none")
    if isinstance(value, int | float):
        for unit, size in _UNITS.get(setting.kind, ()):
            if value and value % size == 0:
                return code(f'"{value // size:g} {unit}"')
    return code(_toml(value).replace(",", ", "))


def _toml(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else toml(value)


def _takes(setting: Setting, words: Words) -> str:
    if setting.name == "angles":
        return words.page("angle_names").format(words.either(GROUPS))
    if setting.kind.words and len(setting.kind.words) > 8:
        return words.listed(map(code, setting.kind.words))
    return (
        words.either(setting.kind.words)
        if setting.kind.words
        else _expected(setting.kind.expects, words)
    )


def _expected(expects: str, words: Words) -> str:
    choices = expects.split(" or ")
    if len(choices) > 1 and all(re.fullmatch(r"\w+", each) for each in choices):
        return words.either(choices)
    return words.say(expects)


def _own() -> list[str]:
    return [name for name in TABLE if name in OWN]


def _key_rows(name: str, words: Words) -> Iterator[list[str]]:
    known: dict[str, Field[Any] | None] = {"name": None, "url": None, "zones": None}
    kinds: dict[str, type[AlertConfig | WebhookConfig]] = {
        "alerts": AlertConfig,
        "webhooks": WebhookConfig,
    }
    if name in kinds:
        known = {each.name: each for each in fields(kinds[name])}
    for key, field in known.items():
        said = words.key(name, key)
        takes = said.get("takes") or _expected(_expects(name, key), words)
        default = said.get("default") or _default_of(key, field, words)
        yield [code(key), default, takes, said["text"]]


def _default_of(key: str, field: "Field[Any] | None", words: Words) -> str:
    if field is None:
        return words.page("none") if key == "zones" else words.page("needed")
    if field.default is MISSING:
        return words.page("needed")
    return code(_toml(field.default)) if field.default not in (None, ()) else words.page("none")


def _expects(name: str, key: str) -> str:
    """Return what a key must be: what is said where it isn't."""
    try:
        parse_watching({name: [{**_LEAST[name], key: object()}]}, Settings(), "-")
    except SettingError as error:
        found = re.match(r".*? must be (.*?)(?:, not .*)? \(from ", str(error))
        assert found is not None, str(error)
        return found[1]
    raise AssertionError(f"{name}.{key} takes anything")
