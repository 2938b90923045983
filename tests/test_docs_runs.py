"""Whatever the documentation shows to be run is run: commands, Python, and requests.

What can't be is named in one of the tables here, with the reason, and is read all the same: flags
and settings are those that the command has, Python compiles.
"""

import io
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from typer.main import get_command

from docs_media import docs_folder, with_records
from docs_pages import (
    LANGUAGES,
    PYTHON,
    ROOT,
    Block,
    Command,
    blocks,
    commands,
    once,
    pages,
    without_words,
)
from posemill.cli import main
from posemill.cli.app import app
from posemill.cli.flags import keep_text
from servers import served

Reasons = Sequence[tuple[re.Pattern[str], str]]

ONLY_READ: Final[Reasons] = (
    (re.compile("posemill serve"), "doesn't end; tests/test_server_serve.py starts it"),
    (re.compile("posemill worker"), "doesn't end; tests/test_jobs_workers.py starts it"),
    (re.compile("posemill watch"), "doesn't end; tests/test_cli_watch.py starts it"),
    (re.compile("posemill detect 0 "), "needs a camera; tests/test_live_sources.py has one"),
    (re.compile("mediapipe"), "needs MediaPipe from a package registry; tests/test_bench.py"),
    (re.compile("posemill bench"), "takes minutes; tests/test_bench.py runs its parts"),
    (re.compile(r"posemill doctor --url https://"), "there is no such service; tests/test_doctor*"),
    (re.compile(r"posemill doctor .*--(json|port)"), "seconds each; tests/test_doctor* run them"),
)
# Exit code 1 is an answer: something would fail on this machine.
MAY_SAY_NO: Final = re.compile(r"posemill doctor\b")
ONLY_COMPILED: Final[Reasons] = (
    (re.compile(r"\bimport (cv2|mediapipe)|from mediapipe"), "shows what is replaced"),
    (re.compile(r"\bimport pandas|from flask"), "posemill brings neither pandas nor Flask"),
    (re.compile(r"open_source\(\"(0|rtsp:)"), "needs a camera"),
)
# What pages say is there already, for blocks that don't make it themselves.
GIVEN: Final = "from pathlib import Path\nfrom posemill.sources.recordings import Recording\n"
GIVEN_FRAMES: Final = "frames = list(Recording(Path('workout.jsonl')))\n"

COMMANDS: Final = once(commands("posemill"))
REQUESTS: Final = once(commands("curl"))
SNIPPETS: Final = list(
    {
        "\n".join(without_words(block.text)): block
        for language in reversed(LANGUAGES)  # the English page names what both show
        for path in pages(language)
        for block in blocks(path)
        if block.kind in PYTHON
    }.values()
)


def reason(text: str, table: Reasons) -> str | None:
    return next((why for shape, why in table if shape.search(text)), None)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return docs_folder(tmp_path_factory.mktemp("docs"))


@pytest.fixture
def folder(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with all that the pages name, and nothing of earlier commands."""
    shutil.copytree(media, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSEMILL_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def read(arguments: list[str]) -> None:
    """Read a command line as the command does, and do nothing. Raises what main says."""
    command = get_command(app)
    keep_text(command)
    assert callable(command.main(arguments, "posemill", standalone_mode=False))


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command(
    command: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in command.environment.items():
        monkeypatch.setenv(name, value)
    if "$" in command.line:
        pytest.fail("a variable of the shell: write it as sh, in a line that begins otherwise")
    if command.kind == "sh" or reason(command.line, ONLY_READ):
        read(command.arguments)
        return
    arguments = with_records(command.arguments, folder)
    code = main(arguments)
    allowed = (0, 1) if MAY_SAY_NO.search(command.line) else (0,)
    assert code in allowed, capsys.readouterr().err


def test_every_reason_is_needed() -> None:
    lines = [each.line for each in COMMANDS]
    assert not [why for shape, why in ONLY_READ if not any(map(shape.search, lines))]


@dataclass
class Asked:
    """A service that runs, with a finished job and another one."""

    url: str
    clip: bytes
    job: str = ""
    other: str = ""

    def sent(self) -> str:
        """Send a clip; return the job's id."""
        answer = httpx.post(f"{self.url}/api/v1/jobs", files={"file": ("a.mp4", self.clip)})
        return str(answer.json()["id"])

    def make_template(self) -> None:
        body = {"name": "squat", "jobs": [self.job]}
        assert httpx.post(f"{self.url}/api/v1/templates", json=body).status_code == 201

    def forget_template(self) -> None:
        httpx.delete(f"{self.url}/api/v1/templates/squat")


@pytest.fixture(scope="module")
def service(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The service itself, whose jobs hold the records of somebody at squats."""
    data = tmp_path_factory.mktemp("service")
    with pytest.MonkeyPatch.context() as patch:
        settings = data / "posemill.toml"
        settings.write_text(f'[[streams]]\nname = "door"\nurl = "{media / "clip.mp4"}"\n')
        patch.setenv("POSEMILL_CONFIG", str(settings))
        with served(data, "--job-workers", "1") as (url, _):
            asked = Asked(url, (media / "short.mp4").read_bytes())
            asked.job, asked.other = asked.sent(), asked.sent()
            for job in (asked.job, asked.other):
                finish(url, job)
                (found,) = data.glob(f"**/{job}/results/records.jsonl")
                found.write_text((media / "workout.jsonl").read_text())
            yield asked


def finish(url: str, job: str) -> None:
    ends = time.monotonic() + 60
    while (state := httpx.get(f"{url}/api/v1/jobs/{job}").json())["state"] != "succeeded":
        assert time.monotonic() < ends, state
        time.sleep(0.1)


def filled(line: str, service: Asked) -> str:
    """Return a line that asks this service, with a job of its own where it is removed."""
    job = service.job
    if "DELETE" in line and "/jobs/" in line:
        job = service.sent()
    line = line.replace("$J", "http://localhost:5000/api/v1/jobs/ID")
    line = re.sub(r"(http://|\b)localhost:5000", service.url, line)
    line = line.replace("OTHER_ID", service.other)
    line = re.sub(r"\bID\b", job, line).replace("/NAME", "/door")
    return re.sub("^curl", "curl --fail-with-body --silent --show-error --max-time 30", line)


@pytest.mark.parametrize("command", REQUESTS, ids=str)
def test_a_request(command: Command, service: Asked, folder: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl: apt-get install curl")
    if "template" in command.line:
        service.forget_template()
        if "-d " not in command.line:
            service.make_template()
    done = subprocess.run(
        ["bash", "-c", filled(command.line, service)],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout[-2000:].decode(errors="replace")


@pytest.mark.parametrize("block", SNIPPETS, ids=lambda block: block.page)
def test_a_snippet(block: Block, folder: Path, request: pytest.FixtureRequest) -> None:
    program = block.text
    if reason(program, ONLY_COMPILED):
        compile(program, block.page, "exec")
        return
    if "localhost:5000" in program:
        url = request.getfixturevalue("service").url
        program = program.replace("http://localhost:5000", url)
        program = program.replace("ws://localhost:5000", url.replace("http", "ws", 1))
    if "frames" in program and not re.search(r"\bframes\s*=[^=]|\bas frames\b", program):
        program = GIVEN + GIVEN_FRAMES + program
    names: dict[str, Any] = {"__name__": "__main__"}
    with redirect_stdout(io.StringIO()):
        exec(compile(program, block.page, "exec"), names)


def test_what_the_readme_shows_in_python_finds_somebody(folder: Path) -> None:
    said = io.StringIO()
    for block in blocks(ROOT / "README.md"):
        if block.kind in PYTHON:
            with redirect_stdout(said):
                exec(block.text, {})
    assert "Landmark(x=" in said.getvalue()
