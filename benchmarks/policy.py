"""Is it worth looking seldom? HOTA over processor time of many ways to track, and of the default.

    python benchmarks/policy.py --data FOLDER ... [--detector NAME] [--sizes WxH,...]
        [--every N,...] [--ways NAME,...] [--ignore-above-px Y] [--duration S] [--views N]
        [--json FILE] [--png FILE]

The grid: every size of the detector's input, every cadence of looks, and these ways from look to
look: `iou` (a Kalman filter, matched by overlap alone), `bytetrack` (the same, and weak detections
continue tracks, as ByteTrack does), `flow`, `dlib` and `batched` (as `acme-tracker track` has
them). Beside them the default policy, on every size. All take turns on the same frames, on one
thread; costs are CPU-ms a frame of detecting and tracking, without decoding.

It then tells which cadences are at least as good as the default for no more, and what the default
is worth against `batched` at a fixed cadence of equal cost (between two points of the grid, by the
line between them).

With --views, figures are means over so many views of the clips (views.py: begun a little later, and
mirrored), and the default is compared with cadences view by view: two ways that differ by less than
a point on one view may stand the other way round on the next.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from machine import describe_machine, machine_lines
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table
from views import View, first_views, mirrored

from acme_tracker.config import TrackSettings
from acme_tracker.datasets import Sequence as TruthSequence
from acme_tracker.datasets import open_sequences
from acme_tracker.detection.registry import open_detector
from acme_tracker.evaluation.running import evaluate_setups
from acme_tracker.evaluation.setups import Setup

PLAIN = {
    "visual_tracker.name": "kalman",
    "association.method": "iou",
    "association.min_iou": 0.3,
}
WAYS: dict[str, dict[str, Any]] = {
    "iou": PLAIN,
    "bytetrack": {**PLAIN, "association.min_iou": 0.2, "detector.score": 0.1},
    "flow": {"visual_tracker.name": "flow"},
    "dlib": {"visual_tracker.name": "dlib"},
    "batched": {"visual_tracker.name": "batched"},
}
DEFAULT = "policy"
SIZES = "640x384,512x320,416x256,320x192"
CADENCES = "1,2,3,5,10,15,30"

console = Console(highlight=False)
if not console.is_terminal:
    console.width = 160


@dataclass(frozen=True)
class Point:
    """A way to track, and how it did over all sequences.

    Attributes:
        size: of the detector's input; empty for its own.
        every: frames from look to look; None for the policy.
    """

    size: str
    way: str
    every: int | None
    hota: float
    cpu_ms: float
    looks: float

    def beats(self, other: Point) -> bool:
        """At least as good for no more."""
        return self.hota >= other.hota and self.cpu_ms <= other.cpu_ms


def setups_of(
    arguments: argparse.Namespace, start_s: float
) -> dict[tuple[str, str, int | None], Setup]:
    """By size, way and cadence."""
    cadences = [int(every) for every in arguments.every.split(",")]
    grid: dict[tuple[str, str, int | None], dict[str, Any]] = {}
    for size in arguments.sizes.split(","):
        for way in arguments.ways.split(","):
            grid |= {(size, way, every): WAYS[way] for every in cadences}
        grid[size, DEFAULT, None] = {}
    setups = {}
    for (size, way, every), overrides in grid.items():
        fixed = {
            "detector.name": f"{arguments.detector}@{size}" if size else arguments.detector,
            "detector.threads": 1,
            "redetection.every_frames": every,
            "source.start_s": start_s,
            "source.duration_s": arguments.duration,
        }
        setups[size, way, every] = Setup(TrackSettings.load(overrides={**fixed, **overrides}))
    return setups


def measure(arguments: argparse.Namespace) -> dict[View, list[Point]]:
    """Every point of the grid, and the default at every size, by view."""
    views = first_views(arguments.views)
    sequences = [sequence for folder in arguments.data for sequence in open_sequences(folder)]
    frames = len(views) * sum(sequence.length for sequence in sequences)
    with TemporaryDirectory() as folder, Progress(console=console, transient=True) as progress:
        task = progress.add_task("tracking", total=frames)
        turned = mirrored(sequences, Path(folder)) if len(views) > 1 else []
        return {
            view: _measure_view(
                arguments,
                turned if view.mirrored else sequences,
                setups_of(arguments, view.start_s),
                lambda count: progress.advance(task, count),
            )
            for view in views
        }


def _measure_view(
    arguments: argparse.Namespace,
    sequences: Sequence[TruthSequence],
    setups: dict[tuple[str, str, int | None], Setup],
    advance: Callable[[int], None],
) -> list[Point]:
    reports = evaluate_setups(
        sequences,
        list(setups.values()),
        open_detector,
        ignore_above_px=arguments.ignore_above_px,
        advance=advance,
    )
    return [
        Point(
            *key,
            hota=float(report.total["HOTA"]),
            cpu_ms=float(report.total["cpu_ms_per_frame"]),
            looks=float(report.total["looks_per_frame"]),
        )
        for key, report in zip(setups, reports, strict=True)
    ]


def means(views: Iterable[Sequence[Point]]) -> list[Point]:
    """Each point's figures over all views."""
    return [
        replace(
            same[0],
            hota=mean(point.hota for point in same),
            cpu_ms=mean(point.cpu_ms for point in same),
            looks=mean(point.looks for point in same),
        )
        for same in zip(*views, strict=True)
    ]


def at_equal_cost(point: Point, cadences: Sequence[Point]) -> float | None:
    """HOTA that fixed cadences reach for a point's cost; None beyond the dearest and cheapest."""
    known = sorted(cadences, key=lambda one: one.cpu_ms)
    costs, values = [one.cpu_ms for one in known], [one.hota for one in known]
    if not known or not costs[0] <= point.cpu_ms <= costs[-1]:
        return None
    return float(np.interp(point.cpu_ms, costs, values))


def verdicts(views: Sequence[Sequence[Point]]) -> list[str]:
    """A line or two about the default at every size."""
    points = means(views)
    told = []
    for default in (point for point in points if point.way == DEFAULT):
        rivals = [point for point in points if point.way != DEFAULT and point.beats(default)]
        names = ", ".join(
            " ".join(filter(None, (one.size, one.way, f"every {one.every}"))) for one in rivals
        )
        told.append(
            f"{default.size} default: {default.hota:.1f} for {default.cpu_ms:.2f} CPU-ms; "
            f"at least as good for no more: {names or 'nothing'}".strip()
        )
        fixed = at_equal_cost(default, _cadences(points, default.size))
        if fixed is not None:
            told.append(f"  batched at fixed cadences of equal cost: {fixed:.1f}")
        gains = [gain for view in views if (gain := _gain(view, default.size)) is not None]
        if len(gains) > 1:
            told.append(
                f"  the default's gain over them, view by view: {mean(gains):+.1f} "
                f"({min(gains):+.1f} to {max(gains):+.1f})"
            )
    return told


def _cadences(points: Iterable[Point], size: str) -> list[Point]:
    return [point for point in points if (point.size, point.way) == (size, "batched")]


def _gain(points: Sequence[Point], size: str) -> float | None:
    """HOTA of the default of a size over cadences of equal cost, where there are such."""
    default = next(point for point in points if (point.size, point.way) == (size, DEFAULT))
    fixed = at_equal_cost(default, _cadences(points, size))
    return None if fixed is None else default.hota - fixed


def table_of(points: Sequence[Point]) -> Table:
    """Rows are sizes and ways, columns cadences; cells HOTA and CPU-ms."""
    cadences = list(dict.fromkeys(point.every for point in points if point.every is not None))
    table = Table(Column("HOTA, CPU-ms", no_wrap=True), box=SIMPLE_HEAD, pad_edge=False)
    for every in (*cadences, None):
        title = DEFAULT if every is None else f"every {every}"
        table.add_column(title, justify="right", no_wrap=True)
    cells = {(point.size, point.way, point.every): point for point in points}
    for size, way in dict.fromkeys((point.size, point.way) for point in points):
        row = [cells.get((size, way, every)) for every in (*cadences, None)]
        told = ("" if one is None else f"{one.hota:.1f} {one.cpu_ms:5.2f}" for one in row)
        table.add_row(f"{size} {way}".strip(), *told)
    return table


def draw(path: Path, points: Sequence[Point]) -> None:
    """HOTA over cost: a colour a way, a line a size (the largest is the darkest)."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    axes = figure.add_subplot(xlabel="CPU-ms a frame", ylabel="HOTA", xscale="log")
    ways, sizes = (list(dict.fromkeys(getattr(p, n) for p in points)) for n in ("way", "size"))
    for number, way in enumerate(ways):
        for rank, size in enumerate(sizes):
            own = [point for point in points if (point.way, point.size) == (way, size)]
            axes.plot(
                [point.cpu_ms for point in own],
                [point.hota for point in own],
                "*" if way == DEFAULT else "o-",
                markersize=14 if way == DEFAULT else 4,
                color="black" if way == DEFAULT else colormaps["tab10"](number),
                alpha=1 - 0.2 * rank,
                label=way if not rank else None,
            )
    axes.grid(which="both", alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="HOTA over cost: cadences and the default policy")
    parser.add_argument("--data", type=Path, action="append", required=True, help="repeatable")
    parser.add_argument("--detector", default=TrackSettings().detector.name)
    parser.add_argument("--sizes", default=SIZES, help="of its input; empty for its own alone")
    parser.add_argument("--every", default=CADENCES, help="frames")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--ignore-above-px", type=float, help="boxes above this row do not count")
    parser.add_argument("--duration", type=float, help="seconds of each sequence; all if absent")
    parser.add_argument("--views", type=int, default=1, help="of each sequence, to average over")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--png", type=Path, help="draw HOTA over cost to this file")
    arguments = parser.parse_args()
    if unknown := set(arguments.ways.split(",")) - set(WAYS):
        parser.error(f"--ways: {', '.join(sorted(unknown))} unknown; known: {', '.join(WAYS)}")
    if arguments.views < 1:
        parser.error("--views must be at least 1")
    return arguments


def main() -> None:
    arguments = parse()
    cv2.setNumThreads(1)
    machine = describe_machine()
    by_view = measure(arguments)
    points = means(by_view.values())
    console.print(*machine_lines(machine), sep="\n", soft_wrap=True)
    names = ", ".join(map(str, arguments.data))
    views = "; ".join(map(str, by_view))
    console.print(f"{names}; {arguments.detector}; {views}", soft_wrap=True)
    console.print(table_of(points))
    told = verdicts(list(by_view.values()))
    console.print(*told, sep="\n", soft_wrap=True)
    if arguments.json:
        report = {
            "machine": machine,
            "data": [str(folder) for folder in arguments.data],
            "detector": arguments.detector,
            "ignore_above_px": arguments.ignore_above_px,
            "duration_s": arguments.duration,
            "points": [asdict(point) for point in points],
            "views": {str(v): [asdict(point) for point in own] for v, own in by_view.items()},
            "verdicts": told,
        }
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if arguments.png:
        draw(arguments.png, points)


if __name__ == "__main__":
    main()
