"""Is it alive, is it ready, what does it do: for supervisors, Prometheus and people."""

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import psutil
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST

from posemill import __version__
from posemill.assemble import pose_options
from posemill.cores import usable_cores
from posemill.errors import PosemillError
from posemill.options import MODEL_NAMES
from posemill.runtime.precision import effective_precision
from posemill.server.describing import described, json_of
from posemill.server.metrics import Watched, memory_of
from posemill.server.problems import Problem, language_of
from posemill.server.service import Service, service_of
from posemill.server.stream_metrics import StreamMetrics

router = APIRouter(tags=["health"])
_PROMETHEUS: Final = {"text/plain": {"schema": {"type": "string"}}}


@router.get("/healthz", **described(answers=json_of("Word")))
async def healthz() -> dict[str, str]:
    """Say that the service is alive."""
    return {"status": "alive"}


router.head("/healthz", include_in_schema=False)(healthz)


@router.get("/readyz", **described(answers=json_of("Word"), problems=("not_ready",)))
async def readyz(request: Request) -> dict[str, str]:
    """Say whether models are loaded and jobs can be stored."""
    service = service_of(request)
    waiting = [] if service.pictures.is_ready else ["the models are being loaded."]
    try:
        await run_in_threadpool(service.jobs.check)
    except PosemillError as error:
        waiting.append(str(error))
    if waiting:
        raise Problem("not_ready", reason=" ".join(waiting))
    return {"status": "ready"}


router.head("/readyz", include_in_schema=False)(readyz)


@router.get("/metrics", **described(answers=_PROMETHEUS, problems=("unauthorized",)))
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format."""
    text = await run_in_threadpool(service_of(request).metrics.text)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get("/api/v1/status", **described(answers=json_of("Status"), problems=("unauthorized",)))
async def status(request: Request, checks: bool = False) -> dict[str, Any]:
    """Return the version, what runs, its load and its limits.

    With `checks`, also what `posemill doctor` finds where the service runs. That takes some
    seconds, and is then remembered for ten minutes.
    """
    service = service_of(request)
    found = await run_in_threadpool(_status, service)
    if checks:
        found["examination"] = await service.examination.result(language_of(request.headers))
    return found


def _status(service: Service) -> dict[str, Any]:
    settings = service.settings
    options = pose_options(settings)
    limits = (
        *("max_content_length", "max_video_length", "max_pixels", "max_duration_s", "max_frames"),
        *("max_fps", "max_live", "queue_size", "upload_extensions", "keep_results_for"),
    )
    return {
        "version": __version__,
        "model": MODEL_NAMES[options.model_complexity],
        "engine": options.engine,
        "precision": effective_precision(options),
        "confined": service.pictures.confined,
        "cores": usable_cores(),
        "ready": service.pictures.is_ready,
        "waiting": service.pictures.waiting,
        "live_sessions": service.live.sessions,
        "jobs": dict(service.jobs.counts()),
        "streams": _streams(service),
        "restarts": service.pictures.restarts,
        "limits": {name: getattr(settings, name) for name in limits},
    }


def watch(service: Service) -> None:
    """Have the metrics look up what is there to be looked up."""
    metrics, settings = service.metrics, service.settings
    options = pose_options(settings)
    metrics.info.labels(
        __version__,
        MODEL_NAMES[options.model_complexity],
        options.engine,
        effective_precision(options),
    ).set(1)
    gauges = [
        Watched(
            "posemill_queue_depth",
            "Pictures and analyses that wait.",
            "queue",
            lambda: {
                "pictures": service.pictures.waiting,
                "analysis": service.analysis.waiting,
            },
        ),
        Watched(
            "posemill_confinement",
            "How the media processes are confined.",
            "how",
            lambda: {service.pictures.confined: 1},
        ),
        Watched("posemill_jobs", "Jobs by state.", "state", service.jobs.counts),
        Watched(
            "posemill_worker_restarts",
            "Media processes that had to be replaced.",
            "kind",
            lambda: {
                "pictures": service.pictures.restarts,
                "live": sum(lane.restarts for lane in service.live.lanes),
                "analysis": service.analysis.restarts,
                "streams": max(0, service.watch.starts - 1),
            },
        ),
        Watched("posemill_memory_bytes", "Resident memory.", "process", lambda: _memory(service)),
    ]
    for gauge in gauges:
        metrics.watch(gauge)
    metrics.watch(StreamMetrics(lambda: service.watch.statuses, lambda: _alerts(service)))


def _streams(service: Service) -> dict[str, int]:
    """Return how many streams are in each state."""
    return dict(Counter(each["state"] for each in service.watch.statuses))


def _alerts(service: Service) -> Mapping[str, int]:
    try:
        return service.alerts.counts()
    except PosemillError:  # the database is away: the other metrics are still there
        return {}


def _memory(service: Service) -> dict[str, float]:
    live = [pid for lane in service.live.lanes for pid in lane.pids]
    kinds = {"service": [os.getpid()], "pictures": service.pictures.pids, "live": live}
    kinds["analysis"] = service.analysis.pids
    kinds["streams"] = [pid for pid in (service.watch.pid,) if pid is not None]
    known = {pid for pids in kinds.values() for pid in pids}
    children = psutil.Process().children(recursive=True)
    kinds["jobs"] = [child.pid for child in children if child.pid not in known]
    return {kind: memory_of(pids) for kind, pids in kinds.items()}
