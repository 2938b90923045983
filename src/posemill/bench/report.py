"""The figures of `posemill bench` as a plain table for people."""

from collections.abc import Iterator
from typing import Any


def lines(result: dict[str, Any]) -> Iterator[str]:
    """Yield the table of a result of ``run_bench``."""
    yield from _top(result)
    yield from _stages(result)
    yield from _floor(result["floor"])
    yield from _throughput(result["throughput"])
    yield from _people(result["people"])
    if result.get("against"):
        yield from _against(result["against"])


def _top(result: dict[str, Any]) -> Iterator[str]:
    width, height = result["size"]
    machine = result["machine"]
    yield f"machine    {machine['processor']}, {machine['usable_cores']} cores"
    yield (
        f"versions   posemill {machine['posemill']}, Python {machine['python']}, "
        f"OpenVINO {machine['openvino']}, numpy {machine['numpy']}, PyAV {machine['av']}"
    )
    yield f"source     {result['source']}, {width}x{height}"
    yield f"frames     {result['frames']}, {result['frames_with_people']} with people"
    yield f"model      {result['model']}, {result['precision']}"


def _stages(result: dict[str, Any]) -> Iterator[str]:
    stages = result["stages_ms"]
    yield ""
    yield f"{'stage, one core':<30}{'CPU ms a frame':>16}"
    for name, milliseconds in stages.items():
        yield f"{name:<30}{milliseconds:>16.2f}"
    yield f"{'sum':<30}{sum(stages.values()):>16.2f}"


def _floor(floor: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"peak of one core {floor['peak_gflops']} GFLOP/s ({floor['method']})"
    yield f"{'model':<30}{'M mult-adds':>14}{'floor ms':>11}{'ms':>9}{'share':>8}{'low..high':>14}"
    for row in floor["models"]:
        yield (
            f"{row['model']:<30}{row['multiply_adds'] / 1e6:>14.1f}{row['floor_ms']:>11.2f}"
            f"{row['best_ms']:>9.2f}{row['share_of_peak']:>8.2f}{_range(row):>14}"
        )


def _throughput(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield ""
    yield (
        f"{'streams':<30}{'frames/s':>10}{'low..high':>16}{'CPU ms':>8}"
        f"{'p50':>8}{'p95':>7}{'p99 ms':>8}{'MiB':>7}"
    )
    for row in rows:
        spread = f"{row['low']:.1f}..{row['high']:.1f}"
        line = f"{row['name']:<30}{row['frames_per_s']:>10.1f}{spread:>16}{row['cpu_ms']:>8.2f}"
        if latency := row.get("latency_ms"):
            line += f"{latency['p50']:>8.1f}{latency['p95']:>7.1f}{latency['p99']:>8.1f}"
        if "peak_mib" in row:
            line += f"{'':23}{row['peak_mib']:>7.0f}"
        yield line


def _people(measured: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    yield ""
    yield f"{'people in the picture':<30}{'found':>7}{'ms':>10}{'ratio':>8}{'low..high':>14}"
    for how, rows in measured.items():
        for row in rows:
            yield (
                f"{row['people']}, {how:<27}{row['found']:>7.1f}{row['ms']:>10.2f}"
                f"{row['ratio']:>8.2f}{_range(row):>14}"
            )


def _against(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row is rows[0]:
            yield ""
            yield f"{'against':<46}{'posemill':>10}{'peer':>9}{'ratio':>8}{'low..high':>14}"
        name = f"{row['peer']}, {row['what']}"
        yield (
            f"{name:<46}{row['ours']:>10.2f}{row['theirs']:>9.2f}{row['ratio']:>8.3f}"
            f"{_range(row):>14}  {row['unit']}"
        )


def _range(row: dict[str, Any]) -> str:
    return f"{row['low']:.2f}..{row['high']:.2f}"
