"""How fast is the whole program, against the usual loop? Frames a second and CPU time by stage.

    python benchmarks/pipeline.py VIDEO [--detector NAME] [--visual-tracker NAME ...]
        [--repeat N] [--duration S] [--threads N] [--set KEY=VALUE ...] [--no-video] [--json FILE]
        [--png FILE]

Variants, each run in a fresh process, in turn, N times over (A B C A B C ...); figures are medians:

- acme_tracker: what `acme-tracker track` does, result files included, once a visual tracker;
- usual loop: detect every 30th frame, one dlib tracker an object in turn, see usual_loop.py;
- both with an annotated video (H.264 here, mp4v there) and without, with the same detector;
- floors: decoding alone; decoding, conversion to BGR and H.264 encoding without any tracking.

Each run does half a second of the clip first, unmeasured: imports and models are not counted.
The detector and OpenMP get the same number of threads in all of them; OpenCV gets it in the usual
loop, and one in acme_tracker and the floors, whose stages have threads of their own. A stage's CPU
time is that of the thread it runs in; what OpenCV, OpenVINO and x264 do in threads of their own is
in `other`, of which `--threads 1` leaves less. `vs usual` is frames a second over those of the
usual loop, with the least and the greatest ratio of one round in brackets; `vs floor` over those of
decoding and encoding, or of decoding alone where no video is written. `--set` changes settings
(output.preset=ultrafast); a variant ignores those that it does not know.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, median
from typing import Any

from machine import describe_machine, machine_lines
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from variants import Job, Measured

from acme_tracker.config import TrackSettings, parse_assignments

USUAL = "usual loop"
DECODE, COPY = "decode", "decode + encode"
SILENT = ", no video"
STAGES = (
    *("decode", "convert", "watch", "follow", "detect", "associate"),
    *("rows", "draw", "encode"),
)
REST = "other"
WIDTH = 118  # columns that the tables need; a terminal's own width where there is one

console = Console(highlight=False)
if not console.is_terminal:
    console.width = WIDTH


def jobs_of(arguments: argparse.Namespace) -> dict[str, Job]:
    """The variants by name, in the order they run."""

    def job(kind: Any, visual_tracker: str = "", write_video: bool = False) -> Job:
        return Job(
            kind=kind,
            source=str(arguments.video),
            detector=arguments.detector,
            visual_tracker=visual_tracker,
            duration_s=arguments.duration,
            write_video=write_video,
            threads=arguments.threads,
            overrides=parse_assignments(arguments.set),
        )

    jobs = {DECODE: job("decode")}
    if not arguments.no_video:
        jobs[COPY] = job("transcode")
    for write_video in (False,) if arguments.no_video else (True, False):
        suffix = "" if write_video else SILENT
        jobs[USUAL + suffix] = job("usual", write_video=write_video)
        for name in arguments.visual_tracker:
            jobs[f"acme_tracker {name}{suffix}"] = job("ours", name, write_video)
    return jobs


def run_apart(job: Job) -> Measured:
    """A run in a process of its own; SystemExit, with its last words, if it fails."""
    count = str(job.threads)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), count)
    script = Path(__file__).with_name("variants.py")
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(asdict(job))],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise SystemExit(f"{job.kind}: {said[-1]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def run_rounds(jobs: dict[str, Job], repeat: int) -> dict[str, list[Measured]]:
    """Every variant once a round."""
    runs: dict[str, list[Measured]] = {name: [] for name in jobs}
    with console.status("") as status:
        for round_number in range(1, repeat + 1):
            for name, job in jobs.items():
                status.update(f"round {round_number} of {repeat}: {name}")
                runs[name].append(run_apart(job))
    return runs


def unlike(runs: dict[str, list[Measured]]) -> list[str]:
    """Variants that looked or found otherwise in another round: something was changed meanwhile."""
    return [
        name
        for name, own in runs.items()
        if len({(run.frames, run.looks, run.objects) for run in own}) > 1
    ]


def summarise(name: str, runs: dict[str, list[Measured]]) -> dict[str, Any]:
    """The figures of a variant, as plain values; ratios are None but for acme_tracker."""
    own, silent = runs[name], name.endswith(SILENT)
    ours = name.startswith("acme_tracker")
    stages = {stage for run in own for stage in run.stages_ms}
    by_stage = {
        stage: median(run.stages_ms.get(stage, 0) / run.frames for run in own) for stage in stages
    }
    cpu_ms = median(run.cpu_ms / run.frames for run in own)
    by_stage[REST] = median((run.cpu_ms - sum(run.stages_ms.values())) / run.frames for run in own)
    return {
        "frames": own[0].frames,
        "frames_per_second": median(map(speed, own)),
        "cpu_ms_per_frame": cpu_ms,
        "cpu_ms_per_frame_by_stage": by_stage,
        "objects_per_frame": mean(run.objects / run.frames for run in own),
        "looks": median(run.looks for run in own),
        "vs_usual": ratios(own, runs[USUAL + SILENT * silent]) if ours else None,
        "vs_floor": ratios(own, runs[DECODE if silent else COPY]) if ours else None,
        "runs": [asdict(run) for run in own],
    }


def speed(run: Measured) -> float:
    """Frames a second."""
    return run.frames / run.wall_s


def ratios(own: list[Measured], others: list[Measured]) -> dict[str, float]:
    """How many times the frames a second, and how much of the CPU time."""
    by_round = [speed(mine) / speed(other) for mine, other in zip(own, others, strict=True)]
    return {
        "frames_per_second": median(map(speed, own)) / median(map(speed, others)),
        "least": min(by_round),
        "greatest": max(by_round),
        "cpu": median(r.cpu_ms / r.frames for r in own)
        / median(r.cpu_ms / r.frames for r in others),
    }


def speed_table(variants: dict[str, Any]) -> Table:
    titles = ("frames/s", "CPU-ms", "objects", "looks", "vs usual", "CPU vs usual", "vs floor")
    table = new_table("speed", titles)
    for name, found in variants.items():
        ratio = found["vs_usual"]
        row = [f"{found['frames_per_second']:.1f}", f"{found['cpu_ms_per_frame']:.2f}"]
        if ratio or name.startswith(USUAL):
            row += [f"{found['objects_per_frame']:.1f}", f"{found['looks']:.0f}"]
        if ratio:
            spread = f"{ratio['least']:.1f} to {ratio['greatest']:.1f}"
            row += [f"{ratio['frames_per_second']:.1f}x ({spread})", f"{ratio['cpu']:.2f}x"]
            row += [f"{found['vs_floor']['frames_per_second']:.2f}x"]
        table.add_row(name, *row)
    return table


def stage_table(variants: dict[str, Any]) -> Table:
    table = new_table("CPU-ms a frame", (*STAGES, REST))
    for name, found in variants.items():
        spent = [found["cpu_ms_per_frame_by_stage"].get(stage) for stage in (*STAGES, REST)]
        table.add_row(name, *("" if ms is None else f"{ms:.2f}" for ms in spent))
    return table


def draw(path: Path, variants: dict[str, Any], machine: dict[str, Any]) -> None:
    """Frames a second of each variant, and where its CPU time goes."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 1 + 0.5 * len(variants)), layout="constrained")
    speeds, costs = figure.subplots(1, 2, sharey=True)
    names = list(variants)[::-1]
    bars = speeds.barh(names, [variants[name]["frames_per_second"] for name in names], color="0.6")
    speeds.bar_label(bars, fmt="%.0f", padding=3)
    speeds.margins(x=0.12)
    speeds.set_xlabel("frames a second")
    done = [0.0] * len(names)
    for stage, colour in zip((*STAGES, REST), colormaps["tab10"].colors, strict=True):  # type: ignore[attr-defined]
        spent = [variants[name]["cpu_ms_per_frame_by_stage"].get(stage, 0) for name in names]
        costs.barh(names, spent, left=done, label=stage, color=colour)
        done = [before + ms for before, ms in zip(done, spent, strict=True)]
    costs.set_xlabel("CPU-ms a frame")
    figure.legend(loc="outside right upper")
    figure.suptitle(machine_lines(machine)[0], fontsize="small")
    figure.savefig(path, dpi=150)


def new_table(first: str, others: Sequence[str]) -> Table:
    table = Table(Column(first, no_wrap=True), box=SIMPLE_HEAD, pad_edge=False)
    for title in others:
        table.add_column(title, justify="right")
    return table


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Speed of the whole program and the usual loop")
    parser.add_argument("video", type=Path)
    parser.add_argument("--detector", default=TrackSettings().detector.name)
    parser.add_argument("--visual-tracker", action="append", help="repeatable")
    parser.add_argument("--repeat", type=int, default=3, help="rounds")
    parser.add_argument("--duration", type=float, help="seconds of the clip; all of it if absent")
    parser.add_argument("--threads", type=int, default=TrackSettings().detector.threads)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="settings")
    parser.add_argument("--no-video", action="store_true", help="analytics only")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--png", type=Path, help="draw speeds and costs to this file")
    arguments = parser.parse_args()
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")
    arguments.visual_tracker = arguments.visual_tracker or [TrackSettings().visual_tracker.name]
    return arguments


def main() -> None:
    arguments = parse()
    machine = describe_machine()
    runs = run_rounds(jobs_of(arguments), arguments.repeat)
    variants = {name: summarise(name, runs) for name in runs}
    console.print(*machine_lines(machine), sep="\n", soft_wrap=True)
    console.print(
        f"{arguments.video}, {variants[DECODE]['frames']} frames, {arguments.detector}, "
        f"{arguments.threads} threads, median of {arguments.repeat}",
        soft_wrap=True,
    )
    console.print(speed_table(variants), stage_table(variants))
    for name in unlike(runs):
        console.print(f"not comparable: the rounds of {name} did not do the same work")
    if arguments.json:
        told = {key: str(v) if isinstance(v, Path) else v for key, v in vars(arguments).items()}
        report = {"machine": machine, "arguments": told, "variants": variants}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if arguments.png:
        draw(arguments.png, variants, machine)


if __name__ == "__main__":
    main()
