"""The settings table: bounds, origins, rising order, and what is refused."""

import math
import os
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posemill.config import DEFAULT_ORIGIN, TABLE, Section, Settings, parse_watching, resolve
from posemill.errors import SettingError
from posemill.options import PoseOptions
from posemill.runtime import ENGINES


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_default_is_a_value_that_its_setting_takes() -> None:
    for setting in TABLE.values():
        if setting.default is not None:
            assert setting.parse(setting.default, "test") == setting.default
            assert setting.parse(str(setting.default), "test") == setting.default
        else:
            assert setting.example
        assert setting.text.endswith(".")
        assert setting.section in get_args(Section)


def test_defaults_are_those_of_the_library() -> None:
    for name, row in PoseOptions.__dataclass_fields__.items():
        assert TABLE[name].default == row.default


def test_engines_are_those_of_the_runtime() -> None:
    assert TABLE["engine"].kind.words == tuple(ENGINES)


def test_sources_rise_from_default_to_file_to_variable_to_flag(empty_folder: Path) -> None:
    (empty_folder / "posemill.toml").write_text("threads = 1\nevery = 2\nbackground = 0\n")
    environ = {"POSEMILL_THREADS": "3", "POSEMILL_EVERY": "4", "HOME": "/"}
    resolved = resolve({"threads": "5"}, environ)
    settings = resolved.settings
    assert (settings.threads, settings.every, settings.background) == (5, 4, 0.0)
    assert resolved.origins["threads"] == "--threads"
    assert resolved.origins["every"] == "POSEMILL_EVERY"
    assert resolved.origins["background"] == "posemill.toml"
    assert resolved.origins["fps"] == DEFAULT_ORIGIN
    assert resolved.origins.keys() == TABLE.keys()


def test_a_variable_names_the_settings_file(empty_folder: Path) -> None:
    path = empty_folder / "other.toml"
    path.write_text("threads = 2")
    resolved = resolve({}, {"POSEMILL_CONFIG": str(path)})
    assert resolved.settings.threads == 2
    assert resolved.origins["threads"] == str(path)


def test_a_named_settings_file_must_exist(empty_folder: Path) -> None:
    with pytest.raises(SettingError, match=r"no\.toml: there is no such file"):
        resolve({}, {"POSEMILL_CONFIG": "no.toml"})


def test_an_empty_variable_counts_as_none() -> None:
    assert resolve({}, {"POSEMILL_THREADS": "", "POSEMILL_CONFIG": ""}).settings == Settings()


@pytest.mark.parametrize(
    ("flags", "environ", "message"),
    [
        ({"min_visibilty": "1"}, {}, "'min_visibilty' is not a setting; did you mean min_vis"),
        ({}, {"POSEMILL_THREDS": "1"}, r"POSEMILL_THREDS .* did you mean POSEMILL_THREADS\?"),
        ({}, {"POSEMILL_threads": "1"}, "POSEMILL_threads is not a setting"),
        ({}, {"POSEMILL_XYLOPHONE": "1"}, "POSEMILL_XYLOPHONE is not a setting\\.$"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(
    flags: dict[str, object], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        resolve(flags, environ)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thread = 1", "posemill.toml: 'thread' is not a setting; did you mean threads?"),
        ("[drawing]\nbox = true", "'drawing' is not a setting; settings stand at the top"),
        ("[engine]\nthreads = 1", "engine must be openvino or mediapipe, not a section"),
        ("threads = ", "isn't valid TOML"),
        ("threads = 1.0", "threads must be a whole number from 0 to 1024, not 1.0"),
        ("threads = true", "threads must be a whole number"),
        ("background = true", "background must be a number from 0 to 1, not True"),
        ("debug = 1", "debug must be true or false, not 1"),
        ("rotate = 45", "rotate must be 0 or 90 or 180 or 270, not 45"),
        ("fps = nan", "fps must be a number above 0, not nan"),
    ],
)
def test_bad_files(empty_folder: Path, text: str, message: str) -> None:
    (empty_folder / "posemill.toml").write_text(text)
    with pytest.raises(SettingError, match=message):
        resolve({}, {})


def test_a_file_that_is_not_text(empty_folder: Path) -> None:
    (empty_folder / "posemill.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match="can't be read as settings"):
        resolve({}, {})


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "threads = " + "9" * 5000])
def test_a_file_that_is_too_much_for_the_parser(empty_folder: Path, text: str) -> None:
    (empty_folder / "posemill.toml").write_text(text)
    with pytest.raises(SettingError, match="isn't valid TOML"):
        resolve({}, {})


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_what_is_no_regular_file_is_refused_unread(empty_folder: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else empty_folder / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "folder":
        path.mkdir()
    with pytest.raises(SettingError, match=f"{path}: can't be read .* not a regular file"):
        resolve({}, {"POSEMILL_CONFIG": str(path)})


def test_a_file_has_a_largest_size(empty_folder: Path) -> None:
    path = empty_folder / "posemill.toml"
    path.write_text("threads = 2\n".ljust(1_000_000, "\n"))
    assert resolve({}, {}).settings.threads == 2
    path.write_text("threads = 2\n".ljust(1_000_001, "\n"))
    with pytest.raises(SettingError, match="larger than 1 MB"):
        resolve({}, {})


@pytest.mark.parametrize(
    ("name", "raw", "bounds"),
    [
        ("model_complexity", "3", "0 or 1 or 2"),
        ("min_detection_confidence", "1.01", "a number from 0 to 1"),
        ("min_tracking_confidence", "-0.1", "a number from 0 to 1"),
        ("min_visibility", "nan", "a number from 0 to 1"),
        ("background", "inf", "a number from 0 to 1"),
        ("max_people", "33", "from 0 to 32"),
        ("region", "1,2,3", "x,y,width,height in pixels"),
        ("region", "1,2,0,4", "x,y,width,height in pixels"),
        ("region", "a,b,c,d", "x,y,width,height in pixels"),
        ("subject", "tallest", "score or largest or central or the id of a person"),
        ("detect_tiles", "4", "off or auto or 2 or 3"),
        ("precision", "bf16", "f32 or fast or auto"),
        ("threads", "-1", "from 0 to 1024"),
        ("every", "0", "a whole number from 1 up"),
        ("every", "9" * 5000, "a whole number from 1 up"),
        ("fps", "0", "above 0"),
        ("start", "-1", "from 0 up"),
        ("start", "1:60", "mm:ss"),
        ("start", "1:2:3:4", "mm:ss"),
        ("start", "1:-2", "mm:ss"),
        ("end", "soon", "mm:ss"),
        ("end", "nan", "mm:ss"),
        ("end", "1:nan", "mm:ss"),
        ("max_pixels", "0", "from 1 up"),
        ("max_pixels", "6e7", "from 1 up"),
        ("style", "Plain", "plain or limbs"),
        ("mask", "maybe", "true or false"),
    ],
)
def test_nonsense_is_refused_naming_setting_bounds_and_origin(
    name: str, raw: str, bounds: str
) -> None:
    with pytest.raises(SettingError) as caught:
        resolve({name: raw}, {})
    text = str(caught.value)
    assert text.startswith(f"{name} must be ")
    assert bounds in text
    assert TABLE[name].flag in text
    assert len(text) < 200


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [("12.5", 12.5), ("1:30", 90.0), ("01:02:03.5", 3723.5), ("0:00", 0.0), ("90:00", 5400.0)],
)
def test_moments(raw: str, seconds: float) -> None:
    assert resolve({"start": raw}, {}).settings.start == seconds


def test_a_moment_in_the_file_may_be_a_time_of_day(empty_folder: Path) -> None:
    (empty_folder / "posemill.toml").write_text("start = 00:01:30\nend = 100")
    settings = resolve({}, {}).settings
    assert (settings.start, settings.end) == (90.0, 100.0)


@given(st.floats())
def test_shares_are_finite_and_in_bounds(value: float) -> None:
    inside = 0 <= value <= 1
    try:
        assert TABLE["background"].parse(repr(value), "test") == value
        assert inside
    except SettingError:
        assert not inside


@given(st.text(max_size=20))
def test_any_text_gives_a_value_or_a_setting_error(text: str) -> None:
    for setting in TABLE.values():
        try:
            value = setting.parse(text, "test")
        except SettingError:
            continue
        assert not isinstance(value, float) or math.isfinite(value)


@given(st.floats(0, 1e6), st.integers(0, 99), st.integers(0, 99))
def test_hours_and_minutes_add_up(seconds: float, minutes: int, hours: int) -> None:
    seconds %= 60
    value = TABLE["end"].parse(f"{hours}:{minutes}:{seconds!r}", "test")
    assert value == pytest.approx(hours * 3600 + minutes * 60 + seconds)


def test_the_written_file_is_valid_with_and_without_its_comment_signs(empty_folder: Path) -> None:
    from posemill.cli.listing import TABLES_BEGIN, settings_text

    text, _, tables = settings_text().partition(TABLES_BEGIN)
    assert tomllib.loads(text) == tomllib.loads(tables) == {}
    lines = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
    (empty_folder / "posemill.toml").write_text("\n".join(lines))
    resolved = resolve({}, {})
    assert set(resolved.origins.values()) == {"posemill.toml"}
    for name, setting in TABLE.items():
        if setting.default is not None:
            assert getattr(resolved.settings, name) == setting.default
    uncommented = [
        line.removeprefix("# ")
        for line in tables.splitlines()
        if " = " in line or line.startswith("# [[")
    ]
    watching = parse_watching(tomllib.loads("\n".join(uncommented)), resolved.settings, "here")
    assert watching.streams and watching.alerts and watching.webhooks


def test_what_kubernetes_sets_is_passed_over() -> None:
    environ = {
        "POSEMILL_PORT": "tcp://127.0.0.1:5000",
        "POSEMILL_PORT_5000_TCP_ADDR": "127.0.0.1",
        "POSEMILL_SERVICE_HOST": "127.0.0.1",
        "POSEMILL_THREADS": "2",
    }
    assert resolve({}, environ).settings.threads == 2


@pytest.mark.parametrize(
    ("raw", "value"), [("off", "off"), ("auto", "auto"), ("4", "4"), (4, "4"), (" 2 ", "2")]
)
def test_segments_are_a_word_or_a_number(raw: object, value: str) -> None:
    assert TABLE["segments"].parse(raw, "--segments") == value


@pytest.mark.parametrize("raw", ["0", "-1", "257", "2.5", "many", "", True, 1.5])
def test_other_segments_are_refused(raw: object) -> None:
    with pytest.raises(SettingError, match="segments must be off, auto or a whole number from 1"):
        TABLE["segments"].parse(raw, "--segments")


def test_regions_and_subjects_from_every_origin(empty_folder: Path) -> None:
    (empty_folder / "posemill.toml").write_text("region = [1, 2, 30, 40]\nsubject = 3")
    settings = resolve({}, {}).settings
    assert (settings.region, settings.subject) == ((1, 2, 30, 40), "3")
    settings = resolve({"region": "5, 6,7 ,8"}, {"POSEMILL_SUBJECT": "largest"}).settings
    assert (settings.region, settings.subject) == ((5, 6, 7, 8), "largest")
