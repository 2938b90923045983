"""The page of all commands, from what they say of themselves."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from typer.main import get_command

from posemill.cli.app import app
from posemill.config import TABLE
from words import Words, code, slug, table


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command that does something, by its name with all words."""
    yield from _below(get_command(app), "posemill")


def commands_page(words: Words) -> str:
    """Return the page."""
    listed = list(commands())
    rows = [
        [f"[{code(name)}](#{slug(name)})", words.say(_plain(command.help))]
        for name, command in listed
    ]
    heads = [words.page("command"), words.page("meaning")]
    parts = [f"# {words.page('commands')}", words.page("commands_intro"), table(heads, rows)]
    own = [_own_row(each, words) for each in get_command(app).params]
    parts.append(table([words.page("option"), words.page("meaning")], own))
    for name, command in listed:
        parts += _command(name, command, words)
    return "\n\n".join(parts) + "\n"


def _below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, each in below.items():
        yield from _below(each, f"{name} {word}")


def _command(name: str, command: Any, words: Words) -> Iterator[str]:
    yield f"## `{name}`"
    yield words.say(_plain(command.help))
    examples, notes = _examples(command.epilog or "")
    if examples:
        yield "\n".join(["```", *examples, "```"])
    for note in notes:
        said = re.sub(r"docs/\w+/([\w-]+\.md)", r"[\1](\1)", words.say(note))
        yield re.sub(r"\[\[\w+\]\]", r"`\g<0>`", said)
    own = [each for each in command.params if not is_setting(each)]
    if own:
        heads = [words.page("option"), words.page("meaning")]
        yield table(heads, [_own_row(each, words) for each in own])
    if settings := _settings_of(command, words):
        yield settings


def is_setting(parameter: Any) -> bool:
    """Tell whether a parameter comes from the table of settings."""
    return getattr(parameter, "rich_help_panel", None) is not None


def _own_row(parameter: Any, words: Words) -> list[str]:
    text = words.say(_plain(parameter.help or ""))
    if parameter.param_type_name == "argument":
        return [code(parameter.metavar), text]
    named = words.listed(map(code, parameter.opts))
    if parameter.metavar:
        named += f" {code(parameter.metavar)}"
    default = parameter.default
    if parameter.required:
        text += words.page("is_needed")
    elif default is not None and not isinstance(default, bool | tuple | list):
        text += words.page("is_default").format(code(default))
    return [named, text]


def _settings_of(command: Any, words: Words) -> str:
    taken = {each.name for each in command.params if is_setting(each)} & TABLE.keys()
    whole = _whole_sections(taken)
    links = [
        f"[{words.section(section)}](settings.md#{slug(words.section(section))})"
        for section in whole
    ]
    links += [code(name) for name in TABLE if name in taken and TABLE[name].section not in whole]
    return words.page("settings_of").format(words.listed(links)) if links else ""


def _whole_sections(taken: set[str]) -> list[str]:
    sections = dict.fromkeys(each.section for each in TABLE.values())
    return [
        section
        for section in sections
        if all(each.name in taken for each in TABLE.values() if each.section == section)
    ]


@cache
def sections_of() -> list[tuple[str, list[str]]]:
    """Return the sections of settings that each command takes, by its name."""
    return [
        (
            name.removeprefix("posemill "),
            _whole_sections({each.name for each in command.params if is_setting(each)}),
        )
        for name, command in commands()
    ]


def _examples(epilog: str) -> tuple[list[str], list[str]]:
    """Return the lines to run and the sentences of a command's epilog."""
    parts = [_plain(part) for part in epilog.split("\n\n") if part and "[bold]" not in part]
    runs = [part for part in parts if part.startswith("posemill ") and not part.endswith(".")]
    return runs, [part for part in parts if part not in runs]


def _plain(text: str) -> str:
    """Return a text without rich's markup."""
    return re.sub(r"\s+", " ", text.replace("\\[", "[")).strip()
