"""What Prometheus is told of streams: as the process that watches them said last."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_FATES: Final = ("received", "skipped", "dropped", "broken", "processed")
_GAUGES: Final = {
    "fps": ("posemill_stream_fps", "Frames a second that were looked at."),
    "max_fps": ("posemill_stream_max_fps", "Frames a second that are wanted."),
    "people": ("posemill_stream_people", "People in the last frame."),
    "looking": ("posemill_stream_looking", "Who looks at it."),
}


class StreamMetrics(Collector):
    """``statuses``: returns how each stream is; ``alerts``: counts of alerts and deliveries."""

    def __init__(
        self,
        statuses: Callable[[], Sequence[Mapping[str, Any]]],
        alerts: Callable[[], Mapping[str, int]],
    ) -> None:
        self._statuses, self._alerts = statuses, alerts

    def collect(self) -> Iterable[Metric]:
        streams = self._statuses()
        state = GaugeMetricFamily(
            "posemill_stream_state", "1 for the state a stream is in.", labels=["stream", "state"]
        )
        age = GaugeMetricFamily(
            "posemill_stream_age_seconds",
            "From a frame's capture to its result.",
            labels=["stream", "quantile"],
        )
        frames = CounterMetricFamily(
            "posemill_stream_frames", "Frames by what became of them.", labels=["stream", "fate"]
        )
        connections = CounterMetricFamily(
            "posemill_stream_connections", "Times it was connected to.", labels=["stream"]
        )
        for each in streams:
            name = each["name"]
            state.add_metric([name, each["state"]], 1)
            connections.add_metric([name], each["connections"])
            for fate in _FATES:
                frames.add_metric([name, fate], each[fate])
            for quantile, key in (("0.5", "age_p50_ms"), ("0.95", "age_p95_ms")):
                if each[key] is not None:
                    age.add_metric([name, quantile], each[key] / 1000)
        yield from (state, age, frames, connections)
        for key, (metric, text) in _GAUGES.items():
            gauge = GaugeMetricFamily(metric, text, labels=["stream"])
            for each in streams:
                gauge.add_metric([each["name"]], each[key])
            yield gauge
        counts = GaugeMetricFamily(
            "posemill_alerts", "Alerts and their deliveries, by state.", labels=["state"]
        )
        for word, count in self._alerts().items():
            counts.add_metric([word], count)
        yield counts
