"""What does it cost to follow N objects, by every visual tracker? And how well does each follow?

    python benchmarks/following.py VIDEO [--visual-tracker NAME ...] [--objects N,...]
        [--frames N] [--data FOLDER ...] [--json FILE] [--png FILE]

The same N boxes of 24 to 120 pixels a side are followed by all trackers, which take turns on every
frame, in one thread. Costs are processor time, which a busy machine changes least: the median of
the frames, and in brackets dlib's over it. A tracker that has used its `--budget` skips the other
frames. Who gave targets up had less to do: `kept` is the share still followed at the end.

With `--data` (folders of sequences with true tracks) it also follows true boxes, without any help.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import cv2
import numpy as np
from machine import describe_machine, machine_lines
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from acme_tracker.config import SourceSettings, VisualTrackerSettings
from acme_tracker.datasets import open_sequences
from acme_tracker.datatypes import Boxes
from acme_tracker.errors import ConfigError
from acme_tracker.evaluation.following import HORIZONS, Following, evaluate_following
from acme_tracker.frames import Frame
from acme_tracker.interfaces import VisualTracker
from acme_tracker.tracking.visual.registry import open_visual_tracker, visual_tracker_names
from acme_tracker.video.sources import open_source

RIVAL = "dlib"
SIDES_PX = (24, 120)
UNMEASURED = 2  # first frames: caches fill, lazy imports happen
QUALITY = (*(f"iou_{horizon}" for horizon in HORIZONS), "AUROC", "ECE")

Costs = dict[int, dict[str, dict[str, float]]]  # by number of objects, by tracker

console = Console(highlight=False)
if not console.is_terminal:
    console.width = 118


def make(name: str) -> VisualTracker:
    return open_visual_tracker(VisualTrackerSettings(name=name))


def usable(names: Sequence[str]) -> list[str]:
    """Those that this machine has the packages and weights for."""
    found = []
    for name in names:
        try:
            make(name)
            found.append(name)
        except ConfigError as error:
            console.print(f"left out: {error}")
    return found


def read_frames(video: Path, count: int) -> list[Frame]:
    with open_source(str(video), SourceSettings()) as source:
        frames = list(islice(source, count))
    for frame in frames:
        _ = frame.image, frame.luma  # converting is not following
    return frames


def some_boxes(count: int, picture: tuple[int, int]) -> Boxes:
    rng = np.random.default_rng(0)
    side = rng.uniform(*SIDES_PX, (count, 2))
    corner = rng.uniform(0, 1, (count, 2)) * np.maximum(np.array(picture) - side, 0)
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


def measure(
    names: Sequence[str], count: int, frames: Sequence[Frame], budget_s: float
) -> dict[str, dict[str, float]]:
    """Median milliseconds a frame, and the share of targets kept, of each tracker."""
    xyxy = some_boxes(count, frames[0].size)
    trackers = {name: make(name) for name in names}
    spent_ms: dict[str, list[float]] = {name: [] for name in names}
    kept: dict[str, float] = {}
    for tracker in trackers.values():
        tracker.start(frames[0], np.arange(count), xyxy)
    for frame in frames[1:]:
        for name, tracker in trackers.items():
            if len(spent_ms[name]) > UNMEASURED and sum(spent_ms[name]) > 1000 * budget_s:
                continue
            began = process_time()
            followed = tracker.update(frame)
            spent_ms[name].append(1000 * (process_time() - began))
            kept[name] = float(followed.ok.mean())
    return {
        name: {"ms": median(spent[UNMEASURED:]), "kept": kept[name], "frames": len(spent)}
        for name, spent in spent_ms.items()
    }


def cost_table(names: Sequence[str], costs: Costs) -> Table:
    table = new_table("CPU-ms a frame", [f"{count} objects" for count in costs])
    for name in names:
        table.add_row(name, *(cell(name, by_name) for by_name in costs.values()))
    return table


def cell(name: str, by_name: dict[str, dict[str, float]]) -> str:
    own = by_name[name]
    told = f"{own['ms']:.2f}"
    if RIVAL in by_name and name != RIVAL:
        told += f" ({by_name[RIVAL]['ms'] / own['ms']:.1f}x)"
    return told + (f" kept {own['kept']:.0%}" if own["kept"] < 1 else "")


def follow_truth(names: Sequence[str], folders: Sequence[Path]) -> dict[str, Any]:
    """Figures of each tracker on each sequence."""
    sequences = [sequence for folder in folders for sequence in open_sequences(folder)]
    makers = [partial(make, name) for name in names]
    found: list[dict[str, Following]] = evaluate_following(sequences, makers, max(HORIZONS))
    return {
        name: {sequence: following.figures() for sequence, following in by_sequence.items()}
        for name, by_sequence in zip(names, found, strict=True)
    }


def quality_table(quality: dict[str, Any]) -> Table:
    table = new_table("tracker, sequence", QUALITY)
    for name, by_sequence in quality.items():
        for sequence, figures in by_sequence.items():
            table.add_row(f"{name}, {sequence}", *(f"{figures[key]:.3f}" for key in QUALITY))
    return table


def new_table(first: str, others: Sequence[str]) -> Table:
    table = Table(Column(first, no_wrap=True), box=SIMPLE_HEAD, pad_edge=False)
    for title in others:
        table.add_column(title, justify="right")
    return table


def draw(path: Path, names: Sequence[str], costs: Costs) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(
        xlabel="objects", ylabel="CPU-ms a frame", xscale="log", yscale="log", title="Following"
    )
    for name in names:
        axes.plot(
            list(costs), [by_name[name]["ms"] for by_name in costs.values()], "o-", label=name
        )
    axes.set_xticks(list(costs), [str(count) for count in costs], minor=False)
    axes.grid(which="both", alpha=0.3)
    figure.legend(loc="outside right upper")
    figure.savefig(path, dpi=150)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Cost and quality of the visual trackers")
    parser.add_argument("video", type=Path)
    parser.add_argument("--visual-tracker", action="append", help="repeatable; all if absent")
    parser.add_argument("--objects", default="1,5,10,20,50,100")
    parser.add_argument("--frames", type=int, default=30, help="of the video, for the cost")
    parser.add_argument("--budget", type=float, default=5.0, help="seconds a tracker and number")
    parser.add_argument("--data", type=Path, action="append", default=[], help="repeatable")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--png", type=Path, help="draw the costs to this file")
    arguments = parser.parse_args()
    if arguments.frames < UNMEASURED + 3:
        parser.error(f"--frames must be at least {UNMEASURED + 3}")
    return arguments


def main() -> None:
    arguments = parse()
    cv2.setNumThreads(1)
    machine = describe_machine()
    names = usable(arguments.visual_tracker or visual_tracker_names())
    frames = read_frames(arguments.video, arguments.frames)
    counts = [int(count) for count in arguments.objects.split(",")]
    costs = {count: measure(names, count, frames, arguments.budget) for count in counts}
    console.print(*machine_lines(machine), sep="\n", soft_wrap=True)
    console.print(f"{arguments.video}, {len(frames)} frames of {frames[0].size}", soft_wrap=True)
    console.print(cost_table(names, costs))
    quality = follow_truth(names, arguments.data) if arguments.data else {}
    if quality:
        console.print(quality_table(quality))
    if arguments.json:
        report = {"machine": machine, "video": str(arguments.video), "costs": costs}
        text = json.dumps({**report, "quality": quality}, indent=2)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    if arguments.png:
        draw(arguments.png, names, costs)


if __name__ == "__main__":
    main()
