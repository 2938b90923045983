"""What Prometheus is told. Labels have few values: routes, not addresses; codes, not texts."""

from collections.abc import Callable, Iterable, Mapping

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "posemill_requests",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "posemill_request_seconds",
            "Time from the headers of a request to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stage_seconds = Histogram(
            "posemill_stage_seconds",
            "Time that pictures and frames spend in each stage.",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.rejections = Counter(
            "posemill_rejections", "Requests refused, by problem.", ["code"], registry=self.registry
        )
        self.frames = Counter(
            "posemill_frames",
            "Pictures and live frames by what became of them.",
            ["kind", "fate"],
            registry=self.registry,
        )
        self.people = Counter(
            "posemill_people", "People found, by kind.", ["kind"], registry=self.registry
        )
        self.analyses = Counter(
            "posemill_analyses",
            "Analyses of records by kind and what became of them.",
            ["kind", "fate"],
            registry=self.registry,
        )
        self.live_sessions = Gauge(
            "posemill_live_sessions", "Live sessions now.", registry=self.registry
        )
        self.info = Gauge(
            "posemill_info",
            "The version and what it runs, as labels.",
            ["version", "model", "engine", "precision"],
            registry=self.registry,
        )

    def watch(self, collector: Collector) -> None:
        """Ask ``collector`` too, at each scrape."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class Watched(Collector):
    """A gauge that is looked up when it is asked for: values by the value of one label."""

    def __init__(
        self, name: str, text: str, label: str, look: Callable[[], Mapping[str, float]]
    ) -> None:
        self._name, self._text, self._label, self._look = name, text, label, look

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(self._name, self._text, labels=[self._label])
        for value, number in self._look().items():
            family.add_metric([value], number)
        yield family


def memory_of(pids: Iterable[int]) -> float:
    """Return the resident bytes of processes; of those that are gone, none."""
    total = 0.0
    for pid in pids:
        try:
            total += psutil.Process(pid).memory_info().rss
        except psutil.Error:
            continue
    return total
