"""[[streams]], [[alerts]] and [[webhooks]]: read, refused with reasons, and no secret told."""

import json
from pathlib import Path
from typing import Any

import pytest

from posemill.config import Settings, parse_stream, parse_watching, resolve
from posemill.errors import SettingError

FILE = """
max_fps = 12
[[streams]]
name = "door"
url = "rtsp://user:secret@camera/one"
max_fps = 5
model_complexity = 0
zones = { mat = [[0.1, 0.2], [0.4, 0.2], [0.4, 0.9]] }
[[streams]]
name = "hall"
url = 0
[[webhooks]]
name = "ops"
url = "https://user:word@example.org/hook?key=abc"
secret = "hush"
[[alerts]]
name = "on-the-mat"
rule = "zone"
zone = "mat"
streams = ["door"]
webhooks = ["ops"]
"""


LINE = {"name": "a", "rule": "line", "line": [[0, 0], [1, 1]]}


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_are_read_beside_the_settings(in_folder: Path) -> None:
    (in_folder / "posemill.toml").write_text(FILE)
    found = resolve({}, {}).watching
    door, hall = found.streams
    assert (door.settings.max_fps, door.settings.model_complexity) == (5, 0)
    assert (hall.url, hall.settings.max_fps, hall.settings.model_complexity) == ("0", 12, 1)
    assert [(zone.name, len(zone.points)) for zone in door.zones] == [("mat", 3)]
    (alert,) = found.alerts
    assert (alert.rule, alert.zone, alert.streams, alert.webhooks) == (
        "zone",
        "mat",
        ("door",),
        ("ops",),
    )
    assert found.webhooks[0].secret == "hush"


def test_what_is_read_can_go_to_another_process(in_folder: Path) -> None:
    (in_folder / "posemill.toml").write_text(FILE)
    resolved = resolve({}, {})
    again = parse_watching(resolved.watching.to_dict(), resolved.settings, "elsewhere")
    assert again == resolved.watching


def test_secrets_are_not_in_what_is_shown(in_folder: Path) -> None:
    (in_folder / "posemill.toml").write_text(FILE)
    shown = repr(resolve({}, {}).watching)
    assert not any(word in shown for word in ("secret@", "hush", "word@", "abc"))


@pytest.mark.parametrize(
    ("table", "raw", "message"),
    [
        ("streams", {"url": "x"}, r"name is missing \(from streams\[1\] of f\)"),
        ("streams", {"name": "a"}, "url is missing"),
        ("streams", {"name": "A b", "url": "x"}, "name must be a name of small letters"),
        ("streams", {"name": "a", "url": ""}, "url must be an address, .*, not what was given"),
        ("streams", {"name": "a", "url": "x", "max_fsp": 3}, "did you mean max_fps"),
        ("streams", {"name": "a", "url": "x", "port": 3}, "'port' is no setting of"),
        ("streams", {"name": "a", "url": "x", "max_fps": 0}, "max_fps must be a number above 0"),
        ("streams", {"name": "a", "url": "x", "zones": {"z": [[0, 0], [1, 1]]}}, "zones must be"),
        ("streams", {"name": "a", "url": "x", "zones": {"z": [[0, 0], [1, 1], [2, 0]]}}, "zones"),
        ("streams", {"name": "a", "url": "x", "zones": [1]}, "zones must be"),
        ("streams", 3, r"streams\[1\] of f must be a table, not 3"),
        ("alerts", {"name": "a", "rule": "ufo"}, "rule must be person or nobody"),
        ("alerts", {"name": "a", "rule": "zone"}, "needs a zone"),
        ("alerts", {"name": "a", "rule": "person", "zone": "z"}, "needs a zone"),
        ("alerts", {"name": "a", "rule": "line"}, "needs a line"),
        ("alerts", {"name": "a", "rule": "line", "line": [[0, 0]]}, "line must be two different"),
        ("alerts", {"name": "a", "rule": "line", "line": [[0, 0], [0, 0]]}, "two different points"),
        ("alerts", {"name": "a", "rule": "line", "line": [[0, 0], [0, 2]]}, "in 0..1"),
        ("alerts", {"name": "a", "rule": "line", "line": 7}, "line must be two different points"),
        ("alerts", {**LINE, "for_s": 1}, "no for_s and no least"),
        ("alerts", {**LINE, "least": 2}, "no for_s and no least"),
        ("alerts", {"name": "a", "rule": "zone", "zone": "z", "line": [[0, 0], [1, 1]]}, "line is"),
        ("alerts", {"name": "a", "rule": "fall", "confirm_s": -1}, "confirm_s must be a number"),
        (
            "alerts",
            {"name": "a", "rule": "lying", "confirm_s": 1},
            "confirm_s is for the rule fall",
        ),
        ("alerts", {"name": "a", "rule": "line", "direction": "up"}, "both or left or right"),
        ("alerts", {"name": "a", "rule": "angle", "above": 3}, "needs an angle"),
        ("alerts", {"name": "a", "rule": "angle", "angle": "left_knee_flexion"}, "above or below"),
        (
            "alerts",
            {"name": "a", "rule": "angle", "angle": "__import__"},
            "angle must be left_knee",
        ),
        ("alerts", {"name": "a", "rule": "angle", "angle": "trunk_lean", "above": "x"}, "degrees"),
        (
            "alerts",
            {"name": "a", "rule": "fall", "angle": "trunk_lean"},
            "for the rule angle alone",
        ),
        ("alerts", {"name": "a", "rule": "person", "webhooks": ["no"]}, "'no', which is not there"),
        ("webhooks", {"name": "w", "url": "ftp://x"}, "url must be an address, as https"),
    ],
)
def test_nonsense_is_refused_with_table_and_key(table: str, raw: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        parse_watching({table: [raw]}, Settings(), "f")


def test_names_are_unique() -> None:
    twice = [{"name": "a", "url": "x"}, {"name": "a", "url": "y"}]
    with pytest.raises(SettingError, match="two of the streams are called 'a'"):
        parse_watching({"streams": twice}, Settings(), "f")


def test_a_table_in_place_of_a_list_is_explained() -> None:
    with pytest.raises(SettingError, match=r"\[\[streams\]\]"):
        parse_watching({"streams": {"name": "a"}}, Settings(), "f")


def test_secrets_of_a_wrong_address_are_not_told() -> None:
    with pytest.raises(SettingError) as raised:
        parse_stream({"name": "a", "url": ["rtsp://u:hush@x"]}, Settings(), "f")
    assert "hush" not in str(raised.value)


def test_each_rule_of_behaviour_has_its_own_time_and_keys() -> None:
    rules: list[dict[str, Any]] = [
        {"name": "a", "rule": "fall"},
        {"name": "b", "rule": "fall", "confirm_s": 2, "for_s": 1},
        {"name": "c", "rule": "lying"},
        {"name": "d", "rule": "still", "for_s": 300},
        {"name": "e", "rule": "line", "line": [[0, 0.5], [1, 0.5]], "direction": "left"},
        {"name": "f", "rule": "crowd"},
        {"name": "g", "rule": "angle", "angle": "left_knee_flexion", "above": 100},
        {"name": "h", "rule": "running"},
    ]
    found = parse_watching({"alerts": rules}, Settings(), "f")
    assert [each.for_s for each in found.alerts] == [0, 1, 60, 300, 0, 1, 1, 0.5]
    assert [each.confirm_s for each in found.alerts[:2]] == [None, 2]
    assert (found.alerts[4].line, found.alerts[4].direction) == (((0, 0.5), (1, 0.5)), "left")
    assert found.alerts[5].least == 3
    assert (found.alerts[6].above, found.alerts[6].below) == (100, None)
    again = parse_watching(json.loads(json.dumps(found.to_dict())), Settings(), "elsewhere")
    assert again == found
