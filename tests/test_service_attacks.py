"""The service under attack by what is sent to it: it answers, stays, and keeps nothing of it."""

import json
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from attacks import Victim, attacked, problem
from hostile_pictures import PICTURES, jpeg_of_many_scans, png, saved
from hostile_videos import VIDEOS, Places, alias, clip, referring

PICTURE_TIMEOUT_S = 4.0
SECRET_FRAMES = 37
FUZZ_S = 3.0
TUS = {"Tus-Resumable": "1.0.0"}
fuzzed = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, astronaut_path: Path) -> Iterator[Victim]:
    timeouts = ("--header-timeout-s", "1.5", "--body-timeout-s", "1.5")
    with attacked(
        tmp_path_factory.mktemp("attacked"),
        astronaut_path.read_bytes(),
        *timeouts,
        *("--picture-timeout-s", str(PICTURE_TIMEOUT_S), "--min-free-space", "1"),
    ) as found:
        yield found


@pytest.fixture
def service(victim: Victim) -> Iterator[Victim]:
    yield victim
    victim.check()


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of this machine that nobody may see."""
    path = tmp_path_factory.mktemp("secret") / "secret.mp4"
    path.write_bytes(clip(SECRET_FRAMES))
    return path


# --- pictures


@pytest.mark.parametrize("name", PICTURES)
def test_a_hostile_picture_costs_its_own_answer_alone(service: Victim, name: str) -> None:
    make, status = PICTURES[name]
    data, began = make(), time.monotonic()
    raw = service.post("/api/v1/detect", content=data, headers={"X-File-Name": name})
    form = service.post("/api/v1/detect", files={"file": (name, data)})
    assert time.monotonic() - began < 10
    for answer in (raw, form):
        assert answer.status_code == status, answer.text[:1000]
        assert "root:" not in answer.text
        assert status == 200 or problem(answer)[0] == status


def test_the_odd_pictures_of_others_are_answered(service: Victim, shared_data: Path) -> None:
    folders = [shared_data / "odd_images", shared_data / "exif_orientation"]
    paths = [path for each in folders for path in sorted(each.rglob("*")) if path.is_file()]
    assert len(paths) > 30
    for path in paths:
        data = path.read_bytes()
        raw = service.post("/api/v1/detect", content=data)
        form = service.post("/api/v1/detect", files={"file": ("a.jpg", data)})
        assert raw.status_code == form.status_code, path
        assert raw.status_code == 200 or problem(raw)[0] in (413, 415, 422), path


def test_a_picture_that_takes_too_long_is_given_up(service: Victim) -> None:
    data, began = jpeg_of_many_scans(5000), time.monotonic()
    answer = service.post("/api/v1/detect", content=data)
    assert problem(answer) == (504, "worker_timeout")
    assert time.monotonic() - began < PICTURE_TIMEOUT_S + 3


def test_hostile_frames_of_a_live_session_cost_themselves_alone(service: Victim) -> None:
    with connect(service.url.replace("http", "ws") + "/api/v1/live?max_fps=15") as live:
        for data in (png(60_000, 60_000), b"", b"%PDF-1.7", saved("PNG")[:200], b"\0" * 5000):
            live.send(data)
            told = json.loads(live.recv(10))
            assert told["problem"]["status"] in (413, 415, 422)
            time.sleep(0.1)
        live.send(service.picture)
        assert "landmark_names" in json.loads(live.recv(10))
        assert len(json.loads(live.recv(10))["people"]) == 1


# --- videos and zips


def test_an_alias_would_be_followed_by_whoever_asks_for_it(secret: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mov").write_bytes(referring(clip(3), alias(str(secret))))
    follow = {"enable_drefs": "1", "use_absolute_path": "1"}
    with av.open(str(tmp_path / "a.mov"), container_options=follow) as container:
        assert len(list(container.decode(video=0))) > 0


@pytest.mark.parametrize("name", VIDEOS)
def test_a_hostile_video_ends_as_its_own_job(service: Victim, secret: Path, name: str) -> None:
    make, code = VIDEOS[name]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/a.ts"
        job = service.job(make(Places(str(secret), url)), name.replace("%", "%25"))
        assert not select.select([listening], [], [], 0)[0], "it connected"
    told = json.dumps(job)
    assert job["state"] == ("failed" if code else "succeeded"), told
    assert (job["problem"] or {"code": ""})["code"] == code
    assert str(service.folder) not in told and str(secret) not in told
    assert job["frames"] < SECRET_FRAMES
    for kind in job["results"]:
        result = service.get(f"/api/v1/jobs/{job['id']}/results/{kind}").content
        assert b"root:" not in result and b"secret" not in result
    assert not Path("/tmp/out.jpg").exists()
    assert not list(service.folder.rglob("out.jpg"))


def test_a_zip_within_a_zip_is_not_opened(service: Victim) -> None:
    make, _ = VIDEOS["nested.zip"]
    job = service.job(make(Places("", "")), "nested.zip")
    assert (job["state"], job["problem"]["code"]) == ("failed", "broken_media")
    assert "a.zip" in job["problem"]["detail"]


@pytest.mark.parametrize("suffix", ["m3u8", "mpd", "sdp", "ffconcat", "svg", "exe", "mp4.sh"])
def test_a_playlist_by_its_own_name_is_refused(service: Victim, suffix: str) -> None:
    for request in (
        {"content": b"x", "headers": {"X-File-Name": f"a.{suffix}"}},
        {"files": {"file": (f"a.{suffix}", b"x")}},
    ):
        answer = service.post("/api/v1/jobs", **request)
        assert problem(answer) == (415, "unsupported_extension")


# --- what is sent at random, for a while


def drop(service: Victim, answer: httpx.Response) -> None:
    """Remove what an answer has begun, and check the answer."""
    if answer.status_code < 400:
        address = answer.headers.get("posemill-job") or answer.headers.get("location")
        if address:
            httpx.delete(service.url + address, headers=TUS, timeout=20)
        return
    assert problem(answer)[0] == 503 or answer.status_code < 500, answer.text


PATHS = st.sampled_from(["/api/v1/detect", "/api/v1/jobs"])
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))
GOOD = saved("PNG", 40, 30)


def test_any_body_is_answered(service: Victim) -> None:
    ends = time.monotonic() + FUZZ_S

    @given(PATHS, st.integers(0, len(GOOD)), st.binary(max_size=300), WORDS)
    @fuzzed
    def send(path: str, at: int, noise: bytes, name: str) -> None:
        if time.monotonic() < ends:
            header = [(b"X-File-Name", name.strip().encode("latin-1"))]
            drop(service, service.post(path, content=GOOD[:at] + noise, headers=header))

    send()


FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
PIECES = [FORM, GOOD, b"\r\n--b--\r\n", b"\r\n--b\r\n", b"--b", b"\r\n", b"--", b"\0", b'";', b": "]


def test_any_form_is_answered(service: Victim) -> None:
    ends = time.monotonic() + FUZZ_S
    boundaries = (
        st.sampled_from(["b", '"b"', "", "b\xff", "x" * 300, "b; charset=x", "b,b"]) | WORDS
    )
    pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=8)

    @given(PATHS, boundaries, pieces, st.booleans())
    @fuzzed
    def send(path: str, boundary: str, parts: list[bytes], chunked: bool) -> None:
        if time.monotonic() < ends:
            kind = f"multipart/form-data; boundary={boundary}".strip().encode("latin-1")
            content = iter(parts) if chunked else b"".join(parts)
            drop(service, service.post(path, content=content, headers=[(b"Content-Type", kind)]))

    send()


def test_any_piece_of_an_upload_is_answered(service: Victim) -> None:
    ends = time.monotonic() + FUZZ_S
    numbers = st.sampled_from(["0", "5", "9" * 18, "9" * 19, "9" * 5000, "-1", "5.0", " 5", ""])
    kinds = st.sampled_from(["application/offset+octet-stream", "text/plain", ""])

    @given(numbers | WORDS, numbers, kinds, WORDS, st.binary(max_size=9), st.booleans())
    @fuzzed
    def send(length: str, offset: str, kind: str, about: str, data: bytes, is_known: bool) -> None:
        if time.monotonic() >= ends:
            return
        words = {"Upload-Length": length, "Upload-Offset": offset, "Content-Type": kind, **TUS}
        words["Upload-Metadata"] = f"filename YS5tcDQ=,{about}" if is_known else about
        headers = [(k.encode(), v.strip().encode("latin-1")) for k, v in words.items()]
        created = service.post("/api/v1/uploads", content=data, headers=headers)
        if created.status_code == 201:
            at = service.url + created.headers["location"]
            piece = httpx.patch(at, content=data, headers=headers, timeout=20)
            assert piece.status_code < 500
        drop(service, created)

    send()
