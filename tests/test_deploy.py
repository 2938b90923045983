"""What is deployed: image, compose, Kubernetes, systemd, held against schemas and the program."""

import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from posemill.config import TABLE, Settings
from posemill.server.app import api
from servers import free_port, running

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
sys.path.insert(0, str(DEPLOY / "proof"))

from dockerfile import Instruction, sent, stages  # type: ignore[import-not-found] # noqa: E402

SCRIPTS = Path(sysconfig.get_path("scripts"))
FULL = {"COMPOSE_PROFILES": "full", "POSTGRES_PASSWORD": "abc123", "GRAFANA_PASSWORD": "def456"}
VARIABLES = {row.variable for row in TABLE.values()}
KUBERNETES = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))


def tool(name: str) -> str:
    """Return a program that a development package brings; skip where it has none for this one."""
    if not (SCRIPTS / name).exists():
        pytest.skip(f"{name} has no package for this machine")
    return str(SCRIPTS / name)


def instructions(name: str) -> list[Instruction]:
    """Return the instructions of that name in the last stage."""
    *_, last = stages((ROOT / "Dockerfile").read_text(), {})
    return [step for step in last.steps if step.name == name]


# The image


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [tool("hadolint"), str(ROOT / "Dockerfile")], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_pinned_and_gets_nothing_but_what_was_built() -> None:
    found = stages((ROOT / "Dockerfile").read_text(), {})
    assert {stage.image for stage in found} == {"python:3.13-slim-trixie"}
    mirrored = stages((ROOT / "Dockerfile").read_text(), {"MIRROR": "m.example/library/"})
    assert {stage.image for stage in mirrored} == {"m.example/library/python:3.13-slim-trixie"}
    assert [step.flags for step in instructions("COPY")] == [{"from": "packages"}]
    assert not any("install " in step.text.split("&&")[0] for step in instructions("RUN"))
    user = instructions("USER")[0].text
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)  # by numbers: Kubernetes can't look names up
    assert instructions("EXPOSE")[0].text == str(Settings().port)
    assert instructions("STOPSIGNAL")[0].text == "SIGTERM"
    assert instructions("ENTRYPOINT")[0].words + instructions("CMD")[0].words == [
        *("posemill", "serve")
    ]
    names = {word.partition("=")[0] for step in instructions("ENV") for word in step.words}
    assert {name for name in names if name.startswith("POSEMILL_")} <= VARIABLES


@pytest.mark.parametrize("state", ["ready", "loading", "away"])
def test_the_health_check(state: str, tmp_path: Path) -> None:
    command = instructions("HEALTHCHECK")[0].text.partition("CMD ")[2]
    words = [sys.executable, *json.loads(command)[1:]]

    def check(port: int) -> int:
        # A proxy for the outside, as engines set it in all containers, is none for this.
        proxies = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
        environ = os.environ | proxies | {"POSEMILL_PORT": str(port)}
        return subprocess.run(words, check=False, env=environ, stderr=subprocess.DEVNULL).returncode

    if state == "away":
        assert check(free_port()) != 0
        return
    with running(tmp_path, auth_token="a-long-random-word") as service:
        service.lanes.is_ready = state == "ready"
        assert (check(service.port) == 0) is (state == "ready")


@pytest.mark.parametrize(
    ("variables", "file", "host"),
    [
        ({}, "", "127.0.0.1"),
        ({"POSEMILL_HOST": "0.0.0.0", "POSEMILL_PORT": ""}, "port = {port}", "127.0.0.1"),
        ({"POSEMILL_HOST": "127.0.0.2"}, 'host = "127.0.0.9"\nport = {port}', "127.0.0.2"),
        ({"POSEMILL_HOST": "::", "POSEMILL_PORT": "{port}"}, "port = 1", "::1"),
        ({"POSEMILL_CONFIG": "other.toml"}, 'host = "127.0.0.3"\nport = {port}', "127.0.0.3"),
    ],
)
def test_the_health_check_asks_where_the_settings_say(
    variables: dict[str, str], file: str, host: str, tmp_path: Path
) -> None:
    """Which is not always 127.0.0.1:5000."""

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    command = instructions("HEALTHCHECK")[0].text.partition("CMD ")[2]
    with socket.create_server((host, 0), family=family) as listening:
        port = str(listening.getsockname()[1])
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        environ = {name: each.format(port=port) for name, each in variables.items()}
        environ = environ or {"POSEMILL_PORT": port}
        if file:
            name = variables.get("POSEMILL_CONFIG", "posemill.toml")
            (tmp_path / name).write_text(file.format(port=port))
        words = [sys.executable, *json.loads(command)[1:]]
        kept = {name: each for name, each in os.environ.items() if "POSEMILL" not in name}
        subprocess.run(words, check=True, env=kept | environ, cwd=tmp_path)


def test_what_is_sent_to_the_build() -> None:
    files = {str(path) for path in sent(ROOT, (ROOT / ".dockerignore").read_text())}
    listed = _run(["git", "ls-files"])
    if listed.returncode:
        pytest.skip("no git checkout")
    tracked = {name for name in listed.stdout.split("\n") if (ROOT / name).is_file()}
    kept = (
        "hatch_build.py",
        "pyproject.toml",
        "requirements.lock",
        "README.md",
        "LICENSE",
        "NOTICE",
    )
    wanted = {name for name in tracked if name.startswith(("src/", "web/")) or name in kept}
    assert wanted <= files
    made = [name for name in files - wanted if not _is_new(name)]
    assert not made, made[:5]


def _is_new(name: str) -> bool:
    """Whether git doesn't ignore it: somebody is about to add it."""
    return _run(["git", "check-ignore", "--quiet", name]).returncode == 1


def _run(words: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)


def test_a_dockerfile_that_the_proof_does_not_know() -> None:
    with pytest.raises(ValueError, match="ADD"):
        stages("FROM a\nADD b c\n", {})
    with pytest.raises(ValueError, match="RUN"):
        stages("RUN a\nFROM b\n", {})


# compose


def compose(environ: Mapping[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """Have compose itself read compose.yaml, which holds it against its schema."""
    command = [tool("docker-compose"), "--env-file", os.devnull]
    command += ["--project-directory", str(ROOT), "--file", str(ROOT / "compose.yaml")]
    clean = {"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(DEPLOY), **environ}
    return subprocess.run(
        [*command, *words, "config", "--format", "json"],
        check=False,
        env=clean,
        capture_output=True,
        text=True,
    )


def services(environ: Mapping[str, str], *words: str) -> dict[str, Any]:
    done = compose(environ, *words)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return dict(json.loads(done.stdout)["services"])


def test_compose_alone() -> None:
    found = services({})
    assert set(found) == {"posemill"}
    port = found["posemill"]["ports"][0]
    assert (port["published"], port["target"], port.get("host_ip")) == ("5000", 5000, None)
    assert found["posemill"]["environment"]["POSEMILL_DATABASE_URL"] == ""
    services({"PIP_INDEX_URL": "https://pip.example/simple", "MIRROR": "m.example/"})


@pytest.mark.parametrize("by", ["variable", "flag"])
def test_compose_in_full(by: str) -> None:
    words = ["--profile", "full"] if by == "flag" else []
    environ = {k: v for k, v in FULL.items() if by == "variable" or k != "COMPOSE_PROFILES"}
    found = services(environ, *words)
    assert set(found) == {"posemill", "worker", "postgres", "nginx", "prometheus", "grafana"}
    assert found["worker"]["deploy"]["replicas"] == 2
    url = "postgresql://posemill:abc123@postgres/posemill"
    for name in ("posemill", "worker"):
        assert found[name]["environment"]["POSEMILL_DATABASE_URL"] == url
    assert found["posemill"]["environment"]["POSEMILL_JOB_WORKERS"] == "0"
    ports = [port for each in found.values() for port in each.get("ports", [])]
    outside = {int(port["published"]) for port in ports if "host_ip" not in port}
    assert outside == {80, 443}  # nginx alone; the rest is this machine's
    assert len({port["published"] for port in ports}) == len(ports)


@pytest.mark.parametrize("missing", ["POSTGRES_PASSWORD", "GRAFANA_PASSWORD"])
def test_compose_names_the_password_that_is_missing(missing: str) -> None:
    done = compose({name: value for name, value in FULL.items() if name != missing})
    assert done.returncode != 0
    assert f"write {missing}=... into .env" in done.stderr


def test_compose_trusts_nginx_and_nobody_else() -> None:
    document = json.loads(compose(FULL).stdout)
    found, network = document["services"], document["networks"]["front"]["ipam"]["config"][0]
    trusted = found["posemill"]["environment"]["POSEMILL_TRUSTED_PROXIES"]
    assert found["nginx"]["networks"]["front"]["ipv4_address"] == trusted
    address = ipaddress.ip_address(trusted)
    assert address in ipaddress.ip_network(network["subnet"])
    # Nobody else is given that address.
    assert address not in ipaddress.ip_network(network["ip_range"])
    assert int(address) != int(ipaddress.ip_network(network["subnet"])[1])


def test_compose_is_hardened_and_says_what_there_is() -> None:
    found = services(FULL)
    for name in ("posemill", "worker"):
        each = found[name]
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
        assert {mount["target"] for mount in each["volumes"]} == {"/data", "/etc/posemill"}
        assert each["tmpfs"] == ["/tmp"]
        assert float(each["stop_grace_period"].rstrip("s")) > 2 * Settings().stop_timeout_s
        assert {n for n in each["environment"] if n.startswith("POSEMILL_")} <= VARIABLES
    for each in found.values():
        for mount in each.get("volumes", []):
            assert mount["type"] == "volume" or Path(mount["source"]).exists(), mount


def test_every_variable_of_compose_is_explained() -> None:
    text = (ROOT / "compose.yaml").read_text()
    used = set(re.findall(r"\$\{(\w+)", text))
    told = set(re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE))
    assert used == told
    for name, value in re.findall(r"\$\{(\w+):-([^}]+)\}", text):
        if name != "POSEMILL_AUTH_TOKEN":
            assert f"#{name}={value}\n" in (DEPLOY / "env.example").read_text()


# Kubernetes


def objects() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in KUBERNETES:
        for each in yaml.safe_load_all(path.read_text()):
            yield path, each


def test_kubernetes_objects_are_of_their_schemas() -> None:
    validator = pytest.importorskip("kubernetes_validate")
    for path, each in objects():
        if path.name != "kustomization.yaml":
            validator.validate(each, "1.31", strict=True)


def test_kustomizations_fit_what_they_change() -> None:
    by_name = {(o["kind"], o["metadata"]["name"]): o for _, o in objects() if "metadata" in o}
    for path, each in objects():
        if path.name != "kustomization.yaml":
            continue
        for name in each["resources"]:
            assert (path.parent / name).exists()
        for patch in each.get("patches", []):
            changed = by_name[patch["target"]["kind"], patch["target"]["name"]]
            for change in yaml.safe_load(patch["patch"]):
                place: Any = changed
                for key in change["path"].strip("/").split("/"):
                    place = place if key == "-" else place[int(key) if key.isdigit() else key]


def test_kubernetes_runs_the_image_as_it_is_made() -> None:
    user = int(instructions("USER")[0].text.partition(":")[0])
    paths = api().openapi()["paths"]
    sets = [each for _, each in objects() if each["kind"] == "StatefulSet"]
    pods = [each["spec"]["template"]["spec"] for each in sets]
    assert len(pods) == 2
    for pod in pods:
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == user
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert {m["mountPath"] for m in container["volumeMounts"]} == {"/data", "/tmp"}
        assert {v["name"] for v in container["env"]} <= VARIABLES
        probes = [container[kind] for kind in container if kind.endswith("Probe")]
        assert {probe["httpGet"]["path"] for probe in probes} <= set(paths)
        assert pod["terminationGracePeriodSeconds"] > Settings().stop_timeout_s


# systemd


def test_the_unit_is_valid_and_hardened(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd" / "posemill.service").read_text()
    for name in re.findall(r"\bPOSEMILL_\w+(?==)", unit):
        assert name in VARIABLES
    seconds = re.search(r"TimeoutStopSec=(\d+)", unit)
    assert seconds and int(seconds[1]) > 2 * Settings().stop_timeout_s
    try:
        subprocess.run(["systemd-analyze", "--version"], capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("needs Debian's systemd")
    copy = tmp_path / "posemill.service"
    copy.write_text(unit.replace("/opt/posemill/bin/posemill", "/bin/true"))
    checked = _run(["systemd-analyze", "verify", str(copy)])
    assert (checked.returncode, checked.stderr) == (0, "")
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(copy)]
    rated = _run(words)
    assert rated.returncode == 0, rated.stdout[-400:]


def test_the_unit_lets_decoders_confine_themselves() -> None:
    """Else they would go on without: what they call then isn't refused to them any more."""
    unit = (DEPLOY / "systemd" / "posemill.service").read_text()
    try:
        listed = _run(["systemd-analyze", "syscall-filter", "--no-pager"]).stdout
    except FileNotFoundError:
        pytest.skip("needs Debian's systemd")
    groups: dict[str, set[str]] = {}
    for line in listed.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), set())
        elif line.startswith("    ") and groups:
            members.add(line.strip())

    def calls(word: str) -> set[str]:
        return set().union(*map(calls, groups[word])) if word in groups else {word}

    allowed: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, re.MULTILINE):
        named = set().union(*map(calls, line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    assert {"seccomp", "prctl", "capset", "prlimit64"} <= allowed
