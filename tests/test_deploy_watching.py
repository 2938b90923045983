"""Prometheus and Grafana as deployed: every metric and label they ask for is there."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry, generate_latest

from posemill.server.stream_metrics import StreamMetrics
from servers import detect, running

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
BOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "posemill.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
FUNCTIONS = {"rate", "sum", "max", "increase", "histogram_quantile", "by"}
# A stream as the process that watches it tells of it.
STREAM = {
    **{
        "name": "door",
        "state": "running",
        "connections": 1,
        "age_p50_ms": 20.0,
        "age_p95_ms": 40.0,
    },
    **dict.fromkeys(("received", "skipped", "dropped", "broken", "processed", "looking"), 1),
    **dict.fromkeys(("fps", "max_fps", "people"), 1),
}


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a service says that has done a little of everything."""
    streams = CollectorRegistry()
    streams.register(StreamMetrics(lambda: [STREAM], lambda: {"open": 1}))
    with running(tmp_path_factory.mktemp("data")) as service:
        assert detect(service, content=b"\xff\xd8\xff\xe0").status_code == 200
        assert httpx.get(service.url + "/api/v1/jobs/none").status_code == 404
        service.service.metrics.analyses.labels("count", "done").inc()
        return httpx.get(service.url + "/metrics").text + generate_latest(streams).decode()


def names_in(metrics: str) -> dict[str, set[str]]:
    """Return the samples that there are or may be, each with its labels as far as they are seen."""
    found: dict[str, set[str]] = {}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", metrics, re.MULTILINE):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found.update({name + suffix: set() for suffix in suffixes})
    for name, labels in re.findall(r"^(\w+)\{(.*)\} ", metrics, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def asked_of(expression: str) -> tuple[set[str], set[str]]:
    """Return the metrics and the labels that an expression names."""
    labels = {
        word for part in re.findall(r"by \(([^)]*)\)", expression) for word in part.split(", ")
    }
    bare = re.sub(r"by \([^)]*\)|\{[^}]*\}|\[[^\]]*\]", " ", expression)
    words = set(re.findall(r"[a-z]\w+", bare)) - FUNCTIONS
    return words - {"up"}, labels


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_a_panel_asks_for_what_there_is(panel: dict[str, Any], metrics: str) -> None:
    known = names_in(metrics)
    for target in panel["targets"]:
        asked, labels = asked_of(target["expr"])
        legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        for name in asked:
            assert name in known, name
            assert labels | legend <= known[name], (name, labels, legend, known[name])
        # What is summed away can't be shown.
        assert not labels or legend <= labels
        assert target["datasource"] == panel["datasource"]


def test_panels_lie_side_by_side() -> None:
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_every_metric_is_shown(metrics: str) -> None:
    shown = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    families = re.findall(r"^# TYPE (posemill_\w+) (\w+)$", metrics, re.MULTILINE)
    missing = [n for n, _ in families if n not in shown and not n.endswith("_created")]
    assert not missing


def test_the_parts_name_each_other() -> None:
    compose = yaml.safe_load((DEPLOY.parent / "compose.yaml").read_text())
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    source = yaml.safe_load((DEPLOY / "grafana" / "datasources" / "prometheus.yml").read_text())
    boards = yaml.safe_load((DEPLOY / "grafana" / "providers" / "posemill.yml").read_text())
    (job,), (known,) = scraped["scrape_configs"], source["datasources"]
    assert f'up{{job="{job["job_name"]}"}}' in json.dumps(BOARD).replace('\\"', '"')
    assert {panel["datasource"]["uid"] for panel in PANELS} == {known["uid"]}
    services = compose["services"]
    assert job["static_configs"][0]["targets"] == ["posemill:5000"]
    assert (
        job["authorization"]["credentials_file"] == services["prometheus"]["configs"][0]["target"]
    )
    assert known["url"] == "http://prometheus:9090"
    folder = boards["providers"][0]["options"]["path"]
    mounted = f"./deploy/grafana/dashboards:{folder}:ro"
    assert mounted in services["grafana"]["volumes"]
    # Whoever scrapes must be on a network with it.
    assert set(services["prometheus"]["networks"]) & set(services["posemill"]["networks"])
