"""What ``import posemill`` gives, and what it costs."""

import subprocess
import sys

import posemill
from posemill import PoseEstimator, PoseTracker, SourceInfo
from posemill.records import COLUMNS, parse_header


def test_importing_posemill_loads_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import posemill;"
    code += "names = {name.split('.')[0] for name in set(sys.modules) - before};"
    code += "print(names - sys.stdlib_module_names)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "{'posemill'}\n"


def test_every_public_name_is_there() -> None:
    assert set(posemill.__all__) <= set(dir(posemill))
    for name in posemill.__all__:
        assert getattr(posemill, name) is not None
    assert not hasattr(posemill, "anything_else")


def test_the_header_of_records_says_what_runs() -> None:
    info = SourceInfo("clip.mp4", "video", 320, 240, fps=10.0)
    for finds in (PoseEstimator(model_complexity=0), PoseTracker(model_complexity=0)):
        header = finds.header(info)
        assert parse_header(header) == header
        assert header["columns"] == list(COLUMNS)
        told = [header[key] for key in ("source", "kind", "fps", "model", "engine", "precision")]
        assert told == ["clip.mp4", "video", 10.0, "lite", "openvino", "f32"]
